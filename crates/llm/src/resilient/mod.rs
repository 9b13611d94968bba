//! Trying again, and knowing when not to.
//!
//! Owns a provider around another one that retries what may pass, up to the first token of the
//! answer and never after it, and that stops asking for a while what keeps failing: a provider which cannot be
//! connected to, or one model of it which does not answer. Must not know any wire format.

mod breaker;

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use quick_cache::sync::Cache;
use tokio::time::{Instant, sleep};

pub use self::breaker::Pause;
use self::breaker::{Breaker, Skipped, Verdict};
use crate::{
    AccountCheck, CatalogueEntry, CompletionEvent, CompletionRequest, CompletionStream, ErrorKind,
    FinishReason, ModelInfo, Parameters, Provider, ProviderError,
};

/// Events that are no token, of which an answer has no more than this many before its first one.
const MAX_EARLY: usize = 8;
/// Models of which it is kept how they do. Beyond them those that are asked the least are forgotten.
const MAX_MODELS: usize = 256;

/// How often to try, and how long to wait in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// All calls together, the first included.
    pub attempts: u32,
    /// The wait after the first failure. It doubles with every further one, and a random half of
    /// it is left out, so that callers who failed together do not come back together.
    pub first_wait: Duration,
    /// The longest such wait.
    pub longest_wait: Duration,
    /// The longest wait that the provider may ask for; more is cut to this.
    pub longest_retry_after: Duration,
    /// No new attempt begins later than this after the first one.
    pub total: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(8),
            longest_retry_after: Duration::from_secs(15),
            total: Duration::from_secs(45),
        }
    }
}

impl Retry {
    /// How long to wait after so many failures. `random` is from 0 to 1.
    fn wait(&self, failures: u32, asked: Option<Duration>, random: f64) -> Duration {
        let random = random.clamp(0.0, 1.0);
        match asked {
            // Never before the time that was asked for, and not all at that time.
            Some(asked) => {
                asked.min(self.longest_retry_after) + self.first_wait.mul_f64(random / 2.0)
            }
            None => {
                let doublings = failures.saturating_sub(1).min(16);
                let wait = self.first_wait.saturating_mul(1 << doublings);
                wait.min(self.longest_wait).mul_f64(0.5 + random / 2.0)
            }
        }
    }
}

/// A provider that tries again.
///
/// [`Provider::stream`] returns once the first token of the answer is there, not at its mere
/// beginning: until then a failure is an `Err`, and another model may still be asked instead.
#[derive(Debug)]
pub struct Resilient {
    inner: Arc<dyn Provider>,
    retry: Retry,
    pause: Pause,
    connection: Breaker,
    /// A gateway may have one model that hangs beside others that are well.
    models: Cache<String, Arc<Breaker>>,
}

impl Resilient {
    #[must_use]
    pub fn new(inner: Arc<dyn Provider>, retry: Retry, pause: Pause) -> Self {
        Self {
            inner,
            retry,
            pause,
            connection: Breaker::new(pause),
            models: Cache::new(MAX_MODELS),
        }
    }

    fn model(&self, model: &str) -> Arc<Breaker> {
        let breaker = || Ok::<_, Infallible>(Arc::new(Breaker::new(self.pause)));
        let Ok(breaker) = self.models.get_or_insert_with(model, breaker);
        breaker
    }

    /// One attempt, up to the first token, unless it is skipped.
    async fn attempt(&self, request: CompletionRequest) -> Result<CompletionStream, Failure> {
        let (now, model) = (Instant::now(), self.model(&request.model));
        let connection = self.connection.admit(now);
        let connection = connection.map_err(|skipped| Failure::Skipped(unreachable(skipped)))?;
        let answering = model.admit(now);
        let answering = answering.map_err(|skipped| Failure::Skipped(unanswered(skipped)))?;
        let begun = self.inner.stream(request).await;
        // The way to the provider is proved long before a model that thinks has said its first word.
        connection.report(verdict(&begun, Verdict::of_connection), Instant::now());
        let outcome = match begun {
            Ok(answer) => first_token(answer).await,
            Err(error) => Err(error),
        };
        answering.report(verdict(&outcome, Verdict::of_model), Instant::now());
        outcome.map_err(Failure::Failed)
    }

    /// How long to wait before the next attempt; `None` where there is none. A provider that asks for more than it
    /// would be left alone anyway is not waited for while another model can be asked.
    fn wait(
        &self,
        error: &ProviderError,
        failures: u32,
        began: Instant,
        has_alternative: bool,
    ) -> Option<Duration> {
        if failures >= self.retry.attempts || !error.is_transient() {
            return None;
        }
        let usual = self.retry.wait(failures, None, 1.0);
        if has_alternative && error.retry_after.is_some_and(|asked| asked > usual) {
            return None;
        }
        let wait = self
            .retry
            .wait(failures, error.retry_after, fastrand::f64());
        let is_late = began.elapsed().saturating_add(wait) > self.retry.total;
        (!is_late).then_some(wait)
    }
}

fn verdict<T>(
    outcome: &Result<T, ProviderError>,
    of_failure: fn(&ProviderError) -> Verdict,
) -> Verdict {
    outcome.as_ref().err().map_or(Verdict::Alive, of_failure)
}

/// Why an attempt gave no answer.
enum Failure {
    /// It was not made.
    Skipped(ProviderError),
    Failed(ProviderError),
}

fn unreachable(skipped: Skipped) -> ProviderError {
    let message = "the provider could not be connected to lately and is not asked for now";
    skip(message, skipped).without_connection()
}

fn unanswered(skipped: Skipped) -> ProviderError {
    let message = "the model has not answered lately and is not asked for now";
    skip(message, skipped)
}

fn skip(message: &str, skipped: Skipped) -> ProviderError {
    let error = ProviderError::new(ErrorKind::Unavailable, message);
    ProviderError {
        skipped_after: Some(skipped.failures),
        ..error.with_retry_after(Some(skipped.left))
    }
}

#[async_trait]
impl Provider for Resilient {
    fn slug(&self) -> &str {
        self.inner.slug()
    }

    fn models(&self) -> Vec<ModelInfo> {
        self.inner.models()
    }

    fn is_demo(&self) -> bool {
        self.inner.is_demo()
    }

    fn unsupported(&self, parameters: &Parameters) -> Vec<(&'static str, &'static str)> {
        self.inner.unsupported(parameters)
    }

    fn max_image_bytes(&self) -> Option<u64> {
        self.inner.max_image_bytes()
    }

    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let (began, has_alternative) = (Instant::now(), request.has_alternative);
        let (mut before, mut failures) = (None, 0);
        loop {
            let error = match self.attempt(request.clone()).await {
                Ok(stream) => return Ok(stream),
                Err(Failure::Failed(error)) => error,
                // What really happened says more than that nothing more is tried.
                Err(Failure::Skipped(error)) => {
                    return Err(before.unwrap_or(error).without_words());
                }
            };
            failures += 1;
            let Some(wait) = self.wait(&error, failures, began, has_alternative) else {
                return Err(error.without_words());
            };
            before = Some(error);
            sleep(wait).await;
        }
    }

    async fn list_models(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        self.inner.list_models().await
    }

    async fn check(&self) -> Result<AccountCheck, ProviderError> {
        self.inner.check().await
    }
}

/// Waits for the first token of an answer.
async fn first_token(mut rest: CompletionStream) -> Result<CompletionStream, ProviderError> {
    let mut early = Vec::new();
    loop {
        let event = match rest.next().await {
            Some(event) => event?,
            None => {
                let message = "the provider ended its answer before the first word";
                return Err(ProviderError::new(ErrorKind::Unavailable, message));
            }
        };
        if event == CompletionEvent::Finished(FinishReason::Error) {
            let message = "the model failed before the first word";
            return Err(ProviderError::new(ErrorKind::Unavailable, message));
        }
        let has_begun = match &event {
            CompletionEvent::Text(_)
            | CompletionEvent::Reasoning(_)
            | CompletionEvent::Finished(_) => true,
            CompletionEvent::Usage(_) | CompletionEvent::Model(_) => early.len() >= MAX_EARLY,
        };
        early.push(Ok(event));
        if has_begun {
            return Ok(stream::iter(early).chain(rest).boxed());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;
    use tokio::time::timeout;

    use super::*;

    const RETRY: Retry = Retry {
        attempts: 3,
        first_wait: Duration::from_millis(500),
        longest_wait: Duration::from_secs(8),
        longest_retry_after: Duration::from_secs(15),
        total: Duration::from_secs(45),
    };

    #[test]
    fn waits_double_up_to_a_limit() {
        for (failures, most) in [
            (1, 500),
            (2, 1000),
            (3, 2000),
            (5, 8000),
            (6, 8000),
            (999, 8000),
        ] {
            let most = Duration::from_millis(most);
            assert_eq!(RETRY.wait(failures, None, 1.0), most, "{failures}");
            assert_eq!(RETRY.wait(failures, None, 0.0), most / 2, "{failures}");
        }
    }

    #[test]
    fn what_is_asked_for_is_waited_unless_absurd() {
        for (asked, least) in [(0, 0), (7, 7), (15, 15), (16, 15), (u64::MAX, 15)] {
            let least = Duration::from_secs(least);
            let asked = Some(Duration::from_secs(asked));
            assert_eq!(RETRY.wait(1, asked, 0.0), least);
            assert_eq!(
                RETRY.wait(1, asked, 1.0),
                least + Duration::from_millis(250)
            );
        }
    }

    /// Counts how often it is asked, and always fails.
    #[derive(Debug, Default)]
    struct Failing(AtomicUsize);

    #[async_trait]
    impl Provider for Failing {
        fn slug(&self) -> &str {
            "failing"
        }

        fn models(&self) -> Vec<ModelInfo> {
            Vec::new()
        }

        async fn stream(&self, _: CompletionRequest) -> Result<CompletionStream, ProviderError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(ProviderError::new(ErrorKind::Unavailable, "busy"))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn giving_up_while_it_waits_ends_it() {
        let inner = Arc::new(Failing::default());
        let resilient = Resilient::new(inner.clone(), RETRY, Pause::default());
        let moment = Duration::from_millis(1);
        let given_up = timeout(moment, resilient.stream(CompletionRequest::default())).await;
        assert!(given_up.is_err());
        sleep(RETRY.total).await;
        assert_eq!(inner.0.load(Ordering::Relaxed), 1);

        let failed = resilient.stream(CompletionRequest::default()).await;
        assert!(failed.is_err());
        assert_eq!(inner.0.load(Ordering::Relaxed), 4);
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_limits(failures in any::<u32>(), asked in any::<Option<u64>>(), random in 0.0..=1.0_f64) {
            let wait = RETRY.wait(failures, asked.map(Duration::from_secs), random);
            prop_assert!(wait <= RETRY.longest_retry_after + RETRY.first_wait / 2);
        }
    }
}
