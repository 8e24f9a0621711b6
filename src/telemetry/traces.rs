//! Traces for OpenTelemetry: each statement that names us is one, with a span for each part of its work.
//!
//! A client's connection is no span: it may last for days, and a span is told when it ends. What may not be logged is
//! not in a span either.

use std::pin::Pin;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Builder, Runtime};
use tracing::Metadata;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;

use super::BoxedLayer;
use crate::config::{BaseUrl, HttpScheme};

/// How long the collector may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where statements are told to.
#[derive(Debug)]
pub(super) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    /// Sends what has not been sent.
    fn drop(&mut self) {
        // The log is told of what fails.
        let _ = self.0.shutdown();
    }
}

/// A layer that tells statements to the collector. Not to be called within a runtime.
pub(super) fn start(endpoint: &BaseUrl) -> Result<(BoxedLayer, Exporter), String> {
    if endpoint.scheme != HttpScheme::Http {
        return Err("traces are sent without TLS, to a collector nearby: it takes an http URL".to_owned());
    }
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(TIMEOUT)
        .with_http_client(Sender { runtime, client: HyperClient::with_default_connector(TIMEOUT, None) })
        .build()
        .map_err(|error| error.to_string())?;
    let mut resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("facebolt");
    }
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("facebolt"))
        .with_location(false)
        .with_threads(false)
        .with_filter(filter_fn(is_told));
    Ok((Box::new(layer), Exporter(provider)))
}

fn is_told(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("facebolt") && !(metadata.is_span() && metadata.name() == "connection")
}

/// A client for the thread that sends, which waits for each answer and has no runtime of its own.
#[derive(Debug)]
struct Sender {
    runtime: Runtime,
    client: HyperClient,
}

impl HttpClient for Sender {
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move { self.runtime.block_on(self.client.send_bytes(request)) })
    }
}

#[cfg(test)]
mod tests;
