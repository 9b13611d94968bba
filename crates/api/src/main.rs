//! The binary `prompthub`.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use mimalloc::MiMalloc;
use prompthub_api::{
    Application,
    cli::{Cli, Command, OpenapiFormat},
    openapi, telemetry,
};

/// The system's allocator keeps more of what thousands of answers have let go of, and asks the kernel for memory
/// page by page.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(config) => serve(*config),
        Command::RotateKey(rotation) => rotate_key(&rotation),
        Command::Openapi { format } => print_openapi(format),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the chain: this is what an operator sees in the unit's log.
            let line = format!("prompthub: {error:#}").replace(['\n', '\r'], " ");
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "{line}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: prompthub_api::Config) -> anyhow::Result<()> {
    telemetry::init(&config.log)?;
    raise_open_files();
    actix_web::rt::System::new().block_on(async {
        let application = Application::build(config).await?;
        writeln!(std::io::stdout(), "listening on {}", application.base_url())?;
        application.run_until_signal().await?;
        Ok(())
    })
}

fn rotate_key(rotation: &prompthub_api::KeyRotation) -> anyhow::Result<()> {
    let report = actix_web::rt::System::new().block_on(prompthub_api::rotate_key(rotation))?;
    write!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Every stream takes two connections, and shells allow 1,024 open files where the system would
/// allow many more: the soft limit is raised to the hard one.
fn raise_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

fn print_openapi(format: OpenapiFormat) -> anyhow::Result<()> {
    let text = match format {
        OpenapiFormat::Yaml => openapi::yaml()?,
        OpenapiFormat::Json => openapi::json()?,
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
