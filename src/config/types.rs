//! The types of settings that are more than a number, a path or a duration.

use std::fmt;

use toml::Value;
use url::{Host, Url};

use super::setting::Setting;

/// The port of Bolt, where a URL names none.
const BOLT_PORT: u16 = 7687;

/// A host and a port, such as `127.0.0.1:7688`, `[::1]:7688` or `db.example.org:7687`.
///
/// Its text form is what `tokio::net::TcpListener::bind` and `TcpStream::connect` take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// Name or address.
    pub host: Host<String>,
    /// TCP port; 0 lets the system choose one where that makes sense.
    pub port: u16,
}

impl HostPort {
    /// Whether only this machine reaches the address: a loopback address or the name `localhost`.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost",
        }
    }

    /// The port, on 127.0.0.1.
    pub fn local(port: u16) -> Self {
        Self { host: Host::Ipv4(std::net::Ipv4Addr::LOCALHOST), port }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Setting for HostPort {
    fn takes() -> String {
        "host:port, such as \"127.0.0.1:7688\" or \"[::1]:7688\"".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        let HostRule { host, port } = HostRule::parse(text)?;
        Some(Self { host, port: port? })
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// A host, with a port or without: an element of `images.allow_hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    /// Name (lower case, international names in their ASCII form) or address.
    pub host: Host<String>,
    /// The port it is for; `None`: those that are allowed anyway.
    pub port: Option<u16>,
}

impl Setting for HostRule {
    fn takes() -> String {
        "\"host\" or \"host:port\", without wildcards".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        // In "[::1]" the last colon is inside the brackets.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let host = Host::parse(host).ok()?;
        if let Host::Domain(name) = &host {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            if !name.bytes().all(plain) {
                return None;
            }
        }
        Some(Self { host, port })
    }
    fn write(&self) -> Value {
        Value::String(match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        })
    }
}

/// Where the Neo4j is that statements are handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendUrl {
    /// Plain or TLS.
    pub scheme: BackendScheme,
    /// Host and port; the port is 7687 where the URL names none.
    pub address: HostPort,
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.address)
    }
}

impl Setting for BackendUrl {
    fn takes() -> String {
        "bolt://host:port, bolt+s://host:port or bolt+ssc://host:port, without user name or path".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let HostRule { host, port } = HostRule::parse(rest.strip_suffix('/').unwrap_or(rest))?;
        let address = HostPort { host, port: port.unwrap_or(BOLT_PORT) };
        (address.port != 0).then_some(Self { scheme: BackendScheme::parse(scheme)?, address })
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// An HTTP URL that something can be appended to: `format!("{url}/{token}")`.
///
/// A user name is refused rather than kept, since nothing here may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// With TLS or without.
    pub scheme: HttpScheme,
    /// Host and port; the port is the scheme's own where the URL names none.
    pub address: HostPort,
    /// Empty, or a slash and more, without a slash at the end.
    pub path: String,
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.address, self.path)
    }
}

impl Setting for BaseUrl {
    fn takes() -> String {
        "an http or https URL without user name, query or fragment".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        let url: Url = text.parse().ok()?;
        let scheme = HttpScheme::parse(url.scheme())?;
        let address = HostPort { host: url.host()?.to_owned(), port: url.port_or_known_default()? };
        let path = url.path().trim_end_matches('/').to_owned();
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        (plain && address.port != 0).then_some(Self { scheme, address, path })
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// Where a web page comes from, as browsers write it in the header `Origin`: an element of `listen.allow_origins`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// Is this what a browser sends of a page from there?
    pub fn is(&self, header: &[u8]) -> bool {
        self.0.as_bytes() == header
    }
}

impl Setting for WebOrigin {
    fn takes() -> String {
        "scheme://host or scheme://host:port, without path or wildcard".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        let url: Url = text.parse().ok()?;
        let host = url.host_str().filter(|host| !host.is_empty() && !host.contains('*'))?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let origin = format!("{}://{host}{port}", url.scheme());
        // Whatever else there is would never match.
        let rest = url.as_str().strip_prefix(&origin)?;
        matches!(rest, "" | "/").then_some(Self(origin))
    }
    fn write(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// From how many compared pairs on a link statement is computed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NativeFrom {
    /// From where it is faster than Neo4j, as measured.
    Auto,
    /// From this many pairs; 1: always.
    Pairs(u64),
}

impl Setting for NativeFrom {
    fn takes() -> String {
        "\"auto\" or a number of pairs, 1 or more".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        if text == "auto" {
            return Some(Self::Auto);
        }
        u64::parse(text).filter(|pairs| *pairs > 0).map(Self::Pairs)
    }
    fn write(&self) -> Value {
        match self {
            Self::Auto => Value::String("auto".to_owned()),
            Self::Pairs(pairs) => pairs.write(),
        }
    }
}

/// An enum whose variants are words in the file.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The word that stands for it in the file.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Setting for $name {
            fn takes() -> String {
                format!("one of {}", [$($word),*].join(", "))
            }
            fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)* _ => None }
            }
            fn write(&self) -> Value {
                Value::String(self.as_str().to_owned())
            }
        }
    };
}

words! {
    /// How the backend is spoken to.
    BackendScheme {
        /// Without TLS.
        Plain = "bolt",
        /// TLS, the certificate verified.
        Tls = "bolt+s",
        /// TLS, any certificate accepted.
        TlsUnverified = "bolt+ssc",
    }
}

words! {
    /// Whether the backend is told the client's address, and how (the PROXY protocol of HAProxy).
    ProxyProtocol {
        /// It is not.
        Off = "off",
        /// One line of text.
        V1 = "v1",
        /// The binary header.
        V2 = "v2",
    }
}

words! {
    /// A scheme of HTTP.
    HttpScheme {
        /// With TLS.
        Https = "https",
        /// Without.
        Http = "http",
    }
}

words! {
    /// Which kernel computes links.
    LinkTier {
        /// The fastest that this machine has.
        Auto = "auto",
        /// 8-bit integers, AVX-512 VNNI.
        Avx512Vnni = "avx512vnni",
        /// AVX2 and FMA.
        Avx2 = "avx2",
        /// Arm NEON.
        Neon = "neon",
        /// Portable matrix products.
        Faer = "faer",
    }
}

words! {
    /// How a line of the log looks.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

words! {
    /// How much is logged; each level includes those before it.
    LogLevel {
        /// Nothing.
        Off = "off",
        /// What needs a person.
        Error = "error",
        /// What may need one.
        Warn = "warn",
        /// What happened, seldom.
        Info = "info",
        /// Every connection and native statement.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}
