//! Trying again, and knowing when not to.
//!
//! Owns a provider around another one that retries what may pass, up to the first token of the
//! answer and never after it, and that stops asking a provider which does not answer. Must not
//! know any wire format.

mod breaker;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep};

pub use self::breaker::Breaker;
use self::breaker::{Permit, Verdict};
use crate::{
    AccountCheck, CatalogueEntry, CompletionEvent, CompletionRequest, CompletionStream, ErrorKind,
    FinishReason, ModelInfo, Parameters, Provider, ProviderError,
};

/// Events that are no token, of which an answer has no more than this many before its first one.
const MAX_EARLY: usize = 8;

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
    breaker: Breaker,
}

impl Resilient {
    /// `breaker` is this provider's own: what it has seen of another one must not count here.
    #[must_use]
    pub fn new(inner: Arc<dyn Provider>, retry: Retry, breaker: Breaker) -> Self {
        Self {
            inner,
            retry,
            breaker,
        }
    }

    fn admit(&self) -> Result<Permit<'_>, ProviderError> {
        self.breaker.admit(Instant::now()).map_err(|left| {
            let message = "the provider has not answered lately and is not asked for now";
            ProviderError::new(ErrorKind::Unavailable, message).with_retry_after(Some(left))
        })
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
        let began = Instant::now();
        let mut permit = self.admit()?;
        let mut failures = 0;
        loop {
            let error = match first_token(self.inner.as_ref(), request.clone()).await {
                Ok(stream) => {
                    permit.report(Verdict::Alive, Instant::now());
                    return Ok(stream);
                }
                Err(error) => error,
            };
            permit.report(Verdict::of(&error), Instant::now());
            failures += 1;
            let wait = self
                .retry
                .wait(failures, error.retry_after, fastrand::f64());
            let is_late = began.elapsed().saturating_add(wait) > self.retry.total;
            if failures >= self.retry.attempts || is_late || !error.is_transient() {
                return Err(error);
            }
            sleep(wait).await;
            permit = match self.admit() {
                Ok(permit) => permit,
                // What really happened says more than that nothing more is tried.
                Err(_) => return Err(error),
            };
        }
    }

    async fn list_models(&self) -> Result<Vec<CatalogueEntry>, ProviderError> {
        self.inner.list_models().await
    }

    async fn check(&self) -> Result<AccountCheck, ProviderError> {
        self.inner.check().await
    }
}

/// One attempt, up to the first token.
async fn first_token(
    provider: &dyn Provider,
    request: CompletionRequest,
) -> Result<CompletionStream, ProviderError> {
    let mut rest = provider.stream(request).await?;
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
        let resilient = Resilient::new(inner.clone(), RETRY, Breaker::default());
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
