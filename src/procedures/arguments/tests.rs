use super::*;
use crate::cypher::{Asks, Names, inspect};
use crate::procedures::{Argument, Default, Signature};

const SIGNATURE: Signature = Signature {
    name: "face.embed",
    arguments: &[
        Argument { name: "imageUrl", kind: Type::String, default: None },
        Argument { name: "configuration", kind: Type::Map, default: Some(Default::EmptyMap) },
    ],
    columns: &[],
    description: "",
    writes: false,
};

fn checked(text: &str) -> Result<Vec<Given>, ArgumentError> {
    let procedures = [cypher::Signature {
        name: "face.embed",
        arguments: &["imageUrl", "configuration"],
        required: 1,
        columns: &["embedding"],
        writes: false,
    }];
    let Ok(Asks::Calls(statement)) = inspect(text, &Names { procedures: &procedures, functions: &[] }) else {
        panic!("{text}")
    };
    check(&SIGNATURE, &statement.calls[0], &|name| (name == "imageUrl").then_some(Value::from(5)))
}

fn query(arguments: &str) -> Result<Vec<Given>, ArgumentError> {
    checked(&format!("MATCH (n) CALL face.embed({arguments}) YIELD embedding RETURN embedding"))
}

#[test]
fn what_the_statement_fixes_is_told_from_what_rows_bring() {
    let empty = Given::Known(Value::Map(Map::new()));
    assert_eq!(query("'a'"), Ok(vec![Given::Known(Value::from("a")), empty.clone()]));
    assert_eq!(query("n.url"), Ok(vec![Given::Row, empty]));
    let map = Given::Map(vec![("model".into(), None), ("minSize".into(), Some(Value::from(5)))]);
    assert_eq!(query("n.url, {model: n.m, minSize: 5}"), Ok(vec![Given::Row, map]));
    assert_eq!(query("n.url, n.map"), Ok(vec![Given::Row, Given::Row]));
    for (arguments, wrong) in [("{a: n.url}", "Map"), ("n.url, 5", "Integer")] {
        let Err(ArgumentError::Type { given, .. }) = query(arguments) else { panic!("{arguments}") };
        assert_eq!(given.shown(true), wrong);
    }
    assert_eq!(query("$x"), Err(ArgumentError::Missing(vec!["x".into()])));
    let error = CoerceError { value: "Long(5)".into(), expected: Type::String };
    assert_eq!(error.to_string(), "Can't coerce `Long(5)` to String");
    assert_eq!(checked("CALL face.embed"), Err(ArgumentError::Coerce(error)));
}

#[test]
fn rows_fill_in_what_is_missing() {
    let given = query("n.url, {model: n.m, minSize: 5, select: n.s}").unwrap();
    let text = |text: &str| KeyPart::Text(text.into());
    let five = KeyPart::Other { kind: "INTEGER NOT NULL".into(), text: "5".into() };
    let map =
        Map::from([("model", Value::from("sface")), ("minSize", Value::from(5)), ("select", Value::from(5))]);
    let filled = fill(&SIGNATURE, &given, vec![text("u"), text("sface"), five.clone()]);
    assert_eq!(filled, Ok(vec![Value::from("u"), Value::Map(map)]));
    let wrong = fill(&SIGNATURE, &given, vec![five, text("sface"), KeyPart::Null]);
    assert!(matches!(wrong, Err(RowError::Coerce(error)) if error.value == "Long(5)"));
    assert_eq!(fill(&SIGNATURE, &given, vec![text("u")]), Err(RowError::Count));
    assert_eq!(fill(&SIGNATURE, &given, vec![KeyPart::Null; 4]), Err(RowError::Count));
    let whole = KeyPart::Map(vec![("model".into(), text("sface")), ("x".into(), KeyPart::Null)]);
    let map = Map::from([("model", Value::from("sface")), ("x", Value::Null)]);
    let given = query("n.url, n.map").unwrap();
    assert_eq!(fill(&SIGNATURE, &given, vec![text("u"), whole]), Ok(vec![Value::from("u"), Value::Map(map)]));
}
