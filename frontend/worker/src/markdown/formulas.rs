//! Where the formulas of a text are: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
//!
//! Markdown knows none of them and would take their underscores, asterisks and backslashes for its
//! own, so what they hold is masked before the text is parsed, byte for byte, and the formulas are
//! put in place of the masks. Code is never searched. A price is no formula.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A longer formula, in bytes, is none.
const MAX_BYTES: usize = 16 * 1024;
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
        let mut scan = Scan {
            text,
            closed: closed_ranges(text, options),
            searched: HashMap::new(),
        };
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

struct Scan<'a> {
    text: &'a str,
    /// Ranges without formulas, in their order.
    closed: Vec<Range<usize>>,
    /// Up to where each closing delimiter was searched for in vain, so that no search is made twice.
    searched: HashMap<&'static str, usize>,
}

enum Found {
    Formula(Formula),
    /// No formula; searching goes on at `next`.
    Nothing {
        next: usize,
    },
    /// The beginning of one, whose end may yet come.
    Open {
        latex: usize,
    },
}

/// How the search for a formula's end went.
enum End {
    At(usize),
    NoneBefore(usize),
    NotYet,
}

impl Scan<'_> {
    /// What begins at a dollar sign or a backslash.
    fn formula_at(&mut self, start: usize) -> Found {
        if let Some(closed) = self.closed_at(start) {
            return Found::Nothing {
                next: closed.max(start.saturating_add(1)),
            };
        }
        let rest = self.text.get(start..).unwrap_or_default();
        let (opening, closing, kind) = if rest.starts_with("$$") {
            ("$$", "$$", FormulaKind::Display)
        } else if rest.starts_with('$') {
            ("$", "$", FormulaKind::Inline)
        } else if rest.starts_with(r"\(") {
            (r"\(", r"\)", FormulaKind::Inline)
        } else if rest.starts_with(r"\[") {
            (r"\[", r"\]", FormulaKind::Display)
        } else {
            // A backslash and what it takes the meaning from.
            let escaped = rest.chars().take(2).map(char::len_utf8).sum::<usize>();
            return Found::Nothing {
                next: start.saturating_add(escaped),
            };
        };
        let latex = start.saturating_add(opening.len());
        let nothing = Found::Nothing { next: latex };
        if opening == "$" && !self.may_open(start) {
            return nothing;
        }
        if self
            .searched
            .get(closing)
            .is_some_and(|place| latex < *place)
        {
            return nothing;
        }
        match self.end(latex, closing) {
            End::At(end) => {
                let range = start..end.saturating_add(closing.len());
                let content = self.text.get(latex..end).unwrap_or_default();
                if content.trim().is_empty()
                    || (opening == "$" && !self.is_formula(content, range.end))
                {
                    return nothing;
                }
                Found::Formula(Formula {
                    range,
                    latex: latex..end,
                    kind,
                })
            }
            // One dollar sign may be anything, so nothing waits for a second one.
            End::NotYet if opening == "$" => {
                self.searched.insert(closing, self.text.len());
                nothing
            }
            End::NotYet => Found::Open { latex },
            End::NoneBefore(place) => {
                self.searched.insert(closing, place);
                nothing
            }
        }
    }

    /// The end of the closed range that `place` lies in.
    fn closed_at(&self, place: usize) -> Option<usize> {
        let next = self.closed.partition_point(|range| range.end <= place);
        let range = self.closed.get(next)?;
        (range.start <= place).then_some(range.end)
    }

    /// Where `closing` stands, in the same block and before anything closed.
    fn end(&self, from: usize, closing: &str) -> End {
        let next = self.closed.partition_point(|range| range.start < from);
        let closed = self.closed.get(next).map(|range| range.start);
        let limit = from.saturating_add(MAX_BYTES);
        let mut at = from;
        let mut line_is_blank = false;
        while let Some(rest) = self.text.get(at..) {
            let Some(c) = rest.chars().next() else {
                return End::NotYet;
            };
            if at >= limit || closed.is_some_and(|closed| closed <= at) {
                return End::NoneBefore(at);
            }
            if rest.starts_with(closing) {
                return End::At(at);
            }
            match c {
                '$' if rest.len() == 1 && closing == "$$" => return End::NotYet,
                // A dollar sign within `\(…\)` is no formula's.
                '$' => return End::NoneBefore(at),
                // What nothing waits for must not change what the next lines are.
                '\n' if line_is_blank || closing == "$" => return End::NoneBefore(at),
                '\n' => line_is_blank = true,
                ' ' | '\t' | '\r' | '>' => {}
                _ => line_is_blank = false,
            }
            at = at.saturating_add(c.len_utf8());
            if c == '\\' {
                // What it takes the meaning from, too.
                let escaped = self.text.get(at..).and_then(|rest| rest.chars().next());
                let escaped = escaped.filter(|c| *c != '\n');
                at = at.saturating_add(escaped.map_or(0, char::len_utf8));
            }
        }
        End::NotYet
    }

    /// Whether a single dollar sign may begin a formula: not after a letter or digit, as in `US$5`,
    /// nor before a space.
    fn may_open(&self, start: usize) -> bool {
        let before = self
            .text
            .get(..start)
            .and_then(|text| text.chars().next_back());
        let after = self
            .text
            .get(start.saturating_add(1)..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_none_or(char::is_whitespace)
    }

    /// Whether what stands between single dollar signs is a formula, and not the words between two
    /// prices.
    fn is_formula(&self, content: &str, end: usize) -> bool {
        let after = self.text.get(end..).and_then(|text| text.chars().next());
        let begins_with_digit = content.starts_with(|c: char| c.is_ascii_digit());
        let has_words = content.split_whitespace().skip(1).any(|word| {
            let letters = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '\\');
            letters.len() > 1 && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        let is_followed_by_digit = after.is_some_and(|c| c.is_ascii_digit());
        let is_prose = begins_with_digit && has_words;
        !(content.ends_with(char::is_whitespace) || is_followed_by_digit || is_prose)
    }
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
