//! Notifications: those that a LOAD CSV of ours caused are dropped, the others speak of the user's text.

use packstream::{Map, Value};

use super::Edit;

/// What a LOAD CSV of ours may cause: an insecure URL, and an eager operator behind it.
const STATUSES: [&str; 2] = ["01N72", "03N94"];

/// The same before Bolt 5.6.
const CODES: [&str; 2] =
    ["Neo.ClientNotification.Statement.InsecureProtocol", "Neo.ClientNotification.Statement.EagerOperator"];

/// Makes the notifications of a SUCCESS those of the user's text.
pub(super) fn translate(edit: &Edit, metadata: &mut Map) {
    let drops = edit.asks && !loads(&edit.text);
    if let Some(Value::List(statuses)) = metadata.get_mut("statuses") {
        statuses.retain(|status| !(drops && is(status, "gql_status", &STATUSES)));
        for status in statuses.iter_mut() {
            let record = as_map(status).and_then(|status| as_map(status.get_mut("diagnostic_record")?));
            if let Some(place) = record.and_then(|record| as_map(record.get_mut("_position")?)) {
                move_place(edit, place);
            }
        }
        once(statuses);
    }
    if let Some(Value::List(notifications)) = metadata.get_mut("notifications") {
        notifications.retain(|notification| !(drops && is(notification, "code", &CODES)));
        for notification in notifications.iter_mut() {
            if let Some(place) = as_map(notification).and_then(|map| as_map(map.get_mut("position")?)) {
                move_place(edit, place);
            }
        }
        once(notifications);
        if notifications.is_empty() {
            metadata.remove("notifications");
        }
    }
}

/// May the text hold a LOAD CSV of the user's own?
pub(super) fn loads(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    text.contains("LOAD") && text.contains("CSV")
}

/// Neo4j says everything once, but may have found a part of the user's text twice in ours.
fn once(entries: &mut Vec<Value>) {
    let mut seen: Vec<Value> = Vec::with_capacity(entries.len());
    for entry in entries.drain(..) {
        if !seen.contains(&entry) {
            seen.push(entry);
        }
    }
    *entries = seen;
}

fn is(entry: &Value, key: &str, any: &[&str]) -> bool {
    entry
        .as_map()
        .and_then(|map| map.get(key))
        .and_then(Value::as_str)
        .is_some_and(|value| any.contains(&value))
}

fn as_map(value: &mut Value) -> Option<&mut Map> {
    if let Value::Map(map) = value { Some(map) } else { None }
}

fn move_place(edit: &Edit, place: &mut Map) {
    let offset = place.get("offset").and_then(Value::as_i64).and_then(|offset| usize::try_from(offset).ok());
    let Some(offset) = offset else { return };
    let position = edit.position(offset);
    for (key, value) in [("offset", position.offset), ("line", position.line), ("column", position.column)] {
        place.insert(key, i64::try_from(value).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(offset: i64) -> Value {
        Value::Map(Map::from([("offset", offset), ("line", 1), ("column", offset + 1)]))
    }

    fn status(status: &str, offset: i64) -> Value {
        let record = Map::from([("_position", place(offset))]);
        Value::Map(Map::from([
            ("gql_status", Value::from(status)),
            ("diagnostic_record", Value::Map(record)),
        ]))
    }

    fn notification(code: &str) -> Value {
        Value::Map(Map::from([("code", Value::from(code)), ("position", place(1))]))
    }

    fn edit(text: &str) -> Edit {
        Edit { text: text.to_owned(), asks: true, ..Edit::default() }
    }

    #[test]
    fn what_we_caused_is_dropped() {
        let mut metadata = Map::from([
            ("statuses", Value::List(vec![status("00000", 0), status("01N72", 0), status("01N50", 3)])),
            ("notifications", Value::List(vec![notification(CODES[0])])),
        ]);
        translate(&edit("RETURN 1"), &mut metadata);
        let kept = Value::List(vec![status("00000", 0), status("01N50", 3)]);
        assert_eq!(metadata, Map::from([("statuses", kept)]));
    }

    #[test]
    fn what_is_said_of_one_place_is_said_once() {
        let mut metadata = Map::from([(
            "statuses",
            Value::List(vec![status("01N50", 3), status("01N50", 3), status("01N50", 5)]),
        )]);
        translate(&edit("RETURN 1"), &mut metadata);
        let kept = Value::List(vec![status("01N50", 3), status("01N50", 5)]);
        assert_eq!(metadata, Map::from([("statuses", kept)]));
    }

    #[test]
    fn what_the_user_caused_stays() {
        let statuses = Value::List(vec![status("01N72", 0)]);
        let mut metadata = Map::from([("statuses", statuses.clone())]);
        translate(&edit("load csv FROM 'x' AS x RETURN 1"), &mut metadata);
        assert_eq!(metadata, Map::from([("statuses", statuses)]));
    }
}
