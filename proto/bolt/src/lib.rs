//! The Bolt protocol without IO: bytes in, facts out.
//!
//! What a proxy needs of the protocol: which [`Version`]s there are and how they are agreed on ([`handshake`]),
//! where messages begin and end ([`chunk`]), what is in them ([`message`], [`failure`]), and which replies are
//! still due on a connection ([`owed`]). Sockets, clocks and tasks are the caller's.

pub mod chunk;
pub mod failure;
pub mod handshake;
pub mod message;
pub mod owed;
pub mod version;

pub use version::Version;
