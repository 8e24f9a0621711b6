//! Bytes to a conversation: what a client does, mostly what the state of things allows.

use bolt::Version;
use bolt::message::{Pull, tag};
use packstream::{Map, Value, encode};

use super::backend::Manner;
use super::model::{Model, Phase};
use super::speech::{self, STATEMENTS};

const VERSIONS: [Version; 5] = [Version::V4_4, Version::V5_0, Version::V5_4, Version::V5_8, Version::V6_1];

/// How long chunks and the buffers between the ends may be.
const SIZES: [usize; 8] = [1, 2, 3, 7, 16, 64, 1024, 65_535];

/// Most requests of one conversation.
const MOST: usize = 60;

/// How a client ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// When all is answered.
    Quiet,
    /// By GOODBYE behind the last requests.
    Goodbye,
    /// It closes its side behind them.
    HalfClose,
}

#[derive(Debug)]
pub(super) struct Script {
    pub(super) manner: Manner,
    /// The longest chunk of the client's, and what the streams hold on the way.
    pub(super) chunk: usize,
    pub(super) client_buffer: usize,
    pub(super) backend_buffer: usize,
    pub(super) noops: bool,
    /// Requests that are sent before an answer is waited for.
    pub(super) groups: Vec<Vec<Vec<u8>>>,
    pub(super) ending: Ending,
}

struct Source<'b>(&'b [u8]);

impl Source<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.next()) % choices.len()]
    }
}

impl Script {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut source = Source(bytes);
        let version = source.of(&VERSIONS);
        let habits = source.next();
        let manner =
            Manner { version, chunk: source.of(&SIZES), noops: habits & 1 > 0, dawdles: (habits >> 1) % 4 };
        let (chunk, client_buffer, backend_buffer) =
            (source.of(&SIZES), source.of(&SIZES), source.of(&SIZES));
        let noops = habits & 8 > 0;
        let ending = match habits >> 6 {
            2 => Ending::Goodbye,
            3 => Ending::HalfClose,
            _ => Ending::Quiet,
        };
        let mut login = vec![[&[0xB1, tag::HELLO][..], &map([("user_agent", "t/1".into())])].concat()];
        if version.has_logon() {
            login.push(logon());
        }
        let mut model = Model::new(version, speech::client);
        for request in &login {
            model.take(request);
        }
        let (mut groups, mut group) = (vec![login], Vec::new());
        let mut count = 0;
        while !source.0.is_empty() && count < MOST {
            count += 1;
            let how = source.next();
            let request = request(&mut source, how & 0x3F, &model);
            let off = request[1] == tag::LOGOFF;
            model.take(&request);
            group.push(request);
            // RESET must not overtake a LOGOFF; both orders are right then.
            if how & 0xC0 == 0 || off || model.phase == Phase::Authentication {
                groups.push(std::mem::take(&mut group));
            }
        }
        groups.push(group);
        Self { manner, chunk, client_buffer, backend_buffer, noops, groups, ending }
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Vec<u8> {
    encode(&Value::Map(Map::from(entries))).unwrap()
}

fn logon() -> Vec<u8> {
    [&[0xB1, tag::LOGON][..], &map([("scheme", "none".into())])].concat()
}

/// One request: what `how` says of what is allowed now, and now and then anything.
fn request(source: &mut Source<'_>, how: u8, model: &Model) -> Vec<u8> {
    let choices: &[u8] = match (how, model.phase) {
        (0..=1, _) => &[
            tag::RUN,
            tag::PULL,
            tag::BEGIN,
            tag::COMMIT,
            tag::ROLLBACK,
            tag::LOGOFF,
            tag::LOGON,
            tag::HELLO,
            tag::TELEMETRY,
            tag::ROUTE,
            tag::RESET,
        ],
        (2..=6, Phase::Authentication) => &[tag::LOGON],
        (2..=6, _) => &[tag::RESET],
        (_, Phase::Ready) => {
            &[tag::RUN, tag::RUN, tag::RUN, tag::BEGIN, tag::BEGIN, tag::ROUTE, tag::TELEMETRY, tag::LOGOFF]
        }
        (_, Phase::Streaming) => &[tag::PULL, tag::PULL, tag::DISCARD],
        (_, Phase::Transaction) => {
            &[tag::RUN, tag::RUN, tag::PULL, tag::PULL, tag::DISCARD, tag::COMMIT, tag::ROLLBACK]
        }
        (_, Phase::Failed) => {
            &[tag::RESET, tag::RESET, tag::RUN, tag::PULL, tag::COMMIT, tag::ROLLBACK, tag::ROUTE]
        }
        (_, Phase::Authentication | Phase::Negotiation) => &[tag::LOGON],
        (_, Phase::Defunct) => &[tag::RUN, tag::RESET],
    };
    let tag = source.of(choices);
    match tag {
        tag::RUN => {
            let text = source.of(&STATEMENTS);
            let mut parameters = Map::new();
            if text == speech::MUCH {
                parameters.insert("long", "x".repeat(speech::LONG));
            }
            bolt::message::run(text, &parameters, &Map::new()).unwrap()
        }
        tag::PULL | tag::DISCARD => {
            let n = source.of(&[-1, -1, 1, 2, 3, 1000, 1, 0]);
            let open = model.open();
            let which = source.next();
            let qid = match which & 0x0F {
                0..=5 => None,
                6 => Some(-1),
                7 => Some(i64::from(which >> 4)),
                // In auto-commit there is one, whatever its number.
                _ => open.get(usize::from(which >> 4) % open.len().max(1)).copied(),
            };
            Pull { tag, n, qid, other: Map::new() }.encode().unwrap()
        }
        tag::HELLO | tag::BEGIN => [&[0xB1, tag][..], &map([])].concat(),
        tag::LOGON => logon(),
        tag::TELEMETRY => vec![0xB1, tag, 1],
        tag::ROUTE => [&[0xB3, tag][..], &map([("address", "h:7687".into())]), &[0x90, 0xA0]].concat(),
        tag => vec![0xB0, tag],
    }
}
