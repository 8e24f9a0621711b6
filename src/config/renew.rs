//! What a running process takes over when its configuration is read again.

use toml::Table;

use super::load::{leaves, place};
use super::{Config, Mistake};

/// Keys that hold from start to end: sockets are bound to them, pools and models built from them.
const FIXED: [&str; 16] = [
    "listen.address",
    "listen.tls_certificate",
    "listen.tls_key",
    "listen.tls_client_ca",
    "callback.listen",
    "callback.url",
    "models.directory",
    "models.default",
    "models.threads",
    "limits.connections",
    "limits.connections_per_address",
    "limits.native_queue",
    "limits.core_dumps",
    "admin.listen",
    "log.format",
    "traces.endpoint",
];

/// A configuration that was read while another one was in force.
#[derive(Debug)]
pub(crate) struct Renewed {
    /// What is in force from now on.
    pub(crate) config: Config,
    /// Keys that have another value now.
    pub(crate) changed: Vec<String>,
    /// Keys that will have another value after a restart.
    pub(crate) waiting: Vec<String>,
}

impl Config {
    /// Takes over what can change while the process runs.
    pub(crate) fn renewed(&self, read: &Self) -> Result<Renewed, Mistake> {
        let running = Table::try_from(self)?;
        let mut table = Table::try_from(read)?;
        let (mut changed, mut waiting) = (Vec::new(), Vec::new());
        for (key, value) in leaves(&running) {
            let Some(place) = place(&mut table, &key).filter(|place| *place != value) else { continue };
            if FIXED.contains(&key.as_str()) {
                *place = value.clone();
                waiting.push(key);
            } else {
                changed.push(key);
            }
        }
        Ok(Renewed { config: table.try_into()?, changed, waiting })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        toml::from_str::<Table>(text).unwrap().into_iter().fold(
            Config::default(),
            |config, (section, keys)| {
                let mut table = Table::try_from(&config).unwrap();
                for (key, value) in keys.as_table().unwrap() {
                    *place(&mut table, &format!("{section}.{key}")).unwrap() = value.clone();
                }
                table.try_into().unwrap()
            },
        )
    }

    #[test]
    fn what_is_bound_at_start_stays() {
        let running = read("images = { allow_networks = [\"10.0.0.0/8\"] }\nlog = { level = \"debug\" }");
        let new = read(
            "listen = { address = \"127.0.0.1:1\", advertised_address = \"db:7687\" }\nlog = { format = \"json\" }",
        );
        let renewed = running.renewed(&new).unwrap();
        assert_eq!(renewed.waiting, ["listen.address", "log.format"]);
        assert_eq!(renewed.changed, ["listen.advertised_address", "images.allow_networks", "log.level"]);
        let expected = read("listen = { advertised_address = \"db:7687\" }");
        assert_eq!(renewed.config, expected);
        let same = renewed.config.renewed(&expected).unwrap();
        assert_eq!((same.changed.len(), same.waiting.len()), (0, 0));
    }

    #[test]
    fn every_fixed_key_is_known() {
        let table = Table::try_from(Config::default()).unwrap();
        let known: Vec<_> = leaves(&table).into_iter().map(|(key, _)| key).collect();
        assert!(FIXED.iter().all(|key| known.contains(&(*key).to_owned())), "{known:?}");
    }
}
