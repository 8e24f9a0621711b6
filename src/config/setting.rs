//! How one setting is read and written, whatever it comes from: TOML, environment or flag.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use toml::Value;

/// The type of a configuration key.
///
/// The fields of [`Config`](super::Config) keep plain types (`usize`, `Duration`, `PathBuf`); this trait adds the
/// text form, and the sentence that tells what the key takes.
pub(crate) trait Setting: Sized {
    /// What the key takes, as the end of "it takes ...".
    fn takes() -> String;

    /// The value that a text stands for, or `None` if it stands for none.
    fn parse(text: &str) -> Option<Self>;

    /// The value as it is written in the file.
    fn write(&self) -> Value;

    /// The value of a key: a text, or a number as the text that it is written with.
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Integer(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }
}

/// For `#[serde(serialize_with)]`.
pub(super) fn serialize<T: Setting, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write().serialize(serializer)
}

/// For `#[serde(deserialize_with)]`. The message of an error is [`Setting::takes`] and nothing else.
pub(super) fn deserialize<'de, T: Setting, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    T::read(&value).ok_or_else(|| D::Error::custom(T::takes()))
}

/// TOML knows 64-bit signed numbers only; a larger one is written as text, which is read as well.
fn number(value: impl Copy + TryInto<i64> + ToString) -> Value {
    value.try_into().map_or_else(|_| Value::String(value.to_string()), Value::Integer)
}

/// Digits, with `_` between them as in TOML.
fn digits(text: &str) -> Option<String> {
    let digits = text.replace('_', "");
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)
}

impl Setting for u64 {
    fn takes() -> String {
        "a whole number, 0 or more".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        digits(text)?.parse().ok()
    }
    fn write(&self) -> Value {
        number(*self)
    }
}

impl Setting for usize {
    fn takes() -> String {
        u64::takes()
    }
    fn parse(text: &str) -> Option<Self> {
        digits(text)?.parse().ok()
    }
    fn write(&self) -> Value {
        number(*self)
    }
}

impl Setting for NonZeroUsize {
    fn takes() -> String {
        "a whole number, 1 or more".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        digits(text)?.parse().ok()
    }
    fn write(&self) -> Value {
        number(self.get())
    }
}

/// A number of bytes, for `#[serde(with = "size")]` on a `usize`.
pub(super) mod size {
    use super::{ByteSize, Deserializer, Serializer, Setting, Value};

    /// A size of at least `LEAST` bytes, which is 0 or 1.
    struct Size<const LEAST: u64>(usize);

    /// Written with the largest of these that divides it.
    const UNITS: [(u64, &str); 3] = [(bytesize::GIB, "GiB"), (bytesize::MIB, "MiB"), (bytesize::KIB, "KiB")];

    impl<const LEAST: u64> Setting for Size<LEAST> {
        fn takes() -> String {
            let least = if LEAST == 0 { "" } else { " of at least one byte" };
            format!("a size{least}, such as \"10MiB\" or a number of bytes")
        }
        fn parse(text: &str) -> Option<Self> {
            let bytes = text.replace('_', "").parse::<ByteSize>().ok()?.as_u64();
            // The parser saturates; nobody means 16 exbibytes.
            if bytes < LEAST || bytes == u64::MAX { None } else { usize::try_from(bytes).ok().map(Self) }
        }
        fn write(&self) -> Value {
            let Ok(bytes) = u64::try_from(self.0) else { return super::number(self.0) };
            for (unit, name) in UNITS {
                if bytes > 0 && bytes % unit == 0 {
                    return Value::String(format!("{}{name}", bytes / unit));
                }
            }
            super::number(bytes)
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls")]
    pub(in crate::config) fn serialize<S: Serializer>(
        bytes: &usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        super::serialize(&Size::<1>(*bytes), serializer)
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<usize, D::Error> {
        super::deserialize(deserializer).map(|Size::<1>(bytes)| bytes)
    }

    /// The same, for what 0 turns off.
    pub(in crate::config) mod or_none {
        use super::{Deserializer, Serializer, Size};

        #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls")]
        pub(in crate::config) fn serialize<S: Serializer>(
            bytes: &usize,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            super::super::serialize(&Size::<0>(*bytes), serializer)
        }

        pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<usize, D::Error> {
            super::super::deserialize(deserializer).map(|Size::<0>(bytes)| bytes)
        }
    }
}

impl Setting for bool {
    fn takes() -> String {
        "true or false".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn write(&self) -> Value {
        Value::Boolean(*self)
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(*value),
            Value::String(text) => Self::parse(text),
            _ => None,
        }
    }
}

impl Setting for Duration {
    fn takes() -> String {
        "a duration above zero, such as \"10s\" or \"1m 30s\"".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        humantime::parse_duration(text).ok().filter(|duration| !duration.is_zero())
    }
    fn write(&self) -> Value {
        Value::String(humantime::format_duration(*self).to_string())
    }
}

impl Setting for PathBuf {
    fn takes() -> String {
        "a path".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }
    fn write(&self) -> Value {
        Value::String(self.display().to_string())
    }
}

impl Setting for String {
    fn takes() -> String {
        "a name".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Setting for IpNet {
    fn takes() -> String {
        "an address range such as \"10.0.0.0/8\"".to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// Empty text: none.
impl<T: Setting> Setting for Option<T> {
    fn takes() -> String {
        format!("{}, or \"\" for none", T::takes())
    }
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::parse(text).map(Some) }
    }
    fn write(&self) -> Value {
        self.as_ref().map_or_else(|| Value::String(String::new()), T::write)
    }
}

/// An array, or its elements with commas between them as one text.
impl<T: Setting> Setting for Vec<T> {
    fn takes() -> String {
        format!("a list, each element {}", T::takes())
    }
    fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::new());
        }
        text.split(',').map(|element| T::parse(element.trim())).collect()
    }
    fn write(&self) -> Value {
        Value::Array(self.iter().map(T::write).collect())
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(elements) => elements.iter().map(T::read).collect(),
            Value::String(text) => Self::parse(text),
            _ => None,
        }
    }
}
