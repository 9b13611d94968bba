//! The program for visitors in parts: what the first page needs, and the rest when it is needed.
//!
//! `frontend/src/components/part.rs` marks where a part begins. wasm-split takes the linked program apart
//! there, before wasm-bindgen has seen it. Trunk runs wasm-bindgen itself, so this program stands in for it:
//! under that name, first in trunk's PATH, it splits and then calls the real one on the main part. What
//! trunk does not know of, the other parts and the script that loads them, is put into `dist` afterwards,
//! under names with hashes. The symbols, which this takes, are taken out of all programs in the end.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};
use wasmparser::Parser;

use super::fingerprint::list_files;
use crate::process::run;

/// Under which name trunk calls.
const NAME: &str = "wasm-bindgen";
/// Where the real program is, and the one that splits.
const TOOLS: &str = "PROMPTHUB_SPLIT_TOOLS";
/// Where the parts are left for [`add_parts`].
const PARTS: &str = "PROMPTHUB_SPLIT_PARTS";

/// The program that is split, as cargo names it.
const PROGRAM: &str = "prompthub-frontend";
/// How the names of the parts begin.
pub(crate) const PART: &str = "part-";
/// The script that loads the parts, as wasm-split names it.
const LOADER: &str = "__wasm_split.js";
const KEEP_EXPORTS: &str = "--keep-lld-exports";

/// Lays out the stand-in in `folder`, and tells trunk of it.
pub(crate) fn stand_in_for(trunk: &mut Command, tools: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let (bin, parts) = (folder.join("bin"), folder.join("parts"));
    fs::create_dir_all(&bin)?;
    fs::create_dir_all(&parts)?;
    let this = env::current_exe().context("this program does not know where it is")?;
    // A link would be another program when this one is built anew meanwhile.
    fs::copy(this, bin.join(NAME))?;
    let before = trunk
        .get_envs()
        .find_map(|(name, value)| value.filter(|_| name == "PATH"))
        .unwrap_or_default()
        .to_owned();
    let path = env::join_paths([bin].into_iter().chain(env::split_paths(&before)))?;
    trunk.env("PATH", path).env(TOOLS, tools).env(PARTS, parts);
    Ok(())
}

/// Does the work of a stand-in, if this program was called as one.
pub(crate) fn act_as_stand_in() -> Option<Result<ExitCode>> {
    let called = PathBuf::from(env::args_os().next()?);
    (called.file_name() == Some(OsStr::new(NAME))).then(bindgen)
}

fn bindgen() -> Result<ExitCode> {
    let folder = |name: &str| {
        let folder = env::var_os(name).with_context(|| format!("{name} is not set"))?;
        Ok::<PathBuf, anyhow::Error>(folder.into())
    };
    let (tools, parts) = (folder(TOOLS)?, folder(PARTS)?);
    let mut args: Vec<OsString> = env::args_os().skip(1).collect();
    let program = args.iter_mut().find(|arg| {
        let path = Path::new(arg);
        path.extension() == Some(OsStr::new("wasm"))
            && path.file_stem() == Some(OsStr::new(PROGRAM))
    });
    if let Some(program) = program {
        run(Command::new(tools.join("wasm-split-cli"))
            .arg(&*program)
            .arg(&parts)
            .args(["--target", "web", "--out-name", PROGRAM]))?;
        let main = parts.join(PROGRAM).with_extension("wasm");
        *program = main.into();
        // The parts share the main program's table of functions.
        args.push(KEEP_EXPORTS.into());
    }
    let is_split = args.iter().any(|arg| arg == KEEP_EXPORTS);
    let script = is_split.then(|| script_of(&args)).flatten();
    let status = Command::new(tools.join(NAME)).args(args).status()?;
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    if let Some(script) = script {
        let text = fs::read_to_string(&script)?;
        fs::write(&script, plain(&text))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where wasm-bindgen puts the script: `--out-dir FOLDER` or `--out-dir=FOLDER`, and the same of its name.
fn script_of(args: &[OsString]) -> Option<PathBuf> {
    let value = |option: &str| {
        let mut rest = args.iter().filter_map(|arg| arg.to_str());
        rest.find_map(|arg| {
            arg.strip_prefix(option)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
        .or_else(|| {
            let at = args.iter().position(|arg| arg == option)?;
            Some(args.get(at + 1)?.to_str()?.to_owned())
        })
    };
    let folder = PathBuf::from(value("--out-dir")?);
    Some(folder.join(value("--out-name")?).with_extension("js"))
}

/// The script in words that trunk's minifier knows, which otherwise gives up and leaves all of it as it is: a semicolon after
/// each import, and an export by default that says so.
fn plain(script: &str) -> String {
    let line = |line: &str| match line.starts_with("import ") && line.ends_with(['"', '\'']) {
        true => format!("{line};\n"),
        false => format!("{line}\n"),
    };
    let script: String = script.lines().map(line).collect();
    script.replace(
        "export { initSync, __wbg_init as default };",
        "export { initSync };\nexport default __wbg_init;",
    )
}

/// Adds the parts to `dist`, and puts their names where they are called by them.
pub(crate) fn add_parts(dist: &Path, folder: &Path) -> Result<()> {
    let parts = folder.join("parts");
    let read = |file: &Path| {
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
    };
    let mut loader = read(&parts.join(LOADER))?;
    let mut files = Vec::new();
    list_files(&parts, &[], &mut files)?;
    for file in files {
        let (Some(stem), Some(name)) = (stem(&file), name(&file)) else {
            continue;
        };
        if stem == PROGRAM || !name.ends_with(".wasm") {
            continue;
        }
        let part = fs::read(&file)?;
        let named = format!("{PART}{:016x}.wasm", hash(&part));
        loader = loader.replace(name, &named);
        fs::write(dist.join(named), part)?;
    }

    let mut files = Vec::new();
    list_files(dist, &[], &mut files)?;
    for program in files
        .iter()
        .filter(|file| file.extension() == Some(OsStr::new("wasm")))
    {
        if let Some(lean) = without_custom_sections(&fs::read(program)?) {
            fs::write(program, lean)?;
        }
    }

    // The loader and the main script name each other. Neither name may outlive a change of either file.
    let index = dist.join("index.html");
    let html = read(&index)?;
    let main = files.iter().find(|file| {
        name(file).is_some_and(|name| {
            name.starts_with(PROGRAM) && name.ends_with(".js") && html.contains(name)
        })
    });
    let main = main.context("index.html names no main script")?;
    let script = read(main)?;
    if !script.contains(LOADER) {
        bail!("the main script does not know the parts: was it built with --cfg split?");
    }
    let both = hash(&(&script, &loader));
    let (main_name, loader_name) = (
        format!("{PROGRAM}-{both:016x}.js"),
        format!("parts-{both:016x}.js"),
    );
    let old_name = name(main).unwrap_or_default();
    fs::write(dist.join(&main_name), import_from(&script, &loader_name))?;
    fs::write(
        dist.join(&loader_name),
        loader.replace(&format!("./{PROGRAM}.js"), &format!("./{main_name}")),
    )?;
    // Or the browser would only hear of it from the main script.
    let preload = format!("<link rel=\"modulepreload\" href=\"/{loader_name}\"><script");
    let html = html
        .replace(old_name, &main_name)
        .replacen("<script", &preload, 1);
    fs::write(&index, html)?;
    Ok(fs::remove_file(main)?)
}

/// The main script with the loader imported under its new name. The program knows the loader by the old
/// one, which stays wherever the script speaks of that.
fn import_from(script: &str, loader: &str) -> String {
    let mut script = script.to_owned();
    for before in ["from\"./", "from \"./", "from'./", "from './"] {
        script = script.replace(&format!("{before}{LOADER}"), &format!("{before}{loader}"));
    }
    script
}

fn name(file: &Path) -> Option<&str> {
    file.file_name()?.to_str()
}

fn stem(file: &Path) -> Option<&str> {
    file.file_stem()?.to_str()
}

fn hash(content: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// A module without what no browser needs: names, relocations, who made it. `None` when it is none.
fn without_custom_sections(module: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 8;
    const CUSTOM: u8 = 0;
    let mut kept = module.get(..HEADER)?.to_vec();
    // Sections follow each other without a gap, so one begins, head included, where the last one ended.
    let mut begin = HEADER;
    for part in Parser::new(0).parse_all(module) {
        if let Some((kind, content)) = part.ok()?.as_section() {
            let end = usize::try_from(content.end).ok()?;
            if kind != CUSTOM {
                kept.extend(module.get(begin..end)?);
            }
            begin = end;
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::TemporaryFolder;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn names_are_taken_out_of_a_module() {
        let module = [HEADER, &[0, 2, 1, b'n'], &[1, 1, 0], &[0, 1, 0]].concat();
        let kept = [HEADER, &[1, 1, 0]].concat();
        assert_eq!(without_custom_sections(&module), Some(kept));
        assert_eq!(without_custom_sections(&[HEADER, &[1, 9]].concat()), None);
        assert_eq!(without_custom_sections(b"no"), None);
    }

    #[test]
    fn scripts_and_parts_call_each_other_by_names_that_their_content_decides() {
        let folder = TemporaryFolder::new("split").unwrap();
        let dist = folder.path().join("dist");
        let lay_out = |part: u8| {
            let parts = folder.path().join("parts");
            for folder in [&parts, &dist] {
                fs::create_dir_all(folder).unwrap();
            }
            fs::write(
                parts.join(LOADER),
                "import { initSync } from \"./prompthub-frontend.js\"; new URL(\"./split_a.wasm\")",
            )
            .unwrap();
            fs::write(parts.join("prompthub-frontend.wasm"), HEADER).unwrap();
            fs::write(parts.join("split_a.wasm"), [HEADER, &[1, 1, part]].concat()).unwrap();
            let script = "import*as a from\"./__wasm_split.js\";b={\"./__wasm_split.js\":a}";
            fs::write(dist.join("prompthub-frontend-1.js"), script).unwrap();
            let html = "<script>import init from '/prompthub-frontend-1.js'</script>";
            fs::write(dist.join("index.html"), html).unwrap();

            add_parts(&dist, folder.path()).unwrap();

            let html = fs::read_to_string(dist.join("index.html")).unwrap();
            let (_, rest) = html.split_once("'/").unwrap();
            rest.split_once('\'').unwrap().0.to_owned()
        };

        let main = lay_out(0);
        let script = fs::read_to_string(dist.join(&main)).unwrap();
        let (_, loader) = script.split_once("from\"./").unwrap();
        let (loader, rest) = loader.split_once('"').unwrap();
        assert!(rest.contains(LOADER), "{rest}");
        let loader = fs::read_to_string(dist.join(loader)).unwrap();
        assert!(loader.contains(&format!("\"./{main}\"")), "{loader}");
        let (_, part) = loader.split_once("URL(\"./").unwrap();
        assert!(dist.join(part.split_once('"').unwrap().0).is_file());
        assert!(!dist.join("prompthub-frontend-1.js").exists());
        assert_ne!(lay_out(1), main);
    }

    #[test]
    fn the_script_is_put_plainly() {
        let script =
            "import * as a from \"./x.js\"\nimport b from './y.js';\n\nconst c = \"import \";\n";
        let ended =
            "import * as a from \"./x.js\";\nimport b from './y.js';\n\nconst c = \"import \";\n";
        assert_eq!(plain(script), ended);
        assert_eq!(plain(ended), ended);
        assert_eq!(
            plain("export { initSync, __wbg_init as default };\n"),
            "export { initSync };\nexport default __wbg_init;\n"
        );
    }

    #[test]
    fn the_script_is_found_however_its_place_is_said() {
        for args in [
            ["--out-dir=/a", "--out-name=b", "x.wasm"].as_slice(),
            &["--out-dir", "/a", "--out-name", "b"],
        ] {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            assert_eq!(script_of(&args), Some(PathBuf::from("/a/b.js")));
        }
        assert_eq!(script_of(&[]), None);
    }
}
