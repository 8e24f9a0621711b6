//! What is counted and measured, for Prometheus.
//!
//! [`ALL`] is the list of metrics; the functions below are the only ones that touch them. Label values are
//! `&'static str` or enums, so that nothing a client sends can become one. Without [`install`] all of it costs
//! next to nothing.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::metrics::{Counter, Gauge, SetRecorderError, counter, gauge, histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

/// What a metric is to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How values are distributed.
    Histogram,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name, as Prometheus sees it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels, in the order in which they are written.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

macro_rules! table {
    ($($id:ident: $kind:ident, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(const $id: Metric = Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)*

        /// Every metric.
        pub const ALL: &[Metric] = &[$($id),*];
    };
}

table! {
    BUILD: Gauge, "facebolt_build_info", ["version"], "Always 1; the version is the label.";
    CONNECTIONS: Gauge, "facebolt_connections", ["state", "transport"], "Open client connections.";
    REFUSED: Counter, "facebolt_connections_refused_total", ["reason"], "Client connections closed for a limit.";
    BYTES: Counter, "facebolt_bytes_total", ["direction"], "Bytes of Bolt relayed.";
    MESSAGES: Counter, "facebolt_messages_total", ["direction"], "Bolt messages relayed.";
    STATEMENTS: Counter, "facebolt_statements_total", ["kind", "path"], "Statements, by what they ask for and who answers.";
    NATIVE_SECONDS: Histogram, "facebolt_native_seconds", ["procedure", "stage"], "Time spent in native work.";
    QUEUE_LENGTH: Gauge, "facebolt_queue_length", ["queue"], "Jobs that wait for a worker.";
    FACES_FOUND: Counter, "facebolt_faces_found_total", [], "Faces found in images.";
    IMAGES: Counter, "facebolt_images_total", ["faces"], "Images embedded, by how their faces were come by: computed, shared with whoever had them computed at the time, or kept.";
    FETCH_FAILURES: Counter, "facebolt_fetch_failures_total", ["reason"], "Images that could not be had.";
    PAIRS_COMPARED: Counter, "facebolt_pairs_compared_total", [], "Pairs of embeddings compared.";
    PAIRS_FOUND: Counter, "facebolt_pairs_found_total", [], "Pairs of embeddings found within the cutoff.";
    BACKEND_ERRORS: Counter, "facebolt_backend_errors_total", ["reason"], "Backend connections that failed or broke.";
}

/// Upper bounds of the histogram of [`native_seconds`]: from a callback's answer to a link of millions.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// How often what histograms have gathered is condensed when nobody asks for it.
const UPKEEP: Duration = Duration::from_secs(5);

macro_rules! label_values {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $value,)* }
            }
        }
    };
}

label_values! {
    /// How far a client connection is.
    State {
        /// It has not logged on.
        Unauthenticated = "unauthenticated",
        /// It has.
        Authenticated = "authenticated",
    }
}

label_values! {
    /// How a client speaks Bolt.
    Transport {
        /// Over TCP.
        Tcp = "tcp",
        /// Over TLS.
        Tls = "tls",
        /// Over WebSocket.
        WebSocket = "ws",
        /// Over WebSocket and TLS.
        SecureWebSocket = "wss",
    }
}

label_values! {
    /// Which way bytes go.
    Direction {
        /// From the client.
        ToBackend = "to_backend",
        /// From the backend.
        ToClient = "to_client",
    }
}

label_values! {
    /// Who answers a statement.
    Path {
        /// We compute for it.
        Native = "native",
        /// The backend alone.
        Forwarded = "forwarded",
        /// Nobody: it got an error of ours.
        Refused = "refused",
    }
}

label_values! {
    /// A part of native work.
    Stage {
        /// Reading the graph.
        Gather = "gather",
        /// Waiting for a worker.
        Queue = "queue",
        /// Getting an image's bytes.
        Fetch = "fetch",
        /// Making pixels of them.
        Decode = "decode",
        /// Finding faces.
        Detect = "detect",
        /// Computing embeddings.
        Embed = "embed",
        /// Comparing embeddings.
        Compare = "compare",
        /// Having the result written.
        Write = "write",
    }
}

impl Stage {
    /// The span of this part of a procedure's work.
    pub(crate) fn span(self, procedure: &'static str) -> tracing::Span {
        tracing::info_span!("stage", procedure, otel.name = self.as_str())
    }
}

/// One of the things that a gauge counts, until it is dropped.
#[must_use]
pub struct Counted(Gauge);

impl Counted {
    fn new(gauge: Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Counts an open client connection; when its state changes, the new value replaces the old.
pub fn connection(state: State, transport: Transport) -> Counted {
    let (state, transport) = (state.as_str(), transport.as_str());
    Counted::new(gauge!(CONNECTIONS.name, "state" => state, "transport" => transport))
}

/// Counts a job that waits in a queue.
pub fn queued(queue: &'static str) -> Counted {
    Counted::new(gauge!(QUEUE_LENGTH.name, "queue" => queue))
}

/// A client connection was closed for a limit, named by its key in `[limits]`.
pub fn connection_refused(reason: &'static str) {
    counter!(REFUSED.name, "reason" => reason).increment(1);
}

/// The counters of one direction, to be kept by a connection.
pub struct Traffic {
    bytes: Counter,
    messages: Counter,
}

impl Traffic {
    /// The counters of a direction.
    pub fn new(direction: Direction) -> Self {
        let direction = direction.as_str();
        Self {
            bytes: counter!(BYTES.name, "direction" => direction),
            messages: counter!(MESSAGES.name, "direction" => direction),
        }
    }

    /// Counts what was relayed: seldom, for all connections share the counters.
    pub fn relayed(&self, bytes: usize, messages: usize) {
        for (counter, count) in [(&self.bytes, bytes), (&self.messages, messages)] {
            if count > 0 {
                // No usize is wider than 64 bits.
                counter.increment(u64::try_from(count).unwrap_or(u64::MAX));
            }
        }
    }
}

/// Counts a statement: a procedure's name or another kind of request, and who answers.
pub fn statement(kind: &'static str, path: Path) {
    counter!(STATEMENTS.name, "kind" => kind, "path" => path.as_str()).increment(1);
}

/// Tells how long a stage of a procedure took.
pub fn native_seconds(procedure: &'static str, stage: Stage, took: Duration) {
    histogram!(NATIVE_SECONDS.name, "procedure" => procedure, "stage" => stage.as_str()).record(took);
}

/// Counts faces found in an image.
pub fn faces_found(count: u64) {
    counter!(FACES_FOUND.name).increment(count);
}

/// Counts an image that was embedded, by how its faces were come by.
pub fn image(faces: &'static str) {
    counter!(IMAGES.name, "faces" => faces).increment(1);
}

/// Counts an image that could not be had.
pub fn fetch_failure(reason: &'static str) {
    counter!(FETCH_FAILURES.name, "reason" => reason).increment(1);
}

/// Counts pairs of vectors that were compared.
pub fn pairs_compared(count: u64) {
    counter!(PAIRS_COMPARED.name).increment(count);
}

/// Counts pairs that were near.
pub fn pairs_found(count: u64) {
    counter!(PAIRS_FOUND.name).increment(count);
}

/// Counts a backend connection that failed or broke.
pub fn backend_error(reason: &'static str) {
    counter!(BACKEND_ERRORS.name, "reason" => reason).increment(1);
}

/// Why metrics cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The histogram's bounds were refused.
    #[error("the metrics cannot be set up: {0}")]
    Build(#[from] BuildError),
    /// Something else in this process gathers metrics already.
    #[error("the metrics cannot be set up: {0}")]
    Taken(#[from] SetRecorderError<PrometheusRecorder>),
}

/// What has been gathered.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl Exporter {
    /// All of it, in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the memory of histograms bounded while nobody asks for them. Never ends.
    pub async fn upkeep(&self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }
}

/// Starts to gather, for the whole process. Later calls return the same.
///
/// # Errors
/// Fails if something else in the process gathers metrics already.
pub fn install() -> Result<Exporter, MetricsError> {
    static INSTALLED: Mutex<Option<Exporter>> = Mutex::new(None);

    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(exporter) = &*installed {
        return Ok(exporter.clone());
    }
    let recorder = recorder()?;
    let exporter = Exporter(recorder.handle());
    ::metrics::set_global_recorder(recorder)?;
    describe();
    *installed = Some(exporter.clone());
    Ok(exporter)
}

fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let matcher = Matcher::Full(NATIVE_SECONDS.name.to_owned());
    Ok(PrometheusBuilder::new().set_buckets_for_metric(matcher, SECONDS)?.build_recorder())
}

/// Gives every metric its help, and those without labels the value 0 that they have from the start.
fn describe() {
    for Metric { name, kind, labels, help } in ALL {
        match kind {
            Kind::Counter => ::metrics::describe_counter!(*name, *help),
            Kind::Gauge => ::metrics::describe_gauge!(*name, *help),
            Kind::Histogram => ::metrics::describe_histogram!(*name, *help),
        }
        if *kind == Kind::Counter && labels.is_empty() {
            counter!(*name).increment(0);
        }
    }
    gauge!(BUILD.name, "version" => env!("CARGO_PKG_VERSION")).set(1);
}

#[cfg(test)]
pub(crate) mod tests;
