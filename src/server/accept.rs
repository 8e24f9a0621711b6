//! Accepts clients and gives each a session of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bolt::failure::Failure;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::admission::Admitted;
use super::front::{self, ClientStream, FrontError};
use super::house::House;
use super::threads::Threads;
use crate::config::Config;
use crate::metrics::{self, State, Transport};
use crate::session::{self, Arrival, SessionError};
use crate::transport::{Ends, prepare, tls};

/// A pause after accepting failed, so that a lack of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts clients until `shutdown`, then lets running sessions end within `limits.drain_timeout`.
pub(super) async fn run(
    listener: TcpListener,
    threads: &Threads,
    house: Arc<House>,
    shutdown: impl Future<Output = ()>,
) {
    let mut sessions = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = sessions.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Another thread is to be told of it.
                let Ok(stream) = stream.into_std() else { continue };
                let span = tracing::info_span!("connection", %peer);
                let admitted = house.admission.admit(peer.ip());
                if let Admitted::Refused { limit, .. } | Admitted::Closed { limit } = &admitted {
                    metrics::connection_refused(limit.trim_start_matches("limits."));
                    tracing::warn!(parent: &span, "refused: {limit} is reached");
                }
                if !matches!(admitted, Admitted::Closed { .. }) {
                    let house = Arc::clone(&house);
                    let session = async move { serve(stream, peer, &house, admitted).await };
                    threads.spawn(session.instrument(span), &mut sessions);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let drain = house.services().config.limits.drain_timeout;
    tracing::info!(sessions = sessions.len(), ?drain, "draining");
    let drained = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, drained).await.is_err() {
        tracing::warn!(sessions = sessions.len(), "closed before they had ended");
    }
}

/// Serves a client, or refuses it; `admitted` is kept meanwhile.
async fn serve(stream: std::net::TcpStream, peer: SocketAddr, house: &House, admitted: Admitted) {
    let services = house.services();
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "cannot serve a connection"),
    };
    let arrived = tokio::select! {
        arrived = arrive(stream, peer, house.tls.as_deref(), &services.config) => arrived,
        () = services.stopping.begun() => return tracing::debug!("closed before it spoke"),
    };
    let arrival = match arrived {
        Ok(Some(arrival)) => arrival,
        Ok(None) => return tracing::debug!("an HTTP request was answered"),
        Err(error @ FrontError::Gone(_)) => return tracing::debug!(%error, "closed"),
        Err(error) => return tracing::info!(%error, "closed"),
    };
    let ended = match &admitted {
        Admitted::In { .. } => session::serve(arrival, &services).await,
        Admitted::Refused { limit, .. } | Admitted::Closed { limit } => {
            session::refuse(arrival, &services, &full(limit)).await
        }
    };
    match ended {
        Ok(()) => tracing::debug!("closed"),
        Err(SessionError::Client(error)) => tracing::debug!(%error, "the client went away"),
        Err(error @ SessionError::Stopping) => tracing::debug!(%error, "closed"),
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

/// What a client is told that finds no room.
fn full(limit: &str) -> Failure {
    let message = format!(
        "facebolt has no room for another connection: {limit} is reached. Close connections that are not needed, \
         retry later, or raise the limit."
    );
    Failure { message, ..Failure::no_threads_available() }
}

/// Brings a client to the point where it speaks Bolt, within the time that it has for logging in.
async fn arrive(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<&tls::Server>,
    config: &Config,
) -> Result<Option<Arrival<ClientStream>>, FrontError> {
    let deadline = Instant::now() + config.limits.unauthenticated_timeout;
    let _counted = metrics::connection(State::Unauthenticated, Transport::Tcp);
    prepare(&stream).map_err(FrontError::Gone)?;
    let ends = Ends { client: peer, server: stream.local_addr().map_err(FrontError::Gone)? };
    let opening = front::open(stream, tls, &config.listen.allow_origins);
    let opened = timeout_at(deadline, opening).await.map_err(|_| FrontError::Timeout)??;
    Ok(opened.map(|opened| Arrival {
        stream: opened.stream,
        first: opened.first,
        ends,
        transport: opened.transport,
        deadline,
    }))
}
