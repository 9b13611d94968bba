//! How providers are called, from the options of the server.

use std::{sync::Arc, time::Duration};

use prompthub_llm::{NetworkPolicy, Pause, Provider, Resilient, Retry, Timeouts};

use crate::config::ProviderCalls;

/// What all adapters have in common.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    pub(super) timeouts: Timeouts,
    /// Where people's base URLs may lead.
    pub(super) network: NetworkPolicy,
    /// For how long a list of models is not asked for again.
    pub(super) list_age: Duration,
    retry: Retry,
    pause: Pause,
}

impl Calls {
    pub(super) fn new(options: &ProviderCalls) -> Self {
        let retry = Retry {
            attempts: options.attempts,
            first_wait: options.retry_wait,
            longest_retry_after: options.longest_retry_after,
            ..Retry::default()
        };
        Self {
            timeouts: Timeouts {
                connect: options.connect_timeout,
                first_byte: options.first_byte_timeout.unwrap_or(options.timeout),
                silence: options.silence_timeout.unwrap_or(options.timeout),
                total: options.total_timeout,
                ..Timeouts::default()
            },
            network: NetworkPolicy::guarded(options.allowlist.clone()),
            list_age: options.list_age,
            retry,
            pause: Pause {
                length: options.pause,
                ..Pause::default()
            },
        }
    }

    /// The provider with breakers of its own around it.
    pub(super) fn resilient(&self, provider: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(Resilient::new(provider, self.retry, self.pause))
    }
}
