//! Byte streams to clients and to the backend: TCP, TLS on either side, and how the backend is reached.

mod dial;
mod socket;
pub(crate) mod tls;

use std::time::Duration;

pub(crate) use self::dial::{DialError, Dialer, Ends};
pub(crate) use self::socket::Socket;

/// How long a peer may take to read our last words.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
