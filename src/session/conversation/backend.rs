//! A server that is the model, at the other end of a stream: RESET, GOODBYE and a closed client act on arrival.

use std::collections::VecDeque;
use std::time::Duration;

use bolt::Version;
use bolt::chunk::{Frame, Scanner};
use bolt::message::tag;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep_until};

use super::model::{Model, Phase, Said, failure};

/// What waits to be written before it takes the next request.
const HIGH_WATER: usize = 256;

/// How long a slow statement takes.
const SLOW: Duration = Duration::from_secs(3);

/// What the server does of its own accord.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) version: Version,
    /// The longest chunk that it writes.
    pub(super) chunk: usize,
    /// Does it send NOOPs before its answers?
    pub(super) noops: bool,
    /// How often it lets others go first before it takes a request.
    pub(super) dawdles: u8,
}

struct Server {
    model: Model,
    manner: Manner,
    queue: VecDeque<Vec<u8>>,
    out: Vec<u8>,
    /// The statement being worked on ends then.
    working: Option<Instant>,
    dawdled: u8,
}

/// Serves until the client has gone, or has done what it must not; then reads what else it sends.
pub(super) async fn serve(mut stream: DuplexStream, model: Model, manner: Manner) {
    let mut server =
        Server { model, manner, queue: VecDeque::new(), out: Vec::new(), working: None, dawdled: 0 };
    let (mut scanner, mut held, mut message) = (Scanner::new(), Vec::new(), Vec::new());
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    loop {
        if server.model.phase == Phase::Defunct {
            let _ = writer.write_all(&server.out).await;
            let _ = writer.shutdown().await;
            let mut rest = [0; 64];
            while reader.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            return;
        }
        let mut buffer = [0; 256];
        let may_work = server.out.len() < HIGH_WATER && !server.queue.is_empty();
        let until = server.working.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            read = reader.read(&mut buffer) => {
                let read = read.unwrap_or(0);
                if read == 0 {
                    return;
                }
                held.extend_from_slice(&buffer[..read]);
                let mut input = held.as_slice();
                while let Some(frame) = scanner.next(&mut input) {
                    match frame {
                        Frame::Noop => {}
                        Frame::Data { payload, .. } => message.extend_from_slice(payload),
                        Frame::End => if server.arrives(std::mem::take(&mut message)) { return },
                    }
                }
                held = input.to_vec();
            }
            written = writer.write(&server.out), if !server.out.is_empty() => {
                match written {
                    Ok(written) => drop(server.out.drain(..written)),
                    Err(_) => server.model.phase = Phase::Defunct,
                }
            }
            () = sleep_until(until), if may_work && server.working.is_some() => {
                server.working = None;
                server.work();
            }
            () = tokio::task::yield_now(), if may_work && server.working.is_none() => server.step(),
        }
    }
}

impl Server {
    /// A request arrives. True: it is GOODBYE.
    fn arrives(&mut self, request: Vec<u8>) -> bool {
        let logged_in = !matches!(self.model.phase, Phase::Negotiation | Phase::Authentication);
        if request[1] == tag::RESET && logged_in {
            if self.working.take().is_some() {
                self.queue.pop_front();
                self.say(&failure("Neo.ClientError.Transaction.Terminated", "~"));
                self.model.phase = Phase::Failed;
            }
            for _ in 0..std::mem::take(&mut self.queue).len() {
                self.say(&Said::Ignored);
                self.model.phase = Phase::Failed;
            }
        }
        let goodbye = request[1] == tag::GOODBYE;
        self.queue.push_back(request);
        goodbye
    }

    fn step(&mut self) {
        self.dawdled += 1;
        if self.dawdled <= self.manner.dawdles {
            return;
        }
        self.dawdled = 0;
        if self.queue.front().is_some_and(|request| self.model.slow(request)) {
            self.working = Some(Instant::now() + SLOW);
        } else {
            self.work();
        }
    }

    fn work(&mut self) {
        let Some(request) = self.queue.pop_front() else { return };
        for said in self.model.take(&request) {
            self.say(&said);
        }
    }

    fn say(&mut self, said: &Said) {
        if self.manner.noops {
            self.out.extend([0, 0]);
        }
        chunks(&mut self.out, &said.encode(self.manner.version), self.manner.chunk);
    }
}

/// A message in chunks of at most `longest` bytes.
pub(super) fn chunks(out: &mut Vec<u8>, payload: &[u8], longest: usize) {
    for chunk in payload.chunks(longest) {
        out.extend(u16::try_from(chunk.len()).unwrap().to_be_bytes());
        out.extend_from_slice(chunk);
    }
    out.extend([0, 0]);
}
