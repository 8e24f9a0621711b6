//! Real Neo4j servers for integration tests, started by `tests/neo4j/server` and reused while they run.
//!
//! The first test that asks starts a server, which takes some seconds; it then runs until
//! `tests/neo4j/server stop all`. A server that cannot be had fails the test and says why.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "each test binary uses a part of it, and a test fails by panicking"
)]

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The Neo4j versions that facebolt is tested with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 5.26, the long-term support release.
    V5,
    /// 2026.08.
    V2026,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::V5, Self::V2026];

    fn argument(self) -> &'static str {
        match self {
            Self::V5 => "5",
            Self::V2026 => "2026",
        }
    }
}

/// How to reach a running Neo4j.
#[derive(Debug, Clone)]
pub struct Neo4j {
    /// Its exact version, such as `5.26.30`.
    pub version: String,
    /// `host:port` of Bolt.
    pub bolt: String,
    /// `http://host:port`; none for a server given by `FACEBOLT_TEST_NEO4J`.
    pub http: Option<String>,
    /// The user to log in as.
    pub user: String,
    /// The user's password.
    pub password: String,
    lock: String,
}

impl Neo4j {
    /// The server that all tests share, or the one of `FACEBOLT_TEST_NEO4J`. A test must use labels of
    /// its own and remove what it created, or hold [`Neo4j::alone`].
    pub fn shared(version: Version) -> &'static Self {
        static SHARED: [OnceLock<Neo4j>; 2] = [const { OnceLock::new() }; 2];
        SHARED[version as usize].get_or_init(|| Self::start(version, &[]))
    }

    /// A server with Graph Data Science installed.
    pub fn with_gds(version: Version) -> &'static Self {
        static GDS: [OnceLock<Neo4j>; 2] = [const { OnceLock::new() }; 2];
        GDS[version as usize].get_or_init(|| Self::start(version, &["--gds"]))
    }

    /// A server of its own called `name`, with settings such as `server.bolt.tls_level=OPTIONAL`.
    pub fn configured(version: Version, name: &str, settings: &[&str]) -> Self {
        let mut options = vec!["--as", name];
        for setting in settings {
            options.extend(["--set", setting]);
        }
        Self::start(version, &options)
    }

    /// Keeps every other test that asks for the same out of this server's data until it is dropped.
    pub fn alone(&self) -> File {
        let file = File::create(&self.lock).expect("the server's lock file");
        file.lock().expect("the server's lock");
        file
    }

    fn start(version: Version, options: &[&str]) -> Self {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/neo4j/server");
        let done =
            Command::new(&tool).args(["start", version.argument()]).args(options).output().unwrap_or_else(
                |error| {
                    panic!("{} needs Python 3: {error}", tool.display());
                },
            );
        assert!(done.status.success(), "no Neo4j {version:?}: {}", String::from_utf8_lossy(&done.stderr));
        let state: Value = serde_json::from_slice(&done.stdout).expect("JSON of tests/neo4j/server");
        let text = |key: &str| state[key].as_str().unwrap_or_default().to_owned();
        Self {
            version: text("version"),
            bolt: text("bolt"),
            http: state["http"].as_str().map(str::to_owned),
            user: text("user"),
            password: text("password"),
            lock: text("lock"),
        }
    }
}
