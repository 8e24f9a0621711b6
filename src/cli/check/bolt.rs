//! A connection of our own to Neo4j: enough of Bolt to ask who is there, log in and run one statement.

use std::io;

use bolt::Version;
use bolt::chunk::{Frame, Scanner, write_message};
use bolt::failure::Failure;
use bolt::handshake::{Answer, HandshakeError, MAGIC, parse_answer};
use bolt::message::{self, MessageError, Reply};
use packstream::{EncodeError, Limits, Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::transport::Socket;

/// The versions proposed, as ranges: 5.8 to 5.6, 5.4 to 5.0, 4.4. Newer ones bring nothing that is needed here.
const PROPOSALS: [u8; 16] = [0, 2, 8, 5, 0, 4, 4, 5, 0, 0, 4, 4, 0, 0, 0, 0];

/// Longest answer that is read: far more than any to what is asked here.
const MAX_ANSWER: usize = 1 << 20;

/// Why there was no answer, or none that helps.
#[derive(Debug, thiserror::Error)]
pub(super) enum BoltError {
    /// The connection failed or ended.
    #[error("the connection ends: {0}")]
    Broken(#[from] io::Error),
    /// An HTTP server.
    #[error("it speaks HTTP, not Bolt")]
    Http,
    /// Something else than Bolt, or a version of it that is not known.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// No version in common.
    #[error("no version of Bolt in common: 4.4 to 6.1 are known here")]
    NoVersion,
    /// It says no.
    #[error("{}: {}", .0.code, .0.message)]
    Failure(Box<Failure>),
    /// Something that is not Bolt, after a handshake that was.
    #[error("its answer is not Bolt: {0}")]
    Answer(#[from] MessageError),
    /// An answer that does not belong here.
    #[error("its answer is not to what was asked")]
    Unexpected,
    /// Something of ours has no encoding.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A connection after the handshake.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Socket,
    pub(super) version: Version,
}

impl Connection {
    /// Agrees on a version.
    pub(super) async fn open(mut stream: Socket) -> Result<Self, BoltError> {
        stream.write_all(&[MAGIC.as_slice(), &PROPOSALS].concat()).await?;
        stream.flush().await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        if answer == *b"HTTP" {
            return Err(BoltError::Http);
        }
        match parse_answer(answer)? {
            Answer::Version(version) => Ok(Self { stream, version }),
            Answer::Manifest | Answer::None => Err(BoltError::NoVersion),
        }
    }

    /// Says HELLO, with credentials in it where there is no LOGON; what the server says of itself.
    pub(super) async fn hello(&mut self, credentials: Option<&Map>) -> Result<Map, BoltError> {
        let agent = concat!("facebolt-check/", env!("CARGO_PKG_VERSION"));
        let mut extra = Map::from([("user_agent", agent)]);
        if self.version.has_logon() {
            extra.insert("bolt_agent", Value::Map(Map::from([("product", agent)])));
        }
        extra.extend(credentials.into_iter().flat_map(Map::iter).map(|(key, value)| (key, value.clone())));
        self.send(&message::hello(&extra)?).await?;
        self.summary().await
    }

    /// Logs in.
    pub(super) async fn logon(&mut self, credentials: &Map) -> Result<(), BoltError> {
        self.send(&message::logon(credentials)?).await?;
        self.summary().await.map(drop)
    }

    /// Runs a statement that only reads, to its end.
    pub(super) async fn run(&mut self, text: &str, parameters: &Map) -> Result<(), BoltError> {
        let extra = Map::from([("mode", "r")]);
        self.send(&message::run(text, parameters, &extra)?).await?;
        self.summary().await?;
        self.send(&message::pull(-1)).await?;
        loop {
            match self.reply().await? {
                Reply::Record => {}
                Reply::Success(_) => return Ok(()),
                other => return Err(self.unexpected(other)),
            }
        }
    }

    async fn send(&mut self, payload: &[u8]) -> Result<(), BoltError> {
        let mut framed = Vec::new();
        write_message(&mut framed, payload);
        self.stream.write_all(&framed).await?;
        Ok(self.stream.flush().await?)
    }

    async fn summary(&mut self) -> Result<Map, BoltError> {
        match self.reply().await? {
            Reply::Success(metadata) => Ok(metadata),
            other => Err(self.unexpected(other)),
        }
    }

    fn unexpected(&self, reply: Reply) -> BoltError {
        match reply {
            Reply::Failure(map) => BoltError::Failure(Box::new(Failure::decode(&map, self.version))),
            _ => BoltError::Unexpected,
        }
    }

    /// Reads one message. Nothing is read ahead of its end: requests go out one at a time.
    async fn reply(&mut self) -> Result<Reply, BoltError> {
        let mut scanner = Scanner::new();
        let mut message = Vec::new();
        let mut bytes = Vec::new();
        loop {
            bytes.push(self.stream.read_u8().await?);
            let mut rest = bytes.as_slice();
            while let Some(frame) = scanner.next(&mut rest) {
                match frame {
                    Frame::Noop => {}
                    Frame::Data { payload, .. } => message.extend_from_slice(payload),
                    Frame::End => return Ok(message::parse_reply(&message, Limits::default())?),
                }
            }
            bytes = rest.to_vec();
            if message.len() > MAX_ANSWER {
                return Err(BoltError::Unexpected);
            }
        }
    }
}
