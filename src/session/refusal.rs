//! What a client is told when a statement that names us cannot be run: Neo4j's own codes and words.

use bolt::failure::{Cause, Classification, Failure, GqlStatus, Position as Place};

use crate::cypher::{CallError, Position, Refusal};
use crate::procedures::{ArgumentError, Signature};

const SYNTAX: &str = "Neo.ClientError.Statement.SyntaxError";

/// A text that Neo4j would refuse too, or that we do not understand.
pub(crate) fn refused(refusal: &Refusal, text: &str, signature: impl Fn(usize) -> String) -> Failure {
    let position = refusal.position(text);
    let message = match refusal {
        Refusal::Call { error, .. } => match error {
            CallError::TooFewArguments { procedure, .. } | CallError::TooManyArguments { procedure, .. } => {
                format!("{error}\n\n{}", signature(*procedure))
            }
            _ => error.to_string(),
        },
        _ => refusal.to_string(),
    };
    let cause = match refusal {
        Refusal::Call { error, .. } => cause(error),
        _ => None,
    };
    syntax(message, text, position, cause)
}

/// Arguments that do not do.
pub(crate) fn arguments(error: &ArgumentError, text: &str) -> Failure {
    match error {
        ArgumentError::Missing(names) => failure(
            "Neo.ClientError.Statement.ParameterMissing",
            format!("Expected parameter(s): {}", names.join(", ")),
            "42001",
            None,
            Some("42N81"),
        ),
        ArgumentError::Type { at, parameter, expected, given } => {
            let (expected, of, status, cause) = match parameter {
                Some(name) => (expected.expected(), format!(" for parameter '{name}'"), "22G03", "22N27"),
                None => (expected.expected(), String::new(), "42001", "22NB1"),
            };
            let message = format!("Type mismatch{of}: expected {expected} but was {given}");
            let position = Position::of_byte(text, *at);
            let message = format!("{message}{}", position.suffix(text));
            failure(SYNTAX, message, status, Some(position), Some(cause))
        }
        ArgumentError::Computed { at } => refused(&Refusal::Computed { at: *at }, text, |_| String::new()),
    }
}

/// What a procedure's signature adds to an error about the number of arguments.
pub(crate) fn signature(signature: &Signature) -> String {
    let required = signature.arguments.iter().filter(|argument| argument.default.is_none()).count();
    let kinds: Vec<&str> =
        signature.arguments.iter().take(required).map(|argument| argument.kind.name()).collect();
    let (noun, types) = match required {
        0 => {
            return format!(
                "Procedure {0} has signature: {1}\nmeaning that it expects no arguments\nDescription: {2}",
                signature.name,
                signature.render(),
                signature.description
            );
        }
        1 => ("argument", "type"),
        _ => ("arguments", "types"),
    };
    format!(
        "Procedure {} has signature: {}\nmeaning that it expects at least {required} {noun} of {types} {}\n\
         Description: {}",
        signature.name,
        signature.render(),
        kinds.join(", "),
        signature.description
    )
}

/// A function of GDS that fails on a row; `cause` is the Java exception and its text.
pub(crate) fn function_failed(function: &str, cause: &str) -> Failure {
    failure(
        "Neo.ClientError.Procedure.ProcedureCallFailed",
        format!("Failed to invoke function `{function}`: Caused by: {cause}"),
        "52N33",
        None,
        Some("53N37"),
    )
}

/// A statement that is not run for a reason of ours.
pub(crate) fn unable(message: impl Into<String>) -> Failure {
    failure("Neo.ClientError.Statement.ExecutionFailed", message.into(), "50N42", None, None)
}

fn syntax(message: String, text: &str, position: Position, cause: Option<&str>) -> Failure {
    let message = format!("{message}{}", position.suffix(text));
    failure(SYNTAX, message, "42001", Some(position), cause)
}

fn failure(
    code: &str,
    message: String,
    status: &str,
    position: Option<Position>,
    cause: Option<&str>,
) -> Failure {
    let place = position.map(|position| {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Place {
            offset: number(position.offset),
            line: number(position.line),
            column: number(position.column),
        }
    });
    let status_of = |status: &str| {
        let mut gql = match status {
            "50N42" => GqlStatus::general(),
            _ => GqlStatus::new(status, description(status), Some(Classification::ClientError)),
        };
        gql.position = place;
        gql
    };
    let mut gql = status_of(status);
    if let Some(cause) = cause {
        gql.cause = Some(Box::new(Cause { message: message.clone(), gql: status_of(cause) }));
    }
    Failure { code: code.to_owned(), message, gql }
}

/// What Neo4j says of a status whatever the case.
fn description(status: &str) -> &'static str {
    match status {
        "22G03" | "22N27" | "22NB1" => "error: data exception - invalid value type",
        "52N33" | "53N37" => "error: procedure exception - function execution error",
        _ => "error: syntax error or access rule violation - invalid syntax",
    }
}

/// The precise status below 42001, as Neo4j 2026 gives it.
fn cause(error: &CallError) -> Option<&'static str> {
    Some(match error {
        CallError::YieldMissing => "42N25",
        CallError::ArgumentsMissing { .. } => "42N36",
        CallError::YieldAllInQuery => "42I43",
        CallError::StandaloneWhere | CallError::Concludes | CallError::OptionalConcludes => "42N71",
        CallError::UnknownColumn { .. } => "42N50",
        CallError::Redeclared { .. } => "42N59",
        CallError::TooFewArguments { .. } | CallError::TooManyArguments { .. } => "42I13",
        CallError::AggregateInArgument => "42I24",
        CallError::InForeach => "42I01",
    })
}
