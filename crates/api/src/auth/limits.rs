//! How often one address and one account may have a secret checked, ours or a provider's.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use prompthub_dto::{ids::UserId, problem::ProblemCode};

use crate::{config::Config, error::ApiError};

/// The limits on every endpoint that checks a secret.
pub struct Limits {
    clock: DefaultClock,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    accounts: DefaultKeyedRateLimiter<String>,
    provider_calls: DefaultKeyedRateLimiter<UserId>,
}

impl Limits {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            clock: DefaultClock::default(),
            addresses: RateLimiter::keyed(per_minute(config.attempts_per_address)),
            accounts: RateLimiter::keyed(per_minute(config.attempts_per_account)),
            provider_calls: RateLimiter::keyed(per_minute(config.attempts_per_account)),
        }
    }

    /// Counts an attempt that comes from `address`.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait when there were too many.
    pub fn check_address(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        let Some(address) = address else {
            return Ok(());
        };
        self.addresses
            .check_key(&network_of(address))
            .map_err(|early| refused(early.wait_time_from(self.clock.now())))
    }

    /// Counts an attempt at the account with the e-mail `key`, whether it exists or not.
    ///
    /// # Errors
    /// As [`Limits::check_address`].
    pub fn check_account(&self, key: &str) -> Result<(), ApiError> {
        self.accounts
            .check_key(&key.to_owned())
            .map_err(|early| refused(early.wait_time_from(self.clock.now())))
    }

    /// Counts a provider that this person sets up, changes or tests: each is a call that the server makes
    /// wherever the person wants, with whatever key.
    ///
    /// # Errors
    /// As [`Limits::check_address`].
    pub fn check_provider_call(&self, user: UserId) -> Result<(), ApiError> {
        self.provider_calls
            .check_key(&user)
            .map_err(|early| refused(early.wait_time_from(self.clock.now())))
    }

    /// Forgets who has not tried for a while, so that strangers cannot fill the memory.
    pub fn forget_idle(&self) {
        self.addresses.retain_recent();
        self.accounts.retain_recent();
        self.provider_calls.retain_recent();
        self.addresses.shrink_to_fit();
        self.accounts.shrink_to_fit();
        self.provider_calls.shrink_to_fit();
    }
}

fn per_minute(attempts: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(attempts).unwrap_or(NonZeroU32::MIN))
}

fn refused(wait: Duration) -> ApiError {
    ApiError::retry_after(ProblemCode::RateLimited, wait)
}

/// An IPv6 customer has a whole /64, so that is what counts as one address.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}
