//! A model that needs no network and only pretends.
//!
//! Owns `demo/echo`: it says that it is a demo and shows what a real model would have been given.
//! The same request always gets the same words. Must not reach for the network.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};

use crate::{
    ChatMessage, CompletionEvent, CompletionRequest, CompletionStream, ErrorKind, FinishReason,
    ModelInfo, Provider, ProviderError, Role, Usage,
};

/// The slug of the provider.
pub const SLUG: &str = "demo";
/// The id of its one model.
pub const MODEL: &str = "echo";

/// The most characters of the system prompt and of the message that are shown again.
const MAX_QUOTE_CHARS: usize = 600;
/// The most characters of an earlier message that are shown again.
const MAX_EXCERPT_CHARS: usize = 80;

/// The provider of `demo/echo`.
#[derive(Debug, Clone)]
pub struct Demo {
    delay_per_word: Duration,
}

impl Demo {
    /// Waits this long before each word, so that streaming can be seen; not at all when it is zero.
    #[must_use]
    pub fn new(delay_per_word: Duration) -> Self {
        Self { delay_per_word }
    }
}

impl Default for Demo {
    /// About as fast as a hosted model: 15 ms a word.
    fn default() -> Self {
        Self::new(Duration::from_millis(15))
    }
}

#[async_trait]
impl Provider for Demo {
    fn slug(&self) -> &str {
        SLUG
    }

    fn models(&self) -> Vec<ModelInfo> {
        vec![ModelInfo {
            id: MODEL.to_owned(),
            name: "Demo: Echo (offline)".to_owned(),
            context_length: None,
            demo: true,
        }]
    }

    fn is_demo(&self) -> bool {
        true
    }

    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        if request.model != MODEL {
            let message = format!("The demo has no model {:?}, only {MODEL:?}.", request.model);
            return Err(ProviderError::new(ErrorKind::Refused, message));
        }
        let delay = self.delay_per_word;
        let events = stream::iter(events(&request)).then(move |event| async move {
            if !delay.is_zero() && matches!(event, CompletionEvent::Text(_)) {
                tokio::time::sleep(delay).await;
            }
            Ok(event)
        });
        Ok(Box::pin(events))
    }
}

/// The whole answer, word by word.
fn events(request: &CompletionRequest) -> Vec<CompletionEvent> {
    let answer = answer(request);
    let (answer, mut finish) = (
        before_stop(&answer, &request.parameters.stop),
        FinishReason::Stop,
    );
    let limit = request
        .parameters
        .max_tokens
        .and_then(|limit| usize::try_from(limit).ok());

    let mut events = vec![CompletionEvent::Model(MODEL.to_owned())];
    let mut words = 0_usize;
    for piece in answer.split_inclusive(char::is_whitespace) {
        let is_word = !piece.trim().is_empty();
        if is_word && limit.is_some_and(|limit| words >= limit) {
            finish = FinishReason::Length;
            break;
        }
        words += usize::from(is_word);
        events.push(CompletionEvent::Text(piece.to_owned()));
    }
    events.push(CompletionEvent::Usage(Usage {
        prompt_tokens: u64::try_from(count_prompt_words(request)).ok(),
        completion_tokens: u64::try_from(words).ok(),
        cached_tokens: None,
        cache_write_tokens: None,
        reasoning_tokens: None,
        cost_usd: Some("0".to_owned()),
    }));
    events.push(CompletionEvent::Finished(finish));
    events
}

fn answer(request: &CompletionRequest) -> String {
    let mut answer = String::from(
        "**This is a demo.** No language model is at work: I only show what one would have been given.\n\n",
    );
    match request
        .system_prompt
        .as_deref()
        .map(str::trim)
        .filter(|prompt| !prompt.is_empty())
    {
        Some(prompt) => {
            answer.push_str("### System prompt\n\n");
            answer.push_str(&quote(prompt));
        }
        None => answer.push_str("There is no system prompt.\n\n"),
    }
    let Some((message, history)) = request.messages.split_last() else {
        answer.push_str("There is no message.");
        return answer;
    };
    answer.push_str("### Your message\n\n");
    answer.push_str(&quote(message.content.text().trim()));
    match message.content.images().count() {
        0 => {}
        1 => answer.push_str("With an image.\n\n"),
        count => answer.push_str(&format!("With {count} images.\n\n")),
    }
    answer.push_str("### Before it\n\n");
    match history {
        [] => answer.push_str("Nothing: this is the first message of the conversation."),
        [only] => answer.push_str(&format!("1 earlier message:\n\n- {}", excerpt(only))),
        [first, .., last] => answer.push_str(&format!(
            "{} earlier messages:\n\n- the first: {}\n- the last: {}",
            history.len(),
            excerpt(first),
            excerpt(last)
        )),
    }
    answer
}

/// A Markdown quotation and the blank line after it.
fn quote(text: &str) -> String {
    let mut quoted = String::new();
    for line in shorten(text, MAX_QUOTE_CHARS).lines() {
        quoted.push_str("> ");
        quoted.push_str(line);
        quoted.push('\n');
    }
    quoted.push('\n');
    quoted
}

/// Who said what, on one line.
fn excerpt(message: &ChatMessage) -> String {
    let speaker = match message.role {
        Role::User => "you",
        Role::Assistant => "the assistant",
    };
    let text = message.content.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    format!(
        "{speaker} said “{}”",
        shorten(&words.join(" "), MAX_EXCERPT_CHARS)
    )
}

fn shorten(text: &str, max_chars: usize) -> String {
    match text
        .char_indices()
        .nth(max_chars)
        .and_then(|(at, _)| text.split_at_checked(at))
    {
        Some((kept, _)) => format!("{}…", kept.trim_end()),
        None => text.to_owned(),
    }
}

/// `text` up to the first place where one of the stop texts begins.
fn before_stop<'a>(text: &'a str, stop: &[String]) -> &'a str {
    stop.iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| text.split_once(stop.as_str()))
        .map(|(before, _)| before)
        .min_by_key(|before| before.len())
        .unwrap_or(text)
}

fn count_prompt_words(request: &CompletionRequest) -> usize {
    let system = request
        .system_prompt
        .iter()
        .map(|text| text.as_str().into());
    let messages = request
        .messages
        .iter()
        .map(|message| message.content.text());
    system
        .chain(messages)
        .map(|text: Cow<'_, str>| text.split_whitespace().count())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameters;

    fn message(role: Role, content: &str) -> ChatMessage {
        ChatMessage {
            role,
            content: content.into(),
        }
    }

    fn request() -> CompletionRequest {
        CompletionRequest {
            model: MODEL.to_owned(),
            system_prompt: Some("Answer in\nLatin.".to_owned()),
            messages: vec![
                message(Role::User, "One?"),
                message(Role::Assistant, "Unus."),
                message(Role::User, "Two\n\nlines?"),
            ],
            ..CompletionRequest::default()
        }
    }

    async fn collect(request: CompletionRequest) -> (String, Vec<CompletionEvent>) {
        let stream = Demo::new(Duration::ZERO).stream(request).await.unwrap();
        let events: Vec<_> = stream.map(Result::unwrap).collect().await;
        let (text, rest): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|event| matches!(event, CompletionEvent::Text(_)));
        let text = text
            .into_iter()
            .map(|event| match event {
                CompletionEvent::Text(text) => text,
                other => panic!("{other:?}"),
            })
            .collect();
        (text, rest)
    }

    #[tokio::test]
    async fn it_shows_what_it_was_given() {
        let (text, rest) = collect(request()).await;
        assert_eq!(
            text,
            "**This is a demo.** No language model is at work: I only show what one would have been given.\n\n\
             ### System prompt\n\n> Answer in\n> Latin.\n\n\
             ### Your message\n\n> Two\n> \n> lines?\n\n\
             ### Before it\n\n2 earlier messages:\n\n- the first: you said “One?”\n- the last: the assistant said “Unus.”"
        );
        let usage = Usage {
            prompt_tokens: Some(7),
            completion_tokens: u64::try_from(text.split_whitespace().count()).ok(),
            cost_usd: Some("0".to_owned()),
            ..Usage::default()
        };
        assert_eq!(
            rest,
            [
                CompletionEvent::Model("echo".to_owned()),
                CompletionEvent::Usage(usage),
                CompletionEvent::Finished(FinishReason::Stop),
            ]
        );
    }

    #[tokio::test]
    async fn long_texts_are_shortened() {
        let mut request = request();
        request.system_prompt = Some("ü".repeat(MAX_QUOTE_CHARS + 1));
        request.messages.truncate(1);
        let (text, _) = collect(request).await;
        assert!(text.contains(&format!("> {}…\n", "ü".repeat(MAX_QUOTE_CHARS))));
        assert!(text.ends_with("this is the first message of the conversation."));
    }

    #[tokio::test]
    async fn limits_and_stop_texts_end_it() {
        let full = collect(request()).await.0;
        for (max_tokens, stop, expected, finish) in [
            (
                Some(4),
                vec![],
                "**This is a demo.** ",
                FinishReason::Length,
            ),
            (Some(100_000), vec![], full.as_str(), FinishReason::Stop),
            (None, vec!["demo", "is", ""], "**Th", FinishReason::Stop),
            (Some(1), vec!["This"], "**", FinishReason::Stop),
            (None, vec!["**"], "", FinishReason::Stop),
        ] {
            let parameters = Parameters {
                max_tokens,
                stop: stop.iter().map(|stop| (*stop).to_owned()).collect(),
                ..Parameters::default()
            };
            let (text, rest) = collect(CompletionRequest {
                parameters,
                ..request()
            })
            .await;
            assert_eq!(text, expected, "{max_tokens:?} {stop:?}");
            assert_eq!(rest.last(), Some(&CompletionEvent::Finished(finish)));
        }
    }

    #[tokio::test]
    async fn another_model_is_refused() {
        let request = CompletionRequest {
            model: "gpt".to_owned(),
            ..request()
        };
        let error = Demo::default().stream(request).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Refused);
    }
}
