//! Loads the bytes of an image under a policy.

use bytes::Bytes;

use super::{ImageError, LoaderError, Policy, Source};

/// Loads images. Owns the HTTP client; cheap to clone.
#[derive(Debug, Clone)]
pub struct Loader {
    policy: std::sync::Arc<Policy>,
}

impl Loader {
    /// A loader for `policy`.
    ///
    /// # Errors
    /// If this machine has no CA certificates, or the policy's directory cannot be used.
    pub fn new(policy: Policy) -> Result<Loader, LoaderError> {
        todo!()
    }

    /// What may be loaded.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The bytes of `source`, at most `max_bytes`. Dropping the future ends the request.
    ///
    /// # Errors
    /// See [`ImageError`].
    pub async fn load(&self, source: &Source) -> Result<Bytes, ImageError> {
        todo!()
    }
}
