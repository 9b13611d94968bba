//! Where the formulas of a text are: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
//!
//! Markdown knows none of them and would take their underscores, asterisks and backslashes for its
//! own, so what they hold is masked before the text is parsed, byte for byte, and the formulas are
//! put in place of the masks. Code is never searched. A price is no formula.

use std::{borrow::Cow, ops::Range};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::scan::{Found, Scan};

/// What stands for a byte of a formula: it means nothing to Markdown, and is neither a space nor
/// punctuation, on which emphasis depends.
const MASK: char = '\u{1a}';

/// One formula, with its delimiters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    pub range: Range<usize>,
    /// Where its LaTeX is.
    pub latex: Range<usize>,
    pub kind: FormulaKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormulaKind {
    Inline,
    Display,
    /// Its end has not come yet.
    Unfinished,
}

/// What was found in a text.
#[derive(Debug)]
pub struct Formulas<'a> {
    /// As long as the text, with `MASK` for every byte of a formula but line ends and what begins
    /// a line.
    pub masked: Cow<'a, str>,
    /// In their order.
    found: Vec<Formula>,
    /// Where a formula begins that may yet end.
    pub open: Option<usize>,
}

impl<'a> Formulas<'a> {
    /// Finds them. While the text is not `complete`, one may be unfinished.
    #[must_use]
    pub fn find(text: &'a str, options: Options, complete: bool) -> Self {
        let mut formulas = Self {
            masked: Cow::Borrowed(text),
            found: Vec::new(),
            open: None,
        };
        if !(text.contains('$') || text.contains(r"\(") || text.contains(r"\[")) {
            return formulas;
        }
        let mut scan = Scan::new(text, closed_ranges(text, options));
        let mut at = 0;
        while let Some(start) = text.get(at..).and_then(|rest| rest.find(['$', '\\'])) {
            let start = at.saturating_add(start);
            match scan.formula_at(start) {
                Found::Formula(formula) => {
                    at = formula.range.end;
                    formulas.found.push(formula);
                }
                Found::Nothing { next } => at = next,
                Found::Open { latex } => {
                    if !complete {
                        formulas.open = Some(start);
                        formulas.found.push(Formula {
                            range: start..text.len(),
                            latex: latex..text.len(),
                            kind: FormulaKind::Unfinished,
                        });
                    }
                    break;
                }
            }
        }
        if !formulas.found.is_empty() {
            formulas.masked = Cow::Owned(mask(text, &formulas.found));
        }
        formulas
    }

    /// The LaTeX of a formula in `text`, without what says on each line that it stands in a quote.
    #[must_use]
    pub fn latex(text: &str, formula: &Formula) -> String {
        let depth = quote_depth(text.get(..formula.range.start).unwrap_or_default());
        let latex = text.get(formula.latex.clone()).unwrap_or_default();
        let mut lines = latex.split('\n');
        let mut read = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            read.push('\n');
            read.push_str(without_line_start(line, depth));
        }
        read
    }

    /// The first formula that ends after `place`.
    #[must_use]
    pub fn after(&self, place: usize) -> Option<&Formula> {
        let next = self
            .found
            .partition_point(|formula| formula.range.end <= place);
        self.found.get(next)
    }
}

fn mask(text: &str, formulas: &[Formula]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    for Formula { range, .. } in formulas {
        masked.push_str(text.get(copied..range.start).unwrap_or_default());
        let depth = quote_depth(text.get(..range.start).unwrap_or_default());
        for (number, line) in text
            .get(range.clone())
            .unwrap_or_default()
            .split('\n')
            .enumerate()
        {
            let mut content = line;
            if number > 0 {
                masked.push('\n');
                content = without_line_start(line, depth);
                masked.push_str(
                    line.get(..line.len().saturating_sub(content.len()))
                        .unwrap_or_default(),
                );
            }
            masked.extend(content.bytes().map(|_| MASK));
        }
        copied = range.end;
    }
    masked.push_str(text.get(copied..).unwrap_or_default());
    masked
}

/// In how many quotes the last line of `text` is, as far as its beginning tells.
fn quote_depth(text: &str) -> usize {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let start = line
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'>'));
    start.filter(|byte| *byte == b'>').count()
}

/// A line without its indentation and what says that it belongs to so many quotes.
fn without_line_start(line: &str, quotes: usize) -> &str {
    let mut rest = line.trim_start_matches([' ', '\t']);
    for _ in 0..quotes {
        let Some(inner) = rest.strip_prefix('>') else {
            break;
        };
        rest = inner.trim_start_matches([' ', '\t']);
    }
    rest
}

/// What is no place for a formula: code, HTML, links, and what formulas may not reach over.
fn closed_ranges(text: &str, options: Options) -> Vec<Range<usize>> {
    let mut closed: Vec<Range<usize>> = Vec::new();
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let found = match event {
            Event::Code(_) | Event::Html(_) | Event::InlineHtml(_) => range,
            Event::Start(
                Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Link { .. } | Tag::Image { .. },
            ) => range,
            // A formula may not reach from one cell into the next.
            Event::Start(Tag::TableCell) => range.start..range.start,
            // Nor out of a heading that is one line.
            Event::End(TagEnd::Heading(_)) if text.as_bytes().get(range.start) == Some(&b'#') => {
                range.end..range.end
            }
            _ => continue,
        };
        closed.push(found);
    }
    closed.extend(fence_lines(text));
    closed.sort_by_key(|range| range.start);
    closed.dedup_by(|next, last| {
        let overlaps = next.start < last.end;
        if overlaps {
            last.end = last.end.max(next.end);
        }
        overlaps
    });
    closed
}

/// The rest of every line from what may be a fence: a mask behind it could make it one.
fn fence_lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut end = 0_usize;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = end;
        end = start.saturating_add(line.len());
        let fences = ["```", "~~~"].map(|fence| line.find(fence));
        let first = fences.into_iter().flatten().min()?;
        Some(start.saturating_add(first)..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Vec<(&str, FormulaKind)> {
        let formulas = Formulas::find(text, Options::ENABLE_TABLES, true);
        assert_eq!(formulas.masked.len(), text.len());
        let found = formulas.found.iter();
        found.map(|it| (&text[it.latex.clone()], it.kind)).collect()
    }

    #[test]
    fn all_delimiters_are_known() {
        use FormulaKind::{Display, Inline};
        assert_eq!(find("a $x_1$, $y$"), [("x_1", Inline), ("y", Inline)]);
        assert_eq!(find("$$\na\n$$"), [("\na\n", Display)]);
        assert_eq!(
            find(r"a \( x \) b \[y\]"),
            [(" x ", Inline), ("y", Display)]
        );
        assert_eq!(find("$a \\$ b$"), [("a \\$ b", Inline)]);
        assert_eq!(
            find("\\[\na \\\\[2pt]\n- b\n\\]"),
            [("\na \\\\[2pt]\n- b\n", Display)]
        );
        assert_eq!(find("$2 \\times 3$ and $5 kg$"), [("2 \\times 3", Inline)]);
    }

    #[test]
    fn prices_and_escapes_are_no_formulas() {
        for text in [
            "$5 and $10",
            "between $5-$10",
            "US$5 or CA$7",
            "$5 million or 5$",
            r"\$x\$",
            r"\\(x\\)",
            "$ x $",
            "$$ $$",
            "a $x\n\ny$ b",
            "$$a\n\nb$$",
            "costs $20.",
            "`$x$` and ``\\(y\\)``",
            "```\n$$x$$\n```",
            "    $x$",
            "[$x$](https://b.c/$a$)",
            "<b title=\"$x$\">",
            "| $5 | b$ |\n|-|-|\n| $a | b$ |",
        ] {
            assert_eq!(find(text), [], "{text}");
        }
    }

    #[test]
    fn an_unfinished_formula_is_waited_for() {
        let unfinished = |text: &str| Formulas::find(text, Options::empty(), false).open;
        assert_eq!(unfinished("a $$\\frac{a"), Some(2));
        assert_eq!(unfinished("a \\[x"), Some(2));
        assert_eq!(unfinished("a $x"), None);
        assert_eq!(unfinished("a $$x\n\nb"), None);
        assert_eq!(unfinished("a $$x$$"), None);
    }

    #[test]
    fn a_mask_keeps_lines_and_what_begins_them() {
        let masked = Formulas::find("> $$a\n> - é$$ b", Options::empty(), true).masked;
        let mask = |count| "\u{1a}".repeat(count);
        assert_eq!(masked, format!("> {}\n> {} b", mask(3), mask(6)));
    }
}
