//! `facebolt serve`: on the first signal to end, what is under way may end; a second one ends it at once. SIGHUP reads
//! the configuration again.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

use super::settings::Settings;
use super::{CommandError, block_on};
use crate::config::Config;
use crate::telemetry::Level;
use crate::{server, telemetry};

/// Run the proxy, until SIGINT or SIGTERM
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  facebolt serve --listen 0.0.0.0:7688 --backend bolt://10.1.2.3:7687
  curl http://127.0.0.1:7690/health/ready

Every other key: facebolt.toml, or the environment (FACEBOLT_LOG__LEVEL=debug)")]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let config = self.settings.clone().load()?.config;
        let rust_log = std::env::var_os("RUST_LOG").map(|value| value.to_string_lossy().into_owned());
        let telemetry = telemetry::install(&config.log, &config.traces, rust_log.as_deref())?;
        block_on(serve(config, &self.settings, &telemetry.level))?
    }
}

async fn serve(config: Config, settings: &Settings, level: &Level) -> Result<(), CommandError> {
    let mut signals = Signals::new().map_err(CommandError::System)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let (reload, reloads) = watch::channel(None);
    let mut server = pin!(server::run(Arc::new(config), reloads, async { drop(stopped.await) }));
    loop {
        let signal = tokio::select! {
            ended = &mut server => return Ok(ended?),
            signal = signals.next() => signal,
        };
        match signal {
            Request::End => break,
            Request::Reload => {
                let read = settings.clone().load().map(|read| read.config);
                if let Ok(config) = &read {
                    level.set(config.log.level);
                }
                reload.send_replace(Some(read));
            }
        }
    }
    tracing::info!("shutting down");
    drop(stop);
    loop {
        tokio::select! {
            ended = &mut server => return Ok(ended?),
            signal = signals.next() => if signal == Request::End { return Err(CommandError::Interrupted) },
        }
    }
}

/// What the process is asked by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    /// SIGINT or SIGTERM.
    End,
    /// SIGHUP.
    Reload,
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::End,
            _ = self.terminate.recv() => Request::End,
            _ = self.hang_up.recv() => Request::Reload,
        }
    }
}
