//! The procedures as `SHOW PROCEDURES` lists those of Neo4j, and the functions as `SHOW FUNCTIONS` does.

use packstream::{Map, Value};

use super::{Argument, Column, Registry, Signature};

/// What every row holds, by the columns of `YIELD *`; in the order of the names.
pub(crate) fn procedures(registry: &Registry) -> Vec<Map> {
    let mut rows: Vec<_> = registry.all().map(|procedure| procedure.signature()).collect();
    rows.sort_unstable_by_key(|signature| signature.name);
    rows.into_iter().map(row).collect()
}

/// The functions that stand in for those of Graph Data Science, in the order of their names.
const FUNCTIONS: [(&str, &str); 6] = [
    ("gds.similarity.cosine", "The cosine of the angle between two vectors."),
    ("gds.similarity.euclidean", "A similarity of two vectors: 1 / (1 + their Euclidean distance)."),
    ("gds.similarity.euclideanDistance", "The Euclidean distance of two vectors."),
    ("gds.similarity.jaccard", "The size of the intersection of two lists divided by that of their union."),
    (
        "gds.similarity.overlap",
        "The size of the intersection of two lists divided by that of the smaller one.",
    ),
    ("gds.similarity.pearson", "The correlation coefficient of two vectors."),
];

/// What every row holds, by the columns of `SHOW FUNCTIONS YIELD *`.
pub(crate) fn functions() -> Vec<Map> {
    FUNCTIONS.into_iter().map(|(name, description)| function(name, description)).collect()
}

fn function(name: &str, description: &str) -> Map {
    const KIND: &str = "LIST<INTEGER | FLOAT>";
    let arguments = ["vector1", "vector2"].map(|name| {
        Value::from(Map::from([
            ("name", Value::from(name)),
            ("description", Value::from(format!("{name} :: {KIND}"))),
            ("isDeprecated", Value::from(false)),
            ("type", Value::from(KIND)),
        ]))
    });
    Map::from([
        ("name", Value::from(name)),
        ("category", Value::from("")),
        ("description", Value::from(description)),
        ("signature", Value::from(format!("{name}(vector1 :: {KIND}, vector2 :: {KIND}) :: FLOAT"))),
        ("isBuiltIn", Value::from(false)),
        ("argumentDescription", Vec::from(arguments).into()),
        ("returnDescription", Value::from("FLOAT")),
        ("aggregating", Value::from(false)),
        ("rolesExecution", Value::Null),
        ("rolesBoostedExecution", Value::Null),
        ("isDeprecated", Value::from(false)),
        ("deprecatedBy", Value::Null),
    ])
}

fn row(signature: &Signature) -> Map {
    Map::from([
        ("name", Value::from(signature.name)),
        ("description", Value::from(signature.description)),
        ("mode", Value::from(if signature.writes { "WRITE" } else { "READ" })),
        ("worksOnSystem", Value::from(false)),
        ("signature", Value::from(text(signature))),
        ("argumentDescription", signature.arguments.iter().map(argument).collect::<Vec<_>>().into()),
        ("returnDescription", signature.columns.iter().map(column).collect::<Vec<_>>().into()),
        ("admin", Value::from(false)),
        ("rolesExecution", Value::Null),
        ("rolesBoostedExecution", Value::Null),
        ("isDeprecated", Value::from(false)),
        ("deprecatedBy", Value::Null),
        ("option", Value::from(Map::from([("deprecated", false)]))),
    ])
}

/// `face.embed(imageUrl :: STRING, configuration = {} :: MAP) :: (embedding :: LIST<FLOAT>, ..)`
fn text(signature: &Signature) -> String {
    let arguments: Vec<String> = signature.arguments.iter().map(argument_text).collect();
    let columns: Vec<String> = signature.columns.iter().map(column_text).collect();
    format!("{}({}) :: ({})", signature.name, arguments.join(", "), columns.join(", "))
}

fn argument_text(argument: &Argument) -> String {
    let default = argument.default.map_or("", |_| " = {}");
    format!("{}{default} :: {}", argument.name, argument.kind.name())
}

fn column_text(column: &Column) -> String {
    format!("{} :: {}", column.name, column.kind.name())
}

/// Where nothing else describes it, Neo4j repeats the signature.
fn argument(argument: &Argument) -> Value {
    let kind = argument.kind.name();
    let mut entries = Map::from([
        ("name", Value::from(argument.name)),
        ("description", Value::from(argument_text(argument))),
        ("isDeprecated", Value::from(false)),
    ]);
    if argument.default.is_some() {
        entries.insert("default", format!("DefaultParameterValue{{value={{}}, type={kind}}}"));
    }
    entries.insert("type", kind);
    entries.into()
}

fn column(column: &Column) -> Value {
    Value::from(Map::from([
        ("name", Value::from(column.name)),
        ("description", Value::from(column_text(column))),
        ("isDeprecated", Value::from(false)),
        ("type", Value::from(column.kind.name())),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_row_in_order_of_the_names() {
        let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted());
        let mut written_out = crate::cypher::FUNCTIONS;
        written_out.sort_unstable();
        assert_eq!(names, written_out);
    }

    #[test]
    fn every_procedure_has_a_row_in_order_of_the_names() {
        let rows = procedures(&Registry::new());
        assert_eq!(rows.len(), Registry::new().all().count());
        let text = |row: &Map, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert!(rows.is_sorted_by_key(|row| text(row, "name")));
        let embed = rows.iter().find(|row| text(row, "name") == "face.embed").unwrap();
        assert!(text(embed, "signature").starts_with(
            "face.embed(imageUrl :: STRING, configuration = {} :: MAP) :: (embedding :: LIST<FLOAT>, "
        ));
        assert!(rows.iter().all(|row| !text(row, "description").is_empty()));
    }
}
