//! A server under test: a real port, its own folder, its own database, its own provider.

use std::{net::SocketAddr, path::PathBuf, sync::mpsc, thread};

use prompthub_api::{Application, Config, Titles};
use tempfile::TempDir;
use tokio::sync::oneshot;
use url::Url;

use crate::{
    client::Client,
    database::{Outage, TestDatabase},
    eventually,
    upstream::{PATIENCE, Upstream},
};

/// The password of everybody whom [`TestApp::register`] registers.
pub const PASSWORD: &str = "correct horse battery staple";

/// A server that listens until this is dropped.
pub struct TestApp {
    pub base_url: Url,
    /// The provider that the server knows as `openrouter`.
    pub upstream: Upstream,
    /// The server's own folder.
    pub data_dir: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    server: Option<thread::JoinHandle<()>>,
    database: TestDatabase,
    _directory: TempDir,
}

/// A server with the default configuration, an OpenRouter account at [`TestApp::upstream`], cheap
/// passwords and no limit on attempts to sign in.
pub async fn spawn_app() -> TestApp {
    TestApp::with(|_| {}).await
}

impl TestApp {
    /// The server of [`spawn_app`] with another configuration.
    pub async fn with(configure: impl FnOnce(&mut Config)) -> Self {
        // A second installation is refused, and is of no interest.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().expect("a temporary folder");
        let database = TestDatabase::create().await;
        let upstream = Upstream::start().await;
        let mut config = Config::local(directory.path().to_owned());
        config.database_url = database.url();
        config.openrouter_api_key = Some("sk-or-v1-test".parse().expect("a key"));
        config.openrouter_base_url = upstream.base_url().clone();
        config.password_cost = 4;
        config.attempts_per_address = 100_000;
        config.attempts_per_account = 100_000;
        config.demo_delay_ms = 0;
        config.workers = Some(1);
        // Or the model would be asked more often than a test scripts.
        config.titles = Titles::Words;
        config.provider_calls.attempts = 1;
        configure(&mut config);

        let (announce, announced) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        // A thread with a runtime of its own, so that a test that blocks cannot stop its server.
        let server = thread::spawn(move || serve(config, &announce, stopped));
        let base_url = tokio::task::spawn_blocking(move || announced.recv_timeout(PATIENCE))
            .await
            .expect("waiting does not panic")
            .expect("the server did not start");
        Self {
            base_url,
            upstream,
            data_dir: directory.path().to_owned(),
            stop: Some(stop),
            server: Some(server),
            database,
            _directory: directory,
        }
    }

    /// A client that nobody has signed in with, with a cookie jar of its own.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.base_url.clone())
    }

    /// A new account and the client that it is signed in with.
    pub async fn register(&self, email: &str) -> Client {
        let client = self.client();
        client.register(email, PASSWORD).await.expect_status(201);
        client
    }

    /// A client that has signed in to an account that exists.
    pub async fn sign_in(&self, email: &str) -> Client {
        let client = self.client();
        client.sign_in(email, PASSWORD).await.expect_status(200);
        client
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let port = self
            .base_url
            .port()
            .expect("the server listens on a port of its own");
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Takes the database away from the server.
    pub async fn begin_outage(&self) -> Outage {
        self.database.begin_outage(&self.data_dir).await
    }

    /// The database's URL where it is a server; `None` for a file in the server's own folder.
    #[must_use]
    pub fn database_url(&self) -> Option<String> {
        self.database.url()
    }

    /// How many blobs the server's storage holds, unfinished ones included.
    #[must_use]
    pub fn blob_count(&self) -> usize {
        count_files(&self.data_dir.join("files"))
    }

    /// Waits until the storage holds exactly `count` blobs: what nothing refers to any more is
    /// removed after the answer.
    pub async fn expect_blobs(&self, count: usize) {
        eventually(async || match self.blob_count() {
            found if found == count => Ok(()),
            found => Err(format!("{found} blobs instead of {count}")),
        })
        .await;
    }

    /// Stops the server and waits until it has ended.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only when the server has ended already.
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take() {
            let ended = server.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
        self.database.drop_now();
    }
}

fn serve(config: Config, announce: &mpsc::Sender<Url>, stopped: oneshot::Receiver<()>) {
    actix_web::rt::System::new().block_on(async {
        let application = Application::build(config).await.expect("the server starts");
        let base_url = application.base_url().to_string();
        announce
            .send(base_url.parse().expect("the server's URL is one"))
            .expect("somebody waits");
        let stopper = application.stopper();
        let running = actix_web::rt::spawn(application.run());
        // An error means that the test has forgotten its app, which is a reason to stop as well.
        let _ = stopped.await;
        stopper.stop().await;
        running
            .await
            .expect("the server does not panic")
            .expect("the server ends well");
    });
}

fn count_files(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| if path.is_dir() { count_files(&path) } else { 1 })
        .sum()
}
