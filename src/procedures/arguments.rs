//! Arguments of a call: from constant expressions, parameters and what rows bring, to values of the
//! signature's types.

use packstream::{Map, Value};

use super::coerce;
use super::given::GivenType;
use super::{Signature, Type};
use crate::cypher::{self, Arguments, Call, Entry, Expr, KeyPart};

/// Why a call's arguments do not do. Neo4j says so before it runs anything.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ArgumentError {
    /// `$parameters` that the client did not send.
    Missing(Vec<String>),
    /// A value of the wrong type, at this byte of the text; with the parameter's name if it came by one.
    Type { at: usize, parameter: Option<String>, expected: Type, given: GivenType },
    /// An implicit argument of the wrong type.
    Coerce(CoerceError),
}

/// A value that a row brought, or an implicit argument, of the wrong type. Neo4j says so when it gets there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Can't coerce `{value}` to {}", expected.expected())]
pub(crate) struct CoerceError {
    /// The value, as Neo4j prints it.
    pub(crate) value: String,
    pub(crate) expected: Type,
}

/// An argument, as far as the statement fixes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    Known(Value),
    /// Each row brings its own.
    Row,
    /// Each row brings the values that are missing.
    Map(Vec<(String, Option<Value>)>),
}

impl Given {
    /// The value, if it is the same for all rows.
    pub(crate) fn known(self) -> Option<Value> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }
}

/// What a row brought does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowError {
    /// A value is of the wrong type.
    Coerce(CoerceError),
    /// There are too few values or too many: no statement of ours asks so.
    Count,
}

/// One entry for each argument of the signature.
pub(crate) fn check(
    signature: &Signature,
    call: &Call<'_>,
    parameter: &dyn Fn(&str) -> Option<Value>,
) -> Result<Vec<Given>, ArgumentError> {
    let mut missing = Vec::new();
    let mut all = Vec::with_capacity(signature.arguments.len());
    for (index, argument) in signature.arguments.iter().enumerate() {
        let given = match &call.arguments {
            Arguments::Implicit => match (parameter(argument.name), argument.default) {
                (Some(value), _) if fits(argument.kind, &value) => Given::Known(value),
                (Some(value), _) => {
                    let value = coerce::value(&value);
                    return Err(ArgumentError::Coerce(CoerceError { value, expected: argument.kind }));
                }
                (None, Some(default)) => Given::Known(default.value()),
                (None, None) => {
                    missing.push(argument.name.to_owned());
                    continue;
                }
            },
            Arguments::Explicit(explicit) => match explicit.get(index) {
                Some(explicit) => explicitly(argument.kind, explicit, parameter, &mut missing)?,
                None => Given::Known(argument.default.map_or(Value::Null, super::Default::value)),
            },
        };
        all.push(given);
    }
    if missing.is_empty() { Ok(all) } else { Err(ArgumentError::Missing(missing)) }
}

/// An argument in parentheses.
fn explicitly(
    kind: Type,
    argument: &cypher::Argument<'_>,
    parameter: &dyn Fn(&str) -> Option<Value>,
    missing: &mut Vec<String>,
) -> Result<Given, ArgumentError> {
    let at = argument.span.start;
    match &argument.value {
        cypher::Value::Constant(expression) => {
            let by = if let Expr::Parameter(name) = expression { Some(name.clone()) } else { None };
            let value = evaluate(expression, parameter, missing);
            if fits(kind, &value) {
                return Ok(Given::Known(value));
            }
            // Neo4j does not look at the types of these parameters beforehand.
            if by.is_some() && matches!(value, Value::Float(_) | Value::Structure(_) | Value::Uuid(_)) {
                let value = coerce::value(&value);
                return Err(ArgumentError::Coerce(CoerceError { value, expected: kind }));
            }
            let given = GivenType::of(expression, &value);
            Err(ArgumentError::Type { at, parameter: by, expected: kind, given })
        }
        cypher::Value::Computed(_) => Ok(Given::Row),
        cypher::Value::Map(entries, _) if kind == Type::Map => {
            let entry = |(key, entry): &(String, Entry)| {
                let value = match entry {
                    Entry::Constant(expression) => Some(evaluate(expression, parameter, missing)),
                    Entry::Computed(_) => None,
                };
                (key.clone(), value)
            };
            Ok(Given::Map(entries.iter().map(entry).collect()))
        }
        cypher::Value::Map(..) => {
            let given = GivenType::map();
            Err(ArgumentError::Type { at, parameter: None, expected: kind, given })
        }
    }
}

/// The arguments of one row.
pub(crate) fn fill(
    signature: &Signature,
    given: &[Given],
    row: Vec<KeyPart>,
) -> Result<Vec<Value>, RowError> {
    let mut row = row.into_iter();
    let mut values = Vec::with_capacity(given.len());
    for (argument, given) in signature.arguments.iter().zip(given) {
        values.push(match given {
            Given::Known(value) => value.clone(),
            Given::Row => {
                let part = row.next().ok_or(RowError::Count)?;
                let value = coerce::part_value(&part);
                match value.filter(|value| fits(argument.kind, value)) {
                    Some(value) => value,
                    None => {
                        let (value, expected) = (coerce::part(&part), argument.kind);
                        return Err(RowError::Coerce(CoerceError { value, expected }));
                    }
                }
            }
            Given::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let value = match value {
                        Some(value) => value.clone(),
                        // What no setting takes is refused as it would be: it is no scalar.
                        None => coerce::part_value(&row.next().ok_or(RowError::Count)?)
                            .unwrap_or_else(|| Value::List(Vec::new())),
                    };
                    map.insert(key.clone(), value);
                }
                Value::Map(map)
            }
        });
    }
    if row.next().is_some() { Err(RowError::Count) } else { Ok(values) }
}

/// The value of a constant expression; missing parameters are noted and count as null.
fn evaluate(
    expression: &Expr,
    parameter: &dyn Fn(&str) -> Option<Value>,
    missing: &mut Vec<String>,
) -> Value {
    match expression {
        Expr::Null => Value::Null,
        Expr::Boolean(value) => Value::Boolean(*value),
        Expr::Integer(value) => Value::Integer(*value),
        Expr::Float(value) => Value::Float(*value),
        Expr::String(value) => Value::String(value.clone()),
        Expr::List(items) => {
            Value::List(items.iter().map(|item| evaluate(item, parameter, missing)).collect())
        }
        Expr::Map(entries) => {
            let mut map = Map::new();
            for (key, entry) in entries {
                map.insert(key.clone(), evaluate(entry, parameter, missing));
            }
            Value::Map(map)
        }
        Expr::Parameter(name) => parameter(name).unwrap_or_else(|| {
            if !missing.contains(name) {
                missing.push(name.clone());
            }
            Value::Null
        }),
    }
}

/// Null fits every type.
fn fits(kind: Type, value: &Value) -> bool {
    matches!(
        (kind, value),
        (_, Value::Null)
            | (Type::Any, _)
            | (Type::String, Value::String(_))
            | (Type::Integer, Value::Integer(_))
            | (Type::Float, Value::Float(_) | Value::Integer(_))
            | (Type::Map, Value::Map(_))
            | (Type::FloatList, Value::List(_))
            | (Type::Boolean, Value::Boolean(_))
    ) || matches!((kind, value), (Type::StringList, Value::List(items)) if items.iter().all(is_string))
}

fn is_string(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Null)
}

#[cfg(test)]
mod tests;
