//! Configuration maps: named settings with a type and a range, and errors that name the key.

use packstream::{Map, Value};

/// A setting that does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OptionError {
    #[error("the configuration has no key '{key}'; its keys are: {known}")]
    Unknown { key: String, known: String },
    #[error("'{key}' of the configuration must be {takes}")]
    Value { key: &'static str, takes: String },
}

/// A configuration map being read. Null values count as absent.
pub(crate) struct Options<'m> {
    map: &'m Map,
}

impl<'m> Options<'m> {
    /// The map of an argument; null is an empty map.
    pub(crate) fn new(argument: Option<&'m Value>, known: &[&str]) -> Result<Self, OptionError> {
        static EMPTY: Map = Map::new();
        let map = argument.and_then(Value::as_map).unwrap_or(&EMPTY);
        match map.iter().find(|(key, _)| !known.contains(key)) {
            Some((key, _)) => Err(OptionError::Unknown { key: key.to_owned(), known: known.join(", ") }),
            None => Ok(Self { map }),
        }
    }

    fn value(&self, key: &str) -> Option<&'m Value> {
        self.map.get(key).filter(|value| **value != Value::Null)
    }

    /// A string that `read` understands.
    pub(crate) fn word<T, E: std::fmt::Display>(
        &self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, OptionError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let Some(text) = value.as_str() else {
            return Err(OptionError::Value { key, takes: "a string".to_owned() });
        };
        match read(text) {
            Ok(read) => Ok(Some(read)),
            Err(error) => {
                let takes = error.to_string();
                let takes = takes.strip_prefix("must be ").unwrap_or(&takes).to_owned();
                Err(OptionError::Value { key, takes })
            }
        }
    }

    /// A number from `low` to `high`.
    pub(crate) fn number(&self, key: &'static str, low: f64, high: f64) -> Result<Option<f64>, OptionError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = match value {
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        };
        match number {
            Some(number) if (low..=high).contains(&number) => Ok(Some(number)),
            _ => Err(OptionError::Value { key, takes: format!("a number from {low} to {high}") }),
        }
    }

    /// True or false.
    pub(crate) fn flag(&self, key: &'static str) -> Result<Option<bool>, OptionError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Boolean(flag)) => Ok(Some(*flag)),
            Some(_) => Err(OptionError::Value { key, takes: "true or false".to_owned() }),
        }
    }

    /// A name of something in the graph.
    pub(crate) fn name(&self, key: &'static str) -> Result<Option<String>, OptionError> {
        let name = self.word(key, |name| Ok::<_, OptionError>(name.to_owned()))?;
        match name {
            Some(name) if name.is_empty() => {
                Err(OptionError::Value { key, takes: "a string that is not empty".to_owned() })
            }
            name => Ok(name),
        }
    }

    /// The value, whatever it is.
    pub(crate) fn any(&self, key: &str) -> Option<&'m Value> {
        self.value(key)
    }

    /// A whole number from `low` to `high`.
    pub(crate) fn whole(&self, key: &'static str, low: u32, high: u32) -> Result<Option<u32>, OptionError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.as_i64().and_then(|number| u32::try_from(number).ok()) {
            Some(number) if (low..=high).contains(&number) => Ok(Some(number)),
            _ => Err(OptionError::Value { key, takes: format!("a whole number from {low} to {high}") }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_key_and_what_it_takes() {
        let map = Value::Map(Map::from([("minSize", Value::from("big")), ("select", Value::Null)]));
        let options = Options::new(Some(&map), &["minSize", "select"]).unwrap();
        let error = options.whole("minSize", 0, 9).unwrap_err();
        assert_eq!(error.to_string(), "'minSize' of the configuration must be a whole number from 0 to 9");
        assert_eq!(options.number("select", 0.0, 1.0), Ok(None));
        let error = Options::new(Some(&map), &["select"]).err().unwrap();
        assert_eq!(error.to_string(), "the configuration has no key 'minSize'; its keys are: select");
    }
}
