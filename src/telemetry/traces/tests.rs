use std::io::{Read, Write};
use std::net::TcpListener;

use super::super::{Log, LogLevel, subscriber};
use super::*;
use crate::config::Setting as _;
use crate::metrics::Stage;

/// What is posted to a collector, head and body, and answered with 200, until `work` is done and has been told.
fn told(work: impl FnOnce(BoxedLayer)) -> Vec<u8> {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = BaseUrl::parse(&format!("http://{}", collector.local_addr().unwrap())).unwrap();
    let (layer, exporter) = start(&endpoint).unwrap();
    let taken = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        let mut request = vec![0; 1 << 16];
        let mut length = 0;
        let whole = |request: &[u8]| {
            let head = String::from_utf8_lossy(request);
            let body = head.find("\r\n\r\n")? + 4;
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length: "))?;
            let expected: usize = line.split_once(' ')?.1.parse().ok()?;
            Some(request.len() >= body + expected)
        };
        while whole(&request[..length]) != Some(true) {
            let read = stream.read(&mut request[length..]).unwrap();
            assert_ne!(read, 0, "the request has no end");
            length += read;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        request.truncate(length);
        request
    });
    work(layer);
    drop(exporter);
    taken.join().unwrap()
}

fn has(request: &[u8], text: &str) -> bool {
    memchr::memmem::find(request, text.as_bytes()).is_some()
}

#[test]
fn a_statement_is_told_with_its_stages() {
    let request = told(|layer| {
        let log = Log { level: LogLevel::Info, ..Log::default() };
        let (subscriber, _) = subscriber(&log, Some(layer), None, false, std::io::sink).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let _connection = tracing::info_span!("connection", peer = "192.0.2.1:7").entered();
            let _statement = tracing::info_span!("statement").entered();
            let _stage = Stage::Fetch.span("face.embed").entered();
            tracing::info!(bytes = 5, "an event of ours");
            tracing::warn!(target: "hyper", url = "http://secret", "an event of others");
        });
    });
    assert!(request.starts_with(b"POST /v1/traces HTTP/1.1\r\n"), "{}", request.escape_ascii());
    for there in [
        "service.name",
        "facebolt",
        "service.version",
        "statement",
        "fetch",
        "face.embed",
        "an event of ours",
    ] {
        assert!(has(&request, there), "no {there} in {}", request.escape_ascii());
    }
    for not in ["connection", "192.0.2.1", "secret", "an event of others"] {
        assert!(!has(&request, not), "{not} in {}", request.escape_ascii());
    }
}

#[test]
fn a_collector_that_is_not_there_stops_nothing() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (layer, exporter) = start(&BaseUrl::parse(&format!("http://{nobody}")).unwrap()).unwrap();
    let (subscriber, _) = subscriber(&Log::default(), Some(layer), None, false, std::io::sink).unwrap();
    tracing::subscriber::with_default(subscriber, || drop(tracing::info_span!("statement").entered()));
    drop(exporter);
    let tls = start(&BaseUrl::parse("https://collector.example.org:4318").unwrap());
    assert!(tls.err().unwrap().contains("takes an http URL"));
}
