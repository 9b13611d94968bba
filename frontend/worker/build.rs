//! Makes the syntax set that the highlighter carries: of the two hundred definitions in `two-face`,
//! those of the languages in `src/language.rs` and what these include.

// A build script fails by panicking, which is what cargo reports.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
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
use syntect::parsing::{
    Regex, Scope, SyntaxSet,
    syntax_definition::{Context, ContextId, ContextReference, MatchOperation, Pattern},
};

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

/// The definition that stands in for those that are left out: nothing in it is anything.
const NOTHING: &str = "Plain Text";

/// What JavaScript's definition excludes where an operator may follow…
const OPERATORS: &str = "(?! \\+\\+ | -- )";
/// …and what it should.
const NO_COMMENTS: &str = "(?! \\+\\+ | -- | /\\* | // )";

/// The form of `SyntaxSet` in a dump of syntect 5. A definition refers to others by their place in
/// the list, so those that are left out stay there, empty.
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

#[derive(Default, Serialize, Deserialize)]
struct Contexts {
    ids: BTreeMap<String, ContextId>,
    contexts: Vec<Context>,
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/language.rs");
    let all = bincode::serialize(&two_face::syntax::extra_newlines()).expect("a set is written");
    let mut dump: Dump = bincode::deserialize(&all).expect("the dump has the form that is known");
    let kept: Vec<bool> = dump.syntaxes.iter().map(is_kept).collect();
    let nothing = dump.syntaxes.iter().find(|it| it.name == NOTHING);
    let nothing = contexts_of(nothing.expect("there is plain text")).ids["main"];
    for (place, syntax) in dump.syntaxes.iter_mut().enumerate() {
        let mut contexts = Contexts::default();
        if kept[place] {
            contexts = contexts_of(syntax);
            for context in &mut contexts.contexts {
                end_loops(context);
            }
            for reference in contexts.contexts.iter_mut().flat_map(references) {
                if !kept[syntax_of(*reference)] {
                    *reference = nothing;
                }
            }
        } else {
            syntax.variables.clear();
        }
        let plain = bincode::serialize(&contexts).expect("contexts are written");
        // Uncompressed within, since brotli does better across all of them.
        syntax.contexts = stored(&plain);
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

fn is_kept(syntax: &Syntax) -> bool {
    let name = syntax.name.as_str();
    PARTS.contains(&name) || language::LANGUAGES.iter().any(|it| it.syntax == name)
}

fn contexts_of(syntax: &Syntax) -> Contexts {
    bincode::deserialize(&inflated(&syntax.contexts)).expect("contexts have the form that is known")
}

/// A comment begins like a division. Where an operand was the last thing in its line but for a
/// comment, JavaScript's definition went back and forth between the two for ever, reading nothing.
fn end_loops(context: &mut Context) {
    for pattern in &mut context.patterns {
        if let Pattern::Match(pattern) = pattern {
            let operators = pattern.regex.regex_str();
            if operators.contains(OPERATORS) {
                pattern.regex = Regex::new(operators.replace(OPERATORS, NO_COMMENTS));
            }
        }
    }
}

/// All that a context refers to.
fn references(context: &mut Context) -> Vec<&mut ContextId> {
    let mut found: Vec<&mut ContextReference> = Vec::new();
    for pattern in &mut context.patterns {
        match pattern {
            Pattern::Include(reference) => found.push(reference),
            Pattern::Match(pattern) => {
                found.extend(&mut pattern.with_prototype);
                if let MatchOperation::Push(list) | MatchOperation::Set(list) =
                    &mut pattern.operation
                {
                    found.extend(list);
                }
            }
        }
    }
    let direct = found.into_iter().filter_map(|reference| match reference {
        ContextReference::Direct { 0: id, .. } => Some(id),
        _ => None,
    });
    direct.chain(&mut context.prototype).collect()
}

/// In which definition a context is, by its place in the list.
fn syntax_of(id: ContextId) -> usize {
    let written = bincode::serialize(&id).expect("an id is written");
    let (syntax, _context): (usize, usize) =
        bincode::deserialize(&written).expect("an id is two numbers");
    syntax
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
