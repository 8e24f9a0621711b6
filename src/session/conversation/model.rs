//! Neo4j's Bolt server as a state machine: what it answers to requests that it takes one after the other.

use std::collections::VecDeque;

use bolt::Version;
use bolt::failure::{Failure, GqlStatus};
use bolt::message::{Reply, RunMessage, tag};
use packstream::{Limits, Map, Reader, Value};

/// A message of a server's.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Success(Map),
    Record(Vec<Value>),
    Ignored,
    Failure { code: String, message: String },
}

/// What a statement does.
#[derive(Debug, Clone, Default)]
pub(super) struct Meaning {
    pub(super) fields: Vec<&'static str>,
    pub(super) rows: Vec<Value>,
    /// It fails before there are rows.
    pub(super) fails: Option<Said>,
    /// It fails behind its rows.
    pub(super) breaks: Option<Said>,
    /// It takes its time before there are rows.
    pub(super) slow: bool,
}

/// Tells what a text with these parameters does.
pub(super) type Meanings = fn(&str, &Map) -> Meaning;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Negotiation,
    Authentication,
    Ready,
    Streaming,
    Transaction,
    Failed,
    /// It has closed, or is about to.
    Defunct,
}

#[derive(Debug, Clone)]
struct Open {
    qid: i64,
    rows: VecDeque<Value>,
    breaks: Option<Said>,
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    version: Version,
    meanings: Meanings,
    pub(super) phase: Phase,
    /// Results of which there is more.
    open: Vec<Open>,
    /// Statements of the transaction.
    pub(super) statements: i64,
}

pub(super) fn failure(code: &str, message: &str) -> Said {
    Said::Failure { code: code.to_owned(), message: message.to_owned() }
}

fn success<const N: usize>(entries: [(&str, Value); N]) -> Vec<Said> {
    vec![Said::Success(Map::from(entries))]
}

impl Model {
    pub(super) fn new(version: Version, meanings: Meanings) -> Self {
        Self { version, meanings, phase: Phase::Negotiation, open: Vec::new(), statements: 0 }
    }

    /// The numbers of results that are open.
    pub(super) fn open(&self) -> Vec<i64> {
        self.open.iter().map(|open| open.qid).collect()
    }

    /// Does this request take its time?
    pub(super) fn slow(&self, request: &[u8]) -> bool {
        matches!(self.phase, Phase::Ready | Phase::Transaction)
            && run(request).is_some_and(|(text, parameters)| (self.meanings)(&text, &parameters).slow)
    }

    /// What a RESET leads to: back to the start.
    pub(super) fn reset(&mut self) {
        self.phase = Phase::Ready;
        self.open.clear();
        self.statements = 0;
    }

    /// The answers to a request whose turn has come. Afterwards it may be defunct.
    pub(super) fn take(&mut self, request: &[u8]) -> Vec<Said> {
        let tag = request[1];
        match (self.phase, tag) {
            (Phase::Defunct, _) => Vec::new(),
            (_, tag::GOODBYE) => {
                self.phase = Phase::Defunct;
                Vec::new()
            }
            (Phase::Negotiation, tag::HELLO) => {
                self.phase = if self.version.has_logon() { Phase::Authentication } else { Phase::Ready };
                let hints = Map::from([("connection.recv_timeout_seconds", 1)]);
                success([
                    ("server", "Neo4j/5.26.0".into()),
                    ("connection_id", "bolt-1".into()),
                    ("hints", hints.into()),
                ])
            }
            (Phase::Authentication, tag::LOGON) => {
                self.phase = Phase::Ready;
                success([])
            }
            (Phase::Negotiation | Phase::Authentication, _) => self.refuse(),
            (_, tag::RESET) => {
                self.reset();
                success([])
            }
            (
                Phase::Failed,
                tag::RUN
                | tag::PULL
                | tag::DISCARD
                | tag::COMMIT
                | tag::ROLLBACK
                | tag::ROUTE
                | tag::TELEMETRY,
            ) => vec![Said::Ignored],
            (Phase::Ready | Phase::Transaction, tag::RUN) => self.run(request),
            (Phase::Streaming | Phase::Transaction, tag::PULL | tag::DISCARD) => self.pull(request),
            (Phase::Ready, tag::BEGIN) => {
                (self.phase, self.statements) = (Phase::Transaction, 0);
                success([])
            }
            (Phase::Ready, tag::ROUTE) => success([("rt", route(request))]),
            (Phase::Ready, tag::TELEMETRY) if self.version.has_telemetry() => success([]),
            (Phase::Ready, tag::LOGOFF) if self.version.has_logon() => {
                self.phase = Phase::Authentication;
                success([])
            }
            (Phase::Transaction, tag::COMMIT) => {
                self.reset();
                success([("bookmark", "b".into())])
            }
            (Phase::Transaction, tag::ROLLBACK) => {
                self.reset();
                success([])
            }
            _ => self.refuse(),
        }
    }

    /// What its state does not allow.
    fn refuse(&mut self) -> Vec<Said> {
        self.phase = Phase::Defunct;
        vec![failure("Neo.ClientError.Request.Invalid", "~")]
    }

    fn fail(&mut self, said: Said) -> Said {
        self.phase = Phase::Failed;
        self.open.clear();
        said
    }

    fn run(&mut self, request: &[u8]) -> Vec<Said> {
        let Some((text, parameters)) = run(request) else {
            return vec![self.fail(failure("Neo.ClientError.Request.Invalid", "~"))];
        };
        let Meaning { fields, rows, fails, breaks, .. } = (self.meanings)(&text, &parameters);
        if let Some(said) = fails {
            return vec![self.fail(said)];
        }
        let qid = self.statements;
        self.statements += 1;
        self.open.push(Open { qid, rows: rows.into(), breaks });
        let mut metadata = Map::from([("fields", fields.into_iter().map(Value::from).collect::<Vec<_>>())]);
        if self.phase == Phase::Transaction {
            metadata.insert("qid", qid);
        } else {
            self.phase = Phase::Streaming;
        }
        vec![Said::Success(metadata)]
    }

    fn pull(&mut self, request: &[u8]) -> Vec<Said> {
        let Ok(pull) = bolt::message::Pull::parse(request, Limits::default()) else {
            return vec![self.fail(failure("Neo.ClientError.Request.Invalid", "~"))];
        };
        if pull.n == 0 || pull.n < -1 {
            return vec![self.fail(failure("Neo.ClientError.Request.Invalid", "~"))];
        }
        let qid = pull.qid.filter(|qid| *qid >= 0 && self.phase == Phase::Transaction);
        let qid = qid.unwrap_or(self.statements - 1);
        let Some(at) = self.open.iter().position(|open| open.qid == qid) else {
            return vec![self.fail(failure("Neo.ClientError.Request.InvalidFormat", "~"))];
        };
        let open = &mut self.open[at];
        let count = usize::try_from(pull.n).unwrap_or(usize::MAX).min(open.rows.len());
        let rows = open.rows.drain(..count);
        let mut said: Vec<Said> = rows.map(|row| Said::Record(record(row))).collect();
        if pull.tag == tag::DISCARD {
            said.clear();
        }
        if !open.rows.is_empty() {
            said.push(Said::Success(Map::from([("has_more", true)])));
            return said;
        }
        let open = self.open.remove(at);
        if let Some(broken) = open.breaks {
            said.push(self.fail(broken));
            return said;
        }
        let mut metadata = Map::from([("type", "r"), ("db", "neo4j")]);
        if self.phase == Phase::Streaming {
            metadata.insert("bookmark", "b");
            self.reset();
        }
        said.push(Said::Success(metadata));
        said
    }
}

fn run(request: &[u8]) -> Option<(String, Map)> {
    let run = RunMessage::parse(request, Limits::default()).ok()?;
    let parameters = Reader::new(run.parameters, Limits::default()).entries().ok()?;
    Some((run.query.to_owned(), parameters))
}

/// As a standalone answers: with the address that the client used.
fn route(request: &[u8]) -> Value {
    let mut reader = Reader::new(request, Limits::default());
    reader.structure().unwrap();
    let address = reader.entries().unwrap().remove("address").unwrap();
    let server = |role: &str| {
        Value::from(Map::from([
            ("addresses", Value::from(vec![address.clone()])),
            ("role", Value::from(role)),
        ]))
    };
    let servers: Vec<Value> = ["WRITE", "READ", "ROUTE"].into_iter().map(server).collect();
    Map::from([("ttl", Value::from(300)), ("db", Value::from("neo4j")), ("servers", servers.into())]).into()
}

impl Said {
    pub(super) fn encode(&self, version: Version) -> Vec<u8> {
        match self {
            Self::Success(metadata) => bolt::message::success(metadata).unwrap(),
            Self::Record(values) => bolt::message::record(values).unwrap(),
            Self::Ignored => bolt::message::ignored(),
            Self::Failure { code, message } => {
                let (code, message) = (code.clone(), message.clone());
                Failure { code, message, gql: GqlStatus::general() }.encode(version).unwrap()
            }
        }
    }

    pub(super) fn parse(payload: &[u8], version: Version) -> Self {
        match bolt::message::parse_reply(payload, Limits::default()).unwrap() {
            Reply::Success(metadata) => Self::Success(metadata),
            Reply::Ignored => Self::Ignored,
            Reply::Failure(metadata) => {
                let Failure { code, message, .. } = Failure::decode(&metadata, version);
                Self::Failure { code, message }
            }
            Reply::Record => {
                let mut reader = Reader::new(payload, Limits::default());
                reader.structure().unwrap();
                let Value::List(values) = reader.value().unwrap() else { panic!("a RECORD without a list") };
                Self::Record(values)
            }
        }
    }

    /// Is it what is expected? A message that starts with `~` stands for all that hold the rest of it.
    pub(super) fn is(&self, expected: &Self) -> bool {
        match (self, expected) {
            (Self::Failure { code, message }, Self::Failure { code: wanted, message: part }) => {
                code == wanted
                    && part.strip_prefix('~').map_or(message == part, |part| message.contains(part))
            }
            _ => self == expected,
        }
    }
}

/// A row of several values is a list of them.
fn record(row: Value) -> Vec<Value> {
    match row {
        Value::List(values) => values,
        value => vec![value],
    }
}
