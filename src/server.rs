//! The process: what it listens on, from start to shutdown.

use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::admin::{Admin, Readiness};
use crate::config::Config;
use crate::listener::ListenError;
use crate::metrics::{self, MetricsError};

/// Why the server ended, or did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Metrics cannot be gathered.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The system refused something else.
    #[error("the server cannot go on: {0}")]
    System(#[from] io::Error),
}

/// Serves until `shutdown` is done and what was under way has ended.
///
/// # Errors
/// Fails if an address cannot be listened on.
pub async fn run(config: Arc<Config>, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    let readiness = Readiness::waiting_for(&["proxy"]);
    let (stop, stopped) = oneshot::channel::<()>();
    let mut admin = None;
    if let Some(address) = &config.admin.listen {
        let pages = Admin::bind(address).await?;
        tracing::info!(address = %pages.local_addr()?, "health and metrics");
        let stopped = async { drop(stopped.await) };
        admin = Some(tokio::spawn(pages.serve(readiness.clone(), metrics::install()?, stopped)));
    }
    shutdown.await;
    drop(stop);
    if let Some(admin) = admin {
        admin.await.map_err(io::Error::from)?;
    }
    Ok(())
}
