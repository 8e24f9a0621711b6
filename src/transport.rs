//! Byte streams to clients and to the backend: TCP, TLS on either side, and how the backend is reached.

mod dial;
mod socket;
pub(crate) mod tls;

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

pub(crate) use self::dial::{DialError, Dialer, Ends};
pub(crate) use self::socket::Socket;

/// A silent connection is tried after this time, and then this often, as long as the system thinks fit.
const SILENCE: Duration = Duration::from_secs(60);
const TRIES: Duration = Duration::from_secs(15);

/// Prepares a connection of either side: no message waits for another, and a peer that has vanished is noticed, as
/// Neo4j would; otherwise its transaction would stay open for as long as we live.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(SILENCE).with_interval(TRIES))
}

/// How long a peer may take to read our last words.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_that_vanishes_is_noticed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        prepare(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), SILENCE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), TRIES);
    }
}
