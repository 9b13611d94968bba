//! What the store promises, on SQLite always and on PostgreSQL when `PROMPTHUB_TEST_POSTGRES_URL`
//! names a server on which databases may be made.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it is surprised"
)]

mod support;

mod accounts;
mod conversations;
mod engine;
mod files;
mod migrations;
mod postgres;
mod projects;
mod providers;
mod search;
mod sqlite;
mod transfer;
