//! From options to a serving application, and back down.

use std::{
    fs::{File, TryLockError},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    App as WebApp,
    dev::{AppConfig, Server, ServerHandle},
    middleware::from_fn,
    rt::net::TcpStream,
    web::Data,
};
use anyhow::{Context, bail};
use prompthub_store::{Backend, DatabaseUrl, Store, now, sessions, users};
use tokio::sync::Semaphore;
use url::Url;

use crate::{
    auth::{self, keys::MasterKey, limits::Limits, passwords::Passwords},
    config::Config,
    domain::{models::ModelName, search::keep_index, transfer::Imports, turns::Turns},
    files::{self, Blobs},
    generation::{Hub, Lease},
    http::{self, Connection, HEAD_TIMEOUT},
    providers::Directory,
    state::App,
};

/// Searches at the same time: fewer than there are readers or connections, so that however long they
/// take, the others are not kept waiting.
const SEARCHES_ON_SQLITE: usize = 1;
const SEARCHES_ON_POSTGRES: usize = 4;

/// How long open connections have at a shutdown.
const SHUTDOWN_SECONDS: u64 = 5;
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the end of a connection may take.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const HOUSEKEEPING: Duration = Duration::from_secs(10 * 60);

/// A server that listens and serves once it is run.
pub struct Application {
    base_url: String,
    address: SocketAddr,
    server: Server,
    app: App,
    /// Held for as long as this runs: see [`only_process`].
    _lock: Option<File>,
}

impl Application {
    /// Opens the database and the storage, migrates, and binds the address.
    ///
    /// # Errors
    /// With one line that says which option is wrong or what cannot be reached.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        // Another part of the process may have chosen one before; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        files::create_private_folder(&config.data_dir).with_context(|| {
            format!(
                "cannot create the data folder {}",
                config.data_dir.display()
            )
        })?;
        let listener = TcpListener::bind(&config.bind)
            .with_context(|| format!("cannot listen on {}", config.bind))?;
        let address = listener
            .local_addr()
            .context("cannot tell the listening address")?;
        let base_url = format!("http://{address}");
        let master = MasterKey::load(config.secret_key.as_ref(), &config.data_dir)?;
        let (app, lock) = build_app(config, &base_url, &master).await?;
        let server = serve(listener, app.clone(), &master)?;
        Ok(Self {
            base_url,
            address,
            server,
            app,
            _lock: lock,
        })
    }

    /// Where it listens, e.g. `http://127.0.0.1:8080`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server from elsewhere; running answers are stored first.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper {
            server: self.server.handle(),
            hub: self.app.hub.clone(),
        }
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> std::io::Result<()> {
        keep_house(&self.app);
        self.server.await
    }

    /// Serves until SIGTERM or Ctrl-C.
    ///
    /// # Errors
    /// When the server or the signals fail.
    pub async fn run_until_signal(self) -> anyhow::Result<()> {
        let stopper = self.stopper();
        let store = self.app.store.clone();
        let server = actix_web::rt::spawn(self.run());
        wait_for_signal().await?;
        tracing::info!("shutting down");
        stopper.stop().await;
        server.await??;
        if let Err(error) = store.settle().await {
            tracing::warn!(%error, "a part of the database stays in its log: keep both");
        }
        Ok(())
    }
}

/// Stops a running application.
#[derive(Clone)]
pub struct Stopper {
    server: ServerHandle,
    hub: Hub,
}

impl Stopper {
    /// Stores running answers as interrupted, lets open requests end, and stops.
    pub async fn stop(&self) {
        self.hub.shut_down().await;
        self.server.stop(true).await;
        // Requests that were under way may have begun answers.
        self.hub.shut_down().await;
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => {}
            outcome = tokio::signal::ctrl_c() => outcome?,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

async fn build_app(
    config: Config,
    base_url: &str,
    master: &MasterKey,
) -> anyhow::Result<(App, Option<File>)> {
    let (store, lock) = open_store(&config.database_url()).await?;
    let app_url = match &config.public_url {
        Some(url) => url.clone(),
        None => Url::parse(base_url)?,
    };
    let sealer = master.provider_keys()?;
    let providers = Directory::open(&config, store.clone(), sealer, app_url).await?;
    let default_model = config.default_model();
    if !ModelName::parse(&default_model).is_ok_and(|model| providers.is_shared(&model)) {
        bail!("PROMPTHUB_DEFAULT_MODEL: no provider that is set up has the model {default_model}");
    }
    let storage_url = match &config.storage_url {
        Some(url) => url.clone(),
        None => format!("file://{}", config.data_dir.join("files").display()),
    };
    let blobs = Blobs::open(&storage_url)
        .await
        .context("PROMPTHUB_STORAGE_URL")?;
    let hub = Hub::new(store.clone(), Lease::seconds(config.lease_seconds));
    if store.backend() == Backend::Sqlite {
        hub.interrupt_left_behind().await;
    }
    let searches = match store.backend() {
        Backend::Sqlite => SEARCHES_ON_SQLITE,
        Backend::Postgres => SEARCHES_ON_POSTGRES,
    };
    let hashes = store.read(users::hash_kinds).await?;
    let app = App {
        searches: Arc::new(Semaphore::new(searches)),
        passwords: Passwords::new(config.password_cost, &hashes)?,
        limits: Arc::new(Limits::new(&config)),
        imports: Imports::default(),
        turns: Turns::default(),
        config: Arc::new(config),
        providers,
        store,
        blobs,
        hub,
    };
    Ok((app, lock))
}

/// Opens and migrates a database that no other process of ours must be using, if it is a file.
///
/// # Errors
/// With one line that says what is wrong with it.
pub(crate) async fn open_store(url: &str) -> anyhow::Result<(Store, Option<File>)> {
    let url = DatabaseUrl::parse(url).context("DATABASE_URL")?;
    let store = Store::connect(&url)
        .await
        .with_context(|| format!("DATABASE_URL {url}"))?;
    let lock = only_process(&url)?;
    store
        .migrate()
        .await
        .with_context(|| format!("cannot migrate the database {url}"))?;
    Ok((store, lock))
}

/// Keeps a second server away from an SQLite database: it would take the answers that run in the
/// first for a crash's. The system lets go of the lock with the process, however that ends.
fn only_process(url: &DatabaseUrl) -> anyhow::Result<Option<File>> {
    let Some(path) = url.lock_file() else {
        return Ok(None);
    };
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!("DATABASE_URL {url}: another server is using it"),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "cannot tell whether another server uses the database");
            Ok(None)
        }
    }
}

/// actix-web's own `HttpServer` takes no connections but its own; this does what it does, on [`Connection`]s. What its
/// `AppConfig` says of the address nobody asks.
fn serve(listener: TcpListener, app: App, master: &MasterKey) -> anyhow::Result<Server> {
    let key = master.session_cookies()?;
    let https = app.config.is_https();
    let mut server = Server::build()
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals();
    if let Some(workers) = app.config.workers {
        server = server.workers(workers.into());
    }
    let stopping = server.graceful_shutdown_signal();
    let worker = move || {
        let sessions = auth::sessions::middleware(app.store.clone(), key.clone(), https);
        let application = WebApp::new()
            .app_data(Data::new(app.clone()))
            .configure(|config| http::routes(config, sessions))
            .wrap(from_fn(http::shell))
            .into_factory()
            .map_err(|error| error.error_response());
        let stopping = stopping.clone();
        let protocol = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(HEAD_TIMEOUT)
            .keep_alive(KEEP_ALIVE)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .h1_allow_half_closed(true)
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.serving());
            })
            .h1(map_config(application, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| async move {
            // Events are small, and must not wait until the one before is acknowledged.
            let _ = stream.set_nodelay(true);
            let peer = stream.peer_addr().ok();
            Ok::<_, DispatchError>((Connection::new(stream, https), peer))
        })
        .and_then(protocol)
    };
    Ok(server.listen("http", listener, worker)?.run())
}

/// What goes on beside the requests.
fn keep_house(app: &App) {
    tokio::spawn(app.hub.clone().keep_house());
    app.providers.refresh_shared();
    tokio::spawn(keep_index(app.store.clone()));
    let only_node = app.store.backend() == Backend::Sqlite;
    tokio::spawn(files::sweep::run(
        app.store.clone(),
        app.blobs.clone(),
        only_node,
    ));
    let (store, limits) = (app.store.clone(), Arc::clone(&app.limits));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(HOUSEKEEPING).await;
            limits.forget_idle();
            if let Err(error) = store
                .write(|conn| sessions::delete_expired(conn, now()))
                .await
            {
                tracing::warn!(%error, "expired sessions could not be deleted");
            }
        }
    });
}
