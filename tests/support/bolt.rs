//! A bare client of Bolt over any transport, for what drivers do not do.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test binary uses a part of it, and a test fails by panicking"
)]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bolt::message::tag;
use packstream::{Limits, Map, Value, decode, encode};
use tungstenite::{Message, WebSocket};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The magic number, and a proposal of Bolt 5.4 alone.
pub const OPENING: [u8; 20] = *b"\x60\x60\xB0\x17\0\0\x04\x05\0\0\0\0\0\0\0\0\0\0\0\0";

/// A byte stream to a server.
pub trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// A connection over TCP that does not wait for ever.
pub fn tcp(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A WebSocket as a byte stream: each write is a message.
pub struct Messages<S> {
    pub socket: WebSocket<S>,
    /// How long each message was.
    pub lengths: Vec<usize>,
    rest: Vec<u8>,
}

impl<S: Read + Write> Messages<S> {
    /// The upgrade, over a connection that is there.
    pub fn upgrade(stream: S) -> Self {
        let (socket, response) = tungstenite::client("ws://localhost/", stream)
            .unwrap_or_else(|error| panic!("no WebSocket: {error}"));
        assert!(response.headers().get("sec-websocket-extensions").is_none());
        Self { socket, lengths: Vec::new(), rest: Vec::new() }
    }
}

impl<S: Read + Write> Read for Messages<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => {
                    self.lengths.push(bytes.len());
                    self.rest = bytes.to_vec();
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Close(_)) | Err(tungstenite::Error::ConnectionClosed) => return Ok(0),
                Ok(other) => panic!("{other}"),
                Err(tungstenite::Error::Io(error)) => return Err(error),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

impl<S: Read + Write> Write for Messages<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The longest frame that a server takes.
        let bytes = &bytes[..bytes.len().min(65_536)];
        self.socket.send(Message::binary(bytes.to_vec())).map_err(io::Error::other)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush().map_err(io::Error::other)
    }
}

/// A connection that speaks Bolt 5.4.
pub struct Client<S = Box<dyn Stream>> {
    pub stream: S,
}

impl<S: Stream> Client<S> {
    /// Negotiates the version.
    pub fn open(mut stream: S) -> io::Result<Self> {
        stream.write_all(&OPENING)?;
        stream.flush()?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer)?;
        assert_eq!(answer, [0, 0, 4, 5]);
        Ok(Self { stream })
    }

    pub fn send_raw(&mut self, message: &[u8]) -> io::Result<()> {
        let mut bytes = Vec::new();
        bolt::chunk::write_message(&mut bytes, message);
        self.stream.write_all(&bytes)?;
        self.stream.flush()
    }

    pub fn send(&mut self, tag: u8, fields: &[Value]) -> io::Result<()> {
        self.send_raw(&message(tag, fields))
    }

    /// The next message: its tag and its one field.
    pub fn receive(&mut self) -> io::Result<(u8, Value)> {
        let mut payload = Vec::new();
        loop {
            let mut header = [0; 2];
            self.stream.read_exact(&mut header)?;
            let length = usize::from(u16::from_be_bytes(header));
            if length == 0 && !payload.is_empty() {
                break;
            }
            let start = payload.len();
            payload.resize(start + length, 0);
            self.stream.read_exact(&mut payload[start..])?;
        }
        match decode(&payload, Limits::default()).unwrap() {
            Value::Structure(mut structure) => {
                Ok((structure.tag, structure.fields.pop().unwrap_or(Value::Null)))
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn hello(&mut self) -> io::Result<(u8, Value)> {
        self.send(tag::HELLO, &[Value::from(hello())])?;
        self.receive()
    }

    /// HELLO and LOGON, which must succeed.
    pub fn log_in(mut self, user: &str, password: &str) -> io::Result<Self> {
        let (answer, metadata) = self.hello()?;
        assert_eq!(answer, tag::SUCCESS, "{metadata:?}");
        let token = Map::from([("scheme", "basic"), ("principal", user), ("credentials", password)]);
        self.send(tag::LOGON, &[Value::from(token)])?;
        let (answer, metadata) = self.receive()?;
        assert_eq!(answer, tag::SUCCESS, "{metadata:?}");
        Ok(self)
    }

    /// The rows of a statement.
    pub fn run(&mut self, text: &str) -> io::Result<Vec<Vec<Value>>> {
        let nothing = || Value::from(Map::new());
        self.send(tag::RUN, &[Value::from(text), nothing(), nothing()])?;
        self.send(tag::PULL, &[Value::from(Map::from([("n", -1)]))])?;
        let (answer, metadata) = self.receive()?;
        assert_eq!(answer, tag::SUCCESS, "{metadata:?}");
        let mut rows = Vec::new();
        loop {
            match self.receive()? {
                (tag::RECORD, Value::List(row)) => rows.push(row),
                (tag::SUCCESS, _) => return Ok(rows),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Whether RETURN 1 is 1.
    pub fn returns_one(&mut self) -> bool {
        self.run("RETURN 1").unwrap() == [[Value::from(1)]]
    }

    /// Whether the server ends the connection without another message.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset && rest.is_empty(),
        }
    }
}

/// A message without chunks.
pub fn message(tag: u8, fields: &[Value]) -> Vec<u8> {
    let mut bytes = vec![0xB0 | u8::try_from(fields.len()).unwrap(), tag];
    fields.iter().for_each(|field| bytes.extend(encode(field).unwrap()));
    bytes
}

/// What a driver says in HELLO.
pub fn hello() -> Map {
    let agent = Value::from(Map::from([("product", "test/1")]));
    let routing = Value::from(Map::from([("address", "localhost:7687")]));
    Map::from([("user_agent", Value::from("test/1")), ("bolt_agent", agent), ("routing", routing)])
}
