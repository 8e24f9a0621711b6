//! The statements of a conversation: what each means to its client, and what to a server that gets our edited text.

use packstream::{Map, Value};

use super::model::{Meaning, Said, failure};

pub(super) const TWO: &str = "two";
pub(super) const SLOW: &str = "slow";
pub(super) const NEVER: &str = "never";

/// What the procedure says when it fails.
pub(super) const REASON: &str = "the face engine has stopped";

/// A parameter of this many bytes goes with [`MUCH`], which makes it twice as long as a statement may be.
pub(super) const LONG: usize = 2400;

pub(super) const MUCH: &str = "CALL face.embed($long) YIELD index RETURN index";

const PAIRS: &str = "MATCH (a:F), (b:F) WHERE id(a) < id(b) \
    WITH a, b, gds.similarity.euclideanDistance(a.e, b.e) AS d WHERE d < 1.5 RETURN d";

/// All of them.
pub(super) const STATEMENTS: [&str; 16] = [
    "RETURN 1 AS n",
    "UNWIND range(1, 5) AS n RETURN n",
    "RETURN 1 / 0 AS n",
    "RETURN",
    "RETURN sleep() AS n",
    "CALL face.embed('two') YIELD index RETURN index",
    "CALL face.embed('slow') YIELD index RETURN index",
    "CALL face.embed('fails') YIELD index RETURN index",
    "CALL face.embed('never') YIELD index RETURN index",
    "CALL face.embed() YIELD index RETURN index",
    "SHOW PROCEDURES YIELD name",
    PAIRS,
    // A vector is missing; the nodes may not be read; all of it is written out.
    "MATCH (a:G), (b:G) WHERE id(a) < id(b) \
     WITH a, b, gds.similarity.euclideanDistance(a.e, b.e) AS d WHERE d < 1.5 RETURN d",
    "MATCH (a:H), (b:H) WHERE id(a) < id(b) \
     WITH a, b, gds.similarity.euclideanDistance(a.e, b.e) AS d WHERE d < 1.5 RETURN d",
    "RETURN gds.similarity.cosine([1.0], [2.0]) AS s",
    MUCH,
];

fn rows<V: Into<Value>>(field: &'static str, values: impl IntoIterator<Item = V>) -> Meaning {
    Meaning { fields: vec![field], rows: values.into_iter().map(Into::into).collect(), ..Meaning::default() }
}

fn fails(said: Said) -> Meaning {
    Meaning { fails: Some(said), ..Meaning::default() }
}

fn breaks(field: &'static str, said: Said) -> Meaning {
    Meaning { fields: vec![field], breaks: Some(said), ..Meaning::default() }
}

fn thrown(reason: &str) -> Meaning {
    let message =
        format!("Failed to invoke procedure `face.embed`: Caused by: java.lang.RuntimeException: {reason}");
    breaks("index", failure("Neo.ClientError.Procedure.ProcedureCallFailed", &message))
}

/// What Neo4j understands by itself.
fn own(text: &str) -> Option<Meaning> {
    Some(match text {
        "RETURN 1 AS n" => rows("n", [1]),
        "UNWIND range(1, 5) AS n RETURN n" => rows("n", 1..=5),
        "RETURN 1 / 0 AS n" => breaks("n", failure("Neo.ClientError.Statement.ArithmeticError", "/ by zero")),
        "RETURN" => fails(failure("Neo.ClientError.Statement.SyntaxError", "no")),
        "RETURN sleep() AS n" => Meaning { slow: true, ..rows("n", [1]) },
        _ => return None,
    })
}

/// What the client is to see.
pub(super) fn client(text: &str, _: &Map) -> Meaning {
    if let Some(own) = own(text) {
        return own;
    }
    let number = STATEMENTS.iter().position(|statement| *statement == text).unwrap();
    match number {
        5 => rows("index", 0..2),
        6 => rows("index", 0..5),
        7 => thrown(REASON),
        8 => thrown("it took longer than 60 s"),
        9 => fails(failure("Neo.ClientError.Statement.SyntaxError", "~face.embed")),
        10 => rows("name", ["db.labels", "face.embed", "tx.setMetaData"]),
        11 => rows("d", [1.0]),
        12 => {
            let message = "~Failed to invoke function `gds.similarity.euclideanDistance`";
            fails(failure("Neo.ClientError.Procedure.ProcedureCallFailed", message))
        }
        13 => fails(failure("Neo.ClientError.Security.Forbidden", "may not")),
        14 => rows("s", [1.0]),
        _ => fails(failure("Neo.ClientError.Statement.ExecutionFailed", "~limits.statement_bytes")),
    }
}

/// What a server makes of it that has none of our names.
pub(super) fn server(text: &str, parameters: &Map) -> Meaning {
    if let Some(own) = own(text) {
        return own;
    }
    let names = ["db.labels", "tx.setMetaData"];
    let nodes = |vectors: [Option<f64>; 3]| {
        let row = |(id, vector): (i64, Option<f64>)| {
            let vector = vector.map_or(Value::Null, |x| vec![Value::from(x), Value::from(0.0)].into());
            vec![Value::from(format!("4:{id}")), Value::from(id), vector]
        };
        (1..).zip(vectors).map(row).collect::<Vec<_>>()
    };
    let table = |fields: &[&'static str], rows: Vec<Vec<Value>>| Meaning {
        fields: fields.to_vec(),
        rows: rows.into_iter().map(Value::from).collect(),
        ..Meaning::default()
    };
    let gather = ["elementId", "id", "vector"];
    let first = parameters.iter().next().map(|(_, value)| value);
    match (text, first) {
        (text, None) if text.starts_with("SHOW FUNCTIONS") => rows::<i64>("name", []),
        ("SHOW PROCEDURES YIELD name" | "SHOW PROCEDURES YIELD *", None) => rows("name", names),
        (text, None) if text.starts_with("MATCH (a:F) RETURN elementId") => {
            table(&gather, nodes([Some(0.0), Some(1.0), Some(5.0)]))
        }
        (text, None) if text.starts_with("MATCH (a:G) RETURN elementId") => {
            table(&gather, nodes([Some(0.0), None, None]))
        }
        (text, None) if text.starts_with("MATCH (a:H) RETURN elementId") => {
            fails(failure("Neo.ClientError.Security.Forbidden", "may not"))
        }
        (text, None) if text.contains("face.embed") => fails(failure(
            "Neo.ClientError.Procedure.ProcedureNotFound",
            "There is no procedure with the name `face.embed` registered for this database instance.",
        )),
        // Rows that travel; a failure that does; a function that was written out.
        (text, Some(Value::List(carried))) if text.ends_with("RETURN d") => rows(
            "d",
            carried.iter().flat_map(|group| group.as_list().unwrap()[2].as_list().unwrap().to_vec()),
        ),
        (text, Some(Value::List(carried))) => {
            let field = if text.contains("name") { "name" } else { "index" };
            rows(field, carried.iter().map(|row| row.as_map().unwrap().get(field).unwrap().clone()))
        }
        (text, Some(Value::String(_))) if text.contains("vector.similarity.euclidean") => rows("s", [1.0]),
        (_, Some(Value::String(token))) => {
            let message = format!("Text cannot be parsed to a Date\n\"{token}\"");
            breaks("index", failure("Neo.ClientError.Statement.SyntaxError", &message))
        }
        _ => panic!("nobody has said what {text} means with {parameters:?}"),
    }
}
