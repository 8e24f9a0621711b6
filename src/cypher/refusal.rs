//! Why a text that names us is not run.

use super::Position;

/// Why a text that names us is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neo4j would refuse this call of an installed procedure: a `Neo.ClientError.Statement.SyntaxError`
    /// with this message and the position's suffix.
    #[error("{error}")]
    Call {
        /// What is wrong.
        error: CallError,
        /// With a call of which procedure: an index into [`Names::procedures`](super::Names::procedures).
        procedure: usize,
        /// Where, in bytes of the user's text.
        at: usize,
    },
    /// Neo4j may well run it, but we do not understand it fully.
    #[error("facebolt does not understand this statement, which calls one of its procedures: {what}")]
    NotUnderstood {
        /// What stopped us.
        what: &'static str,
        /// Where, in bytes of the user's text.
        at: usize,
    },
    /// An argument depends on the row, and nothing can carry it.
    #[error("the arguments of this call must be literals or parameters")]
    Computed {
        /// Where it stands, in bytes of the user's text.
        at: usize,
    },
}

impl Refusal {
    /// Where, in the user's text.
    pub fn position(&self, text: &str) -> Position {
        let (Self::Call { at, .. } | Self::NotUnderstood { at, .. } | Self::Computed { at }) = self;
        Position::of_byte(text, *at)
    }
}

/// What Neo4j finds wrong with a call. The messages are Neo4j's, without the position's suffix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No `YIELD` in a query.
    #[error(
        "Procedure call inside a query does not support naming results implicitly (name explicitly using \
         `YIELD` instead)"
    )]
    YieldMissing,
    /// No parentheses in a query.
    #[error(
        "Procedure call inside a query does not support passing arguments implicitly. Please pass \
         arguments explicitly in parentheses after procedure name for {name}"
    )]
    ArgumentsMissing {
        /// The procedure.
        name: String,
    },
    /// `YIELD *` in a query.
    #[error("Cannot use `YIELD *` outside standalone call")]
    YieldAllInQuery,
    /// Standalone `YIELD .. WHERE`.
    #[error("Cannot use standalone call with WHERE (instead use: `CALL ... WITH * WHERE ... RETURN *`)")]
    StandaloneWhere,
    /// The query ends with the call.
    #[error("Query cannot conclude with CALL together with YIELD")]
    Concludes {
        /// Where a `WHERE` behind it stands, in bytes of the user's text: later versions take that for a `WITH` of its
        /// own.
        filter: Option<usize>,
    },
    /// A `COLLECT` that is this call, and has not just one column.
    #[error("A Collect Expression must end with a single return column.")]
    CollectColumns {
        /// Where the call stands, in bytes of the user's text: what Neo4j 5 speaks of, as of one without `YIELD`.
        call: usize,
    },
    /// The query ends with an optional call.
    #[error(
        "Query cannot conclude with CALL (must be a RETURN clause, a FINISH clause, an update clause, a \
         unit subquery call, or a procedure call with no YIELD)."
    )]
    OptionalConcludes,
    /// A column that the procedure does not have.
    #[error("Unknown procedure output: `{name}`")]
    UnknownColumn {
        /// As written.
        name: String,
    },
    /// Two columns of one name. Standalone, later versions say `Multiple result columns with the same name
    /// are not supported` (42N38), of the second one; otherwise they speak of the first.
    #[error("Variable `{name}` already declared")]
    Redeclared {
        /// The name.
        name: String,
        /// Where the second one stands, in bytes of the user's text: what Neo4j 5 speaks of.
        again: usize,
        /// Is the call standalone?
        standalone: bool,
    },
    /// Too few arguments. The message goes on with a blank line and the procedure's signature,
    /// which the registry knows.
    #[error(
        "Procedure call does not provide the required number of arguments: got {got} expected at least \
         {required} (total: {total}, {} of which have default values).", total - required
    )]
    TooFewArguments {
        /// How many are passed.
        got: usize,
        /// How many have no default.
        required: usize,
        /// How many there are.
        total: usize,
    },
    /// Too many arguments. The message goes on as for [`CallError::TooFewArguments`].
    #[error("Procedure call provides too many arguments: got {got} expected no more than {total}.")]
    TooManyArguments {
        /// How many are passed.
        got: usize,
        /// How many there are.
        total: usize,
    },
    /// An aggregate in an argument.
    #[error(
        "Procedure call cannot take an aggregating function as argument, please add a 'WITH' to your \
         statement.\nFor example:\n    MATCH (n:Person) WITH collect(n.name) AS names CALL proc(names) \
         YIELD value RETURN value"
    )]
    AggregateInArgument {
        /// Where the clause starts, in bytes of the user's text: what Neo4j 5 speaks of.
        clause: usize,
        /// The aggregate as it is written.
        written: String,
    },
    /// Inside `FOREACH`.
    #[error("Invalid use of CALL inside FOREACH")]
    InForeach,
}
