//! What the session remembers of a request while its answer is owed.

use std::sync::Arc;

use bolt::message::tag;

use super::edit::Edit;

/// A request of the client's, sent to the backend.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// What was asked.
    pub(crate) kind: Kind,
    /// If its answer must be translated: how.
    pub(crate) edit: Option<Arc<Edit>>,
    /// Of a ROUTE: what stands for every address in its answer.
    pub(crate) address: Option<Arc<str>>,
}

/// The requests whose answers change what the session may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Hello,
    Logon,
    Logoff,
    Begin,
    /// COMMIT or ROLLBACK.
    End,
    Run,
    /// PULL or DISCARD.
    Pull,
    Reset,
    Route,
    /// TELEMETRY and whatever the backend makes of the rest.
    Other,
}

impl Kind {
    pub(crate) fn of(tag: u8) -> Self {
        match tag {
            tag::HELLO => Self::Hello,
            tag::LOGON => Self::Logon,
            tag::LOGOFF => Self::Logoff,
            tag::BEGIN => Self::Begin,
            tag::COMMIT | tag::ROLLBACK => Self::End,
            tag::RUN => Self::Run,
            tag::PULL | tag::DISCARD => Self::Pull,
            tag::RESET => Self::Reset,
            tag::ROUTE => Self::Route,
            _ => Self::Other,
        }
    }

    pub(crate) fn sent(self) -> Sent {
        Sent { kind: self, edit: None, address: None }
    }
}
