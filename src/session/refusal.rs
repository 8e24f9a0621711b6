//! What a client is told when a statement that names us cannot be run: Neo4j's own codes and words.

use bolt::failure::{Cause, Classification, Failure, GqlStatus, Position as Place};

use super::dialect::Dialect;
use crate::cypher::{CallError, Position, Refusal};
use crate::procedures::{ArgumentError, CoerceError, Signature};

const SYNTAX: &str = "Neo.ClientError.Statement.SyntaxError";

/// A text that Neo4j would refuse too, or that we do not understand.
pub(crate) fn refused(
    refusal: &Refusal,
    text: &str,
    dialect: Dialect,
    signature: impl Fn(usize) -> String,
) -> Failure {
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
    let Refusal::Call { error, .. } = refusal else {
        return syntax(message, text, position, Some("42001"), None);
    };
    let (five, later) = error.causes();
    match dialect {
        // It has no status at all where it has no cause.
        Dialect::Five => syntax(message, text, position, five.map(|_| "42001"), five),
        Dialect::Later => syntax(message, text, position, Some("42001"), Some(later)),
    }
}

/// Arguments that do not do.
pub(crate) fn arguments(error: &ArgumentError, text: &str, dialect: Dialect) -> Failure {
    match error {
        ArgumentError::Missing(names) => {
            let message = format!("Expected parameter(s): {}", names.join(", "));
            let code = "Neo.ClientError.Statement.ParameterMissing";
            match dialect {
                Dialect::Five => failure(code, message, "50N42", None, None),
                Dialect::Later => failure(code, message, "42001", None, Some("42N81")),
            }
        }
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
        ArgumentError::Coerce(error) => coerce(error, dialect),
        ArgumentError::ComputedMap { at } => {
            let message = "A configuration that depends on the row must be a literal map, such as \
                           {model: p.model}: facebolt cannot take another one from a row";
            syntax(message.to_owned(), text, Position::of_byte(text, *at), Some("42001"), None)
        }
    }
}

/// A value of the wrong type that a row brought.
pub(crate) fn coerce(error: &CoerceError, dialect: Dialect) -> Failure {
    let code = "Neo.ClientError.Statement.TypeError";
    match dialect {
        Dialect::Five => failure(code, error.to_string(), "50N42", None, None),
        Dialect::Later => {
            let mut failure = failure(code, error.to_string(), "22G03", None, Some("22N37"));
            let text = format!("Cannot coerce {} to {}.", error.value, error.expected.expected());
            if let Some(cause) = &mut failure.gql.cause {
                cause.message = format!("22N37: {text}");
                cause.gql.description = format!("error: data exception - invalid coercion. {text}");
            }
            failure
        }
    }
}

/// A procedure that failed on its own.
pub(crate) fn procedure_failed(dialect: Dialect, procedure: &str, reason: &str) -> Failure {
    let mut failure = Failure::procedure_call_failed(procedure, reason);
    if dialect == Dialect::Five {
        failure.gql = GqlStatus::general();
    }
    failure
}

/// A statement whose time was over.
pub(crate) fn timed_out(dialect: Dialect) -> Failure {
    let message = "The transaction has been terminated. Retry your operation in a new transaction, and you should \
                   see a successful result. The transaction has not completed within the timeout specified at its \
                   start by the client. You may want to retry with a longer timeout. ";
    let code = "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration";
    let mut failure = failure(code, message.to_owned(), "50N42", None, None);
    if dialect == Dialect::Later {
        failure.gql = GqlStatus::new(
            "25N14",
            "error: invalid transaction state - transaction termination client error. The transaction has been \
             terminated by the client configuration.",
            Some(Classification::ClientError),
        );
    }
    failure
}

/// Arguments that depend on rows, where Neo4j cannot ask for them.
pub(crate) fn no_callback(text: &str, at: usize) -> Failure {
    let message = "The arguments of this call must be literals or parameters: Neo4j can ask facebolt for rows only \
                   where callback.listen is set, and callback.url is an address of this facebolt that Neo4j \
                   reaches";
    syntax(message.to_owned(), text, Position::of_byte(text, at), Some("42001"), None)
}

/// Neo4j did not come for the rows.
pub(crate) fn not_reached(url: &str) -> Failure {
    let message = format!(
        "Neo4j could not read computed rows from {url}: set callback.url (and callback.listen) to an address of this \
         facebolt that Neo4j's machine reaches and that its internal.dbms.cypher_ip_blocklist allows, or give the \
         call literals and parameters only."
    );
    failure("Neo.ClientError.Statement.ExternalResourceFailed", message, "50N42", None, None)
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

fn syntax(
    message: String,
    text: &str,
    position: Position,
    status: Option<&str>,
    cause: Option<&str>,
) -> Failure {
    let message = format!("{message}{}", position.suffix(text));
    match status {
        Some(status) => failure(SYNTAX, message, status, Some(position), cause),
        None => failure(SYNTAX, message, "50N42", None, None),
    }
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
