//! HTTP on the Bolt port: the discovery request of Neo4j Browser, and the way into WebSocket. Answers are
//! Neo4j's own.

use std::time::SystemTime;

use httparse::Status;
use tungstenite::handshake::derive_accept_key;

use crate::config::WebOrigin;

/// Headers that are read of one request.
const MAX_HEADERS: usize = 64;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeadError {
    /// It has no end.
    #[error("the head of an HTTP request is longer than allowed")]
    TooLong,
    /// It is not HTTP.
    #[error("an HTTP request cannot be read: {0}")]
    Malformed(#[from] httparse::Error),
    /// There is no WebSocket there.
    #[error("a WebSocket was asked for at a path other than /")]
    Path,
}

/// What a client asks for by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// How to reach Neo4j, in HTTP 1.0 or 1.1. The empty answer says: here.
    Discovery { minor: u8 },
    /// Frames from here on.
    WebSocket { key: String },
    /// The same, without the key that it needs.
    WithoutKey,
    /// Frames, for a page whose origin may not have them.
    Forbidden { origin: String },
}

/// Reads the head of a GET request: what it asks for, and how long the head is. `None`: it is not complete. Pages of
/// which origins may open a WebSocket is said by `origins`; empty: all.
pub(super) fn parse(input: &[u8], origins: &[WebOrigin]) -> Result<Option<(Request, usize)>, HeadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let Status::Complete(length) = head.parse(input)? else { return Ok(None) };
    let names = |name: &str, token: &str| {
        let named = head.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let mut tokens = named.flat_map(|header| header.value.split(|&byte| byte == b','));
        tokens.any(|value| value.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    if !(names("upgrade", "websocket") && names("connection", "upgrade")) {
        return Ok(Some((Request::Discovery { minor: head.version.unwrap_or(1) }, length)));
    }
    if head.path != Some("/") {
        return Err(HeadError::Path);
    }
    let mut named = head.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("origin"));
    let stranger = named.find(|header| !origins.iter().any(|origin| origin.is(header.value)));
    if let Some(stranger) = stranger.filter(|_| !origins.is_empty()) {
        let origin = String::from_utf8_lossy(stranger.value).into_owned();
        return Ok(Some((Request::Forbidden { origin }, length)));
    }
    let key = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"));
    let request = match key.map(|key| String::from_utf8_lossy(key.value.trim_ascii())) {
        Some(key) => Request::WebSocket { key: key.into_owned() },
        None => Request::WithoutKey,
    };
    Ok(Some((request, length)))
}

impl Request {
    /// The answer. Only behind that to a WebSocket more may follow.
    pub(super) fn answer(&self, now: SystemTime) -> String {
        match self {
            Self::Discovery { minor } => format!(
                "HTTP/1.{minor} 200 OK\r\ncontent-type: application/json\r\naccess-control-allow-origin: *\r\n\
                 vary: Accept\r\ndate: {}\r\ncontent-length: 0\r\n\r\n",
                httpdate::fmt_http_date(now)
            ),
            Self::WebSocket { key } => format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-accept: {}\r\n\r\n",
                derive_accept_key(key.as_bytes())
            ),
            Self::WithoutKey => {
                "HTTP/1.1 400 Bad Request\r\n\r\nnot a WebSocket request: missing key".to_owned()
            }
            Self::Forbidden { .. } => {
                "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Setting as _;

    const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    fn request(head: &str) -> Request {
        let (request, length) = parse(head.as_bytes(), &[]).unwrap().unwrap();
        assert_eq!(length, head.len());
        request
    }

    #[test]
    fn what_a_get_asks_for() {
        let discovery = Request::Discovery { minor: 1 };
        let websocket = Request::WebSocket { key: "dGhlIHNhbXBsZSBub25jZQ==".into() };
        for (head, expected) in [
            ("GET / HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n".to_owned(), &discovery),
            ("GET /any?q=1 HTTP/1.1\r\n\r\n".to_owned(), &discovery),
            ("GET / HTTP/1.0\r\n\r\n".to_owned(), &Request::Discovery { minor: 0 }),
            (format!("GET / HTTP/1.1\r\n{UPGRADE}{KEY}\r\n"), &websocket),
            (
                format!(
                    "GET / HTTP/1.1\r\nCONNECTION: keep-alive, upgrade\r\nuPgrade: WebSocket\r\n{KEY}\r\n"
                ),
                &websocket,
            ),
            (
                format!(
                    "GET / HTTP/1.1\r\n{UPGRADE}{KEY}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
                ),
                &websocket,
            ),
            (format!("GET / HTTP/1.1\r\n{UPGRADE}\r\n"), &Request::WithoutKey),
            (format!("GET / HTTP/1.1\r\nUpgrade: websocket\r\n{KEY}\r\n"), &discovery),
            (format!("GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n{KEY}\r\n"), &discovery),
        ] {
            assert_eq!(request(&head), *expected, "{head}");
        }
    }

    #[test]
    fn a_head_may_come_in_pieces() {
        let head = format!("GET / HTTP/1.1\r\n{UPGRADE}{KEY}\r\n");
        for length in 0..head.len() {
            assert!(parse(&head.as_bytes()[..length], &[]).unwrap().is_none(), "{length}");
        }
        let (_, length) = parse(format!("{head}more").as_bytes(), &[]).unwrap().unwrap();
        assert_eq!(length, head.len());
    }

    #[test]
    fn what_is_not_answered() {
        for head in [
            format!("GET /x HTTP/1.1\r\n{UPGRADE}{KEY}\r\n"),
            format!("GET /?q=1 HTTP/1.1\r\n{UPGRADE}{KEY}\r\n"),
            "GET / HTTP/2.0\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned(),
            format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1)),
        ] {
            assert!(parse(head.as_bytes(), &[]).is_err(), "{head}");
        }
    }

    #[test]
    fn pages_of_other_origins_get_no_websocket() {
        let origins = ["https://browser.example.org", "http://localhost:7474"];
        let origins = origins.map(|origin| WebOrigin::parse(origin).unwrap());
        let forbidden = |headers: &str, origins: &[WebOrigin]| {
            let head = format!("GET / HTTP/1.1\r\n{UPGRADE}{KEY}{headers}\r\n");
            let (request, _) = parse(head.as_bytes(), origins).unwrap().unwrap();
            matches!(request, Request::Forbidden { .. })
        };
        for (headers, expected) in [
            ("", false),
            ("Origin: https://browser.example.org\r\n", false),
            ("ORIGIN:  http://localhost:7474 \r\n", false),
            ("Origin: http://browser.example.org\r\n", true),
            ("Origin: https://browser.example.org:8443\r\n", true),
            ("Origin: https://browser.example.org.example.com\r\n", true),
            ("Origin: https://evil.browser.example.org\r\n", true),
            ("Origin: https://browser.example.org/\r\n", true),
            ("Origin: http://localhost\r\n", true),
            ("Origin: null\r\n", true),
            ("Origin:\r\n", true),
            ("Origin: http://localhost:7474\r\nOrigin: https://example.com\r\n", true),
            ("Origin: https://example.com\r\nOrigin: http://localhost:7474\r\n", true),
        ] {
            assert_eq!(forbidden(headers, &origins), expected, "{headers}");
            assert!(!forbidden(headers, &[]), "{headers}");
        }
        // What is no WebSocket needs no origin: the answer says nothing.
        let discovery = "GET / HTTP/1.1\r\nOrigin: https://example.com\r\n\r\n";
        let (request, _) = parse(discovery.as_bytes(), &origins).unwrap().unwrap();
        assert_eq!(request, Request::Discovery { minor: 1 });
    }

    #[test]
    fn the_answers_are_neo4js() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(
            Request::Discovery { minor: 1 }.answer(now),
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\naccess-control-allow-origin: *\r\n\
             vary: Accept\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n"
        );
        assert!(Request::Discovery { minor: 0 }.answer(now).starts_with("HTTP/1.0 200 OK\r\n"));
        assert_eq!(
            Request::WebSocket { key: "dGhlIHNhbXBsZSBub25jZQ==".into() }.answer(now),
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        );
        assert_eq!(
            Request::WithoutKey.answer(now),
            "HTTP/1.1 400 Bad Request\r\n\r\nnot a WebSocket request: missing key"
        );
    }
}
