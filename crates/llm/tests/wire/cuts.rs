//! Answers that are cut off at any byte: the text that had come whole is there, and nothing is
//! claimed of the rest.

use prompthub_llm::{ErrorKind, Provider, Timeouts, Usage};

use crate::{
    Outcome, anthropic, outcome, provider, request,
    upstream::{CHUNKED, DONE, STOP, USAGE, Upstream, text},
};

/// A stream of "Grüße 🦀", and what may be known of it.
struct Stream {
    body: String,
    /// What the first event says was used.
    first_usage: Option<Usage>,
    last_usage: Option<Usage>,
    /// The beginning of the event with the usage at the end.
    usage_event: &'static str,
    /// The beginning of the event with the reason.
    reason_event: &'static str,
}

impl Stream {
    /// What is to come of the first `cut` bytes, after which the connection breaks.
    fn up_to(&self, cut: usize) -> Outcome {
        // An event counts from the end of its data's line on.
        let has = |beginning: &str| {
            let at = self.body.find(beginning).unwrap();
            let end = self.body[at..].find('\n').unwrap();
            at + end < cut
        };
        let text = match [has("Grüße "), has("🦀")] {
            [true, true] => "Grüße 🦀",
            [true, false] => "Grüße ",
            _ => "",
        };
        let usage = match has(self.usage_event) {
            true => self.last_usage.clone(),
            false => self.first_usage.clone().filter(|_| has("data:")),
        };
        let end = match has(self.reason_event) {
            true => Outcome::finished(text),
            false => Outcome::failed(text, ErrorKind::Unavailable),
        };
        Outcome { usage, ..end }
    }

    async fn check(&self, provider: &dyn Provider, upstream: Upstream) {
        let bytes = self.body.as_bytes();
        let cuts = 0..=bytes.len();
        // Cut off in HTTP, too: the chunked encoding has no end.
        let responses = cuts.clone().map(|cut| -> Vec<u8> {
            let chunk = format!("{CHUNKED}{:x}\r\n", bytes.len());
            let sent = bytes.iter().take(cut).copied();
            chunk.bytes().chain(sent).collect()
        });
        let _serving = upstream.answer_each(responses.collect());
        for cut in cuts {
            let found = outcome(provider.stream(request()).await).await;
            assert_eq!(found, self.up_to(cut), "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn a_cut_chat_completion_keeps_its_text() {
    let usage = Usage {
        prompt_tokens: Some(2),
        completion_tokens: Some(1),
        cost_usd: Some("0.00001".to_owned()),
        ..Usage::default()
    };
    let stream = Stream {
        body: format!("{}{}{STOP}{USAGE}{DONE}", text("Grüße "), text("🦀")),
        first_usage: None,
        last_usage: Some(usage),
        usage_event: USAGE.trim_end(),
        reason_event: STOP.trim_end(),
    };
    let upstream = Upstream::bind().await;
    let provider = provider(&upstream.base_url, Timeouts::default());
    stream.check(&*provider, upstream).await;
}

#[tokio::test]
async fn a_cut_message_keeps_its_text() {
    let stream = Stream {
        body: anthropic::stream(),
        first_usage: anthropic::usage(None),
        last_usage: anthropic::usage(Some(31)),
        usage_event: "end_turn",
        reason_event: "end_turn",
    };
    let upstream = Upstream::bind().await;
    let provider = anthropic::provider(&upstream.base_url);
    stream.check(&provider, upstream).await;
}
