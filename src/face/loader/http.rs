//! Fetches an image from a host that a user names, without becoming that user's way into our network.
//!
//! Every hop is judged before it is made: its URL by [`Policy::admit`], its addresses by a resolver that
//! hands out a name's addresses only if all of them are allowed. The connection goes to just those
//! addresses, so a second look-up cannot tell another story.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, HeaderValue, LOCATION};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::face::policy::Admission;
use crate::face::{FetchFailure, ImageError, LoaderError, Policy};

const MAX_REDIRECTS: usize = 3;

/// What we can decode: a server that converts images by this header must not choose a newer format.
const FORMATS: HeaderValue = HeaderValue::from_static("image/jpeg, image/png, image/webp");

/// An HTTP client bound to a policy.
#[derive(Debug, Clone)]
pub(super) struct Http {
    policy: Arc<Policy>,
    /// Connects to names whose every address is allowed.
    checked: Client,
    /// Connects to any address: for exempt hosts.
    exempt: Client,
}

impl Http {
    pub(super) fn new(policy: Arc<Policy>) -> Result<Self, LoaderError> {
        // An error means that the process has chosen a provider already: that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resolver = CheckedResolver(Arc::clone(&policy));
        Ok(Http { checked: client(&policy, Some(resolver))?, exempt: client(&policy, None)?, policy })
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

    /// Redirects are followed here, not in the client: whether the resolver has to check a name depends on
    /// the port as well, which a resolver is not told.
    async fn follow(&self, mut url: Url) -> Result<Bytes, ImageError> {
        let mut admission = self.policy.admit(&url)?;
        for _ in 0..=MAX_REDIRECTS {
            let client = match admission {
                Admission::Checked => &self.checked,
                Admission::Exempt => &self.exempt,
            };
            let response = client.get(url.clone()).header(ACCEPT, FORMATS).send().await.map_err(failure)?;
            let Some(next) = redirect(&url, &response)? else {
                return self.body(response).await;
            };
            admission = self.policy.admit(&next).map_err(|_| ImageError::Fetch(FetchFailure::Refused))?;
            url = next;
        }
        Err(ImageError::Fetch(FetchFailure::Refused))
    }

    async fn body(&self, response: Response) -> Result<Bytes, ImageError> {
        if response.status() != StatusCode::OK {
            return Err(ImageError::Fetch(FetchFailure::Status));
        }
        let limit = self.policy.max_bytes;
        let fits = |length: u64| if length > limit { Err(ImageError::TooLarge { limit }) } else { Ok(()) };
        fits(response.content_length().unwrap_or(0))?;
        let mut body = BytesMut::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| ImageError::Fetch(FetchFailure::Body))?;
            fits(u64::try_from(body.len().saturating_add(chunk.len())).unwrap_or(u64::MAX))?;
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

/// A client that adds nothing of ours to a request: no proxy, cookies, referer, compression or redirects.
fn client(policy: &Policy, resolver: Option<CheckedResolver>) -> Result<Client, LoaderError> {
    let mut builder = Client::builder()
        .user_agent(concat!("facebolt/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(policy.connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .pool_max_idle_per_host(4)
        .no_proxy();
    if let Some(resolver) = resolver {
        builder = builder.dns_resolver(Arc::new(resolver));
    }
    if !policy.schemes.iter().any(|scheme| scheme == "https") {
        // Without https no CA certificates are needed, so a machine that has none is no error.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(LoaderError::Client)
}

/// Where `response` sends us to, if it does.
fn redirect(from: &Url, response: &Response) -> Result<Option<Url>, ImageError> {
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
fn failure(error: reqwest::Error) -> ImageError {
    let mut source: Option<&dyn Error> = Some(&error);
    while let Some(cause) = source {
        if let Some(Unresolved(failure)) = cause.downcast_ref() {
            return ImageError::Fetch(*failure);
        }
        source = cause.source();
    }
    ImageError::Fetch(if error.is_timeout() { FetchFailure::Timeout } else { FetchFailure::Connect })
}

/// Resolves a name only if each of its addresses is allowed.
struct CheckedResolver(Arc<Policy>);

/// Why a name was not resolved.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address, or one that is not allowed")]
struct Unresolved(FetchFailure);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<SocketAddr> = found.map_err(|_| Unresolved(FetchFailure::Resolve))?.collect();
            if addresses.iter().all(|address| policy.allows(address.ip())) {
                Ok(Box::new(addresses.into_iter()) as Addrs)
            } else {
                Err(Unresolved(FetchFailure::Refused).into())
            }
        })
    }
}
