//! Health and metrics over HTTP: `/health/live`, `/health/ready`, `/metrics`.

mod bounded;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::config::HostPort;
use crate::listener::{ListenError, listen};
use crate::metrics::Exporter;
use bounded::Bounded;

/// What Prometheus calls its text format; good for any other plain text too.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How long a request and its answer may take.
const LIFETIME: Duration = Duration::from_secs(10);

/// Whether statements can be served, and why not. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Readiness {
    /// Not ready until each of these parts has said that it is.
    pub fn waiting_for(parts: &[&'static str]) -> Self {
        let missing = parts.iter().map(|part| (*part, "not there yet".to_owned()));
        Self(Arc::new(Mutex::new(missing.collect())))
    }

    /// The part is ready.
    pub fn ready(&self, part: &'static str) {
        self.lock().remove(part);
    }

    /// The part is not ready, for this reason.
    pub fn not_ready(&self, part: &'static str, reason: impl Into<String>) {
        self.lock().insert(part, reason.into());
    }

    /// Each part that is not ready with its reason; empty: ready.
    pub fn reasons(&self) -> Vec<String> {
        self.lock().iter().map(|(part, reason)| format!("{part}: {reason}")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        // The map is whole after every statement that changes it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The admin pages on an address that is bound but not served yet.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
}

impl Admin {
    /// Takes the address of `admin.listen`.
    ///
    /// # Errors
    /// Fails if it cannot be listened on.
    pub async fn bind(address: &HostPort) -> Result<Self, ListenError> {
        Ok(Self { listener: listen("admin.listen", address).await? })
    }

    /// The address, with the port that the system chose if it was 0.
    ///
    /// # Errors
    /// Passes on what the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is done, then lets open requests end. That should come last, so that whoever watches
    /// sees connections drain.
    pub async fn serve(
        self,
        readiness: Readiness,
        exporter: Exporter,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) {
        let served = axum::serve(Bounded::new(self.listener, LIFETIME), router(readiness, exporter.clone()))
            .with_graceful_shutdown(shutdown);
        tokio::select! {
            // It has no error to report: accepting goes on after one.
            _ = served => (),
            () = exporter.upkeep() => (),
        }
    }
}

fn router(readiness: Readiness, exporter: Exporter) -> Router {
    Router::new()
        .route("/health/live", get(|| async { page(StatusCode::OK, "alive\n".to_owned()) }))
        .route("/health/ready", get(ready).with_state(readiness))
        .route("/metrics", get(metrics).with_state(exporter))
        .layer(map_response(last))
}

/// A connection serves one request, so that none is held for longer than that takes.
async fn last(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let reasons = readiness.reasons();
    if reasons.is_empty() {
        page(StatusCode::OK, "ready\n".to_owned())
    } else {
        page(StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
    }
}

async fn metrics(State(exporter): State<Exporter>) -> Response {
    page(StatusCode::OK, exporter.render())
}

fn page(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, PROMETHEUS_TEXT)], text).into_response()
}

#[cfg(test)]
mod tests;
