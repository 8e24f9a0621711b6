//! The names that we answer to.

use super::call::Span;

/// The procedures and functions that are ours. Names are case-sensitive, without backticks.
#[derive(Debug, Clone, Copy)]
pub struct Names<'n> {
    /// Our procedures.
    pub procedures: &'n [Signature<'n>],
    /// Our functions, such as `gds.similarity.euclideanDistance`.
    pub functions: &'n [&'n str],
}

/// What the text alone can be checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'n> {
    /// The full name, such as `face.embed`.
    pub name: &'n str,
    /// The names of all arguments, in order: what implicit arguments are taken from.
    pub arguments: &'n [&'n str],
    /// How many of them, from the left, have no default.
    pub required: usize,
    /// The names of the columns, in order. At least one (there is no VOID procedure of ours).
    pub columns: &'n [&'n str],
}

/// One call of one of our functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionCall {
    /// Index into [`Names::functions`].
    pub function: usize,
    /// The name as it is written, without the parenthesis.
    pub name: Span,
}
