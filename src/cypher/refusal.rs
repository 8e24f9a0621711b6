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
    Concludes,
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
    /// Two columns of one name. Standalone, 2026 says `Multiple result columns with the same name are not
    /// supported` (42N38) instead.
    #[error("Variable `{name}` already declared")]
    Redeclared {
        /// The name.
        name: String,
    },
    /// Too few arguments. The message goes on with a blank line and the procedure's signature,
    /// which the registry knows.
    #[error(
        "Procedure call does not provide the required number of arguments: got {got} expected at least \
         {required} (total: {total}, {} of which have default values).", total - required
    )]
    TooFewArguments {
        /// Index into [`Names::procedures`](super::Names::procedures).
        procedure: usize,
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
        /// Index into [`Names::procedures`](super::Names::procedures).
        procedure: usize,
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
    AggregateInArgument,
    /// Inside `FOREACH`.
    #[error("Invalid use of CALL inside FOREACH")]
    InForeach,
}

impl CallError {
    /// The GQL status of the cause below 42001, on Neo4j 5.26 and on 2026.08. None: 5.26 sends 50N42 and no
    /// cause.
    pub fn causes(&self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::YieldMissing => (None, "42N25"),
            Self::ArgumentsMissing { .. } => (None, "42N36"),
            Self::YieldAllInQuery => (None, "42I43"),
            Self::StandaloneWhere => (Some("42N24"), "42N71"),
            Self::Concludes | Self::OptionalConcludes => (Some("42N71"), "42N71"),
            Self::UnknownColumn { .. } => (None, "42N50"),
            Self::Redeclared { .. } => (None, "42N59"),
            Self::TooFewArguments { .. } | Self::TooManyArguments { .. } => (None, "42I13"),
            Self::AggregateInArgument => (None, "42I24"),
            Self::InForeach => (Some("42I01"), "42I01"),
        }
    }
}
