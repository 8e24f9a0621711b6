//! A public server that means ill: what it may do before, in and behind an answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::network::Fake;
use super::{REFUSED, Refusal, TooLarge};
use crate::face::FetchFailure::{Body, Connect, Status, Timeout};

/// What a server sends once it has read a request, and what it does then.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// Then it hangs up.
    Ends(Vec<u8>),
    /// Then nothing more, for ever.
    Stalls(Vec<u8>),
    /// Then this, again and again, as fast as it can.
    Floods(Vec<u8>, Vec<u8>),
    /// Byte by byte, so slowly that each read brings something.
    Drips(Vec<u8>),
    /// A reset, without a word.
    Resets,
}

/// A server that gives one answer to all.
pub(super) async fn serve(answer: Answer) -> SocketAddr {
    serve_by(move |_| answer.clone()).await
}

/// A server that answers by the path that is asked for.
pub(super) async fn serve_by(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move { converse(stream, |path| answer(path)).await });
        }
    });
    address
}

async fn converse(mut stream: TcpStream, answer: impl Fn(&str) -> Answer) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    match answer(head.split(' ').nth(1).unwrap_or_default()) {
        Answer::Ends(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Answer::Stalls(bytes) => {
            stream.write_all(&bytes).await?;
            // Until we are left.
            stream.read_u8().await.map(drop)
        }
        Answer::Floods(bytes, more) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(&more).await?;
            }
        }
        Answer::Drips(bytes) => {
            for byte in bytes {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Answer::Resets => stream.set_zero_linger(),
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\n";

fn ok(rest: &str) -> Vec<u8> {
    format!("{OK}{rest}").into_bytes()
}

fn cases() -> Vec<(&'static str, Answer, Refusal)> {
    use Answer::{Drips, Ends, Floods, Resets, Stalls};
    let fetch = Refusal::Fetch;
    let status =
        |code: &str| Ends(format!("HTTP/1.1 {code}\r\nContent-Length: 6\r\n\r\nsecret").into_bytes());
    let gzip_bomb = {
        let body = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xff; 100]].concat();
        move |header: &str| {
            let head = format!("{OK}{header}\r\nContent-Length: {}\r\n\r\n", body.len());
            Ends([head.as_bytes(), &body].concat())
        }
    };
    vec![
        // Lies about the length.
        ("more is promised than comes", Ends(ok("Content-Length: 900\r\n\r\nhalf")), fetch(Body)),
        (
            "an end of chunks that does not come",
            Ends(ok("Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")),
            fetch(Body),
        ),
        ("a length above the cap", Ends(ok("Content-Length: 1001\r\n\r\n")), TooLarge),
        ("a length of exabytes", Ends(ok("Content-Length: 9223372036854775807\r\n\r\n")), TooLarge),
        (
            "a length that overflows",
            Ends(ok("Content-Length: 18446744073709551617\r\n\r\nx")),
            fetch(Connect),
        ),
        ("a length below zero", Ends(ok("Content-Length: -1\r\n\r\nx")), fetch(Connect)),
        ("a length that is none", Ends(ok("Content-Length: many\r\n\r\nx")), fetch(Connect)),
        ("two lengths", Ends(ok("Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx")), fetch(Connect)),
        (
            "a chunk of exabytes",
            Floods(ok("Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n"), vec![7; 4096]),
            TooLarge,
        ),
        (
            "a chunk that overflows",
            Ends(ok("Transfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\nx")),
            fetch(Body),
        ),
        ("a chunk without a size", Ends(ok("Transfer-Encoding: chunked\r\n\r\nx\r\n")), fetch(Body)),
        // What does not end.
        ("a body without an end", Floods(ok("\r\n"), vec![7; 4096]), TooLarge),
        (
            "chunks without an end",
            Floods(ok("Transfer-Encoding: chunked\r\n\r\n"), b"1\r\nx\r\n".repeat(100)),
            TooLarge,
        ),
        (
            "a chunk's extension without an end",
            Floods(ok("Transfer-Encoding: chunked\r\n\r\n1;"), vec![b'x'; 4096]),
            fetch(Body),
        ),
        (
            "trailers without an end",
            Floods(ok("Transfer-Encoding: chunked\r\n\r\n0\r\n"), b"A: b\r\n".repeat(100)),
            fetch(Body),
        ),
        ("a status line without an end", Floods(b"HTTP/1.1 200 ".to_vec(), vec![b'O'; 4096]), fetch(Connect)),
        ("a header without an end", Floods(ok("X: "), vec![b'x'; 4096]), fetch(Connect)),
        ("headers without an end", Floods(ok(""), b"X: y\r\n".repeat(100)), fetch(Connect)),
        (
            "answers that are only announced",
            Floods(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
            fetch(Timeout),
        ),
        // What takes its time.
        ("not a word", Stalls(Vec::new()), fetch(Timeout)),
        ("half a status line", Stalls(b"HTTP/1.1 20".to_vec()), fetch(Timeout)),
        ("half of the headers", Stalls(ok("Content-Type: image/png\r\n")), fetch(Timeout)),
        ("headers and then nothing", Stalls(ok("Content-Length: 9\r\n\r\n")), fetch(Timeout)),
        ("half a body", Stalls(ok("Content-Length: 9\r\n\r\nhalf")), fetch(Timeout)),
        ("half a chunk", Stalls(ok("Transfer-Encoding: chunked\r\n\r\n4\r\nha")), fetch(Timeout)),
        ("a head byte by byte", Drips(ok(&"X: y\r\n".repeat(100))), fetch(Timeout)),
        (
            "a body byte by byte",
            Drips(ok(&format!("Content-Length: 900\r\n\r\n{}", "x".repeat(900)))),
            fetch(Timeout),
        ),
        // What would grow when it is unpacked.
        ("a body in gzip", gzip_bomb("Content-Encoding: gzip"), fetch(Body)),
        ("a body in gzip twice", gzip_bomb("Content-Encoding: gzip, gzip"), fetch(Body)),
        ("a body in brotli", gzip_bomb("Content-Encoding: br"), fetch(Body)),
        ("a body in zstd", gzip_bomb("Content-Encoding: identity\r\nContent-Encoding: zstd"), fetch(Body)),
        (
            "a transfer in gzip",
            Ends(ok("Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")),
            fetch(Body),
        ),
        // No image.
        ("no content", Ends(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), fetch(Status)),
        ("a part", status("206 Partial Content"), fetch(Status)),
        ("a choice", status("300 Multiple Choices"), fetch(Status)),
        ("nothing new", Ends(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()), fetch(Status)),
        ("a proxy to use", status("305 Use Proxy\r\nLocation: http://127.0.0.1/"), fetch(Status)),
        (
            "a password is asked for",
            status("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x"),
            fetch(Status),
        ),
        ("forbidden", status("403 Forbidden"), fetch(Status)),
        ("not found", status("404 Not Found"), fetch(Status)),
        ("a proxy's password is asked for", status("407 Proxy Authentication Required"), fetch(Status)),
        ("a failure", status("500 Internal Server Error"), fetch(Status)),
        (
            "another protocol",
            Ends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".to_vec()),
            fetch(Status),
        ),
        ("somewhere else, but not where", status("302 Found"), REFUSED),
        // No HTTP.
        ("nothing", Ends(Vec::new()), fetch(Connect)),
        ("a reset", Resets, fetch(Connect)),
        ("SSH", Ends(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), fetch(Connect)),
        ("SMTP", Ends(b"220 mail ESMTP\r\n".to_vec()), fetch(Connect)),
        ("Redis", Ends(b"-ERR unknown command\r\n".to_vec()), fetch(Connect)),
        ("TLS", Ends(b"\x15\x03\x01\0\x02\x02\x46".to_vec()), fetch(Connect)),
        ("HTTP/2", Ends(b"\0\0\0\x04\0\0\0\0\0".to_vec()), fetch(Connect)),
        ("a body alone", Ends(b"<html>secret</html>".to_vec()), fetch(Connect)),
        ("a NUL in a header", Ends(ok("X: a\0b\r\nContent-Length: 1\r\n\r\nx")), fetch(Connect)),
    ]
}

#[tokio::test]
async fn no_server_gets_more_than_its_time_and_its_bytes() {
    let cases = cases();
    assert!(cases.len() >= 50);
    for (name, answer, refusal) in cases {
        let fake = Fake::new(serve(answer).await).await;
        let got = Refusal::of(fake.load(&Fake::policy(), "http://public.test/photo.jpg").await);
        assert_eq!(got, refusal, "{name}");
        fake.assert_untouched(name);
    }
}

#[tokio::test]
async fn what_is_plain_comes_through() {
    for head in [
        "Content-Length: 6",
        "Content-Encoding: Identity\r\nContent-Length: 6",
        "Alt-Svc: h2=\"127.0.0.1:443\"",
    ] {
        let fake = Fake::new(serve(Answer::Ends(ok(&format!("{head}\r\n\r\npixels")))).await).await;
        assert_eq!(fake.load(&Fake::policy(), "http://public.test/").await.unwrap(), 6, "{head}");
    }
    let chunked = Answer::Ends(ok("Transfer-Encoding: chunked\r\n\r\n6\r\npixels\r\n0\r\n\r\n"));
    let fake = Fake::new(serve(chunked).await).await;
    assert_eq!(fake.load(&Fake::policy(), "http://public.test/").await.unwrap(), 6);
}
