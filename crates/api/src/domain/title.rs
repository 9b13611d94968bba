//! What a conversation is called until a person names it.

/// Characters of the first message that a title takes.
const TITLE_CHARS: usize = 60;
/// What a conversation is called before it has a message or a name.
pub const UNTITLED: &str = "New chat";

/// The first words of `message`, on one line.
#[must_use]
pub fn title_of(message: &str) -> String {
    let mut title = String::new();
    let mut length: usize = 0;
    for word in message
        .lines()
        .flat_map(|line| unmarked(line).split_whitespace())
    {
        let next = length
            .saturating_add(word.chars().count())
            .saturating_add(1);
        if next > TITLE_CHARS && !title.is_empty() {
            title.push('…');
            return title;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.extend(word.chars().filter(|c| !c.is_control()).take(TITLE_CHARS));
        length = next;
    }
    if title.is_empty() {
        UNTITLED.to_owned()
    } else {
        title
    }
}

/// A line without the marks of a Markdown heading or quotation at its beginning.
fn unmarked(line: &str) -> &str {
    let is_mark = |word: &str| {
        word == ">" || (1..=6).contains(&word.len()) && word.bytes().all(|byte| byte == b'#')
    };
    let mut line = line.trim_start();
    while let Some((first, rest)) = line.split_once(char::is_whitespace)
        && is_mark(first)
    {
        line = rest.trim_start();
    }
    line
}

/// The title in what a model says when it is asked for one: its first line, without what models like
/// to put around it. `None` when nothing is left.
#[must_use]
pub fn title_of_answer(answer: &str) -> Option<String> {
    let line = answer
        .lines()
        .map(bare)
        .find(|line| line.chars().any(char::is_alphanumeric))?;
    Some(title_of(&line.replace("**", "").replace('`', "")))
}

/// A line without a label, Markdown's marks, quotation marks and the full stop at its end.
fn bare(line: &str) -> &str {
    let is_wrapping = |c: char| c.is_whitespace() || "#*_`\"'“”„‘’«»「」.。".contains(c);
    let line = line.trim_matches(is_wrapping);
    match line.split_once(':') {
        Some((label, rest))
            if label
                .trim_matches(is_wrapping)
                .eq_ignore_ascii_case("title") =>
        {
            rest.trim_matches(is_wrapping)
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_whole_words_on_one_line() {
        assert_eq!(title_of("  Hello\n\tworld  "), "Hello world");
        assert_eq!(
            title_of(&"word ".repeat(30)),
            format!("{}…", ["word"; 12].join(" "))
        );
        assert_eq!(title_of(&"x".repeat(500)), "x".repeat(60));
        assert_eq!(title_of("\u{7}"), UNTITLED);
        assert_eq!(
            title_of("> ## Hello\n#1 of C # and > all\n###"),
            "Hello #1 of C # and > all ###"
        );
    }

    #[test]
    fn a_models_title_comes_without_its_wrapping() {
        for (answer, title) in [
            ("Baking bread", Some("Baking bread")),
            (
                "\n\n**Title:** \"Baking bread.\"\nMore",
                Some("Baking bread"),
            ),
            ("# Baking bread\n\nIn this", Some("Baking bread")),
            ("Title: “Brot backen”", Some("Brot backen")),
            ("「パンを焼く」。", Some("パンを焼く")),
            ("Rust: ownership", Some("Rust: ownership")),
            ("**Bread** with `steam`", Some("Bread with steam")),
            ("***\n", None),
            ("", None),
        ] {
            assert_eq!(title_of_answer(answer).as_deref(), title, "{answer:?}");
        }
    }
}
