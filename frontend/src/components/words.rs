//! Finding words in a text without regard to case, for the page's filters.

/// Whether every word of `words` is in `text`, in any order.
#[must_use]
pub fn has_words(text: &str, words: &str) -> bool {
    let text = fold(text);
    fold(words)
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// The browser has the tables that this needs; those of the standard library would have to be
/// downloaded.
#[cfg(target_arch = "wasm32")]
fn fold(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(not(target_arch = "wasm32"))]
fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_be_there_in_any_order_and_case() {
        assert!(has_words("Anthropic: Claude", "claude anth"));
        assert!(has_words("Übung", "übung"));
        assert!(has_words("anything", " "));
        assert!(!has_words("Anthropic: Claude", "claude gpt"));
    }
}
