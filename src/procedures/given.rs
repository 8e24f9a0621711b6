//! The type of an argument that is of the wrong one, as far as Neo4j sees it before the statement runs.

use packstream::Value;

use crate::cypher::Expr;

/// The type of an argument. Neo4j 5 has taken constant lists out of the text by then, and knows of their elements
/// only whether all are strings; of parameters it knows more than later ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenType {
    five: Shape,
    later: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// Nothing is known.
    Any,
    Simple(&'static str),
    /// An integer or a float.
    Number,
    /// A map, for all that is known a node or a relationship.
    Map,
    List(Box<Shape>),
}

impl GivenType {
    /// The type of `value`, which `expression` has.
    pub(super) fn of(expression: &Expr, value: &Value) -> Self {
        let alike = |shape: Shape| Self { five: shape.clone(), later: shape };
        match (expression, value) {
            (Expr::Parameter(_), value) => alike(Shape::of_parameter(value)),
            (Expr::List(items), Value::List(values)) => {
                let constant = !items.iter().any(has_parameter);
                Self {
                    five: Shape::of_list(items, values, &|item, value| Shape::five(item, value, constant)),
                    later: Shape::of_list(items, values, &Shape::later),
                }
            }
            (_, value) => alike(Shape::Simple(name(value))),
        }
    }

    /// A literal map.
    pub(super) fn map() -> Self {
        Self { five: Shape::Simple("Map"), later: Shape::Simple("Map") }
    }

    /// As messages of Neo4j 5 have it, or of later ones.
    pub(crate) fn shown(&self, later: bool) -> String {
        let names = if later { self.later.names() } else { self.five.names() };
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }

    /// As later versions have it in statuses.
    pub(crate) fn gql(&self) -> String {
        self.later.gql()
    }
}

impl Shape {
    fn of_parameter(value: &Value) -> Self {
        match value {
            Value::Map(_) => Self::Map,
            Value::List(items) => {
                let strings = !items.is_empty() && items.iter().all(|item| matches!(item, Value::String(_)));
                Self::List(Box::new(if strings { Self::Simple("String") } else { Self::Any }))
            }
            Value::Bytes(_) => Self::List(Box::new(Self::Any)),
            value => Self::Simple(name(value)),
        }
    }

    fn of_list(items: &[Expr], values: &[Value], element: &dyn Fn(&Expr, &Value) -> Self) -> Self {
        let shapes = items.iter().zip(values).map(|(item, value)| match (item, value) {
            (Expr::List(items), Value::List(values)) => Self::of_list(items, values, element),
            (Expr::Map(_), _) => Self::Map,
            _ => element(item, value),
        });
        Self::List(Box::new(shapes.reduce(Self::joined).unwrap_or(Self::Any)))
    }

    /// An element of a list; `constant`: the list holds no parameter.
    fn five(item: &Expr, value: &Value, constant: bool) -> Self {
        match (item, value) {
            (Expr::Parameter(_), Value::Null | Value::Float(_)) => Self::Any,
            (Expr::Parameter(_), value) => Self::of_parameter(value),
            (_, Value::String(_)) => Self::Simple("String"),
            (_, Value::Integer(_) | Value::Float(_) | Value::Boolean(_)) if !constant => {
                Self::Simple(name(value))
            }
            _ => Self::Any,
        }
    }

    fn later(item: &Expr, value: &Value) -> Self {
        match (item, value) {
            (Expr::Parameter(_), _) | (_, Value::Null) => Self::Any,
            (_, value) => Self::Simple(name(value)),
        }
    }

    /// What both are.
    fn joined(self, other: Self) -> Self {
        let number = |shape: &Self| matches!(shape, Self::Number | Self::Simple("Integer" | "Float"));
        match (self, other) {
            (one, other) if one == other => one,
            (one, other) if number(&one) && number(&other) => Self::Number,
            (Self::List(one), Self::List(other)) => Self::List(Box::new(one.joined(*other))),
            _ => Self::Any,
        }
    }

    /// All types that it may be.
    fn names(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["T".to_owned()],
            Self::Simple(name) => vec![(*name).to_owned()],
            Self::Number => ["Float", "Integer", "Number"].map(str::to_owned).to_vec(),
            Self::Map => ["Map", "Node", "Relationship"].map(str::to_owned).to_vec(),
            Self::List(inner) => inner.names().iter().map(|name| format!("List<{name}>")).collect(),
        }
    }

    fn gql(&self) -> String {
        match self {
            Self::Any => "ANY".to_owned(),
            Self::Simple(name) => name.to_uppercase(),
            Self::Number => "INTEGER | FLOAT".to_owned(),
            Self::Map => "MAP".to_owned(),
            Self::List(inner) => format!("LIST<{}>", inner.gql()),
        }
    }
}

fn has_parameter(expression: &Expr) -> bool {
    match expression {
        Expr::Parameter(_) => true,
        Expr::List(items) => items.iter().any(has_parameter),
        Expr::Map(entries) => entries.iter().any(|(_, value)| has_parameter(value)),
        _ => false,
    }
}

/// What Neo4j calls the type of a scalar, or of a map that is written out.
fn name(value: &Value) -> &'static str {
    match value {
        Value::Boolean(_) => "Boolean",
        Value::Integer(_) => "Integer",
        Value::Float(_) => "Float",
        Value::String(_) => "String",
        Value::Map(_) => "Map",
        Value::Null | Value::Bytes(_) | Value::List(_) | Value::Structure(_) | Value::Uuid(_) => "Any",
    }
}

#[cfg(test)]
mod tests {
    use packstream::Map;

    use super::*;

    fn int() -> (Expr, Value) {
        (Expr::Integer(1), Value::from(1))
    }

    fn text() -> (Expr, Value) {
        (Expr::String("a".into()), Value::from("a"))
    }

    fn parameter(value: impl Into<Value>) -> (Expr, Value) {
        (Expr::Parameter("p".into()), value.into())
    }

    fn list(items: impl IntoIterator<Item = (Expr, Value)>) -> (Expr, Value) {
        let (items, values) = items.into_iter().unzip();
        (Expr::List(items), Value::List(values))
    }

    /// Each as Neo4j 5.26 and 2026.08 say it of such an argument.
    #[test]
    fn types_are_what_both_servers_call_them() {
        let null = || (Expr::Null, Value::Null);
        let map = || (Expr::Map(Vec::new()), Value::Map(Map::new()));
        let maps = "List<Map>, List<Node> or List<Relationship>";
        let numbers = "List<Float>, List<Integer> or List<Number>";
        for (given, five, later, gql) in [
            (int(), "Integer", "Integer", "INTEGER"),
            (map(), "Map", "Map", "MAP"),
            (parameter(Map::new()), "Map, Node or Relationship", "Map, Node or Relationship", "MAP"),
            (list([]), "List<T>", "List<T>", "LIST<ANY>"),
            (list([int(), int()]), "List<T>", "List<Integer>", "LIST<INTEGER>"),
            (list([text(), text()]), "List<String>", "List<String>", "LIST<STRING>"),
            (list([int(), text()]), "List<T>", "List<T>", "LIST<ANY>"),
            (list([text(), null()]), "List<T>", "List<T>", "LIST<ANY>"),
            (list([(Expr::Float(1.5), 1.5.into()), int()]), "List<T>", numbers, "LIST<INTEGER | FLOAT>"),
            (list([list([int()])]), "List<List<T>>", "List<List<Integer>>", "LIST<LIST<INTEGER>>"),
            (list([list([int()]), list([text()])]), "List<List<T>>", "List<List<T>>", "LIST<LIST<ANY>>"),
            (list([list([text()]), list([])]), "List<List<T>>", "List<List<T>>", "LIST<LIST<ANY>>"),
            (list([list([text()]), null()]), "List<T>", "List<T>", "LIST<ANY>"),
            (list([map(), map()]), maps, maps, "LIST<MAP>"),
            (list([map(), int()]), "List<T>", "List<T>", "LIST<ANY>"),
            (list([parameter(5_i64)]), "List<Integer>", "List<T>", "LIST<ANY>"),
            (list([parameter(5_i64), int()]), "List<Integer>", "List<T>", "LIST<ANY>"),
            (list([parameter("s"), text()]), "List<String>", "List<T>", "LIST<ANY>"),
            (list([parameter(1.5)]), "List<T>", "List<T>", "LIST<ANY>"),
            (list([parameter(Map::new())]), maps, "List<T>", "LIST<ANY>"),
            (list([parameter(vec![Value::from("a")])]), "List<List<String>>", "List<T>", "LIST<ANY>"),
            (list([list([parameter(5_i64)])]), "List<List<Integer>>", "List<List<T>>", "LIST<LIST<ANY>>"),
            (parameter(vec![Value::from("a")]), "List<String>", "List<String>", "LIST<STRING>"),
            (parameter(vec![Value::from("a"), Value::Null]), "List<T>", "List<T>", "LIST<ANY>"),
            (parameter(vec![Value::from(1)]), "List<T>", "List<T>", "LIST<ANY>"),
            (parameter(Vec::<Value>::new()), "List<T>", "List<T>", "LIST<ANY>"),
        ] {
            let found = GivenType::of(&given.0, &given.1);
            assert_eq!(
                (&*found.shown(false), &*found.shown(true), &*found.gql()),
                (five, later, gql),
                "{given:?}"
            );
        }
    }
}
