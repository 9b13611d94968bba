//! The clients of the load: so many answers at any moment, each on its connection.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep_until,
};

use super::{
    Scenario,
    sample::Sample,
    server::Account,
    wire::{Lines, Wish, now, tokens},
};

/// Whom the clients ask.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// The upstream itself.
    Direct(SocketAddr),
    /// The server, which asks the upstream. Streams are shared out among the accounts.
    Through {
        server: SocketAddr,
        accounts: Arc<[Account]>,
    },
}

/// Runs a scenario and says what the clients have seen while all its streams were under way. `mark`
/// is called when that begins.
pub(super) fn drive(scenario: Scenario, route: &Route, mark: impl FnOnce()) -> Result<Sample> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let start = Instant::now();
        let window = Window {
            from: start + scenario.ramp,
            until: start + scenario.ramp + scenario.span,
        };
        let mut running = Vec::new();
        for number in 0..scenario.streams {
            let share = u32::try_from(number)?;
            let delay = scenario.ramp * share / u32::try_from(scenario.streams)?;
            let slot = Slot::new(scenario, route, number, window);
            running.push(tokio::spawn(slot.run(start + delay)));
        }
        sleep_until(window.from.into()).await;
        mark();
        let mut sample = Sample::default();
        for slot in running {
            sample.add(slot.await.context("a client died")?);
        }
        sample.span = scenario.span;
        Ok(sample)
    })
}

/// When is measured.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: Instant,
    until: Instant,
}

impl Window {
    fn contains(&self, moment: Instant) -> bool {
        (self.from..self.until).contains(&moment)
    }
}

/// One client: an answer after the other on one connection.
struct Slot {
    scenario: Scenario,
    address: SocketAddr,
    /// The request's head up to the length of its body, and what is around the question in it.
    head: String,
    around: (String, &'static str),
    is_direct: bool,
    window: Window,
    sample: Sample,
    /// In which part of its answer this one is when all have begun, in tokens.
    phase: u32,
}

impl Slot {
    fn new(scenario: Scenario, route: &Route, number: usize, window: Window) -> Self {
        let (address, path, cookie, is_direct) = match route {
            Route::Direct(upstream) => (*upstream, "/api/v1/chat/completions".to_owned(), "", true),
            Route::Through { server, accounts } => {
                let account = &accounts[number % accounts.len()];
                let path = format!("/api/projects/{}/chat", account.project);
                (*server, path, account.cookie.as_str(), false)
            }
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: "
        );
        let around = if is_direct {
            (
                r#"{"model":"acme/m1","stream":true,"messages":[{"role":"user","content":""#,
                r#""}]}"#,
            )
        } else {
            (r#"{"stream":true,"message":""#, r#""}"#)
        };
        let share = number * 997 % scenario.streams;
        let phase = share * usize::try_from(scenario.tokens).unwrap_or(0) / scenario.streams;
        Self {
            scenario,
            address,
            head,
            around: (around.0.to_owned(), around.1),
            is_direct,
            window,
            sample: Sample::default(),
            phase: u32::try_from(phase).unwrap_or(0),
        }
    }

    async fn run(mut self, begin: Instant) -> Sample {
        sleep_until(begin.into()).await;
        let mut connection = None;
        // The first answer ends when this stream's turn comes, or all would end together.
        let mut limit = self.scenario.tokens - self.phase;
        while let Some(tokens) = self.next_length(limit) {
            limit = self.scenario.tokens;
            if let Err(error) = self.ask(&mut connection, tokens).await {
                self.sample.fail(&error);
                connection = None;
                // A refusal must not become a storm.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        self.sample
    }

    /// How long the next answer is, so that it ends with the run; `None` when the run is over.
    fn next_length(&self, limit: u32) -> Option<u32> {
        let left = self.window.until.checked_duration_since(Instant::now())?;
        if self.scenario.gap.is_zero() {
            return Some(limit);
        }
        let left = left.as_micros() / self.scenario.gap.as_micros();
        // No crumbs: tiny answers in the last moment would be a load of their own.
        (left >= 2).then(|| u32::try_from(left).unwrap_or(limit).min(limit))
    }

    async fn ask(&mut self, connection: &mut Option<TcpStream>, count: u32) -> Result<()> {
        let socket = match connection {
            Some(socket) => socket,
            None => {
                let socket = TcpStream::connect(self.address).await?;
                socket.set_nodelay(true)?;
                connection.insert(socket)
            }
        };
        let wish = Wish {
            tokens: count,
            gap: self.scenario.gap,
        };
        let body = format!("{}{}{}", self.around.0, wish.to_text(), self.around.1);
        let request = format!("{}{}\r\n\r\n{body}", self.head, body.len());
        let asked_at = now();
        let is_measured = self.window.contains(Instant::now());
        socket.write_all(request.as_bytes()).await?;
        let mut reading = Reading {
            is_direct: self.is_direct,
            ..Reading::default()
        };
        let mut lines = Lines::default();
        let mut chunk = [0; 16 * 1024];
        let mut first = true;
        loop {
            let length = socket.read(&mut chunk).await?;
            if length == 0 {
                bail!("the connection was closed in the middle of an answer");
            }
            let received_at = now();
            let before = reading.sent_at.len();
            let complete = lines.feed(&chunk[..length], |line| reading.take(line))?;
            let new = &reading.sent_at[before..];
            if first && !new.is_empty() {
                first = false;
                if is_measured {
                    self.sample.first_tokens.push(since(asked_at, received_at));
                }
            }
            if self.window.contains(Instant::now()) {
                let latencies = new.iter().map(|sent_at| since(*sent_at, received_at));
                self.sample.latencies.extend(latencies);
            }
            if complete {
                break;
            }
        }
        ensure!(!reading.failed, "the answer failed");
        ensure!(reading.done, "the answer has no end");
        let came = u32::try_from(reading.sent_at.len())?;
        ensure!(came == count, "{came} tokens instead of {count}");
        self.sample.answers += u64::from(self.window.contains(Instant::now()));
        Ok(())
    }
}

fn since(earlier: u64, later: u64) -> u32 {
    u32::try_from(later.saturating_sub(earlier)).unwrap_or(u32::MAX)
}

/// What has come of an answer.
#[derive(Debug, Default)]
struct Reading {
    is_direct: bool,
    sent_at: Vec<u64>,
    done: bool,
    failed: bool,
}

impl Reading {
    fn take(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data: ") else {
            return;
        };
        let kind = |name: &str| data.starts_with(format!("{{\"type\":\"{name}\"").as_bytes());
        if self.is_direct {
            if data == b"[DONE]" {
                self.done = true;
            } else {
                self.sent_at.extend(tokens(data));
            }
        } else if data.starts_with(br#"{"type":"delta""#) {
            self.sent_at.extend(tokens(data));
        } else if kind("done") {
            self.done = true;
        } else if kind("error") {
            self.failed = true;
        }
    }
}
