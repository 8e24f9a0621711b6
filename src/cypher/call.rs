//! Calls of our procedures, as they stand in a text.

use std::borrow::Cow;

use super::constant::Expr;
use super::names::FunctionCall;

mod before;
mod fails;
mod map;
mod read;

pub(super) use read::{separator, statement};

/// A range of bytes of the user's text, on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// How the statement is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As usual.
    Run,
    /// `EXPLAIN`: only planned. Do no work for it.
    Explain,
    /// `PROFILE`: run and measured.
    Profile,
}

/// A statement that calls at least one of our procedures, fully understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement<'t> {
    /// The user's text.
    pub text: &'t str,
    /// Plain, `EXPLAIN` or `PROFILE`.
    pub mode: Mode,
    /// The number after `CYPHER`, such as 5 or 25; none given: the database's default.
    pub version: Option<u32>,
    /// The calls, in order of the text. At least one; none within another.
    pub calls: Vec<Call<'t>>,
    /// The calls of our functions beside them.
    pub functions: Vec<FunctionCall>,
    /// The names of all `$parameters` of the text, each once, in order of the text.
    pub parameters: Vec<String>,
    /// What stands before the query, `EXPLAIN` and `PROFILE` aside.
    pub(super) head: String,
    /// How many underscores our own names need to differ from all in the text.
    pub(super) underscores: usize,
}

/// One call of one of our procedures.
#[derive(Debug, Clone, PartialEq)]
pub struct Call<'t> {
    /// Index into [`Names::procedures`](super::Names::procedures).
    pub procedure: usize,
    /// The whole `[OPTIONAL] CALL .. [YIELD ..] [WHERE ..]`.
    pub span: Span,
    /// The name as it is written.
    pub name: Span,
    /// Is it an `OPTIONAL CALL`?
    pub optional: bool,
    /// Is it the only clause of the statement (a `USE` aside)?
    pub standalone: bool,
    /// What is passed.
    pub arguments: Arguments<'t>,
    /// The parameters that it needs beside what is written: those of implicit arguments without a default.
    pub(super) needs: Vec<String>,
    /// The columns that it hands on, in order, each with its name outside. A standalone call without
    /// `YIELD` or with `YIELD *` has all of the signature's.
    pub yields: Vec<YieldItem<'t>>,
    /// How that was written.
    pub written: Yield,
    /// The `WHERE` behind the `YIELD`.
    pub filter: Option<Filter<'t>>,
    /// Where it stands.
    pub place: Place,
    /// May a clause have written before it is called: one before it, in its own query or in one around it,
    /// or any of the `CALL {..}` that it is in, which may run more than once? If not, what stands before
    /// may be run on its own to gather arguments.
    pub after_write: bool,
    /// What may stand in its place.
    pub(super) form: Form,
    /// Are its arguments to be bound before the subquery, which cannot import what they read?
    pub(super) bound_before: bool,
    /// Is its filter to stand behind the subquery, for the same reason?
    pub(super) filtered_behind: bool,
    /// The pieces of the text that bring its rows, if they may be run on their own.
    pub(super) before: Option<Vec<Span>>,
    /// The `USE` that it is under.
    pub(super) uses: Option<Span>,
    /// May a `LIMIT` behind it make do with fewer rows?
    pub(super) limited: bool,
    /// May what brings its rows and its arguments fail on a row? To read them beforehand may then fail where the
    /// statement, of which not all rows need be asked for, would not.
    pub fails: bool,
    /// Does an `EXISTS` or `COUNT` end with it that is more than this call? Neo4j 5 wants a `RETURN` behind it.
    pub ends_test: bool,
}

/// What may stand in the place of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A whole query.
    Query,
    /// A whole query, but the call is optional: an optional subquery and a `RETURN`.
    OptionalQuery,
    /// A subquery.
    Subquery,
    /// A subquery, and a `FINISH`: it is all of a `CALL {..}`, which then returns nothing.
    Unit,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the statement's own query, a branch of its `UNION`, or a Cypher 25 `{..}` or `WHEN` block.
    Query,
    /// In a `CALL {..}` subquery (of any depth).
    Subquery,
    /// In an `EXISTS`, `COUNT` or `COLLECT` subquery (of any depth): subqueries there must name the
    /// variables that they import.
    Expression,
}

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Arguments<'t> {
    /// No parentheses (only standalone): each argument is the `$parameter` of its name, else its default.
    Implicit,
    /// In parentheses. Their number fits the signature.
    Explicit(Vec<Argument<'t>>),
}

/// One argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument<'t> {
    /// Where it stands.
    pub span: Span,
    /// As it is written.
    pub text: &'t str,
    /// What it is.
    pub value: Value,
}

/// What an argument is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Known from the text and the parameters.
    Constant(Expr),
    /// To be computed by Neo4j, once per row; with the variables that it reads.
    Computed(Mentions),
    /// A literal map of which some values are to be computed once per row; with the variables that they read.
    Map(Vec<(String, Entry)>, Mentions),
}

/// A value of a literal map.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Known from the text and the parameters.
    Constant(Expr),
    /// To be computed by Neo4j: where it stands.
    Computed(Span),
}

impl Value {
    /// The variables that it reads; none: it is constant.
    pub(super) fn mentions(&self) -> Option<&Mentions> {
        match self {
            Self::Constant(_) => None,
            Self::Computed(mentions) | Self::Map(_, mentions) => Some(mentions),
        }
    }
}

impl Call<'_> {
    /// Where the expressions stand that Neo4j has to compute for each row, in the order in which a key has them.
    pub fn computed(&self) -> Vec<Span> {
        let Arguments::Explicit(arguments) = &self.arguments else { return Vec::new() };
        let mut spans = Vec::new();
        for argument in arguments {
            match &argument.value {
                Value::Constant(_) => {}
                Value::Computed(_) => spans.push(argument.span),
                Value::Map(entries, _) => spans.extend(entries.iter().filter_map(|(_, entry)| match entry {
                    Entry::Computed(span) => Some(*span),
                    Entry::Constant(_) => None,
                })),
            }
        }
        spans
    }

    /// The columns of the signature that it hands on, each once, ascending: what a row holds that is computed
    /// for it.
    pub fn columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.yields.iter().map(|item| item.column).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

/// The variables that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mentions {
    /// Exactly these, each once, names without backticks. None of them holds a backslash.
    Exactly(Vec<String>),
    /// Not known: it binds variables of its own, or names may be labels or types.
    Unknown,
}

/// The `WHERE` behind a `YIELD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter<'t> {
    /// Where the predicate stands, without the word `WHERE`.
    pub span: Span,
    /// As it is written.
    pub text: &'t str,
    /// The variables that it reads, the call's own columns aside.
    pub mentions: Mentions,
}

/// How the columns were named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Yield {
    /// Not at all.
    Absent,
    /// `YIELD *`.
    All,
    /// `YIELD a, b AS c`.
    Items,
}

/// One column that a call hands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YieldItem<'t> {
    /// Index into [`Signature::columns`](super::Signature::columns).
    pub column: usize,
    /// The column's name in the signature.
    pub field: String,
    /// Its name outside, as it is to be written in Cypher (with backticks where the user has them).
    pub written: Cow<'t, str>,
    /// Its name outside.
    pub name: String,
    /// Where that name stands in the text.
    pub(super) outside: Option<Span>,
}
