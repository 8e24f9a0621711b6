//! The failures that a proxy raises itself, in the words of Neo4j.

use super::Classification::{ClientError, TransientError};
use super::{Cause, Classification, Failure, GqlStatus};

impl Failure {
    /// The backend cannot be reached. Drivers retry it.
    pub fn database_unavailable(database: &str, message: impl Into<String>) -> Self {
        let text = format!(
            "The database `{database}` is currently unavailable. Check the database status. Retry your request at a \
             later time."
        );
        Self {
            code: "Neo.TransientError.General.DatabaseUnavailable".into(),
            message: message.into(),
            gql: status("08N09", "connection exception - database unavailable", &text, TransientError),
        }
    }

    /// The client broke the protocol.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        let text = "General network protocol error.";
        Self {
            code: "Neo.ClientError.Request.Invalid".into(),
            message: message.into(),
            gql: status("08N06", "connection exception - protocol error", text, ClientError),
        }
    }

    /// A procedure was called and failed. `reason` is what the procedure would have thrown, were it one of
    /// Neo4j's: the name of a Java class precedes it, as it does there.
    pub fn procedure_call_failed(procedure: &str, reason: &str) -> Self {
        const THROWN: &str = "java.lang.RuntimeException";
        let text = format!("Execution of the procedure {procedure}() failed");
        let condition = "procedure exception - procedure execution error";
        // Neo4j does not know whose fault it was.
        let mut gql = GqlStatus::new("52N37", format!("error: {condition}. {text}."), None);
        let text = format!("{text} due to {THROWN}: {reason}.");
        let condition = "procedure exception - custom procedure execution error cause";
        gql.cause = Some(Box::new(Cause {
            message: format!("52U00: {text}"),
            gql: GqlStatus::new("52U00", format!("error: {condition}. {text}"), None),
        }));
        Self {
            code: "Neo.ClientError.Procedure.ProcedureCallFailed".into(),
            message: format!("Failed to invoke procedure `{procedure}`: Caused by: {THROWN}: {reason}"),
            gql,
        }
    }

    /// The request was interrupted by a RESET.
    pub fn terminated() -> Self {
        Self {
            code: "Neo.ClientError.Transaction.Terminated".into(),
            message:
                "The transaction has been terminated. Retry your operation in a new transaction, and you \
                      should see a successful result. Explicitly terminated by the user. "
                    .into(),
            gql: GqlStatus::general(),
        }
    }

    /// There is no room for one more request at this time. Drivers retry it.
    pub fn no_threads_available() -> Self {
        let condition = "system configuration or operation exception - failed to acquire execution thread";
        let text = "There are insufficient threads available for executing the current task.";
        Self {
            code: "Neo.TransientError.Request.NoThreadsAvailable".into(),
            message: "There are no available threads to serve this request at the moment. You can retry at a later \
                      time or consider increasing max thread pool size for bolt connector(s)."
                .into(),
            gql: status("51N38", condition, text, TransientError),
        }
    }
}

/// A status with its description as GQL composes it.
fn status(status: &str, condition: &str, text: &str, classification: Classification) -> GqlStatus {
    GqlStatus::new(status, format!("error: {condition}. {text}"), Some(classification))
}
