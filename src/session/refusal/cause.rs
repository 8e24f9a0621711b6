//! What Neo4j says below the status of a failure: the precise condition, in each server's words.

use bolt::failure::{Cause, Classification, GqlStatus, Position};

use crate::cypher::CallError;
use crate::procedures::Signature;

use super::super::dialect::Dialect;

/// A cause: its status, its condition and its text.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) status: &'static str,
    pub(super) condition: &'static str,
    pub(super) text: String,
    /// What led to it in turn.
    pub(super) below: Option<Box<Condition>>,
}

impl Condition {
    pub(super) fn new(status: &'static str, condition: &'static str, text: impl Into<String>) -> Self {
        Self { status, condition, text: text.into(), below: None }
    }

    /// As it stands in a FAILURE.
    pub(super) fn cause(self, position: Option<Position>) -> Box<Cause> {
        let Self { status, condition, text, below } = self;
        let description = format!("error: {condition}. {text}");
        let mut gql = GqlStatus::new(status, description, Some(Classification::ClientError));
        gql.position = position;
        gql.cause = below.map(|below| below.cause(position));
        Box::new(Cause { message: format!("{status}: {text}"), gql })
    }
}

/// What is wrong with a call. None: the server has no status for it at all.
pub(super) fn call(error: &CallError, dialect: Dialect, signature: Option<&Signature>) -> Option<Condition> {
    if dialect == Dialect::Five
        && !matches!(
            error,
            CallError::StandaloneWhere
                | CallError::Concludes { .. }
                | CallError::OptionalConcludes
                | CallError::InForeach
        )
    {
        return None;
    }
    let names = |quote: char, and: bool| {
        let columns = signature.map_or(&[][..], |signature| signature.columns);
        let mut names: Vec<String> =
            columns.iter().map(|column| format!("{quote}{}{quote}", column.name)).collect();
        names.sort_unstable();
        match names.split_last() {
            Some((last, rest)) if and && !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.join(", "),
        }
    };
    let concludes = || {
        Condition::new(
            "42N71",
            "syntax error or access rule violation - incomplete query",
            "A query must conclude with a RETURN clause, a FINISH clause, an update clause, a unit subquery call, \
             or a procedure call without a YIELD clause.",
        )
    };
    Some(match error {
        CallError::YieldMissing => Condition::new(
            "42N25",
            "syntax error or access rule violation - missing YIELD",
            format!(
                "Procedure call inside a query does not support naming results implicitly. Use YIELD instead. \
                 Available output columns are: {}.",
                names('`', true)
            ),
        ),
        CallError::ArgumentsMissing { .. } => Condition::new(
            "42N36",
            "syntax error or access rule violation - procedure call without parentheses",
            "Procedure call is missing parentheses.",
        ),
        CallError::YieldAllInQuery => Condition::new(
            "42I43",
            "syntax error or access rule violation - invalid use of YIELD *",
            "'YIELD *' can only be used with a standalone procedure call.",
        ),
        CallError::StandaloneWhere if dialect == Dialect::Five => Condition::new(
            "42N24",
            "syntax error or access rule violation - missing WITH",
            "A WITH clause is required between 'CALL' and 'WHERE'.",
        ),
        CallError::StandaloneWhere => Condition {
            below: Some(Box::new(Condition::new(
                "42NAB",
                "syntax error or access rule violation - not supported standalone call",
                "WHERE is not supported in a standalone call. Use `CALL ... YIELD ... WHERE ... RETURN ...` instead.",
            ))),
            ..concludes()
        },
        CallError::Concludes { .. } | CallError::OptionalConcludes => concludes(),
        CallError::CollectColumns { .. } => Condition::new(
            "42N22",
            "syntax error or access rule violation - single return column required",
            "A COLLECT subquery must end with a single return column.",
        ),
        CallError::UnknownColumn { name } => Condition::new(
            "42N50",
            "syntax error or access rule violation - procedure return column not defined",
            format!(
                "The procedure return column '{name}' is not defined for this procedure. Available output columns \
                 are: {}. Verify that the spelling is correct.",
                names('\'', true)
            ),
        ),
        CallError::Redeclared { standalone: true, .. } => Condition::new(
            "42N38",
            "syntax error or access rule violation - duplicate return item name",
            "Return items must have unique names.",
        ),
        CallError::Redeclared { name, .. } => Condition::new(
            "42N59",
            "syntax error or access rule violation - variable already defined",
            format!("Variable `{name}` already declared."),
        ),
        CallError::TooFewArguments { got, required: expected, .. }
        | CallError::TooManyArguments { got, total: expected, .. } => {
            let (name, rendered) =
                signature.map(|signature| (signature.name, signature.render())).unwrap_or_default();
            count(*got, *expected, name, &rendered)
        }
        CallError::AggregateInArgument { written, .. } => Condition::new(
            "42I24",
            "syntax error or access rule violation - invalid use of aggregate function",
            format!("Aggregate expression '{written}' is not allowed in this context."),
        ),
        CallError::InForeach => Condition::new(
            "42I01",
            "syntax error or access rule violation - invalid FOREACH",
            "Invalid use of CALL inside 'FOREACH'.",
        ),
    })
}

/// A wrong number of arguments.
pub(super) fn count(got: usize, expected: usize, name: &str, rendered: &str) -> Condition {
    Condition::new(
        "42I13",
        "syntax error or access rule violation - invalid number of procedure or function arguments",
        format!(
            "The procedure or function call does not provide the required number of arguments; expected {expected} \
             but got {got}. The procedure or function {name}() has the signature: {rendered}."
        ),
    )
}
