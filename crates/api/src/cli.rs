//! The command line: `prompthub serve` and what an operator needs beside it.

use clap::{Parser, Subcommand, ValueEnum};

use crate::config::{Config, KeyRotation};

/// A self-hosted chatbot platform in one process
#[derive(Debug, Parser)]
#[command(
    name = "prompthub",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API and the page
    Serve(Box<Config>),
    /// Seal the stored keys of providers under another secret key; stop the server first
    RotateKey(KeyRotation),
    /// Print the description of the API
    Openapi {
        #[arg(long, value_enum, default_value = "yaml")]
        format: OpenapiFormat,
    },
}

/// How the description of the API is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OpenapiFormat {
    Yaml,
    Json,
}
