use tokio::net::TcpListener;

use super::*;

/// An address where nobody listens.
async fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

#[tokio::test]
async fn an_address_that_refuses_is_passed_over() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let stream = connect_any(&[refusing().await, refusing().await, open], soon()).await.unwrap().unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
}

#[tokio::test]
async fn the_last_refusal_is_told() {
    let (first, last) = (refusing().await, refusing().await);
    match connect_any(&[first, last], soon()).await {
        Some(Err(DialError::Refused { address, .. })) => assert_eq!(address, last),
        other => panic!("{other:?}"),
    }
    assert!(connect_any(&[], soon()).await.is_none());
}

/// `localhost` stands for ::1 and 127.0.0.1 in most places, and only one of the two is listened on.
#[tokio::test]
async fn a_name_is_resolved() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = crate::config::HostPort { host: url::Host::Domain("localhost".into()), port };
    let url = BackendUrl { scheme: crate::config::BackendScheme::Plain, address };
    let dialer = Dialer::new(&Backend { url, ..Backend::default() }).unwrap();
    let socket = dialer.dial(None).await.unwrap();
    assert!(matches!(socket, Socket::Plain(_)));
}
