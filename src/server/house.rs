//! What all clients share, and how it changes while they come and go.

use std::sync::{Arc, PoisonError, RwLock};

use super::admission::Admission;
use super::{ServeError, policy, tier};
use crate::config::{Config, Renewed};
use crate::face::Loader;
use crate::procedures::Tools;
use crate::session::Services;
use crate::transport::{Dialer, tls};

/// What all clients share.
pub(super) struct House {
    services: RwLock<Arc<Services>>,
    pub(super) tls: Option<Arc<tls::Server>>,
    pub(super) admission: Arc<Admission>,
}

impl House {
    pub(super) fn new(services: Services, tls: Option<Arc<tls::Server>>, admission: Arc<Admission>) -> Self {
        Self { services: RwLock::new(Arc::new(services)), tls, admission }
    }

    /// What a client that comes now is served with, until it goes.
    pub(super) fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves those who come from now on by another configuration, as far as that can change.
    pub(super) fn renew(&self, read: &Config) -> Result<(), ServeError> {
        let now = self.services();
        let Renewed { config, changed, waiting } = now.config.renewed(read)?;
        for key in waiting {
            tracing::warn!(%key, "has another value now, which takes effect after a restart");
        }
        if changed.is_empty() {
            tracing::info!("the configuration was read again: nothing else has changed");
            return Ok(());
        }
        let places = now.tools.places().waited_for(config.limits.native_timeout);
        let concurrency = config.images.concurrency_per_connection.get();
        let embedder = now.tools.embedder.clone();
        embedder.keep(config.images.cache_bytes);
        let tools = Tools::new(Loader::new(policy(&config))?, embedder, concurrency, places);
        let services = Services {
            dialer: Dialer::new(&config.backend)?,
            tier: tier(config.link.tier).ok_or(ServeError::Tier(config.link.tier))?,
            tools,
            config: Arc::new(config),
            ..Services::clone(&now)
        };
        *self.services.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(services);
        tracing::info!(
            changed = changed.join(", "),
            "the configuration was read again: it is that of new connections"
        );
        Ok(())
    }
}
