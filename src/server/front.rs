//! The front door: the first bytes of a connection tell how its client speaks.

mod http;
mod stream;
mod websocket;

use std::io;
use std::time::SystemTime;

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::http::{HeadError, Request};
pub(crate) use self::stream::ClientStream;
use self::websocket::WebSocket;
use crate::config::WebOrigin;
use crate::metrics::Transport;
use crate::transport::{Socket, tls};

/// Longest head of an HTTP request.
const MAX_HEAD: usize = 8 * 1024;

/// How much decides.
const FIRST: usize = 5;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Bolt,
    Tls,
    Http,
    Unknown,
}

impl Opening {
    fn of(first: [u8; FIRST]) -> Self {
        match first {
            [0x60, 0x60, 0xB0, 0x17, _] => Self::Bolt,
            // A handshake record of SSL 3.0 or newer, as all versions of TLS begin with.
            [0x16, 0x03, ..] => Self::Tls,
            [b'G', b'E', b'T', b' ', _] => Self::Http,
            _ => Self::Unknown,
        }
    }
}

/// Why a connection never came to speak Bolt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrontError {
    /// The client went away, as port scanners and health checks of load balancers do.
    #[error("the client went away before it had said what it speaks")]
    Gone(#[source] io::Error),
    /// The TLS handshake failed.
    #[error("the TLS handshake with the client failed: {0}")]
    Tls(#[source] io::Error),
    /// Neither Bolt, nor HTTP, nor TLS where we have a certificate.
    #[error("what came first is not Bolt, nor TLS with a certificate configured, nor HTTP GET")]
    Unknown,
    /// Without TLS there is no certificate to be shown.
    #[error("a connection without TLS, while listen.tls_client_ca demands a certificate")]
    Anonymous,
    /// It took too long.
    #[error("the client has not said in time what it speaks")]
    Timeout,
    /// A page of another origin asked for a WebSocket.
    #[error("a WebSocket for a page of {0:?}, which listen.allow_origins does not name")]
    Origin(String),
    /// An HTTP request that cannot be answered.
    #[error(transparent)]
    Head(#[from] HeadError),
}

/// A client that is about to speak Bolt.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) stream: ClientStream,
    /// What has been read of its Bolt.
    pub(crate) first: BytesMut,
    pub(crate) transport: Transport,
}

/// Finds out what the client speaks. `None`: it was an HTTP request, and has been answered.
pub(crate) async fn open(
    mut stream: TcpStream,
    tls: Option<&tls::Server>,
    origins: &[WebOrigin],
) -> Result<Option<Opened>, FrontError> {
    let mut first = [0; FIRST];
    stream.read_exact(&mut first).await.map_err(FrontError::Gone)?;
    match (Opening::of(first), tls) {
        (Opening::Tls, Some(tls)) => {
            let stream = tls.accept(&first, stream).await.map_err(FrontError::Tls)?;
            let mut socket = Socket::Tls(Box::new(stream.into()));
            socket.read_exact(&mut first).await.map_err(FrontError::Gone)?;
            unwrap(socket, first, origins, [Transport::Tls, Transport::SecureWebSocket]).await
        }
        (_, Some(tls)) if tls.demands_certificate() => Err(FrontError::Anonymous),
        _ => unwrap(Socket::Plain(stream), first, origins, [Transport::Tcp, Transport::WebSocket]).await,
    }
}

/// Finds out whether there is Bolt inside of HTTP.
async fn unwrap(
    mut socket: Socket,
    first: [u8; FIRST],
    origins: &[WebOrigin],
    [bare, web]: [Transport; 2],
) -> Result<Option<Opened>, FrontError> {
    let mut first = BytesMut::from(first.as_slice());
    match Opening::of(first.as_ref().try_into().unwrap_or_default()) {
        Opening::Bolt => Ok(Some(Opened { stream: ClientStream::Bare(socket), first, transport: bare })),
        Opening::Http => {
            let request = read_head(&mut socket, &mut first, origins).await?;
            socket.write_all(request.answer(SystemTime::now()).as_bytes()).await.map_err(FrontError::Gone)?;
            socket.flush().await.map_err(FrontError::Gone)?;
            if !matches!(request, Request::WebSocket { .. }) {
                socket.finish().await.map_err(FrontError::Gone)?;
                return if let Request::Forbidden { origin } = request {
                    Err(FrontError::Origin(origin))
                } else {
                    Ok(None)
                };
            }
            let stream = ClientStream::WebSocket(Box::new(WebSocket::new(socket, first)));
            Ok(Some(Opened { stream, first: BytesMut::new(), transport: web }))
        }
        Opening::Tls | Opening::Unknown => Err(FrontError::Unknown),
    }
}

/// Reads the head of a request, and leaves in `read` what came behind it.
async fn read_head(
    socket: &mut Socket,
    read: &mut BytesMut,
    origins: &[WebOrigin],
) -> Result<Request, FrontError> {
    loop {
        if let Some((request, length)) = http::parse(read, origins)? {
            read.advance(length);
            return Ok(request);
        }
        let room = MAX_HEAD.saturating_sub(read.len());
        if room == 0 {
            return Err(HeadError::TooLong.into());
        }
        let mut limited = (&mut *read).limit(room);
        if socket.read_buf(&mut limited).await.map_err(FrontError::Gone)? == 0 {
            return Err(FrontError::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_five_bytes_decide() {
        for (first, opening) in [
            (b"\x60\x60\xB0\x17\x00", Opening::Bolt),
            (b"\x60\x60\xB0\x17\xFF", Opening::Bolt),
            (b"\x60\x60\xB0\x18\x00", Opening::Unknown),
            (b"\x16\x03\x01\x02\x00", Opening::Tls),
            (b"\x16\x03\x03\x00\xF4", Opening::Tls),
            (b"\x16\x04\x01\x02\x00", Opening::Unknown),
            (b"\x15\x03\x01\x00\x02", Opening::Unknown),
            (b"GET /", Opening::Http),
            (b"GET  ", Opening::Http),
            (b"GETS ", Opening::Unknown),
            (b"get /", Opening::Unknown),
            (b"HEAD ", Opening::Unknown),
            (b"POST ", Opening::Unknown),
            (b"OPTIO", Opening::Unknown),
            (b"PROXY", Opening::Unknown),
            (b"\r\n\r\n\0", Opening::Unknown),
            (b"\0\0\0\0\0", Opening::Unknown),
        ] {
            assert_eq!(Opening::of(*first), opening, "{first:?}");
        }
    }
}
