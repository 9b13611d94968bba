//! What pulldown-cmark's words for parts of a text are in ours.

use pulldown_cmark::{Alignment, CodeBlockKind};

use super::ast::Align;

/// No language has a longer name, in characters.
const MAX_LANGUAGE: usize = 32;

pub(super) fn heading_level(level: pulldown_cmark::HeadingLevel) -> u8 {
    use pulldown_cmark::HeadingLevel::{H1, H2, H3, H4, H5, H6};
    match level {
        H1 => 1,
        H2 => 2,
        H3 => 3,
        H4 => 4,
        H5 => 5,
        H6 => 6,
    }
}

pub(super) fn align(alignment: Alignment) -> Align {
    match alignment {
        Alignment::None | Alignment::Left => Align::Start,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::End,
    }
}

pub(super) fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else {
        return String::new();
    };
    let word = info
        .split([' ', '\t', ',', '{', ':'])
        .next()
        .unwrap_or_default();
    word.chars()
        .filter(|c| !c.is_control())
        .take(MAX_LANGUAGE)
        .collect()
}

/// Models use `<br>` where Markdown has no other line break, as in table cells.
pub(super) fn is_line_break(html: &str) -> bool {
    matches!(html, "<br>" | "<br/>" | "<br />")
}
