//! The front door: accepts clients and gives each a session of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::metrics::{self, State, Transport};
use crate::session::{self, Services, SessionError};

/// A pause after accepting failed, so that a lack of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts clients until `shutdown`, then lets running sessions end within `limits.drain_timeout`.
pub(crate) async fn run(listener: TcpListener, services: Arc<Services>, shutdown: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(services.config.limits.connections.get()));
    let mut sessions = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = sessions.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let services = Arc::clone(&services);
                    let span = tracing::info_span!("connection", %peer);
                    sessions.spawn(
                        async move {
                            serve(stream, peer, &services).await;
                            drop(place);
                        }
                        .instrument(span),
                    );
                }
                Err(_) => {
                    metrics::connection_refused("limit");
                    tracing::warn!(%peer, "refused: limits.connections is reached");
                }
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let drain = services.config.limits.drain_timeout;
    tracing::info!(sessions = sessions.len(), ?drain, "draining");
    let drained = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, drained).await.is_err() {
        tracing::warn!(sessions = sessions.len(), "closed before they had ended");
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, services: &Services) {
    let _open = metrics::connection(State::Unauthenticated, Transport::Tcp);
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    match session::serve(stream, services).await {
        Ok(()) => tracing::debug!(%peer, "closed"),
        Err(SessionError::Client(error)) => tracing::debug!(%error, "the client went away"),
        Err(error) => {
            match error {
                SessionError::Unreachable { .. } => metrics::backend_error("unreachable"),
                SessionError::Backend(_) | SessionError::BackendClosed => metrics::backend_error("broken"),
                _ => {}
            }
            tracing::warn!(error = &error as &dyn std::error::Error, "closed");
        }
    }
}
