//! The server that is measured: a process of its own with default settings, and what it costs.

use std::{
    cell::Cell,
    fs::File,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use prompthub_dto::projects::Project;
use serde_json::json;
use tokio::{runtime::Runtime, task::JoinSet};

use super::sample::Sample;
use crate::{
    app::PASSWORD,
    binary::{self, Served},
    process,
};

/// Fewer than an account may have at the same time, so that an answer that ends while the next is
/// asked for refuses nobody.
const STREAMS_AN_ACCOUNT: usize = 16;

/// Somebody who is signed in, and has a project.
#[derive(Debug)]
pub(super) struct Account {
    /// The value of the header `Cookie`.
    pub(super) cookie: String,
    pub(super) project: String,
}

/// What a run has cost the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// User and system time.
    pub(super) cpu: Duration,
    /// The most resident bytes.
    pub(super) resident: u64,
}

pub(super) struct MeasuredServer {
    served: Served,
    runtime: Runtime,
}

impl MeasuredServer {
    pub(super) fn start(binary: &Path, data: &Path, upstream: SocketAddr) -> Result<Self> {
        // Another part of the process may have chosen one before; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut command = binary::command_of(
            binary,
            &["serve"],
            &[
                ("PROMPTHUB_BIND", "127.0.0.1:0"),
                ("PROMPTHUB_DATA_DIR", &data.display().to_string()),
                ("OPENROUTER_API_KEY", "sk-or-v1-load"),
                ("OPENROUTER_BASE_URL", &format!("http://{upstream}/api/v1")),
                // All accounts register at once and from one address, which is not what is measured.
                ("PROMPTHUB_PASSWORD_COST", "10"),
                // A title would be one more answer, which is not measured.
                ("PROMPTHUB_TITLES", "words"),
                ("PROMPTHUB_ATTEMPTS_PER_ADDRESS", "1000000"),
            ],
        );
        command.stderr(File::create(data.join("server.log"))?);
        let served = runtime.block_on(Served::spawn(command));
        Ok(Self { served, runtime })
    }

    pub(super) fn address(&self) -> SocketAddr {
        let base_url: url::Url = self.served.base_url.parse().expect("a URL");
        SocketAddr::from(([127, 0, 0, 1], base_url.port().expect("a port of its own")))
    }

    /// Registers as many accounts as so many streams need.
    pub(super) fn register_for(&self, streams: usize) -> Result<Vec<Account>> {
        let base_url = Arc::<str>::from(self.served.base_url.trim_end_matches('/'));
        self.runtime.block_on(async {
            let mut registering = JoinSet::new();
            let mut accounts = Vec::new();
            for number in 0..streams.div_ceil(STREAMS_AN_ACCOUNT) {
                if registering.len() >= 4
                    && let Some(account) = registering.join_next().await
                {
                    accounts.push(account??);
                }
                registering.spawn(register(Arc::clone(&base_url), number));
            }
            while let Some(account) = registering.join_next().await {
                accounts.push(account??);
            }
            Ok(accounts)
        })
    }

    /// Runs `load` and says what it has cost from the moment at which it calls the mark.
    pub(super) fn watch(
        &self,
        load: impl FnOnce(&dyn Fn()) -> Result<Sample>,
    ) -> Result<(Sample, Cost)> {
        let server = self.served.process_id();
        let at_mark = Cell::new(Duration::ZERO);
        let over = Arc::new(AtomicBool::new(false));
        let watcher = thread::spawn({
            let over = Arc::clone(&over);
            move || {
                let mut most = 0;
                while !over.load(Ordering::Relaxed) {
                    most = most.max(process::resident_bytes(server));
                    thread::sleep(Duration::from_millis(200));
                }
                most
            }
        });
        let sample = load(&|| at_mark.set(process::cpu_time(server)));
        let cpu = process::cpu_time(server).saturating_sub(at_mark.get());
        over.store(true, Ordering::Relaxed);
        let Ok(resident) = watcher.join() else {
            bail!("the watcher died");
        };
        let cost = Cost { cpu, resident };
        Ok((sample?, cost))
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        self.served.resident_bytes()
    }

    /// Ends it as an operator would.
    pub(super) fn stop(self) -> Result<()> {
        let ended = self.runtime.block_on(async {
            self.served.signal("TERM").await;
            self.served.ended().await
        });
        anyhow::ensure!(ended.code == Some(0), "the server ended with {ended:?}");
        Ok(())
    }
}

async fn register(base_url: Arc<str>, number: usize) -> Result<Account> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let registered = http
        .post(format!("{base_url}/api/auth/register"))
        .json(&json!({"email": format!("load{number}@example.com"), "password": PASSWORD}))
        .send()
        .await?
        .error_for_status()?;
    let cookie = registered
        .headers()
        .get("set-cookie")
        .context("no cookie")?
        .to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let project: Project = http
        .post(format!("{base_url}/api/projects"))
        .header("cookie", &cookie)
        .json(&json!({"name": "Load", "model": "openrouter/acme/m1"}))
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    Ok(Account {
        cookie,
        project: project.id.to_string(),
    })
}
