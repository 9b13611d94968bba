//! What the upstream says, made from the number of a question alone.
//!
//! Whoever knows the number knows the whole answer, so any stored text can be checked against what
//! the upstream sent, however the exchange ended.

use std::time::Duration;

use fastrand::Rng;
use prompthub_tests::upstream::{RecordedRequest, Script, StreamScript};

/// The text of a person's message.
pub fn question(number: u64) -> String {
    format!("#{number} Tell me more.")
}

/// The number of a person's message.
pub fn number_of(question: &str) -> Option<u64> {
    let (number, _) = question.strip_prefix('#')?.split_once(' ')?;
    number.parse().ok()
}

/// The whole answer to a question.
pub fn text(number: u64) -> String {
    (0..plan(number).words)
        .map(|place| word(number, place))
        .collect()
}

/// The script of the upstream for a request; what is no question of ours gets a few words.
pub fn script(request: &RecordedRequest) -> Script {
    let messages = request.messages();
    let asked = messages
        .iter()
        .rev()
        .find(|(role, _)| role == "user")
        // What was not answered before it comes in one message with the question.
        .and_then(|(_, content)| content.rsplit("\n\n").find_map(number_of));
    let Some(number) = asked else {
        return Script::answer("A few words");
    };
    let plan = plan(number);
    let mut stream = StreamScript::new().comment("OPENROUTER PROCESSING");
    for place in 0..plan.words {
        stream = stream.delta(&word(number, place)).pause(plan.pause);
    }
    stream
        .finish("stop")
        .usage(22, plan.words, "0.000171")
        .done()
        .into()
}

struct Plan {
    words: u32,
    pause: Duration,
}

/// Some answers are over at once, some take seconds.
fn plan(number: u64) -> Plan {
    let mut rng = Rng::with_seed(number);
    let long = rng.u8(..) < 96;
    Plan {
        words: rng.u32(if long { 100..200 } else { 1..40 }),
        pause: Duration::from_millis(rng.u64(1..16)),
    }
}

/// Different for every place of every answer, and with characters of several bytes.
fn word(number: u64, place: u32) -> String {
    format!("wörd{number}·{place} 🦀 ")
}
