//! Conversations between a client, the session and a server that is a small exact model of Neo4j's. What the client
//! sees must be what the model says of its requests without us.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check fails by panicking"
)]

mod backend;
mod judge;
mod model;
mod script;
mod speech;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bolt::Version;
use bolt::chunk::{Frame, Scanner};
use bolt::message::tag;
use bytes::BytesMut;
use packstream::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, timeout};

use self::judge::{Seen, judge};
use self::model::{Model, Said};
use self::script::{Ending, Script};
use super::backend::Backend;
use super::frontend::{Frontend, RequestLimits};
use super::routing::Reached;
use super::wire::Wire;
use super::{Both, Services, Session};
use crate::config::Config;
use crate::face::{Embedder, Engine, FaceError, Loader, Policy};
use crate::metrics::{self, Transport};
use crate::procedures::{Call, Compute, Places, Procedure, Registry, Signature, Tools};
use crate::transport::Dialer;

/// Longer than any conversation lasts, on a clock that runs ahead when nothing else does.
const HANGS: Duration = Duration::from_secs(100_000);

/// `face.embed` without faces.
#[derive(Debug)]
struct Embed {
    /// Calls under way.
    running: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Compute for Embed {
    fn signature(&self) -> &'static Signature {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        let mut all = REGISTRY.get_or_init(Registry::new).all().map(Procedure::signature);
        all.find(|signature| signature.name == "face.embed").unwrap()
    }

    fn call<'a>(&'a self, arguments: Vec<Value>, tools: &'a Tools) -> Call<'a> {
        self.running.fetch_add(1, Ordering::Relaxed);
        let running = Running(Arc::clone(&self.running));
        Box::pin(tools.image(async move {
            let _running = running;
            let rows = match arguments[0].as_str().unwrap() {
                speech::TWO => 2,
                speech::SLOW => {
                    tokio::time::sleep(Duration::from_millis(1700)).await;
                    5
                }
                speech::NEVER => std::future::pending().await,
                _ => return Err(FaceError::Stopped.into()),
            };
            let row = |index| {
                vec![
                    Value::Null,
                    Value::Integer(index),
                    Value::Null,
                    Map::new().into(),
                    Value::Null,
                    Value::Null,
                ]
            };
            Ok((0..rows).map(row).collect())
        }))
    }
}

fn services(running: &Arc<AtomicUsize>) -> Services {
    // Nobody uses them.
    static TOOLS: OnceLock<Tools> = OnceLock::new();
    let config = Arc::new(Config::default());
    let embed = Embed { running: Arc::clone(running) };
    Services {
        dialer: Dialer::new(&config.backend).unwrap(),
        registry: Arc::new(Registry::of(vec![Procedure::Compute(Box::new(embed))])),
        tools: TOOLS
            .get_or_init(|| {
                // They are of all conversations, each of which has a clock of its own.
                let places = Places::new(usize::MAX, HANGS);
                let embedder = Embedder::new(Engine::idle(), 0);
                Tools::new(Loader::new(Policy::default()).unwrap(), embedder, 8, places)
            })
            .clone(),
        door: None,
        tier: crate::link::Tier::Faer,
        stopping: super::stopping::stopping().1,
        config,
    }
}

/// Plays the conversation that these bytes stand for. Panics where the client sees what it must not.
pub(crate) fn play(bytes: &[u8]) {
    let script = Script::read(bytes);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(converse(&script));
}

async fn converse(script: &Script) {
    let running = Arc::new(AtomicUsize::new(0));
    let services = services(&running);
    let (client, front) = duplex(script.client_buffer);
    let (back, server) = duplex(script.backend_buffer);
    let version = script.manner.version;
    let limits = RequestLimits { unauthenticated_bytes: 8192, statement_bytes: speech::LONG / 2 };
    let here = ([127, 0, 0, 1], 7687).into();
    let mut session = Session {
        client: Frontend::new(Wire::resume(front, BytesMut::new()), limits),
        backend: Backend::new(Wire::new(back), version, Reached::new(None, here)),
        services: &services,
        held: None,
        transport: Transport::Tcp,
        counted: metrics::connection(metrics::State::Unauthenticated, Transport::Tcp),
        traffic: Both::new(),
    };
    let serving = async move {
        // Why it ends is for the log.
        let _ = session.run(Instant::now() + HANGS).await;
        session.count();
        super::close(&mut session.client.wire).await;
    };
    let model = Model::new(version, speech::server);
    let talking = async {
        tokio::join!(serving, backend::serve(server, model, script.manner), speak(client, script));
    };
    assert!(timeout(HANGS, talking).await.is_ok(), "it hangs: {}", tell(script));
    assert_eq!(running.load(Ordering::Relaxed), 0, "work is left behind: {}", tell(script));
}

/// The client: sends each group of requests, reads the answers, and compares.
async fn speak(client: DuplexStream, script: &Script) {
    let version = script.manner.version;
    let mut model = Model::new(version, speech::client);
    let (mut reader, mut writer) = tokio::io::split(client);
    let mut inbox = Inbox::default();
    for (number, group) in script.groups.iter().enumerate() {
        let last = number + 1 == script.groups.len();
        let ending = if last { script.ending } else { Ending::Quiet };
        let mut bytes = Vec::new();
        for request in group {
            if script.noops {
                bytes.extend([0, 0]);
            }
            backend::chunks(&mut bytes, request, script.chunk);
        }
        if ending == Ending::Goodbye {
            backend::chunks(&mut bytes, &[0xB0, tag::GOODBYE], script.chunk);
        }
        let cut = ending != Ending::Quiet;
        let awaited = if cut { usize::MAX } else { group.len() };
        let sending = async {
            let _ = writer.write_all(&bytes).await;
            if ending == Ending::HalfClose {
                let _ = writer.shutdown().await;
            }
        };
        let ((), seen) = tokio::join!(sending, inbox.answers(&mut reader, awaited, version));
        if let Err(difference) = judge(&mut model, group, &seen, cut) {
            panic!("group {number}: {difference}\nseen: {seen:?}\n{}", tell(script));
        }
        if seen.closed {
            return;
        }
    }
}

/// What a client has read.
#[derive(Default)]
struct Inbox {
    scanner: Scanner,
    held: Vec<u8>,
    message: Vec<u8>,
}

impl Inbox {
    /// Reads until this many requests are answered, and then no more.
    async fn answers<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        awaited: usize,
        version: Version,
    ) -> Seen {
        let (mut said, mut answered) = (Vec::new(), 0);
        loop {
            let mut input = self.held.as_slice();
            while let Some(frame) = self.scanner.next(&mut input) {
                match frame {
                    Frame::Noop => {}
                    Frame::Data { payload, .. } => self.message.extend_from_slice(payload),
                    Frame::End => {
                        let message = Said::parse(&std::mem::take(&mut self.message), version);
                        answered += usize::from(!matches!(message, Said::Record(_)));
                        said.push(message);
                    }
                }
            }
            self.held = input.to_vec();
            let mut buffer = [0; 512];
            let read = reader.read(&mut buffer);
            // Once all is answered, what comes within a second is too much.
            let read = if answered < awaited {
                read.await
            } else {
                match timeout(Duration::from_millis(400), read).await {
                    Ok(read) => read,
                    Err(_) => return Seen { said, closed: false },
                }
            };
            match read {
                Ok(read) if read > 0 => self.held.extend_from_slice(&buffer[..read]),
                _ => return Seen { said, closed: true },
            }
        }
    }
}

/// A conversation for people.
fn tell(script: &Script) -> String {
    let name = |request: &Vec<u8>| match bolt::message::RunMessage::parse(request, Default::default()) {
        Ok(run) => format!("RUN {}", run.query),
        Err(_) => format!("{:02X?}", &request[1..]),
    };
    let groups: Vec<Vec<String>> =
        script.groups.iter().map(|group| group.iter().map(name).collect()).collect();
    format!("{:?} {:?} chunk {} {groups:#?}", script.manner, script.ending, script.chunk)
}
