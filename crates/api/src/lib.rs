//! The PromptHub server: an actix-web application over the store, the providers and a blob storage.
//!
//! `http` translates, `domain` decides, `generation` runs answers, `auth` proves who is asking.
//! ARCHITECTURE.md has the map and the rules of who may import whom.

mod auth;
pub mod cli;
mod config;
mod domain;
mod error;
mod files;
mod generation;
mod http;
mod providers;
mod startup;
mod state;
pub mod telemetry;
mod wire;

pub use config::{
    Config, KeyRotation, LogConfig, LogFormat, ProviderCalls, Registration, Secret, Sharing, Titles,
};
pub use http::openapi;
pub use providers::rotation::rotate_key;
pub use startup::{Application, Stopper};
