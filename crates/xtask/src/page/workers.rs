//! The page's workers, named for browsers that keep what they have for ever.
//!
//! Trunk leaves out the hash in a worker's name, since it does not tell the page that name: it is in
//! a `<meta name="worker-…">` of `index.html`, as `trunk serve` serves it. For visitors the program and
//! its loader become one file, with a hash, and `index.html` says so.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use anyhow::{Context, Result, bail};

/// The binaries of `frontend/worker`.
pub(crate) const NAMES: [&str; 2] = ["text", "highlight"];

/// Renames the workers' files in `dist`, and puts the new names into `dist/index.html`.
pub(crate) fn name(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let mut html =
        fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    for name in NAMES {
        let loader = format!("{name}_loader.js");
        if !html.contains(&format!("/{loader}")) {
            bail!("index.html does not name {loader}");
        }
        let take = |file: &str| {
            let path = dist.join(file);
            let content =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
            fs::remove_file(&path)?;
            content
        };
        let script = take(&format!("{name}.js"))?;
        let program = take(&format!("{name}_bg.wasm"))?;
        take(&loader)?;

        let mut hasher = DefaultHasher::new();
        (&script, &program).hash(&mut hasher);
        let named = format!("{name}-{:016x}", hasher.finish());
        let mut whole = script;
        // What trunk's loader does, without the detour over another file.
        whole.extend(
            format!("\nwasm_bindgen({{ module_or_path: \"./{named}_bg.wasm\" }});\n").bytes(),
        );
        fs::write(dist.join(format!("{named}.js")), whole)?;
        fs::write(dist.join(format!("{named}_bg.wasm")), program)?;
        html = html.replace(&format!("/{loader}"), &format!("/{named}.js"));
    }
    Ok(fs::write(&index, html)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::TemporaryFolder;

    #[test]
    fn every_worker_gets_a_name_that_its_content_decides() {
        let folder = TemporaryFolder::new("workers").unwrap();
        let dist = folder.path();
        let lay_out = |program: &str| {
            let tags =
                NAMES.map(|name| format!("<meta name=worker-{name} content=/{name}_loader.js>"));
            fs::write(dist.join("index.html"), tags.concat()).unwrap();
            for name in NAMES {
                fs::write(dist.join(format!("{name}.js")), "let wasm_bindgen;").unwrap();
                fs::write(dist.join(format!("{name}_bg.wasm")), program).unwrap();
                fs::write(dist.join(format!("{name}_loader.js")), "importScripts").unwrap();
            }
            name(dist).unwrap();
            fs::read_to_string(dist.join("index.html")).unwrap()
        };

        let html = lay_out("one");

        let (_, rest) = html.split_once("content=/").unwrap();
        let (script, _) = rest.split_once('>').unwrap();
        let stem = script.strip_suffix(".js").unwrap();
        assert!(
            stem.starts_with("text-") && stem.len() == "text-".len() + 16,
            "{stem}"
        );
        let whole = fs::read_to_string(dist.join(script)).unwrap();
        assert_eq!(
            whole,
            format!(
                "let wasm_bindgen;\nwasm_bindgen({{ module_or_path: \"./{stem}_bg.wasm\" }});\n"
            )
        );
        assert_eq!(
            fs::read_to_string(dist.join(format!("{stem}_bg.wasm"))).unwrap(),
            "one"
        );
        assert_eq!(fs::read_dir(dist).unwrap().count(), 5);
        assert_ne!(lay_out("two"), html);
    }
}
