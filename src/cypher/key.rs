//! Arguments of a row on their way through a URL: the expression that writes them, and the way back.
//!
//! Neo4j makes a `java.net.URI` of what LOAD CSV reads from, which refuses some characters and cuts at `#`; the
//! rest of Unicode goes out as raw UTF-8. So what it refuses, and what we need ourselves (`%`, `/`, `?`), is
//! percent-encoded by the statement, with the pairs of [`escapes`] as a parameter.

/// One computed argument, or one computed value of a literal map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// `null`
    Null,
    /// A string.
    Text(String),
    /// A value of another type: what `valueType` and `toStringOrNull` say of it.
    Other {
        /// Such as `INTEGER NOT NULL`.
        kind: String,
        /// Such as `5`; empty where there is no such text.
        text: String,
    },
    /// A list, where one is wanted.
    List(Vec<KeyPart>),
    /// A map, where one is wanted: its entries by name.
    Map(Vec<(String, KeyPart)>),
}

/// What a computed expression has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// Whatever the user writes.
    #[default]
    Anything,
    /// A string: Neo4j refuses the statement if it knows beforehand that it is none, as it would for an argument of
    /// that type.
    Text,
    /// A list.
    List,
    /// A map, or what has properties.
    Map,
}

/// A key that is not what the statement wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A raw `?`, which the JVM writes for each character that its encoding lacks.
    #[error(
        "characters of this argument were lost on the way: start Neo4j's JVM with -Dfile.encoding=UTF-8, as its \
         launcher does"
    )]
    Damaged,
    /// Not the statement's doing.
    #[error("this is no argument that a statement sent")]
    Malformed,
}

/// What a URL keeps of ASCII beside letters and digits.
const PLAIN: &str = "-._~:=&+,;@!$'()*";

/// What `java.net.URI` refuses beyond ASCII and its controls.
const SPACES: [char; 18] = [
    '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}',
    '\u{2007}', '\u{2008}', '\u{2009}', '\u{200a}', '\u{2028}', '\u{2029}', '\u{202f}', '\u{205f}',
    '\u{3000}',
];

/// Each character that must not stand in a key, and what stands for it. `%` is the first.
pub fn escapes() -> Vec<(String, String)> {
    let controls =
        ('\0'..='\u{9f}').filter(|&c| !(c.is_ascii_alphanumeric() || PLAIN.contains(c) || c == '%'));
    let all = std::iter::once('%').chain(controls).chain(SPACES);
    let escaped = |c: char| c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    all.map(|c| (c.to_string(), escaped(c))).collect()
}

/// The expression that writes the variable `value` into a URL. `scratch` is what names of its own start with,
/// `pairs` the name of the parameter that holds [`escapes`]. With `raise`, the name of a parameter, a value that has no
/// text fails instead where another type is wanted: only Neo4j can print it, as it does in the error of a `toFloat` of
/// a list with the parameter, the type that is wanted, and the value.
pub(super) fn expression(
    value: &str,
    wanted: Wanted,
    scratch: &str,
    pairs: &str,
    raise: Option<&str>,
) -> String {
    let text = match wanted {
        Wanted::Text => format!("replace({value}, '%', '%')"),
        _ => format!("toStringOrNull({value})"),
    };
    let kind = match wanted {
        Wanted::Text => Some("String"),
        Wanted::Map => Some("Map"),
        Wanted::Anything | Wanted::List => None,
    };
    let textless = match raise.zip(kind) {
        Some((raise, kind)) => {
            // Neo4j would not take a list beforehand.
            format!("toString(toFloat(CASE WHEN false THEN 0.0 ELSE [${raise}, '{kind}', {value}] END))")
        }
        None => "''".to_owned(),
    };
    let plain = format!(
        "reduce({scratch}s = CASE WHEN {value} IS NULL THEN 'n' WHEN {value} IS :: STRING THEN 's' + {text} \
         ELSE 't' + valueType({value}) + ' ' + coalesce(toStringOrNull({value}), {textless}) END, \
         {scratch}e IN ${pairs} | replace({scratch}s, {scratch}e[0], {scratch}e[1]))"
    );
    let entry = |value: &str| expression(value, Wanted::Anything, scratch, pairs, None);
    let name = format!("{scratch}n");
    match wanted {
        Wanted::Anything | Wanted::Text => return plain,
        Wanted::List => {
            return format!(
                "CASE WHEN {value} IS NOT NULL AND {value} IS :: LIST<ANY> \
                 THEN reduce({scratch}m = 'l' + toString(size({value})), {name} IN {value} \
                 | {scratch}m + '/' + {}) ELSE {plain} END",
                entry(&name)
            );
        }
        Wanted::Map => {}
    }
    format!(
        "CASE WHEN {value} IS NOT NULL AND {value} IS :: MAP | NODE | RELATIONSHIP \
         THEN reduce({scratch}m = 'm' + toString(size(keys({value}))), {name} IN keys({value}) \
         | {scratch}m + '/' + {} + '/' + {}) ELSE {plain} END",
        entry(&name),
        entry(&format!("{value}[{name}]"))
    )
}

/// What a key says, of which the parts stand between slashes.
///
/// # Errors
/// If it is not as `expression` writes it.
pub fn parts(key: &[u8]) -> Result<Vec<KeyPart>, KeyError> {
    let mut parts = Vec::new();
    let mut rest = key.split(|&byte| byte == b'/');
    while let Some(raw) = rest.next() {
        if let Some(items) = raw.strip_prefix(b"l") {
            let mut list = Vec::new();
            for _ in 0..count(items)? {
                list.push(part(rest.next().ok_or(KeyError::Malformed)?)?);
            }
            parts.push(KeyPart::List(list));
            continue;
        }
        let Some(names) = raw.strip_prefix(b"m") else {
            parts.push(part(raw)?);
            continue;
        };
        let mut entries = Vec::new();
        for _ in 0..count(names)? {
            let (Some(name), Some(value)) = (rest.next(), rest.next()) else {
                return Err(KeyError::Malformed);
            };
            let KeyPart::Text(name) = part(name)? else { return Err(KeyError::Malformed) };
            entries.push((name, part(value)?));
        }
        // The order of a map's keys means nothing.
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        parts.push(KeyPart::Map(entries));
    }
    Ok(parts)
}

fn count(digits: &[u8]) -> Result<u32, KeyError> {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(KeyError::Malformed)
}

fn part(raw: &[u8]) -> Result<KeyPart, KeyError> {
    let text = String::from_utf8(decode(raw)?).map_err(|_| KeyError::Malformed)?;
    let mut rest = text.chars();
    match rest.next() {
        Some('n') if rest.as_str().is_empty() => Ok(KeyPart::Null),
        Some('s') => Ok(KeyPart::Text(rest.as_str().to_owned())),
        Some('t') => {
            let rest = rest.as_str();
            // The name of a type ends with these words, of a type within it with the same and a `>`.
            let split = rest.find(" NOT NULL ").map(|at| at + " NOT NULL".len()).or_else(|| rest.find(' '));
            let (kind, text) = split.and_then(|at| rest.split_at_checked(at)).ok_or(KeyError::Malformed)?;
            let text = text.strip_prefix(' ').unwrap_or(text);
            Ok(KeyPart::Other { kind: kind.to_owned(), text: text.to_owned() })
        }
        _ => Err(KeyError::Malformed),
    }
}

fn decode(raw: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().copied();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(hex).ok_or(KeyError::Malformed);
                digit()? << 4 | digit()?
            }
            b'?' => return Err(KeyError::Damaged),
            _ => byte,
        });
    }
    Ok(out)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the expression makes of a string.
    fn written(text: &str) -> String {
        escapes().iter().fold(format!("s{text}"), |text, (from, to)| text.replace(from, to))
    }

    #[test]
    fn the_escapes_are_those_that_a_uri_needs() {
        let escapes = escapes();
        assert_eq!(escapes.len(), 99);
        assert_eq!(escapes[0], ("%".into(), "%25".into()));
        for (from, to) in [(" ", "%20"), ("/", "%2F"), ("?", "%3F"), ("#", "%23"), ("\u{2028}", "%E2%80%A8")]
        {
            assert!(escapes.contains(&(from.into(), to.into())), "{from:?}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let other = |kind: &str, text: &str| KeyPart::Other { kind: kind.into(), text: text.into() };
        for (key, expected) in [
            ("n", vec![KeyPart::Null]),
            ("s", vec![KeyPart::Text(String::new())]),
            ("sa%2Fb/n", vec![KeyPart::Text("a/b".into()), KeyPart::Null]),
            ("tINTEGER%20NOT%20NULL%205", vec![other("INTEGER NOT NULL", "5")]),
            (
                "tLIST%3CSTRING%20NOT%20NULL%3E%20NOT%20NULL%20",
                vec![other("LIST<STRING NOT NULL> NOT NULL", "")],
            ),
            ("tDATE%20NOT%20NULL%202020-01-01", vec![other("DATE NOT NULL", "2020-01-01")]),
            ("sé", vec![KeyPart::Text("é".into())]),
            ("l0", vec![KeyPart::List(vec![])]),
            ("l2/sa%2F/n/su", {
                let items = vec![KeyPart::Text("a/".into()), KeyPart::Null];
                vec![KeyPart::List(items), KeyPart::Text("u".into())]
            }),
            ("m0/n", vec![KeyPart::Map(vec![]), KeyPart::Null]),
            ("su/m2/sb/n/sa%2F/sx", {
                let entries = vec![("a/".into(), KeyPart::Text("x".into())), ("b".into(), KeyPart::Null)];
                vec![KeyPart::Text("u".into()), KeyPart::Map(entries)]
            }),
        ] {
            assert_eq!(parts(key.as_bytes()), Ok(expected), "{key}");
        }
    }

    #[test]
    fn what_no_statement_wrote_is_refused() {
        for key in [
            "",
            "n/",
            "nx",
            "x",
            "s%",
            "s%2",
            "s%zz",
            "s%FF",
            "t",
            "tINTEGER",
            "l",
            "l1",
            "l-1",
            "l2/sa",
            "l1/l0",
            "m",
            "mx",
            "m1",
            "m1/sa",
            "m1/n/n",
            "m-1",
            "m99999999999",
        ] {
            assert_eq!(parts(key.as_bytes()), Err(KeyError::Malformed), "{key}");
        }
        assert_eq!(parts(b"s?"), Err(KeyError::Damaged));
    }

    proptest! {
        #[test]
        fn every_string_comes_back(text in any::<String>(), next in "\\PC*") {
            let key = format!("{}/{}", written(&text), written(&next));
            prop_assert!(key.chars().all(|c| !c.is_control() && !c.is_whitespace() && c != '#'));
            prop_assert_eq!(parts(key.as_bytes()), Ok(vec![KeyPart::Text(text), KeyPart::Text(next)]));
        }

        #[test]
        fn no_bytes_are_trusted(key in any::<Vec<u8>>()) {
            let _ = parts(&key);
        }
    }
}
