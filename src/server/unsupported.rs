//! Settings that this version knows but cannot honour. To ignore one would surprise, so they end the start
//! instead.

use crate::config::{Config, NativeFrom};

/// One sentence for each setting that cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Unsupported(Vec<String>);

/// Refuses a configuration that asks for more than there is.
pub(crate) fn check(config: &Config) -> Result<(), Unsupported> {
    let Config { link, .. } = config;
    let asked = [(
        matches!(link.native_from, NativeFrom::Pairs(pairs) if pairs > 1),
        "link.native_from",
        "choice by size: links are always computed natively",
    )];
    let sentence = |(_, key, what): &(bool, &str, &str)| {
        format!("{key}: this version has no {what}; leave the key at its default")
    };
    let refused: Vec<String> = asked.iter().filter(|(asked, ..)| *asked).map(sentence).collect();
    if refused.is_empty() { Ok(()) } else { Err(Unsupported(refused)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flag, Sources};

    fn refused(key: &'static str, value: &str) -> Result<(), Unsupported> {
        let flag = Flag { name: "--test", key, text: value.to_owned() };
        let sources = Sources { file: None, environment: Vec::new(), flags: vec![flag] };
        check(&sources.load().unwrap().config)
    }

    #[test]
    fn what_is_there_is_accepted() {
        assert_eq!(check(&Config::default()), Ok(()));
        assert_eq!(refused("listen.advertised_address", "db.example.org:7687"), Ok(()));
        assert_eq!(refused("callback.url", "http://10.0.0.1:7689"), Ok(()));
        assert_eq!(refused("link.native_from", "1"), Ok(()));
        assert_eq!(refused("backend.url", "bolt+s://db.example.org"), Ok(()));
        assert_eq!(refused("backend.proxy_protocol", "v2"), Ok(()));
        assert_eq!(refused("limits.connections_per_address", "5"), Ok(()));
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        let Unsupported(sentences) = refused("link.native_from", "1000").unwrap_err();
        assert_eq!(sentences.len(), 1);
        assert!(sentences[0].starts_with("link.native_from:"), "{sentences:?}");
    }
}
