use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Loader;
use crate::face::{FetchFailure, ImageError, Policy, Source};

/// A small HTTP server on loopback: its answers by path, and a count of requests.
struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&requests), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (count, answer) = (Arc::clone(&count), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await?);
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split(' ').nth(1).unwrap();
                    stream.write_all(&answer(path)).await?;
                    if path == "/hang" {
                        tokio::time::sleep(Duration::from_secs(60)).await;
                    }
                    stream.shutdown().await
                });
            }
        });
        Server { address, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// A policy that allows this server and nothing else beyond the default.
    fn policy(&self) -> Policy {
        Policy {
            allow_hosts: vec![self.address.to_string().parse().unwrap()],
            max_bytes: 1000,
            timeout: Duration::from_millis(500),
            ..Policy::default()
        }
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    [
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(),
        body,
    ]
    .concat()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n")
        .into_bytes()
}

async fn load(policy: Policy, url: &str) -> Result<Vec<u8>, ImageError> {
    let loader = Loader::new(policy).unwrap();
    let source = Source::parse(url, loader.policy())?;
    loader.load(&source).await.map(Vec::from)
}

async fn failure(policy: Policy, url: &str) -> FetchFailure {
    match load(policy, url).await {
        Err(ImageError::Fetch(failure)) => failure,
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn the_body_is_loaded_in_one_request() {
    let server = Server::start(|_| ok(b"pixels")).await;
    assert_eq!(load(server.policy(), &server.url("/a.jpg?size=1")).await.unwrap(), b"pixels");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn addresses_that_are_not_public_are_not_even_connected_to() {
    let server = Server::start(|_| ok(b"secret")).await;
    let port = server.address.port();
    // By literal, by a name that resolves to it, and on another port than the one allowed.
    let other_port = Policy { allow_hosts: vec!["127.0.0.1:1".parse().unwrap()], ..Policy::default() };
    assert_eq!(failure(Policy::default(), &server.url("/")).await, FetchFailure::Refused);
    assert_eq!(failure(other_port, &server.url("/")).await, FetchFailure::Refused);
    assert_eq!(
        failure(Policy::default(), &format!("http://[::ffff:127.0.0.1]:{port}/")).await,
        FetchFailure::Refused
    );
    assert_eq!(failure(Policy::default(), "http://localhost/").await, FetchFailure::Refused);
    assert_eq!(failure(Policy::default(), "https://localhost/").await, FetchFailure::Refused);
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_host_that_is_allowed_by_name_is_reached() {
    let server = Server::start(|_| ok(b"pixels")).await;
    let host = format!("localhost:{}", server.address.port());
    let policy = Policy { allow_hosts: vec![host.parse().unwrap()], ..server.policy() };
    assert_eq!(load(policy, &format!("http://{host}/")).await.unwrap(), b"pixels");
}

#[tokio::test]
async fn redirects_are_followed_three_times() {
    let server = Server::start(|path| match path {
        "/0" => ok(b"pixels"),
        _ => redirect(&format!("/{}", path[1..].parse::<u32>().unwrap() - 1)),
    })
    .await;
    assert_eq!(load(server.policy(), &server.url("/3")).await.unwrap(), b"pixels");
    assert_eq!(server.requests(), 4);
    assert_eq!(failure(server.policy(), &server.url("/4")).await, FetchFailure::Refused);
    assert_eq!(server.requests(), 8);
}

#[tokio::test]
async fn every_redirect_is_judged_like_a_first_request() {
    let inside = Server::start(|_| ok(b"secret")).await;
    let port = inside.address.port();
    let targets = [
        inside.url("/"),
        format!("http://localhost:{port}/"),
        "http://localhost/".to_owned(),
        "http://169.254.169.254/latest/".to_owned(),
        "http://user@example.org/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "data:image/png;base64,AAAA".to_owned(),
        "http://".to_owned(),
    ];
    for target in targets {
        let to = target.clone();
        let server = Server::start(move |_| redirect(&to)).await;
        assert_eq!(failure(server.policy(), &server.url("/")).await, FetchFailure::Refused, "{target}");
        assert_eq!(server.requests(), 1);
    }
    assert_eq!(inside.requests(), 0);
    let server = Server::start(|_| b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    assert_eq!(failure(server.policy(), &server.url("/")).await, FetchFailure::Refused);
}

#[tokio::test]
async fn the_byte_limit_holds_with_and_without_a_stated_length() {
    let server = Server::start(|path| match path {
        "/fits" => ok(&[7; 1000]),
        "/stated" => ok(&[7; 1001]),
        "/lies" => b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec(),
        _ => [&b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"[..], &[7; 1001]].concat(),
    })
    .await;
    assert_eq!(load(server.policy(), &server.url("/fits")).await.unwrap().len(), 1000);
    for path in ["/stated", "/lies", "/unstated"] {
        let error = load(server.policy(), &server.url(path)).await.unwrap_err();
        assert!(matches!(error, ImageError::TooLarge { limit: 1000 }), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn failures_are_told_apart_for_metrics_only() {
    let server = Server::start(|path| match path {
        "/missing" => b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nsecret".to_vec(),
        "/cut" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec(),
        "/broken" => b"SSH-2.0-secret\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nslow".to_vec(),
    })
    .await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let any_port = Policy { allow_hosts: vec![closed.to_string().parse().unwrap()], ..Policy::default() };
    // A label of more than 63 bytes: refused by the resolver itself, without a query.
    let unresolvable = format!("http://{}/", "a".repeat(64));
    let cases = [
        (server.policy(), server.url("/missing"), FetchFailure::Status),
        (server.policy(), server.url("/cut"), FetchFailure::Body),
        (server.policy(), server.url("/broken"), FetchFailure::Connect),
        (server.policy(), server.url("/hang"), FetchFailure::Timeout),
        (any_port, format!("http://{closed}/"), FetchFailure::Connect),
        (Policy::default(), unresolvable, FetchFailure::Resolve),
        (Policy::default(), "http://localhost/".to_owned(), FetchFailure::Refused),
    ];
    let mut texts = std::collections::HashSet::new();
    for (policy, url, reason) in cases {
        let error = load(policy, &url).await.unwrap_err();
        assert!(matches!(&error, ImageError::Fetch(failure) if *failure == reason), "{url}: {error:?}");
        texts.insert(error.to_string());
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[tokio::test]
async fn files_below_the_directory_are_read_and_no_others() {
    let root = tempfile::tempdir().unwrap();
    let (directory, outside) = (root.path().join("photos"), root.path().join("secret.jpg"));
    std::fs::create_dir_all(directory.join("team")).unwrap();
    std::fs::write(directory.join("team/a.jpg"), "pixels").unwrap();
    std::fs::write(directory.join("large.jpg"), [7; 1001]).unwrap();
    std::fs::write(&outside, "secret").unwrap();
    // A neighbour whose name begins like the directory's.
    std::fs::create_dir(root.path().join("photos2")).unwrap();
    std::fs::write(root.path().join("photos2/b.jpg"), "secret").unwrap();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, directory.join(name)).unwrap();
    link(&outside, "link.jpg");
    link(root.path(), "up");
    link(Path::new("team/a.jpg"), "inside.jpg");
    // The directory itself may be reached by a link.
    let alias = root.path().join("alias");
    std::os::unix::fs::symlink(&directory, &alias).unwrap();

    let policy = Policy { directory: Some(alias), max_bytes: 1000, ..Policy::default() };
    let load = async |path: &str| load(policy.clone(), path).await;
    let absolute = directory.join("team/a.jpg");
    for path in ["team/a.jpg", "./team/../team/a.jpg", "inside.jpg", absolute.to_str().unwrap()] {
        assert_eq!(load(path).await.unwrap(), b"pixels", "{path}");
    }
    assert_eq!(load(&format!("file://{}", absolute.display())).await.unwrap(), b"pixels");
    assert!(matches!(load("large.jpg").await, Err(ImageError::TooLarge { limit: 1000 })));
    let mut texts = std::collections::HashSet::new();
    let refused = [
        "../secret.jpg",
        "link.jpg",
        "up/secret.jpg",
        "../photos2/b.jpg",
        "team",
        ".",
        "none.jpg",
        "/dev/zero",
        "a\0b",
    ];
    for path in refused.into_iter().chain([outside.to_str().unwrap()]) {
        let error = load(path).await.unwrap_err();
        assert!(matches!(error, ImageError::File(_)), "{path}: {error:?}");
        texts.insert(error.to_string());
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[test]
fn a_directory_that_is_none_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path(), Path::new("/no/such/folder")] {
        assert!(Loader::new(Policy { directory: Some(path.to_owned()), ..Policy::default() }).is_err());
    }
}

/// HTTPS works, certificates are checked: the handshake with a server that speaks something else fails, as a
/// connection, in time.
#[tokio::test]
async fn https_needs_a_server_that_speaks_tls() {
    let server = Server::start(|_| ok(b"plain")).await;
    let url = server.url("/").replace("http:", "https:");
    assert!(matches!(failure(server.policy(), &url).await, FetchFailure::Connect | FetchFailure::Timeout));
    assert_eq!(server.requests(), 0);
}
