//! What a client is told when a statement that names us cannot be run: Neo4j's own codes and words.

mod cause;

use bolt::failure::{Cause, Classification, Failure, GqlStatus, Position as Place};

use self::cause::Condition;
use super::dialect::Dialect;
use crate::cypher::{CallError, Position, Refusal};
use crate::face::FaceError;
use crate::procedures::{ArgumentError, CoerceError, ProcedureError, Signature, Type};

const SYNTAX: &str = "Neo.ClientError.Statement.SyntaxError";

/// A text that Neo4j would refuse too, or that we do not understand. `signature` is that of an index.
pub(crate) fn refused(
    refusal: &Refusal,
    text: &str,
    dialect: Dialect,
    signature: impl Fn(usize) -> Option<&'static Signature>,
) -> Failure {
    let position = refusal.position(text);
    let Refusal::Call { error, procedure, .. } = refusal else {
        return syntax(refusal.to_string(), text, position, Some("42001"), None);
    };
    let signature = signature(*procedure);
    // What Neo4j takes for the error, and where.
    let (error, position) = match (error, dialect) {
        (CallError::CollectColumns { call }, Dialect::Five) => {
            (&CallError::YieldMissing, Position::of_byte(text, *call))
        }
        (CallError::Concludes { filter: Some(filter) }, Dialect::Later) => {
            (error, Position::of_byte(text, *filter))
        }
        (CallError::Redeclared { again, .. }, Dialect::Five)
        | (CallError::Redeclared { again, standalone: true, .. }, Dialect::Later) => {
            (error, Position::of_byte(text, *again))
        }
        (CallError::AggregateInArgument { clause, .. }, Dialect::Five) => {
            (error, Position::of_byte(text, *clause))
        }
        _ => (error, position),
    };
    let message = match error {
        CallError::TooFewArguments { .. } | CallError::TooManyArguments { .. } => {
            format!("{error}\n\n{}", signature.map(self::signature).unwrap_or_default())
        }
        CallError::Redeclared { standalone: true, .. } if dialect == Dialect::Later => {
            "Multiple result columns with the same name are not supported".to_owned()
        }
        CallError::Concludes { filter: Some(_) } if dialect == Dialect::Later => {
            CallError::OptionalConcludes.to_string().replace("with CALL", "with WITH")
        }
        _ => error.to_string(),
    };
    match cause::call(error, dialect, signature) {
        Some(condition) => syntax(message, text, position, Some("42001"), Some(condition)),
        None => syntax(message, text, position, None, None),
    }
}

/// Arguments that do not do.
pub(crate) fn arguments(error: &ArgumentError, text: &str, dialect: Dialect) -> Failure {
    match error {
        ArgumentError::Missing(names) => missing(names, &[], dialect),
        ArgumentError::Type { at, parameter, expected, given } => {
            let given_here = given.shown(dialect == Dialect::Later);
            let position = Position::of_byte(text, *at);
            let (expected, later) = match expected {
                Type::Map => ("Map, Node or Relationship", "MAP, NODE or RELATIONSHIP"),
                _ => (expected.expected(), expected.name()),
            };
            // The names of types within a status.
            let (needed, gql) = match dialect {
                Dialect::Five => (expected, given_here.clone()),
                Dialect::Later => (later, given.gql()),
            };
            let mut failure = match parameter {
                Some(name) => {
                    let condition = Condition::new(
                        "22N27",
                        "data exception - invalid entity type",
                        format!("Invalid input '{gql}' for  parameter: {name}. Expected to be {needed}."),
                    );
                    let message = format!(
                        "Type mismatch for parameter '{name}': expected {expected} but was {given_here}"
                    );
                    syntax(message, text, position, Some("22G03"), Some(condition))
                }
                None => {
                    let message = format!("Type mismatch: expected {expected} but was {given_here}");
                    mismatch(message, text, position, needed, &gql)
                }
            };
            if parameter.is_some() && dialect == Dialect::Five {
                failure.gql.classification = None;
            }
            failure
        }
        ArgumentError::Coerce(error) => coerce(error, dialect),
    }
}

/// Parameters that the client did not send, beside those that it did.
pub(crate) fn missing(names: &[String], given: &[&str], dialect: Dialect) -> Failure {
    let message = format!("Expected parameter(s): {}", names.join(", "));
    let code = "Neo.ClientError.Statement.ParameterMissing";
    if dialect == Dialect::Five {
        return failure(code, message, "50N42", None, None);
    }
    let names: Vec<String> = names.iter().map(|name| format!("$`{name}`")).collect();
    let given: Vec<String> = given.iter().map(|name| format!("$`{name}`")).collect();
    let got = if given.is_empty() { "nothing".to_owned() } else { enumerated(&given) };
    let condition = Condition::new(
        "42N81",
        "syntax error or access rule violation - missing request parameter",
        format!("Expected {}, but got {got}.", enumerated(&names)),
    );
    failure(code, message, "42001", None, Some(condition))
}

/// `a`, `a and b`, `a, b and c`
fn enumerated(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.join(", "),
    }
}

/// An argument of the wrong type, with the names of both types as a status has them.
pub(crate) fn mismatch(message: String, text: &str, at: Position, needed: &str, given: &str) -> Failure {
    let condition = Condition::new(
        "22NB1",
        "data exception - type mismatch",
        format!("Type mismatch: expected to be {needed} but was '{given}'."),
    );
    syntax(message, text, at, Some("42001"), Some(condition))
}

/// A value of the wrong type that a row brought.
pub(crate) fn coerce(error: &CoerceError, dialect: Dialect) -> Failure {
    not_coerced(&error.value, error.expected.expected(), dialect)
}

/// A value, as Neo4j prints it, that is not of the type which a row must bring.
pub(crate) fn not_coerced(value: &str, wanted: &str, dialect: Dialect) -> Failure {
    let code = "Neo.ClientError.Statement.TypeError";
    let message = format!("Can't coerce `{value}` to {wanted}");
    match dialect {
        Dialect::Five => failure(code, message, "50N42", None, None),
        Dialect::Later => {
            let text = format!("Cannot coerce {value} to {wanted}.");
            let condition = Condition::new("22N37", "data exception - invalid coercion", text);
            failure(code, message, "22G03", None, Some(condition))
        }
    }
}

/// A call that failed: on its own, or for lack of room, which drivers retry.
pub(crate) fn call_failed(dialect: Dialect, procedure: &str, error: &ProcedureError) -> Failure {
    if let ProcedureError::Face(error) = error
        && let FaceError::Busy = **error
    {
        let message = format!(
            "facebolt is busy: {procedure} has waited for its turn for as long as limits.native_timeout allows. Retry \
             later, or raise that or limits.native_queue."
        );
        return Failure { message, ..Failure::no_threads_available() };
    }
    procedure_failed(dialect, procedure, &error.to_string())
}

/// A procedure that failed on its own.
fn procedure_failed(dialect: Dialect, procedure: &str, reason: &str) -> Failure {
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
             terminated. Retry your operation in a new transaction, and you should see a successful result. Reason: \
             The transaction has not completed within the timeout specified at its start by the client. You may want \
             to retry with a longer timeout.",
            Some(Classification::ClientError),
        );
    }
    failure
}

/// Arguments that depend on rows, where Neo4j cannot ask for them.
pub(crate) fn no_callback(text: &str, at: usize) -> Failure {
    let message = "The arguments of this call must be literals or parameters, or be read from the graph before \
                   anything is written: Neo4j can ask facebolt for other rows only where callback.listen is set and \
                   callback.url is an address of this facebolt that Neo4j reaches";
    syntax(message.to_owned(), text, Position::of_byte(text, at), Some("42001"), None)
}

/// A procedure that reads the graph before the statement runs, where it cannot.
pub(crate) fn not_ahead(text: &str, at: usize, procedure: &str) -> Failure {
    let message = format!(
        "{procedure} reads the graph before the statement runs: its arguments must be literals or parameters, and no \
         clause before it may write. Split the statement"
    );
    syntax(message, text, Position::of_byte(text, at), Some("42001"), None)
}

/// More rows than can be carried where Neo4j cannot ask for them.
pub(crate) fn too_many_rows(limit: usize) -> Failure {
    unable(format!(
        "This statement brings {limit} or more different arguments, or too much is computed for them, to be carried by \
         parameters: set callback.listen and callback.url so that Neo4j can ask for them, or split it by LIMIT."
    ))
}

/// A row that was not there when the rows were read.
pub(crate) fn changed() -> Failure {
    let message = "The data changed while facebolt computed what this statement needs of it. Try again.";
    failure("Neo.TransientError.Transaction.Outdated", message.to_owned(), "50N42", None, None)
}

/// A user whom Neo4j does not let read the rows.
pub(crate) fn may_not_load(url: &str) -> Failure {
    let message = format!(
        "This user may not LOAD CSV from {url}, which is how Neo4j asks facebolt for rows: grant the privilege LOAD ON \
         URL, or give the call literals and parameters only."
    );
    failure("Neo.ClientError.Security.Forbidden", message, "50N42", None, None)
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

/// A call of a function with another number of arguments, `(got, expected)`, than the named one of this signature has;
/// with what Neo4j says of it.
pub(crate) fn wrong_count(
    message: String,
    (got, expected): (usize, usize),
    (name, signature): (&str, &str),
    text: &str,
    at: usize,
    dialect: Dialect,
) -> Failure {
    let position = Position::of_byte(text, at);
    match dialect {
        Dialect::Five => syntax(message, text, position, None, None),
        Dialect::Later => {
            let condition = cause::count(got, expected, name, signature);
            syntax(message, text, position, Some("42001"), Some(condition))
        }
    }
}

/// A function of GDS that fails on a row; `thrown` is the Java exception and its text.
pub(crate) fn function_failed(function: &str, thrown: &str, dialect: Dialect) -> Failure {
    let message = format!("Failed to invoke function `{function}`: Caused by: {thrown}");
    let gql = match dialect {
        Dialect::Five => {
            let description = format!(
                "error: procedure exception - procedure invocation failed. Failed to invoke procedure/function \
                 function `{function}` caused by: {thrown}."
            );
            GqlStatus::new("52N33", description, Some(Classification::ClientError))
        }
        Dialect::Later => {
            let text = format!("Execution of the function {function}() failed");
            let description = format!("error: function exception - function execution error. {text}.");
            let mut gql = GqlStatus::new("53N37", description, None);
            let text = format!("{text} due to {thrown}.");
            let description =
                format!("error: function exception - custom function execution error cause. {text}");
            let below = GqlStatus::new("53U00", description, None);
            gql.cause = Some(Box::new(Cause { message: format!("53U00: {text}"), gql: below }));
            gql
        }
    };
    Failure { code: "Neo.ClientError.Procedure.ProcedureCallFailed".to_owned(), message, gql }
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
    cause: Option<Condition>,
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
    cause: Option<Condition>,
) -> Failure {
    let place = position.map(|position| {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Place {
            offset: number(position.offset),
            line: number(position.line),
            column: number(position.column),
        }
    });
    let mut gql = match status {
        "50N42" => GqlStatus::general(),
        _ => GqlStatus::new(status, description(status), Some(Classification::ClientError)),
    };
    gql.position = place;
    gql.cause = cause.map(|condition| condition.cause(place));
    Failure { code: code.to_owned(), message, gql }
}

/// What Neo4j says of a status whatever the case.
fn description(status: &str) -> &'static str {
    match status {
        "22G03" => "error: data exception - invalid value type",
        _ => "error: syntax error or access rule violation - invalid syntax",
    }
}
