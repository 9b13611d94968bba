//! One guarded call over HTTP: connecting, deadlines, limits.
//!
//! Owns the client's settings, the timeouts and what a broken connection means. Must not know any
//! provider's wire format.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header::HeaderMap, redirect};
use thread_local::ThreadLocal;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::{
    Deadline, ErrorKind, ForbiddenAddress, NetworkPolicy, ProviderError, network::GuardedResolver,
};

/// How long an answer that is complete may take to close, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(100);

const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long to wait for a provider. Each one that passes is [`ErrorKind::Timeout`], except `trailer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// From asking to the first byte of the answer's body.
    pub first_byte: Duration,
    /// Between two pieces of the answer; comments that keep the connection alive count.
    pub silence: Duration,
    /// From the finish reason to the end of the stream. What has not come by then (the usage,
    /// mostly) is done without.
    pub trailer: Duration,
    /// From asking to the end of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            silence: Duration::from_secs(120),
            trailer: Duration::from_secs(10),
            total: Duration::from_secs(30 * 60),
        }
    }
}

/// Clients for calls below one base URL, one for each thread that calls: a connection is driven by the thread that
/// opened it, and if threads shared them, most pieces of an answer would have to wake two threads.
///
/// They follow no redirect, since that would take the key elsewhere, and read no proxy from the environment.
#[derive(Debug)]
pub(crate) struct Clients {
    headers: HeaderMap,
    connect_timeout: Duration,
    resolver: Option<GuardedResolver>,
    made: ThreadLocal<Client>,
}

impl Clients {
    /// An address that is written in `base_url` must have been checked.
    ///
    /// # Errors
    /// When no client can be made, since the machine's TLS certificates cannot be read, say.
    pub(crate) fn new(
        headers: HeaderMap,
        timeouts: &Timeouts,
        network: &NetworkPolicy,
        base_url: &url::Url,
    ) -> reqwest::Result<Self> {
        let clients = Self {
            headers,
            connect_timeout: timeouts.connect,
            resolver: network.resolver(base_url),
            made: ThreadLocal::new(),
        };
        clients.here()?;
        Ok(clients)
    }

    pub(crate) fn get(&self, url: url::Url) -> Result<RequestBuilder, ProviderError> {
        Ok(self.here().map_err(unusable)?.get(url))
    }

    pub(crate) fn post(&self, url: url::Url) -> Result<RequestBuilder, ProviderError> {
        Ok(self.here().map_err(unusable)?.post(url))
    }

    fn here(&self) -> reqwest::Result<&Client> {
        self.made.get_or_try(|| self.make())
    }

    fn make(&self) -> reqwest::Result<Client> {
        let client = Client::builder()
            .user_agent(concat!("PromptHub/", env!("CARGO_PKG_VERSION")))
            .default_headers(self.headers.clone())
            .connect_timeout(self.connect_timeout)
            .redirect(redirect::Policy::none())
            .no_proxy();
        match self.resolver.clone() {
            Some(resolver) => client.dns_resolver(resolver).build(),
            None => client.build(),
        }
    }
}

fn unusable(error: reqwest::Error) -> ProviderError {
    let message = "no connection to the provider can be prepared";
    ProviderError::new(ErrorKind::Unavailable, message).with_source(error)
}

/// A response under way. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Body {
    response: Response,
    timeouts: Timeouts,
    asked_at: Instant,
    /// Whether a first piece has come.
    begun: bool,
    /// When the answer said that it was complete.
    complete_at: Option<Instant>,
    /// Goes off at the deadline or before it. One for all pieces: an answer has thousands, and
    /// starting a timer for each would cost more than reading it.
    alarm: Pin<Box<Sleep>>,
}

impl Body {
    /// Sends the request and waits for the head of the response, whatever its status.
    pub(crate) async fn open(
        request: RequestBuilder,
        timeouts: Timeouts,
    ) -> Result<Self, ProviderError> {
        let asked_at = Instant::now();
        let (limit, deadline) =
            (timeouts.first_byte, Deadline::FirstByte).min((timeouts.total, Deadline::Total));
        let response = timeout(limit, request.send())
            .await
            .map_err(|_| timed_out(deadline, limit))?
            .map_err(|error| broken(error, timeouts.connect))?;
        Ok(Self {
            response,
            timeouts,
            asked_at,
            begun: false,
            complete_at: None,
            alarm: Box::pin(sleep_until(asked_at)),
        })
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Lets go of the headers, which keep the buffer alive that they were read into: for as long as
    /// the answer lasts, that would be a good part of the memory that it takes. A map that is cleared keeps its own.
    pub(crate) fn forget_headers(&mut self) {
        *self.response.headers_mut() = HeaderMap::new();
    }

    /// From now on, only the trailer is waited for.
    pub(crate) fn set_complete(&mut self) {
        self.complete_at.get_or_insert_with(Instant::now);
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Bytes>, ProviderError> {
        let elapsed = self.asked_at.elapsed();
        let idle = match self.begun {
            true => (
                self.timeouts.silence,
                Deadline::Silence,
                self.timeouts.silence,
            ),
            false => {
                let left = self.timeouts.first_byte.saturating_sub(elapsed);
                (left, Deadline::FirstByte, self.timeouts.first_byte)
            }
        };
        let left = self.timeouts.total.saturating_sub(elapsed);
        let mut deadline = idle.min((left, Deadline::Total, self.timeouts.total));
        if let Some(complete_at) = self.complete_at {
            let left = self.timeouts.trailer.saturating_sub(complete_at.elapsed());
            deadline = deadline.min((left, Deadline::Silence, self.timeouts.trailer));
        }
        let (left, what, limit) = deadline;
        let piece = self
            .piece_within(left)
            .await
            .ok_or_else(|| timed_out(what, limit))?
            .map_err(|error| broken(error, self.timeouts.connect))?;
        self.begun = true;
        Ok(piece)
    }

    /// The next piece; `None` when it does not come in time.
    async fn piece_within(&mut self, left: Duration) -> Option<reqwest::Result<Option<Bytes>>> {
        // Far more than any limit here, and an instant cannot overflow.
        let deadline = Instant::now() + left.min(FOREVER);
        if self.alarm.deadline() > deadline {
            self.alarm.as_mut().reset(deadline);
        }
        let piece = self.response.chunk();
        tokio::pin!(piece);
        loop {
            tokio::select! {
                biased;
                piece = &mut piece => return Some(piece),
                () = &mut self.alarm => {
                    if Instant::now() >= deadline {
                        return None;
                    }
                    self.alarm.as_mut().reset(deadline);
                }
            }
        }
    }

    /// Reads up to `limit` bytes; whether the body ended within them.
    pub(crate) async fn read_up_to(
        &mut self,
        limit: usize,
    ) -> Result<(Vec<u8>, bool), ProviderError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.read().await? {
            let room = limit.saturating_sub(bytes.len());
            bytes.extend(piece.iter().take(room));
            if piece.len() > room {
                return Ok((bytes, false));
            }
        }
        Ok((bytes, true))
    }

    /// Lets a body that has nothing more to say end, which frees its connection for the next call.
    /// One that does not end at once is given up.
    pub(crate) async fn drain(&mut self) {
        let to_the_end = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        // Closing the connection instead is no failure.
        let _ = timeout(DRAIN, to_the_end).await;
    }
}

fn timed_out(deadline: Deadline, limit: Duration) -> ProviderError {
    let limit = limit.as_secs_f32();
    let message = match deadline {
        Deadline::Connect => format!("connecting to the provider took longer than {limit} s"),
        Deadline::FirstByte => format!("the provider began no answer within {limit} s"),
        Deadline::Silence => format!("the provider fell silent for {limit} s"),
        Deadline::Total => format!("the provider had not finished within {limit} s"),
    };
    ProviderError::new(ErrorKind::Timeout, message).with_deadline(deadline)
}

/// What an error of the client means. Its text names no URL: a base URL may be private. `connect` is how long
/// connecting may take.
fn broken(error: reqwest::Error, connect: Duration) -> ProviderError {
    let error = error.without_url();
    if is_forbidden(&error) {
        let message = ForbiddenAddress.to_string();
        return ProviderError::new(ErrorKind::Refused, message).without_connection();
    }
    let broken = if error.is_connect() && error.is_timeout() {
        timed_out(Deadline::Connect, connect)
    } else {
        let message = match error.is_connect() {
            true => unreachable(&error),
            false => "the connection to the provider broke off",
        };
        ProviderError::new(ErrorKind::Unavailable, message)
    };
    let broken = match error.is_connect() {
        true => broken.without_connection(),
        false => broken,
    };
    broken.with_source(error)
}

/// Why no connection came about, as far as it can be told.
fn unreachable(error: &reqwest::Error) -> &'static str {
    let has_kind = |cause: &(dyn std::error::Error + 'static), kind| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| cause.kind() == kind)
    };
    if causes(error).any(|cause| has_kind(cause, std::io::ErrorKind::ConnectionRefused)) {
        "the provider cannot be reached: nothing listens at its address"
    } else {
        "the provider cannot be reached"
    }
}

/// Whether the guard of the network is behind the error.
fn is_forbidden(error: &reqwest::Error) -> bool {
    causes(error).any(<dyn std::error::Error>::is::<ForbiddenAddress>)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}
