//! What the black-box suites stand on: a really listening server with a database of its own, a
//! client that does what people do, and a provider that does what a test tells it.
//!
//! Owns no test. Must not reach into the server: all it knows is how to start one, the wire types
//! and HTTP. No function here sleeps and hopes: where something must happen, it waits for the thing
//! itself and fails after [`upstream::PATIENCE`].
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness fails its test by panicking"
)]

pub mod answer;
pub mod app;
pub mod binary;
pub mod chromium;
pub mod client;
pub mod contract;
pub mod database;
pub mod events;
pub mod installation;
pub mod load;
pub mod process;
pub mod raw;
mod runtime;
pub mod upstream;
mod waiting;

pub use self::{
    answer::Answer,
    app::{TestApp, spawn_app},
    client::{Client, Request},
    events::EventStream,
    installation::Installation,
    upstream::Upstream,
    waiting::eventually,
};
