//! Scopes, of which syntax definitions know thousands, as the few kinds that have colours.

use std::sync::LazyLock;

use syntect::parsing::{Scope, ScopeStack};

/// Prefixes of scopes and the classes of what is in them; `""` for what is no longer what it is in.
/// The longest prefix counts. Names are those of Sublime Text's scope naming guide.
const RULES: &[(&str, &str)] = &[
    ("comment", "ph-code__comment"),
    ("constant", "ph-code__constant"),
    ("constant.character.escape", "ph-code__escape"),
    ("constant.numeric", "ph-code__number"),
    ("entity.name", "ph-code__type"),
    ("entity.name.constant", "ph-code__constant"),
    ("entity.name.function", "ph-code__function"),
    ("entity.name.section", "ph-code__heading"),
    ("entity.name.tag", "ph-code__tag"),
    ("entity.other.attribute-name", "ph-code__attribute"),
    ("entity.other.inherited-class", "ph-code__type"),
    ("keyword", "ph-code__keyword"),
    ("keyword.operator", ""),
    ("keyword.operator.logical.python", "ph-code__keyword"),
    ("keyword.operator.word", "ph-code__keyword"),
    ("keyword.other.unit", "ph-code__number"),
    ("markup.deleted", "ph-code__deleted"),
    ("markup.heading", "ph-code__heading"),
    ("markup.inserted", "ph-code__inserted"),
    ("markup.raw", "ph-code__string"),
    ("meta.attribute-with-value.style", ""),
    ("meta.diff.header", "ph-code__comment"),
    ("meta.diff.range", "ph-code__comment"),
    ("meta.interpolation", ""),
    ("meta.template.expression", ""),
    ("punctuation.definition.annotation", "ph-code__attribute"),
    ("source.css.embedded", ""),
    ("source.js.embedded", ""),
    ("storage", "ph-code__keyword"),
    ("string", "ph-code__string"),
    ("support", "ph-code__type"),
    ("support.constant", "ph-code__constant"),
    ("support.function", "ph-code__function"),
    ("support.macro", "ph-code__function"),
    ("support.type.property-name", "ph-code__attribute"),
    ("variable.annotation", "ph-code__attribute"),
    ("variable.function", "ph-code__function"),
    ("variable.language", "ph-code__constant"),
];

static COMPILED: LazyLock<Vec<(Scope, Option<&'static str>)>> = LazyLock::new(|| {
    let rules = RULES.iter().filter_map(|(prefix, class)| {
        let scope = Scope::new(prefix).ok()?;
        Some((scope, Some(*class).filter(|class| !class.is_empty())))
    });
    rules.collect()
});

/// The class of what stands in these scopes; the innermost scope that has a rule decides.
pub fn of(stack: &ScopeStack) -> Option<&'static str> {
    stack.as_slice().iter().rev().find_map(rule).flatten()
}

fn rule(scope: &Scope) -> Option<Option<&'static str>> {
    let fitting = COMPILED
        .iter()
        .filter(|(prefix, _)| prefix.is_prefix_of(*scope));
    let longest = fitting.max_by_key(|(prefix, _)| prefix.len())?;
    Some(longest.1)
}
