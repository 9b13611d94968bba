//! Providers in a reader's words.

use prompthub_dto::providers::{ProviderState, ProviderStatus};

use super::{size, time::LocalMoment};

/// How a provider is, in a sentence or two.
#[must_use]
pub fn state(state: &ProviderState, now: &LocalMoment) -> String {
    match trouble(state, now) {
        Some(trouble) => trouble,
        None => format!("{}{}", count(state), checked(state, now)),
    }
}

/// What is the matter with a provider, where something is.
#[must_use]
pub fn trouble(state: &ProviderState, now: &LocalMoment) -> Option<String> {
    let what = match state.status {
        ProviderStatus::Ready | ProviderStatus::Other => return None,
        ProviderStatus::Loading => return Some("Reading the list of models…".to_owned()),
        ProviderStatus::Failed => "Cannot be used",
        ProviderStatus::Unreachable => "Cannot be reached",
    };
    let mut words = format!("{what}{}.", checked(state, now));
    if let Some(problem) = &state.problem {
        words = format!("{words} {problem}");
    }
    if state.model_count > 0 {
        words = format!(
            "{words} {} of an earlier list can still be chosen.",
            count(state)
        );
    }
    Some(words)
}

fn count(state: &ProviderState) -> String {
    size::count(state.model_count.into(), "model", "models")
}

fn checked(state: &ProviderState, now: &LocalMoment) -> String {
    let at = state.checked_at.as_ref();
    at.map(|at| format!(", checked {}", LocalMoment::of(at).relative(now)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_says_how_it_is() {
        let now = LocalMoment {
            epoch_ms: 0.0,
            year: 2026,
            month: 10,
            day: 22,
            hour: 8,
            minute: 30,
        };
        let mut known = ProviderState {
            status: ProviderStatus::Ready,
            model_count: 312,
            checked_at: None,
            problem: None,
        };
        assert_eq!(state(&known, &now), "312 models");
        known.status = ProviderStatus::Unreachable;
        known.problem = Some("It did not answer in time.".to_owned());
        assert_eq!(
            state(&known, &now),
            "Cannot be reached. It did not answer in time. 312 models of an earlier list can still be chosen."
        );
        known.model_count = 0;
        known.status = ProviderStatus::Failed;
        assert_eq!(
            state(&known, &now),
            "Cannot be used. It did not answer in time."
        );
    }
}
