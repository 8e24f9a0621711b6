//! What an edit shows where Neo4j speaks of failures beside FAILURE itself: in rows, and behind messages.

use packstream::{Limits, Reader, Value};

use super::Edit;
use crate::session::SessionError;

impl Edit {
    /// A row. What `REPORT STATUS` says of a failure of ours is put into the procedure's words.
    pub(super) fn reported(&self, payload: Vec<u8>) -> Result<Vec<u8>, SessionError> {
        let mut reader = Reader::new(&payload, Limits::default());
        reader.structure()?;
        let columns = reader.list()?;
        let mut values = Vec::with_capacity(columns.min(64));
        let mut changed = false;
        for _ in 0..columns {
            let mut value = reader.value()?;
            changed |= self.say(&mut value);
            values.push(value);
        }
        if changed { Ok(bolt::message::record(&values)?) } else { Ok(payload) }
    }

    /// Puts the procedure's words into the texts of a value. Was there anything to be put?
    fn say(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let raised = self.raises.iter().find(|raise| text.contains(&raise.token));
                let told = match raised {
                    Some(raised) => Some(raised.failure.message.clone()),
                    None => self
                        .callbacks
                        .as_ref()
                        .and_then(|callbacks| callbacks.failure_in(text))
                        .map(|f| f.message),
                };
                let found = told.is_some();
                if let Some(told) = told {
                    *text = told;
                }
                found
            }
            Value::List(items) => items.iter_mut().fold(false, |changed, item| self.say(item) | changed),
            Value::Map(map) => {
                let keys: Vec<String> = map.iter().map(|(key, _)| key.to_owned()).collect();
                keys.iter()
                    .filter_map(|key| map.get_mut(key).map(|value| self.say(value)))
                    .fold(false, |a, b| a | b)
            }
            _ => false,
        }
    }
}

/// A message without what Neo4j appends while rows of a LOAD CSV are worked on: the name of the file and the line, or
/// ` ()` where it has none.
pub(super) fn without_file(message: &str) -> String {
    const FILE: &str = " (Failure when processing file '";
    if let Some(at) = message.rfind(FILE)
        && let Some((before, behind)) = message.split_at_checked(at)
        && let Some((_, behind)) = behind.split_once(".)")
    {
        return format!("{before}{behind}");
    }
    message.strip_suffix(" ()").unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use bolt::failure::{Failure, GqlStatus};

    use super::super::Raise;
    use super::*;

    #[test]
    fn a_message_keeps_what_is_the_users() {
        for (message, expected) in [
            ("/ by zero (Failure when processing file 'sthree.png' on line 2.)", "/ by zero"),
            ("/ by zero ()", "/ by zero"),
            (
                "x (Failure when processing file 's.) on' on line 1 (which is the last row in the file).)",
                "x on' on line 1 (which is the last row in the file).)",
            ),
            ("/ by zero (line 1)", "/ by zero (line 1)"),
            ("f()", "f()"),
        ] {
            assert_eq!(without_file(message), expected);
        }
    }

    #[test]
    fn rows_that_report_a_failure_say_it_in_the_procedures_words() {
        let failure = Failure { code: String::new(), message: "no image".into(), gql: GqlStatus::general() };
        let edit = Edit { raises: vec![Raise { token: "facebolt:1".into(), failure }], ..Edit::default() };
        let row = |text: &str| {
            let status = packstream::Map::from([
                ("errorMessage", Value::from(text)),
                ("committed", Value::from(false)),
            ]);
            bolt::message::record(&[Value::from(1), Value::List(vec![Value::Map(status)])]).unwrap()
        };
        let said = edit.reported(row("Text cannot be parsed to a Date\n\"facebolt:1\"\n ^")).unwrap();
        assert_eq!(said, row("no image"));
        assert_eq!(edit.reported(row("another")).unwrap(), row("another"));
    }
}
