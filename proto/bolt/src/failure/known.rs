//! The failures that a proxy raises itself, in the words of Neo4j.

use super::{Cause, Classification, Failure, GqlStatus};

impl Failure {
    /// The backend cannot be reached. Drivers retry it.
    pub fn database_unavailable(database: &str, message: impl Into<String>) -> Self {
        Self {
            code: "Neo.TransientError.General.DatabaseUnavailable".into(),
            message: message.into(),
            gql: GqlStatus::new(
                "08N09",
                format!(
                    "error: connection exception - database unavailable. The database `{database}` is currently \
                     unavailable. Check the database status. Retry your request at a later time."
                ),
                Some(Classification::TransientError),
            ),
        }
    }

    /// The client broke the protocol.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self {
            code: "Neo.ClientError.Request.Invalid".into(),
            message: message.into(),
            gql: GqlStatus::new(
                "08N06",
                "error: connection exception - protocol error. General network protocol error.",
                Some(Classification::ClientError),
            ),
        }
    }

    /// A procedure was called and failed. `reason` is what a procedure of Neo4j's would have thrown: the name of a
    /// Java class goes before it, since clients that look for the reason look behind that.
    pub fn procedure_call_failed(procedure: &str, reason: &str) -> Self {
        const THROWN: &str = "java.lang.RuntimeException";
        let message = format!("Failed to invoke procedure `{procedure}`: Caused by: {THROWN}: {reason}");
        let mut gql = GqlStatus::new(
            "52N37",
            format!(
                "error: procedure exception - procedure execution error. Execution of the procedure \
                 {procedure}() failed."
            ),
            Some(Classification::ClientError),
        );
        gql.cause = Some(Box::new(Cause {
            message: message.clone(),
            gql: GqlStatus::new(
                "52U00",
                format!(
                    "error: procedure exception - custom procedure execution error cause. Execution of the \
                     procedure {procedure}() failed due to {THROWN}: {reason}"
                ),
                Some(Classification::ClientError),
            ),
        }));
        Self { code: "Neo.ClientError.Procedure.ProcedureCallFailed".into(), message, gql }
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
        Self {
            code: "Neo.TransientError.Request.NoThreadsAvailable".into(),
            message: "There are no available threads to serve this request at the moment. You can retry at a later \
                      time or consider increasing max thread pool size for bolt connector(s)."
                .into(),
            gql: GqlStatus::new(
                "51N38",
                "error: system configuration or operation exception - failed to acquire execution thread. There \
                 are insufficient threads available for executing the current task.",
                Some(Classification::TransientError),
            ),
        }
    }
}
