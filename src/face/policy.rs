//! Which images may be loaded.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::{Host, Url};

/// Which images may be loaded, and how large they may be. The default allows public HTTP(S) addresses only.
#[derive(Debug, Clone)]
pub struct Policy {
    /// URL schemes that may be fetched: of "https" and "http".
    pub schemes: Vec<String>,
    /// Hosts that are allowed whatever their address.
    pub allow_hosts: Vec<AllowedHost>,
    /// Networks that are allowed though not public.
    pub allow_networks: Vec<IpNet>,
    /// The folder below which files may be named; `None`: no files.
    pub directory: Option<PathBuf>,
    /// Most bytes of an image, as it lies in its file.
    pub max_bytes: u64,
    /// Time for one image, from name resolution to its last byte.
    pub timeout: Duration,
    /// Part of [`Policy::timeout`] that the connection may take.
    pub connect_timeout: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            schemes: vec!["https".to_owned(), "http".to_owned()],
            allow_hosts: Vec::new(),
            allow_networks: Vec::new(),
            directory: None,
            max_bytes: 10 << 20,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }
}

/// A host that is allowed whatever its address: `host` (ports 80 and 443) or `host:port` (that port too).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host<String>,
    port: Option<u16>,
}

/// Not of the form `host` or `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not of the form \"host\" or \"host:port\"")]
pub struct HostError(String);

impl FromStr for AllowedHost {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        todo!()
    }
}
