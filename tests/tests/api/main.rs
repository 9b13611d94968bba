//! The API suite: what scripts, generated clients and the page rely on, seen from outside.
//!
//! One module a resource. Every test has a server, a database and a provider of its own; run it
//! with `PROMPTHUB_TEST_DATABASE=postgres` for the same on PostgreSQL.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod about_tests;
mod account;
mod bad_input;
mod bounds;
mod catalogue;
mod chat;
mod chat_input;
mod chatgpt_import;
mod context;
mod conversations;
mod exchange;
mod exports;
mod fallbacks;
mod file_names;
mod files;
mod generations;
mod hang_up;
mod health;
mod images;
mod import_faults;
mod knowing;
mod limits;
mod nodes;
mod not_http;
mod openapi;
mod outage;
mod parameters;
mod pauses;
mod pipelining;
mod project_versions;
mod projects;
mod provider_accounts;
mod provider_addresses;
mod provider_changes;
mod provider_keys;
mod provider_trials;
mod providers;
mod races;
mod reasoning;
mod registration;
mod resilience;
mod search;
mod search_words;
mod security;
mod sessions;
mod startup;
mod stream;
mod titles;
mod transfer;
mod upload_faults;
mod upstream_faults;
mod upstream_forms;
mod usage;
mod usage_estimates;
mod wire_formats;
