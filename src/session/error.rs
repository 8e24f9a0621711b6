//! Why a session ends before its client says GOODBYE.

use std::io;

use crate::transport::DialError;

/// Why a session ended. None of these texts reaches a client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The client's stream failed.
    #[error("the client's connection failed")]
    Client(#[source] io::Error),
    /// The backend's stream failed.
    #[error("the backend's connection failed")]
    Backend(#[source] io::Error),
    /// The backend closed while we waited for it.
    #[error("the backend closed the connection")]
    BackendClosed,
    /// No connection to the backend.
    #[error("cannot connect to the backend {address}")]
    Unreachable {
        /// As configured.
        address: String,
        /// Why.
        #[source]
        source: DialError,
    },
    /// What came first is no Bolt handshake, or not one of ours.
    #[error("the handshake failed")]
    Handshake(#[from] bolt::handshake::HandshakeError),
    /// Client and backend have no version in common that we know.
    #[error("no version of Bolt in common")]
    NoVersion,
    /// Bytes that are not PackStream where we had to read them.
    #[error("a message could not be read")]
    Decode(#[from] packstream::DecodeError),
    /// Something of ours is too long for PackStream.
    #[error("a message could not be written")]
    Encode(#[from] packstream::EncodeError),
    /// A message that is not what its tag says.
    #[error("a message could not be understood")]
    Message(#[from] bolt::message::MessageError),
    /// More requests in flight than the session keeps track of.
    #[error("too many requests in flight")]
    Overflow(#[from] bolt::owed::Overflow),
    /// An answer to nothing.
    #[error("the backend answered what was not asked")]
    Unexpected(#[from] bolt::owed::Unexpected),
    /// An answer that had to be collected has no end.
    #[error("an answer of the backend is too large to be translated")]
    AnswerTooLarge,
    /// A message before LOGON that no honest client sends.
    #[error("a message before login is longer than allowed")]
    TooLongBeforeLogin,
    /// The same, in its structure.
    #[error("a message before login has more elements or is nested deeper than allowed")]
    TooMuchBeforeLogin,
    /// A PULL or DISCARD that no honest client sends.
    #[error("a PULL or DISCARD is too long to be read")]
    TooLongToRead,
    /// Login took too long.
    #[error("no login within the time allowed")]
    LoginTimeout,
    /// A message was begun, and does not go on.
    #[error("a message does not come to its end: less than 1 KiB within limits.message_timeout")]
    TooSlow,
    /// The process is about to end.
    #[error("facebolt is shutting down")]
    Stopping,
    /// A request that may not follow a failure.
    #[error("a request that is not allowed after a failure")]
    NotInFailedState,
}
