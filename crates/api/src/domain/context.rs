//! What of a conversation a model is given when not all of it fits.
//!
//! Whole turns are left out, the oldest first; never the system prompt, never the question. A question that was never
//! answered is a turn of its own. Whoever asks is told.
//! Tokens are estimated, which is quick and a little too high; only where that is not clear, and the model's
//! vocabulary is at hand, are they counted, on a thread where that may take its time.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prompthub_dto::{chat::Omitted, problem::ProblemCode};
use prompthub_llm::{
    CatalogueEntry, Role,
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
/// Bytes of a conversation whose tokens are estimated at once, in a millisecond or so. What is longer is estimated on a
/// thread where nobody waits for it.
const QUICK_BYTES: usize = 256 * 1024;
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
/// `context_too_long` when the question alone does not fit, `images_unsupported` when its images do not.
pub(super) async fn fit(
    history: &Arc<History>,
    model: &str,
    entry: Option<&CatalogueEntry>,
) -> Result<Kept, ApiError> {
    // The images of a request are held in memory, and providers bound them, too.
    let by_images = trim_by_images(history);
    if !by_images.fits {
        return Err(too_many_images());
    }
    let limit = entry.and_then(|entry| Some((entry, u64::from(entry.context_length?))));
    let Some((entry, context_length)) = limit else {
        return kept(history, model, by_images.first_kept, by_images.turns).await;
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
        let kept = kept(history, model, by_images.first_kept, by_images.turns).await?;
        return Ok(kept.with_room(left, reserve));
    }
    let fit = Fit {
        context_length,
        reserve,
        system: estimate_tokens(model, system(history)),
    };
    let estimated = estimate(history, model, by_images.first_kept..history.messages.len()).await?;
    let (sizes, fit, counted) = match is_near(&estimated, fit) {
        true => match count(history, model, by_images.first_kept, fit).await {
            Some((sizes, fit)) => (sizes, fit, true),
            None => (estimated, fit, false),
        },
        false => (estimated, fit, false),
    };
    let by_tokens = trim_turns(&sizes, fit);
    if !by_tokens.fits && (counted || is_clear(&sizes, &by_tokens, fit)) {
        return Err(too_long(&sizes, &by_tokens, fit));
    }
    let first = by_images.first_kept.saturating_add(by_tokens.first_kept);
    let turns = by_images.turns.saturating_add(by_tokens.turns);
    let asked = total(sizes.get(by_tokens.first_kept..).unwrap_or_default());
    let left = context_length
        .saturating_sub(fit.system)
        .saturating_sub(asked);
    let kept = kept(history, model, first, turns).await?;
    Ok(kept.with_room(left, reserve))
}

async fn kept(
    history: &Arc<History>,
    model: &str,
    first: usize,
    turns: usize,
) -> Result<Kept, ApiError> {
    let tokens = total(&estimate(history, model, 0..first).await?);
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Ok(Kept {
        first,
        omitted: (first > 0).then(|| Omitted {
            turns: number(turns),
            messages: number(first),
            tokens,
        }),
        room: None,
    })
}

/// The sizes of some messages, by estimate.
async fn estimate(
    history: &Arc<History>,
    model: &str,
    range: Range<usize>,
) -> Result<Vec<SizedMessage>, ApiError> {
    let (history, model) = (Arc::clone(history), model.to_owned());
    let chosen = history.messages.get(range.clone()).unwrap_or_default();
    let bytes = chosen.iter().map(|message| message.text.len());
    let is_quick = bytes.fold(0, usize::saturating_add) <= QUICK_BYTES;
    let work = move || {
        let chosen = history.messages.get(range).unwrap_or_default();
        let sizes = chosen
            .iter()
            .map(|message| sized(message, estimate_tokens(&model, &message.text)));
        sizes.collect::<Vec<_>>()
    };
    match is_quick {
        true => Ok(work()),
        false => tokio::task::spawn_blocking(work)
            .await
            .map_err(ApiError::internal),
    }
}

/// [`trim`], where each question that was never answered may go without those that follow it.
fn trim_turns(messages: &[SizedMessage], fit: Fit) -> Trim {
    // What tells two turns apart is an answer, so one that takes nothing stands between two questions.
    let nothing = SizedMessage {
        role: Role::Assistant,
        tokens: 0,
    };
    let mut turns = Vec::with_capacity(messages.len());
    let mut added = Vec::new();
    let mut before = None;
    for message in messages {
        if message.role == Role::User && before == Some(Role::User) {
            added.push(turns.len());
            turns.push(nothing);
        }
        turns.push(*message);
        before = Some(message.role);
    }
    let trim = trim(&turns, fit);
    let left_out = added.iter().filter(|place| **place < trim.first_kept);
    Trim {
        first_kept: trim.first_kept.saturating_sub(left_out.count()),
        ..trim
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
    trim_turns(&sizes, fit)
}

fn too_many_images() -> ApiError {
    let detail = format!(
        "The question's images have more than {MAX_REQUEST_BYTES} bytes together, which no model is sent. Ask it anew \
         with fewer or smaller images."
    );
    ApiError::new(ProblemCode::ImagesUnsupported, detail)
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
mod tests;
