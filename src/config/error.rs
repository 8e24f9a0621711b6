//! What can be wrong with a configuration.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Origin;

/// Everything that is wrong with the configuration; its text has a line for each mistake.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(pub Vec<Mistake>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    /// The file that was asked for cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why, without secrets.
        message: String,
    },
    /// A key that does not exist.
    #[error("there is no key {key} ({origin}), did you mean {}?", nearest_as(nearest, origin))]
    Unknown {
        /// The key, as it was given.
        key: String,
        /// Where it was given.
        origin: Origin,
        /// The key that looks most like it.
        nearest: String,
    },
    /// A value that the key does not take.
    #[error("{key} = {value} ({origin}) is not valid: it takes {takes}")]
    Value {
        /// The key.
        key: String,
        /// The value as TOML, without secrets.
        value: String,
        /// Where it was given.
        origin: Origin,
        /// What the key takes.
        takes: String,
    },
    /// An environment variable that is not UTF-8.
    #[error("{origin} is not UTF-8 text")]
    NotText {
        /// The variable.
        origin: Origin,
    },
    /// Two values that are right alone and wrong together.
    #[error("{} and {} contradict each other: {why}", keys[0], keys[1])]
    Contradiction {
        /// The two keys.
        keys: [&'static str; 2],
        /// Why they do.
        why: &'static str,
    },
    /// A configuration that cannot be written as TOML: a fault of the program.
    #[error("the configuration cannot be written as TOML: {0}")]
    Unwritable(#[from] toml::ser::Error),
    /// Two valid configurations that cannot be put together: the same.
    #[error("the configuration cannot be put together: {0}")]
    Disjoint(#[from] toml::de::Error),
}

impl From<Mistake> for ConfigError {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

/// The key as the origin spells it.
fn nearest_as(key: &str, origin: &Origin) -> String {
    match origin {
        Origin::Environment(_) => super::load::variable(key),
        _ => key.to_owned(),
    }
}
