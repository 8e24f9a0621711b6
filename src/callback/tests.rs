use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;
use crate::config::HostPort;

/// Answers with the call and the key; a key `n` never, a key `f` with a failure.
#[derive(Default)]
struct Echo {
    started: Notify,
    dropped: Arc<AtomicUsize>,
    long: AtomicBool,
}

struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Answers for Echo {
    fn answer<'a>(&'a self, call: usize, key: &'a [u8]) -> Answer<'a> {
        Box::pin(async move {
            match key {
                b"n" => {
                    let _counted = CountsDrop(Arc::clone(&self.dropped));
                    self.started.notify_one();
                    std::future::pending().await
                }
                b"f" => None,
                key => Some([format!("{call}:").as_bytes(), key].concat()),
            }
        })
    }

    fn too_long(&self, _: usize) {
        self.long.store(true, Ordering::SeqCst);
    }
}

struct Running {
    door: Door,
    echo: Arc<Echo>,
    ticket: Ticket,
    address: std::net::SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn start() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut callback = Callback { listen: Some(HostPort::local(address.port())), ..Callback::default() };
    callback.url.address.port = address.port();
    let door = Door::new(&callback).unwrap();
    let echo = Arc::new(Echo::default());
    let ticket = door.open(Arc::<Echo>::clone(&echo)).unwrap();
    let task = tokio::spawn(door.clone().serve(listener));
    Running { door, echo, ticket, address, task }
}

impl Running {
    /// The path of a URL of the ticket.
    fn get(&self, call: usize, key: &str) -> String {
        let url = self.ticket.url(call);
        let path = url.split_once("//").unwrap().1.split_once('/').unwrap().1.to_owned();
        format!("GET /{path}{key} HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What comes back, up to the end of the connection.
    async fn all(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    }
}

async fn one(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 4096];
    let read = stream.read(&mut buffer).await.unwrap();
    String::from_utf8(buffer[..read].to_vec()).unwrap()
}

#[tokio::test]
async fn a_known_token_is_answered_again_and_again_on_one_connection() {
    let running = start().await;
    assert!(!running.ticket.was_asked());
    let mut stream = running.connect().await;
    for call in [0, 7] {
        let answer = one(&mut stream, &running.get(call, "sa%2Fb")).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(&format!("Content-Length: 8\r\n\r\n{call}:sa%2Fb")), "{answer}");
    }
    let answer = one(&mut stream, &running.get(0, "f")).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(running.ticket.was_asked());
    assert!(running.ticket.is_named_in(&running.get(0, "")));
}

#[tokio::test]
async fn strangers_get_not_a_byte() {
    let running = start().await;
    let old = {
        let ticket = running.door.open(Arc::<Echo>::clone(&running.echo)).unwrap();
        ticket.url(0)
    };
    let old = old.split_once("//").unwrap().1.split_once('/').unwrap().1.to_owned();
    for request in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "POST /".to_owned(),
        "\u{16}\u{3}\u{1}".to_owned(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "A".repeat(TOKEN)),
        format!("GET /{}/0/sx HTTP/1.1\r\n\r\n", "A".repeat(TOKEN)),
        format!("GET /{old}sx HTTP/1.1\r\n\r\n"),
        running.get(0, "sx").replace("GET /", "GET //"),
    ] {
        assert_eq!(running.all(request.as_bytes()).await, b"", "{request}");
    }
    assert!(!running.ticket.was_asked());
}

#[tokio::test]
async fn a_ticket_that_is_closed_lets_nobody_wait() {
    let running = start().await;
    let mut waiting = running.connect().await;
    waiting.write_all(running.get(0, "n").as_bytes()).await.unwrap();
    running.echo.started.notified().await;
    running.ticket.close();
    let mut answer = vec![0; 1024];
    let read = waiting.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 410 Gone\r\n"));
    assert_eq!(running.echo.dropped.load(Ordering::SeqCst), 1);
    // Later ones are told the same.
    assert!(one(&mut waiting, &running.get(0, "sx")).await.starts_with("HTTP/1.1 410 "));
}

#[tokio::test]
async fn a_key_that_is_too_long_is_remembered() {
    let running = start().await;
    let long = running.get(0, &"x".repeat(17 << 20));
    assert_eq!(running.all(long.as_bytes()).await, b"");
    assert!(running.echo.long.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_thousand_silent_connections_keep_nobody_out() {
    let running = start().await;
    let mut silent = Vec::new();
    for _ in 0..1000 {
        silent.push(running.connect().await);
    }
    let mut stream = running.connect().await;
    assert!(one(&mut stream, &running.get(0, "sx")).await.ends_with("0:sx"));
    // They are let go of, without a byte.
    tokio::time::pause();
    for mut stream in silent {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert_eq!(answer, b"");
    }
    assert!(!running.task.is_finished());
}

/// Time passes as soon as nothing else can happen.
#[tokio::test]
async fn who_is_slow_is_sent_away() {
    let running = start().await;
    tokio::time::pause();
    let whole = running.get(0, "sx");
    let token = whole.find("/0/").unwrap();
    for sent in [3, token - 1, token + 3, whole.len() - 1] {
        let answer = running.all(&whole.as_bytes()[..sent]).await;
        assert_eq!(answer, b"", "{sent} bytes");
    }
    // One that has been answered may stay longer, but not for ever.
    let mut stream = running.connect().await;
    assert!(one(&mut stream, &whole).await.ends_with("0:sx"));
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

/// Bytes that come now and then win no time.
#[tokio::test]
async fn who_sends_byte_by_byte_is_sent_away() {
    let running = start().await;
    tokio::time::pause();
    let whole = running.get(0, "sx");
    let token = whole.find("/0/").unwrap() + 1;
    // Within the token, and behind it.
    for (begun, pause) in [(0, 1), (token, 4)] {
        let mut stream = running.connect().await;
        stream.write_all(&whole.as_bytes()[..begun]).await.unwrap();
        let (mut sent, mut answer) = (0, [0; 1]);
        for byte in &whole.as_bytes()[begun..] {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            sent += 1;
            let wait = tokio::time::timeout(Duration::from_secs(pause), stream.read(&mut answer)).await;
            if let Ok(read) = wait {
                assert!(matches!(read, Ok(0) | Err(_)));
                break;
            }
        }
        assert!(begun + sent < whole.len() - 10, "{sent} bytes were taken");
    }
}

#[tokio::test]
async fn a_ticket_that_is_dropped_leaves_nothing() {
    let running = start().await;
    let tokens = || lock(&running.door.0.tokens).len();
    assert_eq!(tokens(), 1);
    let ticket = running.door.open(Arc::<Echo>::clone(&running.echo)).unwrap();
    let request = running.get(0, "n").replace(&running.ticket.token, &ticket.token);
    let mut waiting = running.connect().await;
    waiting.write_all(request.as_bytes()).await.unwrap();
    running.echo.started.notified().await;
    assert_eq!((tokens(), Arc::strong_count(&running.echo)), (2, 3));
    drop(ticket);
    let mut answer = vec![0; 1024];
    let read = waiting.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 410 Gone\r\n"));
    assert_eq!((tokens(), running.echo.dropped.load(Ordering::SeqCst)), (1, 1));
    // The connection is kept, its token is a stranger's.
    waiting.write_all(request.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    let _ = waiting.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
    assert_eq!(Arc::strong_count(&running.echo), 2);
}

#[test]
fn tokens_are_long_and_differ() {
    let tokens: std::collections::HashSet<String> = (0..100).map(|_| token().unwrap()).collect();
    assert_eq!(tokens.len(), 100);
    assert!(tokens.iter().all(|token| token.len() == TOKEN));
}

#[test]
fn a_miss_is_remembered() {
    let door = Door::new(&Callback::default()).unwrap();
    assert!(door.reachable());
    door.missed();
    assert!(!door.reachable());
    assert!(Door::new(&Callback { listen: None, ..Callback::default() }).is_none());
}
