//! What the backend's answers say about the connection: the state that decides whether native work may
//! start.

use super::request::Kind;
use crate::metrics;

/// The part of the server's state machine that the session needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// LOGON (before 5.1: HELLO) succeeded and no LOGOFF did since.
    pub(crate) authenticated: bool,
    /// An explicit transaction is open.
    pub(crate) transaction: bool,
    /// The client's statements in it that have begun.
    pub(crate) statements: i64,
    /// An auto-commit result is open.
    pub(crate) streaming: bool,
    /// A request failed and no RESET succeeded since.
    pub(crate) failed: bool,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summary {
    /// SUCCESS, and no more is to come.
    Done,
    /// SUCCESS `{has_more: true}`.
    More,
    Failure,
    Ignored,
}

impl State {
    /// Takes note of an answer. `logon`: does this version of Bolt log in apart from HELLO?
    pub(crate) fn answered(&mut self, request: Kind, summary: Summary, logon: bool) {
        match (request, summary) {
            (Kind::Reset, Summary::Done) => {
                self.transaction = false;
                self.streaming = false;
                self.failed = false;
            }
            // A RESET that a later one overtook.
            (Kind::Reset, Summary::Ignored) => {}
            (_, Summary::Failure | Summary::Ignored) => self.failed = true,
            (_, Summary::More) => {}
            (Kind::Hello, Summary::Done) => self.authenticated |= !logon,
            (Kind::Logon, Summary::Done) => self.authenticated = true,
            (Kind::Logoff, Summary::Done) => self.authenticated = false,
            (Kind::Begin, Summary::Done) => (self.transaction, self.statements) = (true, 0),
            (Kind::End, Summary::Done) => self.transaction = false,
            (Kind::Run, Summary::Done) if self.transaction => self.statements += 1,
            (Kind::Run, Summary::Done) => self.streaming = true,
            (Kind::Pull, Summary::Done) => self.streaming = false,
            (Kind::Route | Kind::Other, Summary::Done) => {}
        }
    }

    /// How far the connection is, for the metrics.
    pub(crate) fn progress(&self) -> metrics::State {
        if self.authenticated { metrics::State::Authenticated } else { metrics::State::Unauthenticated }
    }

    /// Has logging in failed? Nothing good can follow.
    pub(crate) fn rejected(&self) -> bool {
        self.failed && !self.authenticated
    }

    /// May a statement be run natively now?
    pub(crate) fn ready(&self) -> bool {
        self.authenticated && !self.failed && !self.streaming
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(steps: &[(Kind, Summary)]) -> State {
        let mut state = State::default();
        for &(kind, summary) in steps {
            state.answered(kind, summary, true);
        }
        state
    }

    const LOGIN: [(Kind, Summary); 2] = [(Kind::Hello, Summary::Done), (Kind::Logon, Summary::Done)];

    #[test]
    fn hello_alone_logs_in_before_5_1_only() {
        let mut state = State::default();
        state.answered(Kind::Hello, Summary::Done, false);
        assert!(state.ready());
        assert!(!after(&LOGIN[..1]).ready());
        assert!(after(&LOGIN).ready());
        assert!(!after(&[LOGIN[0], LOGIN[1], (Kind::Logoff, Summary::Done)]).ready());
    }

    #[test]
    fn an_auto_commit_stream_must_end_first() {
        let mut steps = LOGIN.to_vec();
        steps.push((Kind::Run, Summary::Done));
        assert!(!after(&steps).ready());
        steps.push((Kind::Pull, Summary::More));
        assert!(!after(&steps).ready());
        steps.push((Kind::Pull, Summary::Done));
        assert!(after(&steps).ready());
    }

    #[test]
    fn streams_in_a_transaction_may_stay_open() {
        let mut steps = LOGIN.to_vec();
        steps.extend([(Kind::Begin, Summary::Done), (Kind::Run, Summary::Done)]);
        assert!(after(&steps).ready() && after(&steps).transaction);
        steps.push((Kind::End, Summary::Done));
        assert!(!after(&steps).transaction);
    }

    #[test]
    fn only_a_reset_that_succeeds_ends_a_failure() {
        for failure in [Summary::Failure, Summary::Ignored] {
            let mut steps = LOGIN.to_vec();
            steps.extend([(Kind::Begin, Summary::Done), (Kind::Run, failure)]);
            assert!(!after(&steps).ready() && after(&steps).transaction);
            steps.push((Kind::Reset, Summary::Ignored));
            assert!(!after(&steps).ready());
            steps.push((Kind::Reset, Summary::Done));
            assert!(after(&steps).ready() && !after(&steps).transaction);
        }
    }
}
