//! The flags that stand for keys of the configuration.

use std::path::PathBuf;

use clap::Args;

use crate::config::{BaseUrl, ConfigError, Effective, Flag, Setting as _, Sources};

#[derive(Debug, Clone, Args)]
pub(super) struct Settings {
    /// Configuration [default: ./facebolt.toml, if any]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where clients connect to [default: 127.0.0.1:7688]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,

    /// The Neo4j behind it [default: bolt://127.0.0.1:7687]
    #[arg(long, value_name = "URL")]
    backend: Option<String>,

    /// How Neo4j calls us [default: http://127.0.0.1:7689]
    #[arg(long, value_name = "URL")]
    callback: Option<String>,

    /// Health and metrics [default: 127.0.0.1:7690]
    #[arg(long, value_name = "HOST:PORT")]
    admin: Option<String>,
}

impl Settings {
    /// The configuration that file, environment and flags amount to.
    pub(super) fn load(self) -> Result<Effective, ConfigError> {
        let Self { config, listen, backend, callback, admin } = self;
        // On this machine the address that Neo4j uses is the one to listen on; elsewhere there may be a
        // translation between them, and only the configuration knows.
        let local = callback.as_deref().and_then(BaseUrl::parse).map(|url| url.address);
        let callback_listen =
            local.filter(|address| address.is_loopback()).map(|address| address.to_string());
        let given = [
            ("--listen", "listen.address", listen),
            ("--backend", "backend.url", backend),
            ("--callback", "callback.url", callback),
            ("--callback", "callback.listen", callback_listen),
            ("--admin", "admin.listen", admin),
        ];
        let flags = given.into_iter().filter_map(|(name, key, text)| Some(Flag { name, key, text: text? }));
        Sources { file: config, environment: std::env::vars_os().collect(), flags: flags.collect() }.load()
    }
}
