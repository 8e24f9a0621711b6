//! Columns of a computed row on their way back through CSV: how a statement reads them.

/// How a column is read from a row of LOAD CSV. In front of all columns stands a field of ours, which keeps a
/// line from being blank and a byte order mark from being eaten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// `5`
    Integer,
    /// `0.5`, `NaN`, `Infinity`
    Float,
    /// `true`, `false`
    Boolean,
    /// Text in which [`Field::ESCAPES`] stand for what CSV would not keep.
    String,
    /// `f` and the numbers, semicolons between.
    Floats,
    /// A field that says whether it is there, and one field (or more) for each value.
    Map(Vec<(String, Field)>),
}

impl Field {
    /// What stands in a text for what. `~` comes first in writing, last in reading.
    pub const ESCAPES: [(&'static str, &'static str); 6] =
        [("~", "~0"), ("\"", "~q"), ("\\", "~b"), (",", "~c"), ("\n", "~n"), ("\r", "~r")];

    /// How many fields of the line it takes.
    pub fn width(&self) -> usize {
        match self {
            Self::Map(entries) => 1 + entries.iter().map(|(_, field)| field.width()).sum::<usize>(),
            _ => 1,
        }
    }

    /// The expression that reads it from the fields of the variable `row`, from the field `at` on.
    pub(super) fn expression(&self, row: &str, at: usize) -> String {
        match self {
            Self::Integer => format!("toInteger({row}[{at}])"),
            Self::Float => format!("toFloat({row}[{at}])"),
            Self::Boolean => format!("toBoolean({row}[{at}])"),
            Self::String => {
                Self::ESCAPES.iter().rev().fold(format!("{row}[{at}]"), |inner, (plain, escaped)| {
                    let plain = match *plain {
                        "\\" => r"\\",
                        "\n" => r"\n",
                        "\r" => r"\r",
                        plain => plain,
                    };
                    format!("replace({inner}, '{escaped}', '{plain}')")
                })
            }
            Self::Floats => format!("toFloatList(split({row}[{at}], ';')[1..])"),
            Self::Map(entries) => {
                let mut next = at + 1;
                let entries = entries.iter().map(|(key, field)| {
                    let value = field.expression(row, next);
                    next += field.width();
                    format!("{key}: {value}")
                });
                let entries: Vec<String> = entries.collect();
                format!("CASE WHEN {row}[{at}] IS NULL THEN null ELSE {{{}}} END", entries.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_expression() {
        for (field, expected) in [
            (Field::Integer, "toInteger(r[2])"),
            (Field::Boolean, "toBoolean(r[2])"),
            (Field::Floats, "toFloatList(split(r[2], ';')[1..])"),
            (
                Field::String,
                r#"replace(replace(replace(replace(replace(replace(r[2], '~r', '\r'), '~n', '\n'), '~c', ','), '~b', '\\'), '~q', '"'), '~0', '~')"#,
            ),
            (
                Field::Map(vec![("x".into(), Field::Float), ("p".into(), Field::Floats)]),
                "CASE WHEN r[2] IS NULL THEN null ELSE {x: toFloat(r[3]), p: toFloatList(split(r[4], ';')[1..])} END",
            ),
        ] {
            assert_eq!(field.expression("r", 2), expected);
        }
    }
}
