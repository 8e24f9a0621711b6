//! What can be configured, with defaults.
//!
//! A value comes from the first of these that names it: a flag, the environment (`FACEBOLT_LISTEN__ADDRESS`),
//! `facebolt.toml`, the defaults below. See [`Sources::load`].

mod check;
mod error;
mod load;
mod renew;
mod setting;
mod types;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use error::{ConfigError, Mistake};
pub use load::{Effective, Entry, Flag, Origin, Sources};
pub use types::{
    BackendScheme, BackendUrl, BaseUrl, HostPort, HostRule, HttpScheme, LinkTier, LogFormat, LogLevel,
    NativeFrom, ProxyProtocol, WebOrigin,
};

pub(crate) use renew::Renewed;
pub(crate) use setting::Setting;
use setting::size;

/// The whole configuration. `docs/facebolt.toml` is the same with comments for the operator.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Config {
    /// The front door.
    pub listen: Listen,
    /// The Neo4j behind it.
    pub backend: Backend,
    /// The side door, for Neo4j's LOAD CSV.
    pub callback: Callback,
    /// Which images may be read.
    pub images: Images,
    /// Models and the threads that run them.
    pub models: Models,
    /// Links between embeddings.
    pub link: Link,
    /// What is bounded.
    pub limits: Limits,
    /// Health and metrics.
    pub admin: Admin,
    /// The log.
    pub log: Log,
    /// Traces.
    pub traces: Traces,
}

/// `[listen]`: plain Bolt, TLS, WebSocket and HTTP discovery on one port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listen {
    /// Where clients connect to.
    #[serde(with = "setting")]
    pub address: HostPort,
    /// The address in routing tables; `None`: the one that the client used.
    #[serde(with = "setting")]
    pub advertised_address: Option<HostPort>,
    /// PEM file with the certificate chain, read again when it changes; `None`: no TLS.
    #[serde(with = "setting")]
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with its private key.
    #[serde(with = "setting")]
    pub tls_key: Option<PathBuf>,
    /// PEM file with the authorities that must have signed a client's certificate; `None`: clients need none.
    #[serde(with = "setting")]
    pub tls_client_ca: Option<PathBuf>,
    /// Web origins whose pages may open a WebSocket; empty: all.
    #[serde(with = "setting")]
    pub allow_origins: Vec<WebOrigin>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: HostPort::local(7688),
            advertised_address: None,
            tls_certificate: None,
            tls_key: None,
            tls_client_ca: None,
            allow_origins: Vec::new(),
        }
    }
}

/// `[backend]`: the Neo4j that statements are handed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backend {
    /// Its address, and whether with TLS.
    #[serde(with = "setting")]
    pub url: BackendUrl,
    /// PEM file with the authorities that may have signed its certificate; `None`: those of the system.
    #[serde(with = "setting")]
    pub ca_file: Option<PathBuf>,
    /// Whether it is told the client's address, and how.
    #[serde(with = "setting")]
    pub proxy_protocol: ProxyProtocol,
    /// How long connecting may take, TLS included.
    #[serde(with = "setting")]
    pub connect_timeout: Duration,
}

impl Default for Backend {
    fn default() -> Self {
        Self {
            url: BackendUrl { scheme: BackendScheme::Plain, address: HostPort::local(7687) },
            ca_file: None,
            proxy_protocol: ProxyProtocol::Off,
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// `[callback]`: where Neo4j reaches this very instance by LOAD CSV.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// Where Neo4j's requests are accepted; `None`: off.
    #[serde(with = "setting")]
    pub listen: Option<HostPort>,
    /// How Neo4j reaches that address. Never a load balancer.
    #[serde(with = "setting")]
    pub url: BaseUrl,
}

impl Default for Callback {
    fn default() -> Self {
        let address = HostPort::local(7689);
        let url = BaseUrl { scheme: HttpScheme::Http, address: address.clone(), path: String::new() };
        Self { listen: Some(address), url }
    }
}

/// `[images]`: which images may be read, and how much of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Images {
    /// Schemes that may be fetched; empty: the network is never touched.
    #[serde(with = "setting")]
    pub schemes: Vec<HttpScheme>,
    /// Hosts that are allowed whatever their address, and on the named port if one is named.
    #[serde(with = "setting")]
    pub allow_hosts: Vec<HostRule>,
    /// Address ranges that are allowed though they are not public.
    #[serde(with = "setting")]
    pub allow_networks: Vec<IpNet>,
    /// Files below this folder may be named; `None`: no files.
    #[serde(with = "setting")]
    pub directory: Option<PathBuf>,
    /// Largest image, in bytes as stored.
    #[serde(with = "size")]
    pub max_bytes: usize,
    /// Largest image, in pixels.
    #[serde(with = "setting")]
    pub max_pixels: u64,
    /// Bytes of memory for the faces of images that were embedded; 0: none are kept.
    #[serde(with = "size::or_none")]
    pub cache_bytes: usize,
    /// How long fetching one image may take.
    #[serde(with = "setting")]
    pub timeout: Duration,
    /// Images that one connection may have fetched at a time.
    #[serde(with = "setting")]
    pub concurrency_per_connection: NonZeroUsize,
}

impl Default for Images {
    fn default() -> Self {
        Self {
            schemes: vec![HttpScheme::Https, HttpScheme::Http],
            allow_hosts: Vec::new(),
            allow_networks: Vec::new(),
            directory: None,
            max_bytes: 10 << 20,
            max_pixels: 50_000_000,
            cache_bytes: 64 << 20,
            timeout: Duration::from_secs(10),
            concurrency_per_connection: nonzero(8),
        }
    }
}

/// `[models]`: models and what runs them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Where model files are; `None`: a cache folder of the user.
    #[serde(with = "setting")]
    pub directory: Option<PathBuf>,
    /// The model that is used where a statement names none.
    #[serde(with = "setting")]
    pub default: String,
    /// Threads that run models; 0: one per core.
    #[serde(with = "setting")]
    pub threads: usize,
}

impl Default for Models {
    fn default() -> Self {
        Self { directory: None, default: "sface".to_owned(), threads: 0 }
    }
}

/// `[link]`: links between embeddings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// From how many compared pairs on a link statement is computed here.
    #[serde(with = "setting")]
    pub native_from: NativeFrom,
    /// Found pairs that one writing statement may carry.
    #[serde(with = "setting")]
    pub max_pairs: NonZeroUsize,
    /// Threads that compare; 0: one per core.
    #[serde(with = "setting")]
    pub threads: usize,
    /// The kernel.
    #[serde(with = "setting")]
    pub tier: LinkTier,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            native_from: NativeFrom::Auto,
            max_pairs: nonzero(5_000_000),
            threads: 0,
            tier: LinkTier::Auto,
        }
    }
}

/// `[limits]`: what is bounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Client connections at a time.
    #[serde(with = "setting")]
    pub connections: NonZeroUsize,
    /// Client connections at a time from one address; 0: as many as there are in all.
    #[serde(with = "setting")]
    pub connections_per_address: usize,
    /// Bytes that a client may send before it has authenticated.
    #[serde(with = "size")]
    pub unauthenticated_bytes: usize,
    /// How long authenticating may take, from accept to the answer.
    #[serde(with = "setting")]
    pub unauthenticated_timeout: Duration,
    /// How long a client that is logged in may take for the next 1 KiB of a message, or its end.
    #[serde(with = "setting")]
    pub message_timeout: Duration,
    /// Bytes of parameters that are kept while a statement that names us is worked on.
    #[serde(with = "size")]
    pub statement_bytes: usize,
    /// Images in work at a time, those of all connections together; more wait for their turn.
    #[serde(with = "setting")]
    pub native_queue: NonZeroUsize,
    /// How long an image may wait for its turn.
    #[serde(with = "setting")]
    pub native_timeout: Duration,
    /// How long open transactions may take to end at shutdown.
    #[serde(with = "setting")]
    pub drain_timeout: Duration,
    /// May a crash write a core dump?
    #[serde(with = "setting")]
    pub core_dumps: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: nonzero(10_000),
            connections_per_address: 0,
            unauthenticated_bytes: 8 << 10,
            unauthenticated_timeout: Duration::from_secs(30),
            message_timeout: Duration::from_secs(120),
            statement_bytes: 64 << 20,
            native_queue: nonzero(256),
            native_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
            core_dumps: false,
        }
    }
}

/// `[admin]`: `/health/live`, `/health/ready` and `/metrics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Admin {
    /// Where they are served; `None`: off.
    #[serde(with = "setting")]
    pub listen: Option<HostPort>,
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: Some(HostPort::local(7690)) }
    }
}

/// `[log]`: the log, on standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// How a line looks.
    #[serde(with = "setting")]
    pub format: LogFormat,
    /// How much is logged, where `RUST_LOG` does not say.
    #[serde(with = "setting")]
    pub level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

/// `[traces]`: what statements took their time for, told to a collector of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Traces {
    /// The collector, reached by OTLP over HTTP; `None`: off.
    #[serde(with = "setting")]
    pub endpoint: Option<BaseUrl>,
}

/// For the defaults above, none of which is 0.
fn nonzero(value: usize) -> NonZeroUsize {
    NonZeroUsize::new(value).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests;
