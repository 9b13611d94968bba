//! Makes the syntax set that the highlighter carries: of the two hundred definitions in `two-face`,
//! those of the languages in `src/language.rs` and what these include.

// A build script fails by panicking, which is what cargo reports.
#![allow(
    clippy::expect_used,
    dead_code,
    reason = "a build script fails by panicking, and uses a part of `language`"
)]

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    path::PathBuf,
};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize};
use syntect::parsing::{Scope, SyntaxSet};

#[path = "src/language.rs"]
mod language;

/// Included by the definitions of languages, and never asked for by name.
const PARTS: [&str; 9] = [
    "Javadoc",
    "PHP Source",
    "Plain Text",
    "Regular Expressions (Javascript)",
    "Regular Expressions (PHP)",
    "Regular Expressions (Python)",
    "Shell-Unix-Generic",
    "TeX",
    "commands-builtin-shell-bash",
];

/// The form of `SyntaxSet` in a dump of syntect 5. A definition refers to others by their place in
/// the list, so those that are left out stay there, empty: to refer to one is an error that
/// `ParseState::parse_line` reports. `tests` parse a line of every language.
#[derive(Serialize, Deserialize)]
struct Dump {
    syntaxes: Vec<Syntax>,
    path_syntaxes: Vec<(String, usize)>,
}

#[derive(Serialize, Deserialize)]
struct Syntax {
    name: String,
    file_extensions: Vec<String>,
    scope: Scope,
    first_line_match: Option<String>,
    hidden: bool,
    variables: BTreeMap<String, String>,
    /// The contexts that make up the definition, in zlib's format.
    contexts: Vec<u8>,
}

/// No contexts, as a dump has them: a map and a list of none.
#[derive(Serialize)]
struct NoContexts {
    ids: BTreeMap<String, (usize, usize)>,
    contexts: Vec<()>,
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/language.rs");
    let all = bincode::serialize(&two_face::syntax::extra_newlines()).expect("a set is written");
    let mut dump: Dump = bincode::deserialize(&all).expect("the dump has the form that is known");
    let nothing = bincode::serialize(&NoContexts {
        ids: BTreeMap::new(),
        contexts: Vec::new(),
    });
    let nothing = stored(&nothing.expect("nothing is written"));
    for syntax in &mut dump.syntaxes {
        let name = syntax.name.as_str();
        if PARTS.contains(&name) || language::LANGUAGES.iter().any(|it| it.syntax == name) {
            // Uncompressed within, since brotli does better across all of them.
            syntax.contexts = stored(&inflated(&syntax.contexts));
        } else {
            syntax.contexts.clone_from(&nothing);
            syntax.variables.clear();
        }
        // Languages are found by name alone.
        syntax.file_extensions.clear();
        syntax.first_line_match = None;
    }
    dump.path_syntaxes.clear();
    let smaller = bincode::serialize(&dump).expect("a dump is written");
    let _: SyntaxSet = bincode::deserialize(&smaller).expect("what was written is a set");
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo names the folder"));
    std::fs::write(folder.join("syntaxes.bin"), smaller).expect("the folder can be written to");
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    ZlibDecoder::new(bytes)
        .read_to_end(&mut plain)
        .expect("contexts are in zlib's format");
    plain
}

/// In zlib's format, without compression.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}
