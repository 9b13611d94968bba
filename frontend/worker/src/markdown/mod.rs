//! Markdown from models, as what the page is to show.
//!
//! `parse` turns source into the tree of `ast`, `formulas` finds the LaTeX in it, `document` finds
//! out what has changed, `shape` says which elements show it. The source is hostile: an address
//! that `link` did not pass must not leave this module.

mod addresses;
mod ast;
mod document;
mod formulas;
mod link;
mod parse;
mod scan;
mod shape;
mod terms;

use prompthub_markup::Update;

use crate::Follow;

/// Follows one text in Markdown.
#[derive(Debug, Default)]
pub struct Markdown(document::Document);

impl Follow for Markdown {
    fn update(&mut self, text: &str, complete: bool, _language: &str) -> Update {
        let document::Update { keep, blocks } = self.0.update(text, complete);
        Update {
            keep,
            nodes: blocks.into_iter().map(shape::shape).collect(),
        }
    }
}
