//! Which images may be loaded.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::{Host, Url};

use super::ImageError;

mod address;
#[cfg(test)]
mod tests;

use address::is_public;

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
    /// The part of [`Policy::timeout`] that one connection may take.
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

/// How a URL may be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// If its host turns out to have allowed addresses only.
    Checked,
    /// Whatever its address.
    Exempt,
}

impl Policy {
    /// Whether `url` may be fetched, as far as its text tells: scheme, user name, host and port. Addresses
    /// written as such are checked here, since no resolver will see them.
    pub(super) fn admit(&self, url: &Url) -> Result<Admission, ImageError> {
        if !matches!(url.scheme(), "http" | "https") || !self.schemes.iter().any(|s| s == url.scheme()) {
            return Err(ImageError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ImageError::UserInfo);
        }
        let refused = || ImageError::Fetch(super::FetchFailure::Refused);
        let host = url.host().ok_or_else(refused)?;
        let port = url.port_or_known_default().ok_or_else(refused)?;
        if self.allow_hosts.iter().any(|allowed| allowed.matches(&host, port)) {
            return Ok(Admission::Exempt);
        }
        let address_allowed = match host {
            Host::Domain(_) => true,
            Host::Ipv4(ip) => self.allows(ip.into()),
            Host::Ipv6(ip) => self.allows(ip.into()),
        };
        if address_allowed && is_web_port(port) { Ok(Admission::Checked) } else { Err(refused()) }
    }

    /// Whether a host with this address may be fetched from.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allow_networks.iter().any(|network| network.contains(&address))
    }
}

fn is_web_port(port: u16) -> bool {
    matches!(port, 80 | 443)
}

/// A host that is allowed whatever its address: `host` (ports 80 and 443) or `host:port` (that port only).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host<String>,
    port: Option<u16>,
}

/// Not of the form `host` or `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not of the form \"host\" or \"host:port\"")]
pub struct HostError(String);

impl AllowedHost {
    /// `host`, on `port` or on the ports of the web.
    pub fn new(host: Host<String>, port: Option<u16>) -> Self {
        Self { host, port }
    }

    fn matches(&self, host: &Host<&str>, port: u16) -> bool {
        let same_host = match (&self.host, host) {
            (Host::Domain(allowed), Host::Domain(name)) => allowed == without_final_dot(name),
            (Host::Ipv4(allowed), Host::Ipv4(ip)) => allowed == ip,
            (Host::Ipv6(allowed), Host::Ipv6(ip)) => allowed == ip,
            _ => false,
        };
        same_host && self.port.map_or_else(|| is_web_port(port), |allowed| allowed == port)
    }
}

impl FromStr for AllowedHost {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let error = || HostError(text.to_owned());
        let (host, port) = match text.rsplit_once(':') {
            // The last colon of a bracketed IPv6 address without a port is inside the brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_| error())?)),
            _ => (text, None),
        };
        let host = Host::parse(without_final_dot(host)).map_err(|_| error())?;
        Ok(AllowedHost { host, port })
    }
}

/// `example.org.` names the same host as `example.org`.
fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}
