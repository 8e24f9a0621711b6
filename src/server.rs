//! The process: what it loads and listens on, from start to shutdown.

mod accept;
mod admission;
mod core_dumps;
mod descriptors;
mod front;
mod house;
mod threads;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use self::admission::Admission;
use self::house::House;
use self::threads::Threads;
use crate::admin::{Admin, Readiness};
use crate::callback::Door;
use crate::config::{Config, ConfigError, LinkTier, Mistake};
use crate::face::{AllowedHost, Embedder, Engine, EngineConfig, Loader, LoaderError, Policy, StartError};
use crate::link::Tier;
use crate::listener::{ListenError, listen};
use crate::metrics::{self, MetricsError};
use crate::procedures::{Places, Registry, Tools};
use crate::session::Services;
use crate::session::stopping::{Stopping, stopping};
use crate::systemd;
pub use crate::transport::tls::TlsError;
use crate::transport::{Dialer, tls};

/// How often the backend is tried, for `/health/ready`.
const BACKEND_CHECK: Duration = Duration::from_secs(5);

/// Why the server ended, or did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A certificate, key or authority cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Metrics cannot be gathered.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Images cannot be loaded.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// Faces cannot be embedded.
    #[error(transparent)]
    Engine(#[from] StartError),
    /// This processor cannot run the kernel that `link.tier` asks for.
    #[error("link.tier = \"{0}\": this processor cannot run it; \"auto\" takes the fastest that it can")]
    Tier(LinkTier),
    /// The configuration that was read again cannot be put in force.
    #[error(transparent)]
    Config(#[from] Mistake),
    /// The system refused something else.
    #[error("the server cannot go on: {0}")]
    System(#[from] io::Error),
}

/// What the configuration was when it was last read again, if it was.
pub type Reread = Option<Result<Config, ConfigError>>;

/// Serves until `shutdown` is done and what was under way has ended. What comes from `reloads` is put in force for
/// connections that come later, or logged if it is wrong.
///
/// # Errors
/// If a model is missing, or an address cannot be listened on.
pub async fn run(
    config: Arc<Config>,
    reloads: watch::Receiver<Reread>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    if !config.limits.core_dumps {
        core_dumps::forbid();
    }
    let exporter = metrics::install()?;
    let readiness = Readiness::waiting_for(&["backend"]);
    let (stop, stopped) = oneshot::channel::<()>();
    let mut admin = None;
    if let Some(address) = &config.admin.listen {
        let pages = Admin::bind(address).await?;
        tracing::info!(address = %pages.local_addr()?, "health and metrics");
        let stopped = async { drop(stopped.await) };
        admin = Some(tokio::spawn(pages.serve(readiness.clone(), exporter, stopped)));
    }

    let tls = tls::Server::new(&config.listen)?.map(Arc::new);
    let watch = tls.clone().map(|tls| tokio::spawn(async move { tls.watch().await }));
    let dialer = Dialer::new(&config.backend)?;
    let (stop_sessions, stopping) = stopping();
    let services = services(Arc::clone(&config), dialer, stopping).await?;
    let mut side_door = None;
    if let (Some(address), Some(door)) = (&config.callback.listen, &services.door) {
        let listener = listen("callback.listen", address).await?;
        tracing::info!(address = %listener.local_addr()?, url = %config.callback.url, "answering Neo4j's LOAD CSV");
        if !address.is_loopback() {
            tracing::warn!(
                "callback.listen is not a loopback address: embeddings travel unencrypted between Neo4j and facebolt"
            );
        }
        side_door = Some(tokio::spawn(door.clone().serve(listener)));
    }
    let connections = descriptors::room_for(config.limits.connections);
    let admission = Admission::new(connections, config.limits.connections_per_address);
    let listener = listen("listen.address", &config.listen.address).await?;
    tracing::info!(address = %listener.local_addr()?, backend = %config.backend.url, "accepting clients");
    let house = Arc::new(House::new(services, tls, admission));
    let checks = tokio::spawn(check_backend(Arc::clone(&house), readiness.clone()));
    let reloading = tokio::spawn(reload(Arc::clone(&house), reloads));
    systemd::ready();
    let shutdown = async {
        shutdown.await;
        systemd::stopping();
        // A load balancer that asks sends nobody here any more.
        readiness.not_ready("shutdown", "clients are served to their end, and no new ones accepted");
        stop_sessions.begin();
    };
    accept::run(listener, &Threads::start()?, house, shutdown).await;

    reloading.abort();
    checks.abort();
    if let Some(side_door) = side_door {
        side_door.abort();
    }
    watch.inspect(tokio::task::JoinHandle::abort);
    drop(stop);
    if let Some(admin) = admin {
        admin.await.map_err(io::Error::from)?;
    }
    Ok(())
}

/// Loads what sessions share.
async fn services(config: Arc<Config>, dialer: Dialer, stopping: Stopping) -> Result<Services, ServeError> {
    let tier = tier(config.link.tier).ok_or(ServeError::Tier(config.link.tier))?;
    let loader = Loader::new(policy(&config))?;
    let engine = engine(&config);
    let engine =
        tokio::task::spawn_blocking(move || Engine::start(&engine)).await.map_err(io::Error::from)??;
    let door = Door::new(&config.callback);
    let registry = Arc::new(Registry::new());
    let places = Places::new(config.limits.native_queue.get(), config.limits.native_timeout);
    let embedder = Embedder::new(engine, config.images.cache_bytes);
    let tools = Tools::new(loader, embedder, config.images.concurrency_per_connection.get(), places);
    Ok(Services { config, dialer, registry, tools, door, tier, stopping })
}

/// What `[images]` allows.
pub(crate) fn policy(config: &Config) -> Policy {
    let images = &config.images;
    Policy {
        schemes: images.schemes.iter().map(ToString::to_string).collect(),
        allow_hosts: images
            .allow_hosts
            .iter()
            .map(|rule| AllowedHost::new(rule.host.clone(), rule.port))
            .collect(),
        allow_networks: images.allow_networks.clone(),
        directory: images.directory.clone(),
        max_bytes: u64::try_from(images.max_bytes).unwrap_or(u64::MAX),
        timeout: images.timeout,
        ..Policy::default()
    }
}

/// What `[models]` says of the engine.
pub(crate) fn engine(config: &Config) -> EngineConfig {
    EngineConfig {
        models_directory: config.models.directory.clone(),
        model: config.models.default.clone(),
        threads: config.models.threads,
        queue: config.limits.native_queue.get(),
        max_pixels: config.images.max_pixels,
    }
}

/// The kernel that was asked for, if this processor can run it.
fn tier(tier: LinkTier) -> Option<Tier> {
    let tier = match tier {
        LinkTier::Auto => Tier::Auto,
        LinkTier::Avx512Vnni => Tier::Avx512Vnni,
        LinkTier::Avx2 => Tier::Avx2,
        LinkTier::Neon => return None,
        LinkTier::Faer => Tier::Faer,
    };
    tier.is_available().then_some(tier)
}

/// Puts in force what the configuration has become, whenever it is read again.
async fn reload(house: Arc<House>, mut reloads: watch::Receiver<Reread>) {
    while reloads.changed().await.is_ok() {
        systemd::reloading();
        match &*reloads.borrow_and_update() {
            Some(Ok(config)) => {
                if let Err(error) = house.renew(config) {
                    tracing::error!(%error, "the configuration stays as it was");
                }
            }
            Some(Err(ConfigError(mistakes))) => {
                for mistake in mistakes {
                    tracing::error!(error = %mistake, "the configuration stays as it was");
                }
            }
            None => {}
        }
        systemd::ready();
    }
}

/// Keeps readiness true to whether the backend can be reached.
async fn check_backend(house: Arc<House>, readiness: Readiness) {
    loop {
        let services = house.services();
        match services.dialer.dial(None).await {
            Ok(socket) => {
                readiness.ready("backend");
                // One that has gone by now was there.
                let _ = socket.finish().await;
            }
            Err(error) => {
                let url = &services.config.backend.url;
                let reason = format!("the backend {url} cannot be reached: {error}");
                readiness.not_ready("backend", reason);
            }
        }
        drop(services);
        tokio::time::sleep(BACKEND_CHECK).await;
    }
}
