//! `facebolt serve`: on the first signal, what is under way may end; a second one ends it at once.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::settings::Settings;
use super::{CommandError, block_on};
use crate::config::Config;
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
        let config = self.settings.load()?.config;
        let rust_log = std::env::var_os("RUST_LOG").map(|value| value.to_string_lossy().into_owned());
        telemetry::install(&config.log, rust_log.as_deref())?;
        block_on(serve(config))?
    }
}

async fn serve(config: Config) -> Result<(), CommandError> {
    let mut signals = Signals::new().map_err(CommandError::System)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let mut server = pin!(server::run(Arc::new(config), async { drop(stopped.await) }));
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = signals.next() => tracing::info!("shutting down"),
    }
    drop(stop);
    tokio::select! {
        ended = &mut server => Ok(ended?),
        () = signals.next() => Err(CommandError::Interrupted),
    }
}

/// The signals that ask a process to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}
