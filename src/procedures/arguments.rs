//! Arguments of a call: from constant expressions and parameters to values of the signature's types.

use packstream::{Map, Value};

use super::{Signature, Type};
use crate::cypher::{self, Arguments, Call, Expr};

/// Why a call's arguments do not do. Neo4j says so before it runs anything.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ArgumentError {
    /// `$parameters` that the client did not send.
    Missing(Vec<String>),
    /// A value of the wrong type, at this byte of the text; with the parameter's name if it came by one.
    Type { at: usize, parameter: Option<String>, expected: Type, given: &'static str },
    /// It depends on the row, at this byte of the text.
    Computed { at: usize },
}

/// One value for each argument of the signature.
pub(crate) fn check(
    signature: &Signature,
    call: &Call<'_>,
    parameter: &dyn Fn(&str) -> Option<Value>,
) -> Result<Vec<Value>, ArgumentError> {
    let mut missing = Vec::new();
    let mut values = Vec::with_capacity(signature.arguments.len());
    for (index, argument) in signature.arguments.iter().enumerate() {
        let (value, at, by) = match &call.arguments {
            Arguments::Implicit => match (parameter(argument.name), argument.default) {
                (Some(value), _) => (value, call.name.start, Some(argument.name)),
                (None, Some(default)) => (default.value(), call.name.start, None),
                (None, None) => {
                    missing.push(argument.name.to_owned());
                    continue;
                }
            },
            Arguments::Explicit(given) => match (given.get(index), argument.default) {
                (Some(given), _) => {
                    let cypher::Value::Constant(expression) = &given.value else {
                        return Err(ArgumentError::Computed { at: given.span.start });
                    };
                    let by = if let Expr::Parameter(name) = expression { Some(name.as_str()) } else { None };
                    (evaluate(expression, parameter, &mut missing), given.span.start, by)
                }
                (None, default) => {
                    (default.map_or(Value::Null, super::Default::value), call.name.start, None)
                }
            },
        };
        if !fits(argument.kind, &value) {
            let parameter = by.map(str::to_owned);
            return Err(ArgumentError::Type { at, parameter, expected: argument.kind, given: name(&value) });
        }
        values.push(value);
    }
    if missing.is_empty() { Ok(values) } else { Err(ArgumentError::Missing(missing)) }
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
            | (Type::String, Value::String(_))
            | (Type::Integer, Value::Integer(_))
            | (Type::Float, Value::Float(_) | Value::Integer(_))
            | (Type::Map, Value::Map(_))
            | (Type::FloatList, Value::List(_))
    )
}

/// What Neo4j calls the type of a value that came with a request.
fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "Any",
        Value::Boolean(_) => "Boolean",
        Value::Integer(_) => "Integer",
        Value::Float(_) => "Float",
        Value::Bytes(_) | Value::List(_) => "List<Any>",
        Value::String(_) => "String",
        Value::Map(_) => "Map",
        Value::Structure(_) | Value::Uuid(_) => "Any",
    }
}
