//! The languages whose code is coloured: what models call them, and what readers do.
//!
//! `build.rs` includes this file: the syntax definitions of these languages are all that the
//! highlighter carries.

/// A language of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// Its name to a reader.
    pub label: &'static str,
    /// The name of its definition in the syntax set.
    pub syntax: &'static str,
    /// What stands after the fence, in lower case.
    aliases: &'static [&'static str],
}

/// The language that goes by a name, however that is capitalised.
#[must_use]
pub fn find(name: &str) -> Option<&'static Language> {
    let name = name.to_lowercase();
    LANGUAGES
        .iter()
        .find(|language| language.aliases.contains(&name.as_str()))
}

const fn language(
    label: &'static str,
    syntax: &'static str,
    aliases: &'static [&'static str],
) -> Language {
    Language {
        label,
        syntax,
        aliases,
    }
}

pub const LANGUAGES: &[Language] = &[
    language("Bash", "Bourne Again Shell (bash)", &["bash", "zsh", "ksh"]),
    language(
        "Shell",
        "Bourne Again Shell (bash)",
        &["sh", "shell", "shellscript", "console", "terminal"],
    ),
    language("C", "C", &["c", "h"]),
    language("C++", "C++", &["cpp", "c++", "cc", "cxx", "hpp", "arduino"]),
    language("C#", "C#", &["csharp", "c#", "cs", "dotnet"]),
    language("Clojure", "Clojure", &["clojure", "clj", "cljs"]),
    language("CMake", "CMake", &["cmake"]),
    language("CSS", "CSS", &["css"]),
    language("Dart", "Dart", &["dart"]),
    language("Diff", "Diff", &["diff", "patch"]),
    language(
        "Dockerfile",
        "Dockerfile",
        &["dockerfile", "docker", "containerfile"],
    ),
    language("Elixir", "Elixir", &["elixir", "ex", "exs"]),
    language("Environment", "DotENV", &["env", "dotenv"]),
    language("Erlang", "Erlang", &["erlang", "erl"]),
    language("F#", "F#", &["fsharp", "f#", "fs"]),
    language("Go", "Go", &["go", "golang"]),
    language("GraphQL", "GraphQL", &["graphql", "gql"]),
    language("Groovy", "Groovy", &["groovy", "gradle"]),
    language("Haskell", "Haskell", &["haskell", "hs"]),
    language("HTML", "HTML", &["html", "htm", "xhtml"]),
    language("HTTP", "HTTP Request and Response", &["http"]),
    language(
        "INI",
        "INI",
        &["ini", "cfg", "conf", "editorconfig", "systemd"],
    ),
    language("Java", "Java", &["java"]),
    language(
        "JavaScript",
        "JavaScript",
        &["javascript", "js", "mjs", "cjs", "node", "jsonc", "json5"],
    ),
    language("JSON", "JSON", &["json", "jsonl", "ndjson", "geojson"]),
    language("JSX", "TypeScriptReact", &["jsx"]),
    language("Julia", "Julia", &["julia", "jl"]),
    language("Kotlin", "Kotlin", &["kotlin", "kt", "kts"]),
    language("LaTeX", "LaTeX", &["latex", "tex"]),
    language(
        "Lisp",
        "Lisp",
        &["lisp", "scheme", "elisp", "emacs-lisp", "common-lisp"],
    ),
    language("Lua", "Lua", &["lua", "luau"]),
    language("Makefile", "Makefile", &["makefile", "make", "mk"]),
    language("Markdown", "Markdown", &["markdown", "md", "mdx"]),
    language("MATLAB", "MATLAB", &["matlab", "octave"]),
    language("nginx", "nginx", &["nginx", "nginxconf"]),
    language("Nix", "Nix", &["nix"]),
    language(
        "Objective-C",
        "Objective-C",
        &["objective-c", "objectivec", "objc"],
    ),
    language("OCaml", "OCaml", &["ocaml", "ml"]),
    language("Perl", "Perl", &["perl", "pl"]),
    language("PHP", "PHP", &["php"]),
    language("Properties", "Java Properties", &["properties"]),
    language(
        "Protocol Buffers",
        "Protocol Buffer",
        &["protobuf", "proto"],
    ),
    language(
        "Python",
        "Python",
        &["python", "py", "python3", "py3", "pycon", "ipython", "pyi"],
    ),
    language("R", "R", &["r", "rscript"]),
    language(
        "Regular expression",
        "Regular Expression",
        &["regex", "regexp"],
    ),
    language("Ruby", "Ruby", &["ruby", "rb", "irb"]),
    language("Rust", "Rust", &["rust", "rs"]),
    language("Scala", "Scala", &["scala", "sc"]),
    language("SCSS", "SCSS", &["scss", "sass"]),
    language(
        "SQL",
        "SQL",
        &[
            "sql",
            "postgresql",
            "postgres",
            "mysql",
            "sqlite",
            "plsql",
            "psql",
            "tsql",
        ],
    ),
    language("Svelte", "Svelte", &["svelte"]),
    language("Swift", "Swift", &["swift"]),
    language(
        "Terraform",
        "Terraform",
        &["terraform", "tf", "hcl", "tfvars"],
    ),
    language("TOML", "TOML", &["toml"]),
    language("TSX", "TypeScriptReact", &["tsx"]),
    language(
        "TypeScript",
        "TypeScript",
        &["typescript", "ts", "mts", "cts", "deno"],
    ),
    language("Vue", "Vue Component", &["vue"]),
    language(
        "XML",
        "XML",
        &["xml", "svg", "xsd", "xslt", "plist", "rss", "atom"],
    ),
    language("YAML", "YAML", &["yaml", "yml"]),
    language("Zig", "Zig", &["zig"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_may_call_a_language_what_they_like() {
        let label = |name| find(name).map(|language| language.label);
        assert_eq!(label("rs"), Some("Rust"));
        assert_eq!(label("C++"), Some("C++"));
        assert_eq!(label("JavaScript"), Some("JavaScript"));
        assert_eq!(label("text"), None);
        assert_eq!(label(""), None);
    }

    #[test]
    fn no_name_stands_for_two_languages() {
        let mut names: Vec<_> = LANGUAGES.iter().flat_map(|it| it.aliases).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
