use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

struct Pages {
    address: SocketAddr,
    readiness: Readiness,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn pages() -> Pages {
    let admin = Admin::bind(&HostPort::local(0)).await.unwrap();
    let (address, readiness) = (admin.local_addr().unwrap(), Readiness::waiting_for(&["backend", "models"]));
    let (stop, stopped) = oneshot::channel();
    let exporter = crate::metrics::install().unwrap();
    let serving = tokio::spawn(admin.serve(readiness.clone(), exporter, async { drop(stopped.await) }));
    Pages { address, readiness, stop, serving }
}

/// Sends bytes and reads until the end.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The status line's code, and the body.
async fn fetch(address: SocketAddr, method: &str, path: &str) -> (String, String) {
    let answer = exchange(address, &format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\nconnection: close"), "{head}");
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

#[tokio::test]
async fn ready_is_what_every_part_says() {
    let Pages { address, readiness, stop: _running, .. } = pages().await;
    let ready = || fetch(address, "GET", "/health/ready");
    assert_eq!(ready().await, ("503".into(), "backend: not there yet\nmodels: not there yet\n".into()));
    readiness.ready("models");
    readiness.not_ready("backend", "127.0.0.1:7687 refuses connections");
    assert_eq!(ready().await, ("503".into(), "backend: 127.0.0.1:7687 refuses connections\n".into()));
    readiness.ready("backend");
    assert_eq!(ready().await, ("200".into(), "ready\n".into()));
    readiness.not_ready("shutdown", "connections drain");
    assert_eq!(ready().await.0, "503");
    assert_eq!(fetch(address, "GET", "/health/live").await, ("200".into(), "alive\n".into()));
}

#[tokio::test]
async fn metrics_are_those_of_the_process() {
    let Pages { address, stop: _running, .. } = pages().await;
    crate::metrics::fetch_failure("admin_test");
    let (status, body) = fetch(address, "GET", "/metrics").await;
    assert_eq!(status, "200");
    assert!(body.contains("facebolt_fetch_failures_total{reason=\"admin_test\"} 1\n"), "{body}");
    assert!(body.contains("# TYPE facebolt_faces_found_total counter\n"), "{body}");
}

#[tokio::test]
async fn nothing_else_is_served() {
    let Pages { address, stop: _running, .. } = pages().await;
    assert_eq!(fetch(address, "GET", "/").await.0, "404");
    assert_eq!(fetch(address, "GET", "/health/").await.0, "404");
    assert_eq!(fetch(address, "POST", "/metrics").await.0, "405");
    assert!(exchange(address, "\x16\x03\x01\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let Pages { address, stop: _running, .. } = pages().await;
    let error = Admin::bind(&HostPort::local(address.port())).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("admin.listen = \"{address}\": cannot listen there: ")), "{error}");
}

#[tokio::test]
async fn serving_ends_when_it_is_told_to() {
    let Pages { address, stop, serving, .. } = pages().await;
    stop.send(()).unwrap();
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_client_that_never_ends_its_request_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router(Readiness::default(), crate::metrics::install().unwrap());
    let lifetime = Duration::from_millis(50);
    tokio::spawn(axum::serve(Bounded::new(listener, lifetime), router).into_future());
    // Without the bound, this would wait for ever.
    assert_eq!(exchange(address, "GET /metrics HTTP/1.1\r\nHost:").await, "");
    assert_eq!(exchange(address, "").await, "");
}
