//! The layers of the configuration, put on top of each other.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Config, ConfigError, Mistake, check};

/// Read where no other file is named, if it exists.
const DEFAULT_FILE: &str = "facebolt.toml";

/// What the names of environment variables start with.
const PREFIX: &str = "FACEBOLT_";

/// Variables that start like ours and are not: `TEST_` is reserved, and the others are what Kubernetes sets in
/// every container of a namespace that has a service called "facebolt".
const NOT_OURS: [&str; 3] = ["TEST_", "SERVICE_", "PORT_"];

/// What a configuration is made from, besides the defaults.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file; `None`: `facebolt.toml` in the working directory, if it is there.
    pub file: Option<PathBuf>,
    /// The environment, such as `std::env::vars_os().collect()`; what does not start with `FACEBOLT_` is skipped.
    pub environment: Vec<(OsString, OsString)>,
    /// What the command line says, later ones first in rank.
    pub flags: Vec<Flag>,
}

/// A value given on the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag, such as `--listen`.
    pub name: &'static str,
    /// The key it sets, such as `listen.address`.
    pub key: &'static str,
    /// Its value.
    pub text: String,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Built in.
    #[default]
    Default,
    /// This file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A configuration that is in force.
#[derive(Debug)]
pub struct Effective {
    /// The values.
    pub config: Config,
    table: Table,
    origins: BTreeMap<String, Origin>,
}

/// One line of [`Effective::explain`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, such as `listen.address`.
    pub key: String,
    /// The value as TOML, without secrets.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl Effective {
    /// Every key with its value and where that came from, in the order of the documented file.
    pub fn explain(&self) -> Vec<Entry> {
        let entry = |(key, value): (String, &Value)| Entry {
            value: conceal(&value.to_string()),
            origin: self.origins.get(&key).cloned().unwrap_or_default(),
            key,
        };
        leaves(&self.table).into_iter().map(entry).collect()
    }
}

impl Sources {
    /// Reads the file and puts the layers on top of each other.
    ///
    /// # Errors
    /// Names everything that is wrong, not only the first.
    pub fn load(self) -> Result<Effective, ConfigError> {
        let mut layers = Layers::new()?;
        if let Err(mistake) = layers.file(self.file.as_deref()) {
            layers.mistakes.push(mistake);
        }
        layers.environment(self.environment);
        for Flag { name, key, text } in self.flags {
            layers.set(key, Value::String(text), Origin::Flag(name));
        }
        layers.finish()
    }
}

/// The keys and values so far.
struct Layers {
    config: Config,
    /// `config` as a table. It has every key there is, so it is also the list of the known ones.
    table: Table,
    origins: BTreeMap<String, Origin>,
    mistakes: Vec<Mistake>,
}

impl Layers {
    fn new() -> Result<Self, Mistake> {
        let config = Config::default();
        let table = Table::try_from(&config)?;
        Ok(Self { config, table, origins: BTreeMap::new(), mistakes: Vec::new() })
    }

    fn file(&mut self, named: Option<&Path>) -> Result<(), Mistake> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE)).to_path_buf();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(Mistake::Unreadable { path, source }),
        };
        let table: Table = text.parse().map_err(|error: toml::de::Error| Mistake::Syntax {
            path: path.clone(),
            message: conceal(error.to_string().trim_end()),
        })?;
        for (key, value) in leaves(&table) {
            let unused_section =
                self.table.contains_key(&key) && value.as_table().is_some_and(Table::is_empty);
            if unused_section {
                continue;
            }
            self.set(&key, value.clone(), Origin::File(path.clone()));
        }
        Ok(())
    }

    fn environment(&mut self, mut variables: Vec<(OsString, OsString)>) {
        // The system's order is none; that of the messages should not change from run to run.
        variables.sort();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if rest == "PORT" || NOT_OURS.iter().any(|start| rest.starts_with(start)) {
                continue;
            }
            let origin = Origin::Environment(name.to_owned());
            let key = rest.to_ascii_lowercase().replacen("__", ".", 1);
            match value.into_string() {
                Ok(text) => self.set(&key, Value::String(text), origin),
                Err(_) => self.mistakes.push(Mistake::NotText { origin }),
            }
        }
    }

    /// Gives a key another value. A mistake leaves the one it had, so that it cannot cause a second one.
    fn set(&mut self, key: &str, value: Value, origin: Origin) {
        let mut table = self.table.clone();
        let Some(place) = place(&mut table, key) else {
            let nearest = self.nearest(key);
            self.mistakes.push(Mistake::Unknown { key: key.to_owned(), origin, nearest });
            return;
        };
        let shown = conceal(&value.to_string());
        *place = value;
        match table.clone().try_into::<Config>() {
            Ok(config) => {
                (self.config, self.table) = (config, table);
                self.origins.insert(key.to_owned(), origin);
            }
            Err(error) => self.mistakes.push(Mistake::Value {
                key: key.to_owned(),
                value: shown,
                origin,
                takes: error.message().to_owned(),
            }),
        }
    }

    /// The known key that looks most like one that is not known: alike as a whole, or in its last part when only
    /// the section is wrong.
    fn nearest(&self, key: &str) -> String {
        let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        let alike = |known: &str| {
            strsim::normalized_damerau_levenshtein(known, key)
                + strsim::normalized_damerau_levenshtein(&last(known), &last(key))
        };
        let known = leaves(&self.table).into_iter().map(|(known, _)| (alike(&known), known));
        known.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, known)| known).unwrap_or_default()
    }

    fn finish(mut self) -> Result<Effective, ConfigError> {
        let wrong: Vec<&str> = self.mistakes.iter().filter_map(mistaken).collect();
        let contradictions = check::contradictions(&self.config);
        let real = |(keys, _): &([&str; 2], _)| !keys.iter().any(|key| wrong.contains(key));
        let real: Vec<_> = contradictions.into_iter().filter(real).collect();
        self.mistakes.extend(real.into_iter().map(|(keys, why)| Mistake::Contradiction { keys, why }));
        if !self.mistakes.is_empty() {
            return Err(ConfigError(self.mistakes));
        }
        // Once more, since the values are now in the form in which they are written.
        let table = Table::try_from(&self.config).map_err(Mistake::from)?;
        Ok(Effective { config: self.config, table, origins: self.origins })
    }
}

/// The key whose value was not taken.
fn mistaken(mistake: &Mistake) -> Option<&str> {
    match mistake {
        Mistake::Value { key, .. } => Some(key),
        _ => None,
    }
}

/// Where the value of a known key stands.
pub(super) fn place<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Value> {
    let (section, name) = key.split_once('.')?;
    table.get_mut(section)?.as_table_mut()?.get_mut(name)
}

/// The dotted keys of the sections of a table, and what else stands beside the sections: empty ones and mistakes.
pub(super) fn leaves(table: &Table) -> Vec<(String, &Value)> {
    let mut leaves = Vec::new();
    for (section, value) in table {
        match value {
            Value::Table(keys) if !keys.is_empty() => {
                leaves.extend(keys.iter().map(|(name, value)| (format!("{section}.{name}"), value)));
            }
            other => leaves.push((section.clone(), other)),
        }
    }
    leaves
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replacen('.', "__", 1).to_ascii_uppercase())
}

/// Hides what stands between `://` and `@` in each line: no URL here may hold a user name, but one that does by
/// mistake must not be shown either. Rather too much than too little, as a password may hold any character.
fn conceal(text: &str) -> String {
    let line = |line: &str| match (line.split_once("://"), line.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) if rest.contains('@') => format!("{scheme}://***@{host}"),
        _ => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
