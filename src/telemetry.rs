//! The log: `tracing` events, as text or JSON, on standard error; and traces, if they are asked for.
//!
//! What may be logged: connection ids, addresses, server and database versions, procedure names, counts, durations,
//! error codes, and of an image URL its scheme and host. Never: credentials, parameters, texts of statements, images,
//! embeddings, the path and query of a URL, callback tokens, and the message of a Neo4j FAILURE, which may repeat
//! any of these. That is why `log.level` concerns facebolt alone: libraries know nothing of the rule (an HTTP client
//! logs whole URLs) and never log below warnings, unless RUST_LOG asks for it.

#[cfg_attr(not(feature = "otel"), path = "telemetry/no_traces.rs")]
mod traces;

use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::config::{Log, LogFormat, LogLevel, Traces};

/// Why there can be no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// RUST_LOG is not a list of directives.
    #[error("RUST_LOG is not valid: {0}; it takes directives such as \"info\" or \"warn,facebolt=debug\"")]
    Filter(#[from] ParseError),
    /// This facebolt cannot send traces, or not there.
    #[error("traces.endpoint = \"{endpoint}\": {why}")]
    Traces {
        /// As configured.
        endpoint: String,
        /// Why not.
        why: String,
    },
    /// Something else in this process logs already.
    #[error("the log cannot be set up: {0}")]
    Taken(#[from] TryInitError),
}

/// Sets how much is logged while the process runs.
#[derive(Debug)]
pub struct Level {
    filter: reload::Handle<EnvFilter, Registry>,
    /// RUST_LOG says it.
    fixed: bool,
}

/// What the filter is on.
type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;

/// A layer that sees what passes the filter.
type BoxedLayer = Box<dyn Layer<Filtered> + Send + Sync>;

/// The log and the traces of this process. What has not been sent of the traces is, when it is dropped.
#[derive(Debug)]
pub struct Telemetry {
    /// How much is logged.
    pub level: Level,
    _traces: Option<traces::Exporter>,
}

impl Level {
    /// From now on this counts, if RUST_LOG does not.
    pub fn set(&self, level: LogLevel) {
        if !self.fixed
            && let Ok(filter) = EnvFilter::builder().parse(directives(level))
        {
            // Nobody logs any more if the subscriber is gone.
            let _ = self.filter.reload(filter);
        }
    }
}

/// Starts to log, for the whole process. `rust_log` is the variable of that name; if it is set and not empty, it
/// counts instead of `log.level`.
///
/// # Errors
/// Fails if `rust_log` cannot be read, if traces cannot be sent, or if the process logs already.
pub fn install(log: &Log, traces: &Traces, rust_log: Option<&str>) -> Result<Telemetry, TelemetryError> {
    let colours =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (layer, exporter) = match &traces.endpoint {
        Some(endpoint) => {
            let (layer, exporter) = traces::start(endpoint)
                .map_err(|why| TelemetryError::Traces { endpoint: endpoint.to_string(), why })?;
            (Some(layer), Some(exporter))
        }
        None => (None, None),
    };
    let (subscriber, level) = subscriber(log, layer, rust_log, colours, io::stderr)?;
    subscriber.try_init()?;
    Ok(Telemetry { level, _traces: exporter })
}

fn subscriber<W>(
    log: &Log,
    traces: Option<BoxedLayer>,
    rust_log: Option<&str>,
    colours: bool,
    writer: W,
) -> Result<(Box<dyn Subscriber + Send + Sync>, Level), ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let rust_log = rust_log.filter(|directives| !directives.trim().is_empty());
    let directives = rust_log.map_or_else(|| directives(log.level), str::to_owned);
    let (filter, handle) = reload::Layer::new(EnvFilter::builder().parse(directives)?);
    let lines = fmt::layer()
        .with_writer(writer)
        .with_ansi(colours)
        // A write that fails, to a full disk or a closed pipe, would be reported by eprintln!, which then panics.
        .log_internal_errors(false);
    let filtered = tracing_subscriber::registry().with(filter).with(traces);
    let subscriber: Box<dyn Subscriber + Send + Sync> = match log.format {
        LogFormat::Text => Box::new(filtered.with(lines)),
        LogFormat::Json => Box::new(filtered.with(lines.json().flatten_event(true))),
    };
    Ok((subscriber, Level { filter: handle, fixed: rust_log.is_some() }))
}

/// The level for facebolt, and for everything else as far as warnings.
fn directives(level: LogLevel) -> String {
    match level {
        LogLevel::Off | LogLevel::Error | LogLevel::Warn => level.to_string(),
        LogLevel::Info | LogLevel::Debug | LogLevel::Trace => format!("warn,facebolt={level}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written for one event of each kind.
    fn logged(format: LogFormat, level: LogLevel, rust_log: Option<&str>) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let log = Log { format, level };
        let (subscriber, _) = subscriber(&log, None, rust_log, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("connection", id = 7);
            let _entered = span.enter();
            tracing::info!(faces = 2, "ours");
            tracing::debug!("ours in detail");
            tracing::warn!(target: "hyper", "theirs");
            tracing::info!(target: "hyper", "theirs in detail");
        });
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_level_is_for_facebolt_and_libraries_only_warn() {
        let text = logged(LogFormat::Text, LogLevel::Debug, None);
        assert!(text.contains("connection{id=7}: facebolt::telemetry::tests: ours faces=2\n"), "{text}");
        assert!(text.contains("ours in detail") && text.contains("hyper: theirs\n"), "{text}");
        assert!(!text.contains("theirs in detail"), "{text}");
        assert_eq!(logged(LogFormat::Text, LogLevel::Info, None).lines().count(), 2);
        assert_eq!(logged(LogFormat::Text, LogLevel::Warn, None).lines().count(), 1);
        assert_eq!(logged(LogFormat::Text, LogLevel::Off, None), "");
    }

    #[test]
    fn the_level_can_change() {
        for (rust_log, lines) in [(None, 2), (Some("info"), 3)] {
            let buffer = Buffer::default();
            let writer = buffer.clone();
            let (subscriber, level) =
                subscriber(&Log::default(), None, rust_log, false, move || writer.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, || {
                tracing::info!("one");
                level.set(LogLevel::Error);
                tracing::info!("two");
                level.set(LogLevel::Info);
                tracing::info!("three");
            });
            let bytes = buffer.0.lock().unwrap().clone();
            assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), lines);
        }
    }

    #[test]
    fn rust_log_ranks_above_the_level() {
        let text = logged(LogFormat::Text, LogLevel::Off, Some("hyper=info"));
        assert!(text.contains("theirs in detail") && !text.contains("ours"), "{text}");
        assert_eq!(logged(LogFormat::Text, LogLevel::Info, Some(" ")).lines().count(), 2);
        let log = Log::default();
        let error = subscriber(&log, None, Some("facebolt=loud"), false, io::sink).err().unwrap();
        assert!(TelemetryError::from(error).to_string().starts_with("RUST_LOG is not valid: "));
    }

    #[test]
    fn a_line_of_json_is_one_object() {
        let text = logged(LogFormat::Json, LogLevel::Info, None);
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["message"], "ours");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["faces"], 2);
        assert_eq!(lines[0]["span"]["id"], 7);
    }
}
