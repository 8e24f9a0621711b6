//! Rows to the lines that LOAD CSV reads. Nothing is ever quoted but the empty string: what a backslash means
//! between quotes depends on a setting.

use std::fmt::Write;

use packstream::Value;

use crate::cypher::Field;

/// The lines of `rows`: a field of ours, then these `columns` of each row; `fields` has one entry per column of
/// the signature.
pub(crate) fn encode(rows: &[Vec<Value>], columns: &[usize], fields: &[Field]) -> Vec<u8> {
    let mut out = String::new();
    for row in rows {
        // A line must not be blank, nor start with a byte order mark.
        out.push('.');
        for &column in columns {
            if let Some(field) = fields.get(column) {
                write(&mut out, field, row.get(column).unwrap_or(&Value::Null));
            }
        }
        out.push('\n');
    }
    out.into_bytes()
}

/// Writes a comma and the value; null, or a value of another type than the field's, is empty.
fn write(out: &mut String, field: &Field, value: &Value) {
    out.push(',');
    match (field, value) {
        (Field::Integer, Value::Integer(number)) => push(out, format_args!("{number}")),
        (Field::Float, Value::Float(number)) => float(out, *number),
        (Field::Boolean, Value::Boolean(value)) => push(out, format_args!("{value}")),
        (Field::String, Value::String(text)) => string(out, text),
        (Field::Floats, Value::List(numbers)) => {
            out.push('f');
            for number in numbers {
                out.push(';');
                if let Value::Float(number) = number {
                    float(out, *number);
                }
            }
        }
        (Field::Map(entries), Value::Map(map)) => {
            out.push('m');
            for (key, field) in entries {
                write(out, field, map.get(key).unwrap_or(&Value::Null));
            }
        }
        (Field::Map(_), _) => (1..field.width()).for_each(|_| out.push(',')),
        _ => {}
    }
}

/// The shortest text that is read as the same bits.
fn float(out: &mut String, number: f64) {
    if number.is_infinite() {
        out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        push(out, format_args!("{number:?}"));
    }
}

fn string(out: &mut String, text: &str) {
    if text.is_empty() {
        out.push_str("\"\"");
        return;
    }
    for character in text.chars() {
        let escaped = Field::ESCAPES.iter().find(|(plain, _)| plain.starts_with(character));
        match escaped {
            Some((_, escaped)) => out.push_str(escaped),
            None => out.push(character),
        }
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use packstream::Map;
    use proptest::prelude::*;

    /// Neo4j's reader, as far as it matters: lines of fields, blank lines skipped, null for nothing.
    fn read(bytes: &[u8]) -> Vec<Vec<Option<String>>> {
        let text = std::str::from_utf8(bytes).unwrap();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let field = |field: &str| match field {
            "" => None,
            "\"\"" => Some(String::new()),
            plain => {
                assert!(!plain.contains(['"', '\r']), "{plain:?}");
                Some(plain.to_owned())
            }
        };
        text.split('\n')
            .filter(|line| !line.is_empty())
            .map(|line| line.split(',').map(field).collect())
            .collect()
    }

    /// What the expression of a field makes of a row.
    fn evaluate(field: &Field, row: &[Option<String>], at: usize) -> Value {
        let float = |text: &str| Value::Float(text.parse().unwrap());
        let Some(text) = &row[at] else { return Value::Null };
        match field {
            Field::Integer => Value::Integer(text.parse().unwrap()),
            Field::Float => float(text),
            Field::Boolean => Value::Boolean(text.parse().unwrap()),
            Field::String => {
                let unescape = |text: String, (plain, escaped): &(&str, &str)| text.replace(escaped, plain);
                Value::String(Field::ESCAPES.iter().rev().fold(text.clone(), unescape))
            }
            Field::Floats => Value::List(text.split(';').skip(1).map(float).collect()),
            Field::Map(entries) => {
                let mut at = at + 1;
                let mut map = Map::new();
                for (key, field) in entries {
                    map.insert(key.clone(), evaluate(field, row, at));
                    at += field.width();
                }
                Value::Map(map)
            }
        }
    }

    fn same(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
            }
            _ => a == b,
        }
    }

    fn fields() -> Vec<Field> {
        let inner = vec![("x".to_owned(), Field::Float), ("points".to_owned(), Field::Floats)];
        vec![Field::String, Field::Integer, Field::Map(inner), Field::Floats, Field::Float, Field::Boolean]
    }

    prop_compose! {
        fn floats()(bits in proptest::collection::vec(any::<u64>(), 0..8)) -> Value {
            Value::List(bits.into_iter().map(|bits| Value::Float(f64::from_bits(bits))).collect())
        }
    }

    fn or_null(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        prop_oneof![1 => Just(Value::Null), 4 => value]
    }

    fn row() -> impl Strategy<Value = Vec<Value>> {
        let map = (or_null(any::<f64>().prop_map(Value::Float)), or_null(floats()))
            .prop_map(|(x, points)| Value::Map(Map::from([("x", x), ("points", points)])));
        (
            or_null("[~\"\\\\,\n\ra\u{feff}é;]{0,6}".prop_map(Value::from)),
            or_null(any::<i64>().prop_map(Value::Integer)),
            or_null(map),
            or_null(floats()),
            or_null(any::<f64>().prop_map(Value::Float)),
            or_null(any::<bool>().prop_map(Value::Boolean)),
        )
            .prop_map(|(a, b, c, d, e, f)| vec![a, b, c, d, e, f])
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in proptest::collection::vec(row(), 0..5), some in any::<[bool; 6]>()) {
            let fields = fields();
            let columns: Vec<usize> = (0..6).filter(|&column| some[column]).collect();
            let lines = read(&encode(&rows, &columns, &fields));
            prop_assert_eq!(lines.len(), rows.len());
            for (line, row) in lines.iter().zip(&rows) {
                prop_assert_eq!(line[0].as_deref(), Some("."));
                let mut at = 1;
                for &column in &columns {
                    let value = evaluate(&fields[column], line, at);
                    prop_assert!(same(&value, &row[column]), "{:?} {:?}", value, row[column]);
                    at += fields[column].width();
                }
                prop_assert_eq!(line.len(), at);
            }
        }
    }

    #[test]
    fn numbers_are_written_as_java_reads_them() {
        let numbers = [0.1, -0.0, 1e300, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let row = vec![Value::List(numbers.into_iter().map(Value::Float).collect())];
        let text = String::from_utf8(encode(&[row], &[0], &[Field::Floats])).unwrap();
        assert_eq!(text, ".,f;0.1;-0.0;1e300;5e-324;NaN;Infinity;-Infinity\n");
    }
}
