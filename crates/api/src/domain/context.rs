//! What of a conversation a model is given when not all of it fits.
//!
//! Whole turns are left out, the oldest first; never the system prompt, never the question. Whoever asks is told.
//! Tokens are estimated, which is quick and a little too high; only where that is not clear, and the model's
//! vocabulary is at hand, are they counted, on a thread where that may take its time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prompthub_dto::{chat::Omitted, problem::ProblemCode};
use prompthub_llm::{
    CatalogueEntry,
    tokens::{
        Fit, IMAGE_TOKENS, MESSAGE_TOKENS, SizedMessage, Trim, count_tokens, estimate_tokens,
        forget_vocabulary, most_tokens, trim,
    },
};

use super::{
    attachments::MAX_REQUEST_BYTES,
    completion::{History, HistoryMessage},
};
use crate::error::ApiError;

/// Kept free for an answer that has no `max_tokens`: so many tokens, or a quarter of a small context.
const RESERVE: u64 = 4096;
/// No wire format asks for more tokens than this unless somebody chose to: beyond it, how much room there is
/// makes no difference.
const PLENTY: u64 = 65_536;
/// An estimate that says so much more than there is room for is believed, in percent; below it the provider judges.
const CLEARLY_TOO_LONG: u64 = 125;
/// From which part of the room on tokens are counted rather than estimated, in percent.
const NEAR: u64 = 85;
/// How long a vocabulary is kept after its last use. It weighs 46 MB.
const KEEP_VOCABULARY: Duration = Duration::from_secs(5 * 60);

/// What a model is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// The first message of the history that goes along.
    pub(super) first: usize,
    pub(super) omitted: Option<Omitted>,
    /// The tokens that the context has left for the answer; `None` where it is not known how long the context is.
    pub(super) room: Option<u32>,
}

impl Kept {
    /// What is kept free for the answer is there in any case: an estimate errs.
    fn with_room(self, room: u64, reserve: u64) -> Self {
        let room = u32::try_from(room.max(reserve)).unwrap_or(u32::MAX);
        Self {
            room: Some(room),
            ..self
        }
    }
}

/// Decides what goes along to `model`, the provider's own id.
///
/// # Errors
/// `context_too_long` when the question alone does not fit.
pub(super) async fn fit(
    history: &Arc<History>,
    model: &str,
    entry: Option<&CatalogueEntry>,
) -> Result<Kept, ApiError> {
    // The images of a request are held in memory, and providers bound them, too.
    let by_images = trim_by_images(history);
    let limit = entry.and_then(|entry| Some((entry, u64::from(entry.context_length?))));
    let Some((entry, context_length)) = limit else {
        return Ok(kept(history, model, by_images.first_kept, by_images.turns));
    };
    let reserve = reserve(history, entry, context_length);
    let rest = history
        .messages
        .get(by_images.first_kept..)
        .unwrap_or_default();
    let most = rest
        .iter()
        .map(|message| fixed(message).saturating_add(most_tokens(message.text.len())))
        .fold(most_tokens(system(history).len()), u64::saturating_add);
    let left = context_length.saturating_sub(most);
    if left >= reserve.max(longest(history, entry)) {
        let kept = kept(history, model, by_images.first_kept, by_images.turns);
        return Ok(kept.with_room(left, reserve));
    }
    let fit = Fit {
        context_length,
        reserve,
        system: estimate_tokens(model, system(history)),
    };
    let estimated: Vec<_> = rest
        .iter()
        .map(|message| sized(message, estimate_tokens(model, &message.text)))
        .collect();
    let (sizes, fit, counted) = match is_near(&estimated, fit) {
        true => match count(history, model, by_images.first_kept, fit).await {
            Some((sizes, fit)) => (sizes, fit, true),
            None => (estimated, fit, false),
        },
        false => (estimated, fit, false),
    };
    let by_tokens = trim(&sizes, fit);
    if !by_tokens.fits && (counted || is_clear(&sizes, &by_tokens, fit)) {
        return Err(too_long(&sizes, &by_tokens, fit));
    }
    let first = by_images.first_kept.saturating_add(by_tokens.first_kept);
    let turns = by_images.turns.saturating_add(by_tokens.turns);
    let asked = total(sizes.get(by_tokens.first_kept..).unwrap_or_default());
    let left = context_length
        .saturating_sub(fit.system)
        .saturating_sub(asked);
    Ok(kept(history, model, first, turns).with_room(left, reserve))
}

fn kept(history: &History, model: &str, first: usize, turns: usize) -> Kept {
    let left_out = history.messages.get(..first).unwrap_or_default();
    let tokens = left_out
        .iter()
        .map(|message| fixed(message).saturating_add(estimate_tokens(model, &message.text)))
        .fold(0, u64::saturating_add);
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Kept {
        first,
        omitted: (first > 0).then(|| Omitted {
            turns: number(turns),
            messages: number(first),
            tokens,
        }),
        room: None,
    }
}

fn trim_by_images(history: &History) -> Trim {
    let bytes = |message: &HistoryMessage| {
        let sizes = message.attachments.iter();
        sizes
            .filter_map(|image| history.size(image))
            .fold(0, u64::saturating_add)
    };
    let sizes: Vec<_> = history
        .messages
        .iter()
        .map(|message| SizedMessage {
            role: message.role,
            tokens: bytes(message),
        })
        .collect();
    let fit = Fit {
        context_length: MAX_REQUEST_BYTES,
        reserve: 0,
        system: 0,
    };
    trim(&sizes, fit)
}

fn system(history: &History) -> &str {
    history.system_prompt.as_deref().unwrap_or_default()
}

/// What is kept free for the answer.
fn reserve(history: &History, entry: &CatalogueEntry, context_length: u64) -> u64 {
    let most = entry.max_output_tokens.map_or(u64::MAX, u64::from);
    let wanted = match history.parameters.max_tokens {
        Some(tokens) => tokens.into(),
        None => RESERVE.min(context_length / 4),
    };
    wanted.min(most)
}

/// The most that may be asked of the model where nobody chose a limit; nothing where somebody did.
fn longest(history: &History, entry: &CatalogueEntry) -> u64 {
    match history.parameters.max_tokens {
        Some(_) => 0,
        None => entry
            .max_output_tokens
            .map_or(PLENTY, |most| PLENTY.min(most.into())),
    }
}

/// What a message takes beside its text.
fn fixed(message: &HistoryMessage) -> u64 {
    let images = u64::try_from(message.attachments.len()).unwrap_or(u64::MAX);
    MESSAGE_TOKENS.saturating_add(images.saturating_mul(IMAGE_TOKENS))
}

fn sized(message: &HistoryMessage, text: u64) -> SizedMessage {
    SizedMessage {
        role: message.role,
        tokens: fixed(message).saturating_add(text),
    }
}

fn total(sizes: &[SizedMessage]) -> u64 {
    sizes
        .iter()
        .fold(0, |sum, message| sum.saturating_add(message.tokens))
}

/// What there is room for beside the system prompt and the answer.
fn room(fit: Fit) -> u64 {
    fit.context_length
        .saturating_sub(fit.reserve)
        .saturating_sub(fit.system)
}

fn is_near(estimated: &[SizedMessage], fit: Fit) -> bool {
    total(estimated).saturating_mul(100) >= room(fit).saturating_mul(NEAR)
}

/// Whether what is left is too long beyond the doubt that an estimate leaves.
fn is_clear(sizes: &[SizedMessage], trim: &Trim, fit: Fit) -> bool {
    let left = sizes.get(trim.first_kept..).unwrap_or_default();
    total(left).saturating_mul(100) > room(fit).saturating_mul(CLEARLY_TOO_LONG)
}

fn too_long(sizes: &[SizedMessage], trim: &Trim, fit: Fit) -> ApiError {
    let question = total(sizes.get(trim.first_kept..).unwrap_or_default());
    let Fit {
        context_length,
        reserve,
        system,
    } = fit;
    let detail = format!(
        "The question has about {question} tokens, the system prompt {system}, and {reserve} are kept free for the \
         answer. The model's context has {context_length}. Shorten the question, or choose a model with a larger context."
    );
    ApiError::new(ProblemCode::ContextTooLong, detail)
}

/// The sizes by the model's own vocabulary; `None` where it is not at hand. From the newest message back, only as far
/// as there is room: what comes before is left out however long it is.
async fn count(
    history: &Arc<History>,
    model: &str,
    from: usize,
    fit: Fit,
) -> Option<(Vec<SizedMessage>, Fit)> {
    static USES: AtomicU64 = AtomicU64::new(0);
    let (history, model) = (Arc::clone(history), model.to_owned());
    let use_number = USES.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    let counted = tokio::task::spawn_blocking(move || {
        let fit = Fit {
            system: count_tokens(&model, system(&history))?,
            ..fit
        };
        let (mut sizes, mut sum) = (Vec::new(), 0_u64);
        for message in history.messages.get(from..)?.iter().rev() {
            let text = match sum > room(fit) {
                true => estimate_tokens(&model, &message.text),
                false => count_tokens(&model, &message.text)?,
            };
            let size = sized(message, text);
            sum = sum.saturating_add(size.tokens);
            sizes.push(size);
        }
        sizes.reverse();
        Some((sizes, fit))
    });
    let counted = counted.await.ok().flatten()?;
    tokio::spawn(async move {
        tokio::time::sleep(KEEP_VOCABULARY).await;
        if USES.load(Ordering::Relaxed) == use_number {
            forget_vocabulary();
        }
    });
    Some(counted)
}

#[cfg(test)]
mod tests {
    use prompthub_dto::ids::UserId;
    use prompthub_llm::Role;

    use super::*;

    /// A conversation of so many turns, each about 100 tokens, and a question as long as half a turn.
    fn history(turns: usize, max_tokens: Option<u32>) -> Arc<History> {
        let message = |role, text: String| HistoryMessage {
            role,
            text,
            attachments: Vec::new(),
        };
        let mut messages = Vec::new();
        for _ in 0..turns {
            messages.push(message(Role::User, "word ".repeat(46)));
            messages.push(message(Role::Assistant, "word ".repeat(46)));
        }
        messages.push(message(Role::User, "word ".repeat(46)));
        Arc::new(History {
            system_prompt: Some("Be brief.".to_owned()),
            messages,
            parameters: prompthub_llm::Parameters {
                max_tokens,
                ..prompthub_llm::Parameters::default()
            },
            user: UserId::new(),
            files: super::super::attachments::Files::new(),
            fields: Vec::new(),
        })
    }

    fn entry(context_length: u32) -> CatalogueEntry {
        CatalogueEntry {
            context_length: Some(context_length),
            ..CatalogueEntry::default()
        }
    }

    #[tokio::test]
    async fn all_goes_along_where_it_fits_or_nothing_is_known() {
        let history = history(10, None);
        for entry in [None, Some(CatalogueEntry::default()), Some(entry(4000))] {
            let kept = fit(&history, "acme/m1", entry.as_ref()).await.unwrap();
            assert_eq!((kept.first, kept.omitted), (0, None));
            let is_known = entry.is_some_and(|entry| entry.context_length.is_some());
            assert_eq!(kept.room.is_some(), is_known);
        }
    }

    #[tokio::test]
    async fn the_room_for_the_answer_is_what_the_context_has_left() {
        let history = history(10, None);
        let used = history
            .messages
            .iter()
            .map(|message| fixed(message) + estimate_tokens("acme/m1", &message.text))
            .sum::<u64>()
            + estimate_tokens("acme/m1", system(&history));
        for (context_length, max_output_tokens, least, most) in [
            // So much that it does not matter how much.
            (1_000_000, Some(64_000), 64_000, 1_000_000),
            (1_000_000, None, PLENTY, 1_000_000),
            (20_000, Some(64_000), 20_000 - used, 20_000 - used),
            (10_000, None, 10_000 - used, 10_000 - used),
            // Turns are left out, so that there is at least what is kept free.
            (1200, Some(64_000), 300, 450),
        ] {
            let entry = CatalogueEntry {
                max_output_tokens,
                ..entry(context_length)
            };
            let kept = fit(&history, "acme/m1", Some(&entry)).await.unwrap();
            let room = u64::from(kept.room.unwrap());
            assert!((least..=most).contains(&room), "{context_length}: {room}");
            assert_eq!(kept.omitted.is_some(), context_length < 2000);
        }
    }

    #[tokio::test]
    async fn the_oldest_turns_are_left_out_and_counted() {
        // A counted model and an estimated one.
        for model in ["openai/gpt-5", "acme/m1"] {
            let kept = fit(&history(10, Some(100)), model, Some(&entry(800)))
                .await
                .unwrap();
            let omitted = kept.omitted.expect("something is left out");
            assert_eq!(kept.first % 2, 0, "whole turns");
            assert_eq!(usize::try_from(omitted.messages).unwrap(), kept.first);
            assert_eq!(omitted.turns * 2, omitted.messages);
            assert!((3..=6).contains(&omitted.turns), "{model}: {omitted:?}");
            assert!(
                omitted.tokens >= omitted.turns * 90 && omitted.tokens <= omitted.turns * 160,
                "{omitted:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_question_that_cannot_fit_is_refused_in_figures() {
        let error = fit(&history(3, Some(100)), "acme/m1", Some(&entry(130)))
            .await
            .unwrap_err();
        assert_eq!(error.code(), ProblemCode::ContextTooLong);
        let detail = error.to_problem("r").detail;
        assert!(
            detail.contains("130.") && detail.contains("100 are kept free"),
            "{detail}"
        );
        // Where the estimate may be wrong, the provider judges.
        let kept = fit(&history(3, Some(100)), "acme/m1", Some(&entry(166)))
            .await
            .unwrap();
        assert_eq!(kept.omitted.map(|omitted| omitted.turns), Some(3));
    }
}
