//! What the whole application shares, made once at the start.

use std::sync::Arc;

use prompthub_store::Store;
use tokio::sync::Semaphore;

use crate::{
    auth::{limits::Limits, passwords::Passwords},
    config::Config,
    domain::{transfer::Imports, turns::Turns},
    files::Blobs,
    generation::Hub,
    providers::Directory,
};

/// The application's parts. Cloned into each worker; cheap to clone.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub store: Store,
    pub blobs: Blobs,
    pub providers: Directory,
    pub hub: Hub,
    pub passwords: Passwords,
    pub limits: Arc<Limits>,
    /// Searches that may run at the same time: a turn each.
    pub searches: Arc<Semaphore>,
    pub imports: Imports,
    /// Of the questions that are being made into requests.
    pub turns: Turns,
}
