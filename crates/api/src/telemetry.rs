//! The log: set up once, on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::{EnvFilter, fmt, util::SubscriberInitExt};

use crate::config::{LogConfig, LogFormat};

/// Sends events to standard error as the operator chose.
///
/// # Errors
/// When the filter cannot be read.
pub fn init(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter)
        .with_context(|| format!("PROMPTHUB_LOG: {:?} is no filter", config.filter))?
        // Reports each unknown cookie as a warning; strangers could fill the log with it.
        .add_directive("actix_session=error".parse()?)
        // Calls each request that is none an error of the server.
        .add_directive("actix_http::h1::dispatcher=off".parse()?);
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match config.format {
        LogFormat::Text => builder.finish().try_init()?,
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}
