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
    for word in message.split_whitespace() {
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
    }
}
