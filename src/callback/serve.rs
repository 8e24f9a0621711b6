//! Connections to the side door.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::request::{Arriving, MAX_KEY, Refused, Request};
use super::strangers::Strangers;
use super::{Entry, Shared, TOKEN};

/// Connections at a time; the next one waits in the system's backlog.
const CONNECTIONS: usize = 1024;

/// How long a new connection may take to show its token.
const FIRST: Duration = Duration::from_secs(5);

/// How long a connection may be idle between two requests. A JVM keeps one for 5 seconds.
const IDLE: Duration = Duration::from_secs(30);

/// How long the rest of a request, and the writing of an answer, may take.
const TRANSFER: Duration = Duration::from_secs(30);

/// Keys of more than this are read by few at a time, for all that they may take.
const LONG_KEY: usize = 256 << 10;
const LONG_KEYS: usize = 4;

/// A pause after accepting failed, so that a lack of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections share.
struct Room {
    door: Arc<Shared>,
    strangers: Strangers,
    long_keys: Semaphore,
}

/// Serves until the future is dropped.
pub(super) async fn run(listener: TcpListener, door: Arc<Shared>) {
    let room = Arc::new(Room { door, strangers: Strangers::default(), long_keys: Semaphore::new(LONG_KEYS) });
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // An error would mean that the semaphore was closed, which nobody does.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = loop {
            tokio::select! {
                accepted = listener.accept() => break accepted,
                Some(_) = connections.join_next() => {}
            }
        };
        match accepted {
            Ok((stream, _)) => {
                let room = Arc::clone(&room);
                connections.spawn(async move {
                    // Who broke it off has no use for an answer, and a stranger is told nothing.
                    let _ = connection(stream, &room).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a callback");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(mut stream: TcpStream, room: &Room) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut patience = FIRST;
    loop {
        let stranger = room.strangers.enter();
        let entry = tokio::select! {
            () = stranger.sent_away() => return Ok(()),
            entry = timeout(patience, identify(&mut stream, &room.door)) => entry.map_err(io::Error::other)??,
        };
        drop(stranger);
        let Some(entry) = entry else { return Ok(()) };
        let request =
            match timeout(TRANSFER, receive(&mut stream, room)).await.map_err(io::Error::other)?? {
                Ok(request) => request,
                Err(refused) => {
                    if refused == Refused::TooLong {
                        entry.answers.too_long(MAX_KEY);
                    }
                    return Ok(());
                }
            };
        let answer = answer(&entry, &request).await;
        timeout(TRANSFER, stream.write_all(&answer)).await.map_err(io::Error::other)??;
        if !request.keep {
            return stream.shutdown().await;
        }
        patience = IDLE;
    }
}

/// Reads the method and the token, and not a byte more. None: it is not one of ours.
async fn identify(stream: &mut TcpStream, door: &Shared) -> io::Result<Option<Arc<Entry>>> {
    let start = door.request.as_bytes();
    let mut bytes = vec![0; start.len() + TOKEN + 1];
    let mut have = 0;
    while have < bytes.len() {
        let read = stream.read(bytes.get_mut(have..).unwrap_or_default()).await?;
        if read == 0 {
            return Ok(None);
        }
        have += read;
        // What cannot become a token is the end at once.
        let (begun, token) = bytes.get(..have).unwrap_or_default().split_at(have.min(start.len()));
        let token = token.get(..TOKEN).unwrap_or(token);
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !start.starts_with(begun) || !token.iter().all(fits) {
            return Ok(None);
        }
    }
    let token = bytes.get(start.len()..start.len() + TOKEN).and_then(|token| std::str::from_utf8(token).ok());
    let entry = token.filter(|_| bytes.ends_with(b"/")).and_then(|token| door.entry(token));
    if let Some(entry) = &entry {
        entry.asked.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    Ok(entry)
}

/// Reads the rest of the request.
async fn receive(stream: &mut TcpStream, room: &Room) -> io::Result<Result<Request, Refused>> {
    let mut arriving = Arriving::default();
    let mut buffer = vec![0; 16 << 10];
    let mut long = None;
    loop {
        if long.is_none() && arriving.len() > LONG_KEY {
            long = Some(room.long_keys.acquire().await.map_err(io::Error::other)?);
        }
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match arriving.take(buffer.get(..read).unwrap_or_default()) {
            Ok(Some(request)) => return Ok(Ok(request)),
            Ok(None) => {}
            Err(refused) => return Ok(Err(refused)),
        }
    }
}

/// Head and body.
async fn answer(entry: &Entry, request: &Request) -> Vec<u8> {
    let mut closed = entry.closed.subscribe();
    let body = tokio::select! {
        biased;
        // The sender is the entry's own.
        _ = closed.wait_for(|closed| *closed) => return head("410 Gone", 0),
        body = entry.answers.answer(request.call, &request.key) => body,
    };
    match body {
        None => head("500 Internal Server Error", 0),
        Some(body) => {
            let mut answer = head("200 OK", body.len());
            answer.extend_from_slice(&body);
            answer
        }
    }
}

fn head(status: &str, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Type: text/csv;charset=utf-8\r\nContent-Length: {length}\r\n\r\n")
        .into_bytes()
}
