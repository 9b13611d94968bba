//! Markdown source into the tree of `ast`, whatever the source is.
//!
//! Owns the bounds that keep hostile text harmless: how deep elements nest, how many one block
//! has, and which addresses become links. The work is linear in the length of the source.
//! Formulas are found beforehand, see `formulas`.

use std::ops::Range;

use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag};

use super::{
    addresses::linked,
    ast::{Align, Kind, Node, push_text},
    document::Definitions,
    formulas::{Formula, FormulaKind, Formulas},
    link::{image_host, safe_href},
    terms::{align, heading_level, is_line_break, language},
};

/// How deep elements nest; what lies deeper is shown without its form. No honest text comes near.
const MAX_DEPTH: usize = 32;
/// How many elements one top-level block may have; the rest of it is shown as text.
const MAX_ELEMENTS: usize = 20_000;
/// A longer block, in bytes, is shown as plain text, unless it is code: laying it out anew at each
/// piece that a stream adds would be felt.
const MAX_BLOCK: usize = 128 * 1024;

/// One top-level block and where its source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub node: Node,
    pub source: Range<usize>,
}

/// A parsed text.
#[derive(Debug)]
pub struct Parsed {
    /// Its top-level blocks.
    pub blocks: Vec<Block>,
    /// Where a formula begins whose end may yet come, and change what the blocks after it are.
    pub open_formula: Option<usize>,
}

/// Parses `source`. Link definitions found on the way are added to `definitions`; those that were
/// there already are used where `source` has none of its own. `complete` says that nothing will be
/// added.
pub fn parse(source: &str, complete: bool, definitions: &mut Definitions) -> Parsed {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let formulas = Formulas::find(source, options, complete);
    let known = &*definitions;
    let resolve = |link: BrokenLink<'_>| {
        let target = known.get(&link.reference)?;
        Some((CowStr::from(target.to_owned()), CowStr::from("")))
    };
    let parser = Parser::new_with_broken_link_callback(&formulas.masked, options, Some(resolve));
    let found: Vec<_> = parser
        .reference_definitions()
        .iter()
        .map(|(label, definition)| (label.to_owned(), definition.dest.to_string()))
        .collect();
    let mut builder = Builder {
        source,
        formulas: &formulas,
        blocks: Vec::new(),
        frames: Vec::new(),
        open: Vec::new(),
        elements: 0,
        tags: 0,
        tags_at_formula: 0,
        columns: Vec::new(),
        column: 0,
        in_head: false,
    };
    for (event, range) in parser.into_offset_iter() {
        builder.event(event, range);
    }
    let blocks = builder.blocks;
    definitions.extend(found);
    Parsed {
        blocks,
        open_formula: formulas.open,
    }
}

/// What an open tag became.
enum Frame {
    /// The innermost of the open elements.
    Element,
    /// Nothing; its content goes to the element around it. `separated` content ends its line.
    Transparent { separated: bool },
}

struct Builder<'a> {
    source: &'a str,
    formulas: &'a Formulas<'a>,
    blocks: Vec<Block>,
    /// One for each open tag.
    frames: Vec<Frame>,
    /// The open elements, each with what it holds so far.
    open: Vec<(Kind, Vec<Node>)>,
    /// How many elements the block that is being built has.
    elements: usize,
    /// How many tags have been opened: now, and where the last formula began.
    tags: usize,
    tags_at_formula: usize,
    /// Of the table that is being built: its columns, the next one's number, and whether it is the head.
    columns: Vec<Align>,
    column: usize,
    in_head: bool,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => {
                self.tags = self.tags.saturating_add(1);
                let frame = self.begin(tag);
                self.frames.push(frame);
            }
            Event::End(_) => self.close(range),
            Event::Text(text) => self.text_with_formulas(&text, range),
            // The rest of a formula that has begun before.
            Event::SoftBreak | Event::HardBreak if self.formula_over(range.start).is_some() => {}
            Event::InlineHtml(html) if is_line_break(&html) => self.leaf(Kind::Break, range),
            Event::Html(text) | Event::InlineHtml(text) => {
                let text = self.unmasked(&text, &range).to_owned();
                self.text(&text);
            }
            Event::Code(text) => {
                let text = self.unmasked(&text, &range).to_owned();
                self.with_text(Kind::Code, &text, range);
            }
            Event::SoftBreak => self.text("\n"),
            Event::HardBreak => self.leaf(Kind::Break, range),
            Event::Rule => self.leaf(Kind::Rule, range),
            Event::TaskListMarker(done) => self.leaf(Kind::Checkbox(done), range),
            // Their extensions are off.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text);
            }
        }
    }

    fn begin(&mut self, tag: Tag<'_>) -> Frame {
        let inline = Frame::Transparent { separated: false };
        if self.is_within(|kind| matches!(kind, Kind::Image { .. })) {
            return inline;
        }
        let kind = match tag {
            Tag::Paragraph => Kind::Paragraph,
            Tag::Heading { level, .. } => Kind::Heading(heading_level(level)),
            Tag::BlockQuote(_) => Kind::Quote,
            Tag::CodeBlock(kind) => Kind::CodeBlock {
                language: language(&kind),
            },
            Tag::HtmlBlock => Kind::Plain,
            Tag::List(None) => Kind::BulletList,
            Tag::List(Some(first)) => Kind::NumberedList(first),
            Tag::Item => Kind::Item,
            Tag::Table(columns) => {
                self.columns = columns.into_iter().map(align).collect();
                Kind::Table
            }
            Tag::TableHead => {
                self.in_head = true;
                self.column = 0;
                Kind::TableHead
            }
            Tag::TableRow => {
                self.in_head = false;
                self.column = 0;
                Kind::TableRow
            }
            Tag::TableCell => {
                let align = self
                    .columns
                    .get(self.column)
                    .copied()
                    .unwrap_or(Align::Start);
                self.column = self.column.saturating_add(1);
                Kind::TableCell {
                    header: self.in_head,
                    align,
                }
            }
            Tag::Emphasis => Kind::Emphasis,
            Tag::Strong => Kind::Strong,
            Tag::Strikethrough => Kind::Strikethrough,
            Tag::Link {
                link_type: LinkType::Email,
                dest_url,
                ..
            } => Kind::Link {
                href: format!("mailto:{dest_url}"),
            },
            Tag::Link { dest_url, .. } => match safe_href(&dest_url) {
                Some(href) => Kind::Link {
                    href: href.to_owned(),
                },
                None => return inline,
            },
            // What is shown for it is a button, and a link cannot hold one.
            Tag::Image { .. } if self.is_within(|kind| matches!(kind, Kind::Link { .. })) => {
                return inline;
            }
            Tag::Image { dest_url, .. } => match image_host(&dest_url) {
                Some(host) => Kind::Image {
                    source: dest_url.to_string(),
                    host: host.to_owned(),
                },
                None => return inline,
            },
            // Their extensions are off.
            Tag::Superscript
            | Tag::Subscript
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => return inline,
        };
        self.elements = self.elements.saturating_add(1);
        if self.open.len() >= MAX_DEPTH || !self.has_room() {
            let separated = !matches!(
                kind,
                Kind::Emphasis | Kind::Strong | Kind::Strikethrough | Kind::Link { .. }
            );
            return Frame::Transparent { separated };
        }
        self.open.push((kind, Vec::new()));
        Frame::Element
    }

    fn close(&mut self, range: Range<usize>) {
        match self.frames.pop() {
            Some(Frame::Element) => {
                let Some((kind, mut children)) = self.open.pop() else {
                    return;
                };
                if !self.is_verbatim(&kind) {
                    children = linked(children, || {
                        self.elements = self.elements.saturating_add(1);
                        self.elements <= MAX_ELEMENTS
                    });
                }
                let kind = named(kind, &mut children);
                let code = matches!(kind, Kind::CodeBlock { .. });
                let node = if self.open.is_empty() && range.len() > MAX_BLOCK && !code {
                    let source = self.source.get(range.clone());
                    Node::with_text(Kind::Plain, source.unwrap_or_default())
                } else {
                    Node::Element { kind, children }
                };
                self.add(node, range);
            }
            Some(Frame::Transparent { separated: true }) => self.text("\n"),
            Some(Frame::Transparent { separated: false }) | None => {}
        }
    }

    fn leaf(&mut self, kind: Kind, range: Range<usize>) {
        self.elements = self.elements.saturating_add(1);
        if self.has_room() {
            self.add(
                Node::Element {
                    kind,
                    children: Vec::new(),
                },
                range,
            );
        } else {
            self.text("\n");
        }
    }

    fn is_within(&self, wanted: impl Fn(&Kind) -> bool) -> bool {
        self.open.iter().any(|(kind, _)| wanted(kind))
    }

    /// Whether what looks like an address in an element of this kind, which is being closed, is not to be one.
    fn is_verbatim(&self, kind: &Kind) -> bool {
        let verbatim = |kind: &Kind| {
            matches!(
                kind,
                Kind::CodeBlock { .. } | Kind::Plain | Kind::Link { .. } | Kind::Image { .. }
            )
        };
        verbatim(kind) || self.is_within(verbatim)
    }

    fn has_room(&self) -> bool {
        self.elements <= MAX_ELEMENTS
    }

    fn add(&mut self, node: Node, range: Range<usize>) {
        if let Some((_, children)) = self.open.last_mut() {
            children.push(node);
        } else {
            self.elements = 0;
            self.blocks.push(Block {
                node,
                source: range,
            });
        }
    }

    /// An element with text, or only the text where there is no room for more elements.
    fn with_text(&mut self, kind: Kind, text: &str, range: Range<usize>) {
        self.elements = self.elements.saturating_add(1);
        if self.has_room() {
            self.add(Node::with_text(kind, text), range);
        } else {
            self.text(text);
        }
    }

    /// The formula that `place` lies in.
    fn formula_over(&self, place: usize) -> Option<&Formula> {
        let formula = self.formulas.after(place)?;
        (formula.range.start <= place).then_some(formula)
    }

    /// What was written where a mask has come to lie in something that is none of its business.
    fn unmasked<'t>(&'t self, text: &'t str, range: &Range<usize>) -> &'t str {
        let masked = self.formulas.after(range.start);
        match masked.filter(|formula| formula.range.start < range.end) {
            Some(_) => self.source.get(range.clone()).unwrap_or_default(),
            None => text,
        }
    }

    fn text_with_formulas(&mut self, text: &str, range: Range<usize>) {
        let mut at = range.start;
        while let Some(formula) = self.formulas.after(at) {
            let formula = formula.clone();
            if formula.range.start >= range.end {
                break;
            }
            if formula.range.start >= at {
                let before =
                    at.saturating_sub(range.start)..formula.range.start.saturating_sub(range.start);
                self.text(text.get(before).unwrap_or_default());
                self.formula(&formula);
            } else if self.tags != self.tags_at_formula {
                // Its beginning is in another element, which it should not have left: nothing is lost.
                let written = at..formula.range.end.min(range.end);
                self.text(self.source.get(written).unwrap_or_default());
            }
            at = formula.range.end;
            if at >= range.end {
                return;
            }
        }
        let rest = text.get(at.saturating_sub(range.start)..);
        self.text(rest.unwrap_or_default());
    }

    fn formula(&mut self, formula: &Formula) {
        self.tags_at_formula = self.tags;
        let written = self.source.get(formula.range.clone()).unwrap_or_default();
        if self.is_within(|kind| matches!(kind, Kind::CodeBlock { .. } | Kind::Plain)) {
            return self.text(written);
        }
        let latex = Formulas::latex(self.source, formula);
        let kind = match formula.kind {
            FormulaKind::Inline => Kind::Math { display: false },
            FormulaKind::Display => Kind::Math { display: true },
            FormulaKind::Unfinished => Kind::Code,
        };
        self.with_text(kind, latex.trim(), formula.range.clone());
    }

    fn text(&mut self, text: &str) {
        if let Some((_, children)) = self.open.last_mut() {
            push_text(children, text);
        }
    }
}

/// An element whose role needs words, given some or another role where it has none.
fn named(kind: Kind, children: &mut Vec<Node>) -> Kind {
    let has_text = |children: &[Node]| children.iter().any(Node::has_text);
    match kind {
        Kind::Link { href } if !has_text(children) => {
            push_text(children, &href);
            Kind::Link { href }
        }
        Kind::Heading(_) if !has_text(children) => Kind::Paragraph,
        Kind::TableCell { align, .. } if !has_text(children) => Kind::TableCell {
            header: false,
            align,
        },
        kind => kind,
    }
}
