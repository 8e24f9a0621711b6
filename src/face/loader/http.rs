//! Fetches an image from a host that a user names, without becoming that user's way into our network.
//!
//! Every hop is judged before it is made: its URL by [`Policy::admit`], its addresses by the [`Connector`]. A request
//! carries nothing of ours: no proxy, cookies, credentials or referer, and redirects are followed here.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::header::{ACCEPT, CONTENT_ENCODING, HeaderValue, LOCATION, TRANSFER_ENCODING, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use url::Url;

use super::connect::{Connector, Network, NoConnection};
use crate::face::{FetchFailure, ImageError, LoaderError, Policy};

#[cfg(test)]
mod tests;

const MAX_REDIRECTS: usize = 3;

/// What we can decode: a server that converts images by this header must not choose a newer format.
const FORMATS: HeaderValue = HeaderValue::from_static("image/jpeg, image/png, image/webp");

const AGENT: HeaderValue = HeaderValue::from_static(concat!("facebolt/", env!("CARGO_PKG_VERSION")));

/// Most that is read of an answer before its body begins.
const HEAD_BYTES: usize = 64 << 10;

/// Connections that are kept open to one host, and for how long.
const IDLE: usize = 4;
const IDLE_TIME: Duration = Duration::from_secs(30);

/// An HTTP client bound to a policy.
#[derive(Debug, Clone)]
pub(super) struct Http {
    policy: Arc<Policy>,
    client: Client<Connector, Empty<Bytes>>,
}

impl Http {
    /// What this machine's network and certificate authorities allow.
    pub(super) fn new(policy: Arc<Policy>, network: Arc<dyn Network>) -> Result<Self, LoaderError> {
        // Without https no certificates are needed, so a machine that has none is no error.
        let https = policy.schemes.iter().any(|scheme| scheme == "https");
        let tls = https.then(tls).transpose().map_err(LoaderError::Client)?;
        Ok(Self::with(policy, network, tls))
    }

    fn with(policy: Arc<Policy>, network: Arc<dyn Network>, tls: Option<Arc<ClientConfig>>) -> Self {
        let connector = Connector::new(Arc::clone(&policy), network, tls);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_max_idle_per_host(IDLE)
            .http1_max_buf_size(HEAD_BYTES)
            .build(connector);
        Self { policy, client }
    }

    /// The body that `url` answers with, in the policy's time and size.
    pub(super) async fn get(&self, url: Url) -> Result<Bytes, ImageError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let result = tokio::time::timeout(self.policy.timeout, self.follow(url))
            .await
            .unwrap_or(Err(ImageError::Fetch(FetchFailure::Timeout)));
        if let Err(ImageError::Fetch(failure)) = &result {
            tracing::debug!(host, reason = failure.label(), "image not fetched");
        }
        result
    }

    async fn follow(&self, mut url: Url) -> Result<Bytes, ImageError> {
        self.policy.admit(&url)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.client.request(request(&url)?).await.map_err(|error| failure(&error))?;
            let Some(next) = redirect(&url, &response)? else {
                return self.body(response).await;
            };
            self.policy.admit(&next).map_err(|_| ImageError::Fetch(FetchFailure::Refused))?;
            url = next;
        }
        Err(ImageError::Fetch(FetchFailure::Refused))
    }

    async fn body(&self, response: Response<Incoming>) -> Result<Bytes, ImageError> {
        if response.status() != StatusCode::OK {
            return Err(ImageError::Fetch(FetchFailure::Status));
        }
        if !is_plain(&response) {
            return Err(ImageError::Fetch(FetchFailure::Body));
        }
        let limit = self.policy.max_bytes;
        let fits = |length: u64| if length > limit { Err(ImageError::TooLarge { limit }) } else { Ok(()) };
        let mut body = response.into_body();
        fits(body.size_hint().lower())?;
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ImageError::Fetch(FetchFailure::Body))?;
            if let Some(chunk) = frame.data_ref() {
                fits(u64::try_from(bytes.len().saturating_add(chunk.len())).unwrap_or(u64::MAX))?;
                bytes.extend_from_slice(chunk);
            }
        }
        Ok(bytes.freeze())
    }
}

/// TLS 1.2 and 1.3, by the authorities of this machine.
fn tls() -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn request(url: &Url) -> Result<Request<Empty<Bytes>>, ImageError> {
    let mut url = url.clone();
    url.set_fragment(None);
    let request = Request::get(url.as_str()).header(ACCEPT, FORMATS).header(USER_AGENT, AGENT);
    request.body(Empty::new()).map_err(|_| ImageError::Fetch(FetchFailure::Refused))
}

/// Whether the bytes of a body are those of the image. Nothing is unpacked here that may grow: we asked for no
/// compression.
fn is_plain(response: &Response<Incoming>) -> bool {
    let only = |name, plain: &str| {
        response
            .headers()
            .get_all(name)
            .iter()
            .all(|value| value.as_bytes().eq_ignore_ascii_case(plain.as_bytes()))
    };
    only(CONTENT_ENCODING, "identity") && only(TRANSFER_ENCODING, "chunked")
}

/// Where `response` sends us to, if it does.
fn redirect(from: &Url, response: &Response<Incoming>) -> Result<Option<Url>, ImageError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refused = ImageError::Fetch(FetchFailure::Refused);
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    match location.and_then(|location| from.join(location).ok()) {
        Some(to) if from.scheme() == "https" && to.scheme() == "http" => Err(refused),
        Some(to) => Ok(Some(to)),
        None => Err(refused),
    }
}

/// What went wrong before an answer came.
fn failure(error: &hyper_util::client::legacy::Error) -> ImageError {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(NoConnection(failure)) = cause.downcast_ref() {
            return ImageError::Fetch(*failure);
        }
        source = cause.source();
    }
    ImageError::Fetch(FetchFailure::Connect)
}
