//! The command line, one file a command.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage or configuration.

mod check;
mod config;
mod embed;
mod models;
mod serve;
mod settings;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime;

use crate::config::ConfigError;
use crate::face::models::{CatalogueError, FetchError};
use crate::face::{LoaderError, StartError};
use crate::server::ServeError;
use crate::telemetry::TelemetryError;

/// A Bolt proxy for Neo4j that embeds faces and links them by exact distance
#[derive(Debug, Parser)]
#[command(name = "facebolt", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Example:
  facebolt serve --backend bolt://127.0.0.1:7687
  then connect to bolt://127.0.0.1:7688 as you did to Neo4j

Exit status: 0 done, 1 failed, 2 wrong usage or configuration")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    Embed(embed::Embed),
    Models(models::Models),
    Config(config::Config),
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Loader(#[from] LoaderError),
    #[error(transparent)]
    Engine(#[from] StartError),
    #[error("set models.directory: this user has no cache folder")]
    NoDirectory,
    #[error("{failed} of {all} images could not be embedded")]
    Images { failed: usize, all: usize },
    #[error("stopped by a second signal, before everything under way had ended")]
    Interrupted,
    #[error("not everything is ok")]
    Unhealthy,
    #[error("the result cannot be written: {0}")]
    Output(io::Error),
    #[error("the system refuses: {0}")]
    System(io::Error),
}

impl CommandError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Telemetry(TelemetryError::Filter(_) | TelemetryError::Traces { .. }) => {
                ExitCode::from(2)
            }
            _ => ExitCode::FAILURE,
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Ends the process with status 2 on wrong usage, and with 0 on --help and --version.
    let Cli { command } = Cli::parse();
    let done = match command {
        Command::Serve(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Embed(command) => command.run(),
        Command::Models(command) => command.run(),
        Command::Config(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not eprintln!, which panics when nobody can read it.
            let mut stderr = io::stderr().lock();
            for line in error.to_string().lines() {
                drop(writeln!(stderr, "facebolt: {line}"));
            }
            error.exit_code()
        }
    }
}

/// Writes to standard output. A reader that has read enough (`| head`) is no failure.
fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Output(error)),
        _ => Ok(()),
    }
}

/// Runs a future to its end, on as many threads as there are cores.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(CommandError::System)?;
    let done = runtime.block_on(future);
    // Threads that still compute would keep the process from ending.
    runtime.shutdown_background();
    Ok(done)
}

#[cfg(test)]
mod tests;
