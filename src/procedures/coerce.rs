//! Values as Neo4j prints them in `Can't coerce `Long(5)` to String`.

use packstream::Value;

use crate::cypher::KeyPart;

/// A value that came with the request.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "NO_VALUE".to_owned(),
        Value::Boolean(value) => format!("Boolean('{value}')"),
        Value::Integer(value) => format!("Long({value})"),
        Value::Float(value) => format!("Double({})", scientific(*value)),
        Value::String(value) => format!("String(\"{value}\")"),
        Value::List(items) => {
            format!("List{{{}}}", items.iter().map(self::value).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key} -> {}", self::value(value)));
            format!("Map{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Bytes(_) => "ByteArray[..]".to_owned(),
        Value::Structure(_) | Value::Uuid(_) => "..".to_owned(),
    }
}

/// A value that a row brought.
pub(super) fn part(part: &KeyPart) -> String {
    match part {
        KeyPart::Other { kind, text } if part_value(part).is_none() => {
            // Lists, maps and entities have no text.
            if text.is_empty() { kind.trim_end_matches(" NOT NULL").to_owned() } else { text.clone() }
        }
        _ => part_value(part).as_ref().map(value).unwrap_or_default(),
    }
}

/// The value that a row brought, if it is a scalar, or a list or a map where one is wanted.
pub(super) fn part_value(part: &KeyPart) -> Option<Value> {
    match part {
        KeyPart::Null => Some(Value::Null),
        KeyPart::Text(text) => Some(Value::String(text.clone())),
        KeyPart::List(items) => {
            let item = |part: &KeyPart| part_value(part).unwrap_or(Value::List(Vec::new()));
            Some(Value::List(items.iter().map(item).collect()))
        }
        // What no setting takes is refused as it would be: it is no scalar.
        KeyPart::Map(entries) => {
            let entry = |(name, part): &(String, KeyPart)| {
                (name.clone(), part_value(part).unwrap_or_else(|| Value::List(Vec::new())))
            };
            Some(Value::Map(entries.iter().map(entry).collect()))
        }
        KeyPart::Other { kind, text } => match kind.as_str() {
            "INTEGER NOT NULL" => text.parse().ok().map(Value::Integer),
            "BOOLEAN NOT NULL" => text.parse().ok().map(Value::Boolean),
            // Rust reads what Java writes: 1.0E10, NaN, Infinity.
            "FLOAT NOT NULL" => text.parse().ok().map(Value::Float),
            _ => None,
        },
    }
}

/// A number as Java's `%e` writes it.
fn scientific(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN".to_owned()
        } else {
            format!("{number}").replace("inf", "Infinity")
        };
    }
    let text = format!("{number:.6e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use packstream::Map;

    #[test]
    fn values_look_as_neo4j_prints_them() {
        let list = Value::List(vec![Value::from(1), Value::from("a"), Value::Null]);
        for (given, expected) in [
            (Value::from(5), "Long(5)"),
            (Value::Float(1.5), "Double(1.500000e+00)"),
            (Value::Float(1e300), "Double(1.000000e+300)"),
            (Value::Float(-1.0 / 3.0), "Double(-3.333333e-01)"),
            (Value::from(true), "Boolean('true')"),
            (list, "List{Long(1), String(\"a\"), NO_VALUE}"),
            (Value::Map(Map::from([("a", 1), ("b", 2)])), "Map{a -> Long(1), b -> Long(2)}"),
        ] {
            assert_eq!(value(&given), expected);
        }
    }

    #[test]
    fn what_a_row_brings_is_read_back() {
        let other = |kind: &str, text: &str| KeyPart::Other { kind: kind.into(), text: text.into() };
        for (given, expected) in [
            (other("INTEGER NOT NULL", "-5"), "Long(-5)"),
            (other("FLOAT NOT NULL", "1.0E300"), "Double(1.000000e+300)"),
            (other("FLOAT NOT NULL", "-Infinity"), "Double(-Infinity)"),
            (other("BOOLEAN NOT NULL", "false"), "Boolean('false')"),
            (other("DATE NOT NULL", "2020-01-01"), "2020-01-01"),
            (other("NODE NOT NULL", ""), "NODE"),
        ] {
            assert_eq!(part(&given), expected);
        }
    }
}
