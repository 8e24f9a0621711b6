//! A Bolt client as thin as can be, so that what is measured is the path and the server.

use std::io::{Read, Write};
use std::net::TcpStream;

use bolt::chunk::{Frame, Scanner, write_message};
use bolt::message::{self, tag};
use packstream::{Map, Value};

/// One logged-in connection.
pub(crate) struct Client {
    stream: TcpStream,
    scanner: Scanner,
    inbox: Vec<u8>,
    /// What of `inbox` is there and has not been looked at.
    unread: std::ops::Range<usize>,
}

impl Client {
    /// Connects and logs in with `NEO4J_USER` and `NEO4J_PASSWORD`.
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let mut client = Self { stream, scanner: Scanner::new(), inbox: vec![0; 256 * 1024], unread: 0..0 };
        // 5.4 and nothing else: all servers have it.
        let mut hello = vec![0x60, 0x60, 0xB0, 0x17, 0, 0, 4, 5];
        hello.resize(20, 0);
        client.stream.write_all(&hello).expect("write");
        let mut answer = [0; 4];
        client.stream.read_exact(&mut answer).expect("handshake");
        assert_eq!(answer, [0, 0, 4, 5], "{address} speaks no Bolt 5.4");
        let agent = Map::from([("product", Value::from("facebolt-bench/1"))]);
        let hello =
            Map::from([("user_agent", Value::from("facebolt-bench/1")), ("bolt_agent", agent.into())]);
        let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let logon = Map::from([
            ("scheme", Value::from("basic")),
            ("principal", Value::from(variable("NEO4J_USER").as_str())),
            ("credentials", Value::from(variable("NEO4J_PASSWORD").as_str())),
        ]);
        client.send(&[message::hello(&hello).expect("hello"), message::logon(&logon).expect("logon")]);
        client.receive(2);
        client
    }

    /// RESET and its answer.
    pub(crate) fn reset(&mut self) {
        self.send(&[message::reset()]);
        self.receive(1);
    }

    /// RUN and PULL of everything. Gives the bytes that came back.
    pub(crate) fn query(&mut self, text: &str) -> usize {
        self.send(&[message::run(text, &Map::new(), &Map::new()).expect("run"), message::pull(-1)]);
        self.receive(2)
    }

    fn send(&mut self, messages: &[Vec<u8>]) {
        let mut out = Vec::new();
        messages.iter().for_each(|payload| write_message(&mut out, payload));
        self.stream.write_all(&out).expect("write");
    }

    /// Reads up to the end of so many SUCCESS messages. Gives the bytes read.
    fn receive(&mut self, mut summaries: usize) -> usize {
        let mut received = 0;
        let mut head = [0; 2];
        let mut length = 0_usize;
        while summaries > 0 {
            if self.unread.is_empty() {
                let read = self.stream.read(&mut self.inbox).expect("read");
                assert!(read > 0, "the connection was closed");
                self.unread = 0..read;
                received += read;
            }
            let all = &self.inbox[self.unread.clone()];
            let mut rest = all;
            while summaries > 0
                && let Some(frame) = self.scanner.next(&mut rest)
            {
                match frame {
                    Frame::Data { payload, .. } => {
                        head.iter_mut().skip(length).zip(payload).for_each(|(to, from)| *to = *from);
                        length += payload.len();
                    }
                    Frame::End => {
                        match head[1] {
                            tag::SUCCESS => summaries -= 1,
                            tag::RECORD => {}
                            other => panic!("answered with {other:#x}"),
                        }
                        length = 0;
                    }
                    Frame::Noop => {}
                }
            }
            if rest.len() == all.len() && !all.is_empty() {
                // Half a chunk header: the rest of it is on its way.
                let mut next = [0];
                self.stream.read_exact(&mut next).expect("read");
                received += 1;
                let (start, end) = (self.unread.start, self.unread.end);
                self.inbox.copy_within(start..end, 0);
                self.inbox[end - start] = next[0];
                self.unread = 0..end - start + 1;
                continue;
            }
            self.unread = self.unread.end - rest.len()..self.unread.end;
        }
        received
    }
}
