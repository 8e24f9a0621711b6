//! The tags of messages.

/// Introduces the client; up to 5.0 also logs it in.
pub const HELLO: u8 = 0x01;
/// Ends the connection. No reply.
pub const GOODBYE: u8 = 0x02;
/// Interrupts everything and returns to a clean state.
pub const RESET: u8 = 0x0F;
/// Runs a statement.
pub const RUN: u8 = 0x10;
/// Opens a transaction.
pub const BEGIN: u8 = 0x11;
/// Commits it.
pub const COMMIT: u8 = 0x12;
/// Undoes it.
pub const ROLLBACK: u8 = 0x13;
/// Drops records of a result.
pub const DISCARD: u8 = 0x2F;
/// Fetches records of a result.
pub const PULL: u8 = 0x3F;
/// Tells which driver function is used (5.4).
pub const TELEMETRY: u8 = 0x54;
/// Asks for a routing table.
pub const ROUTE: u8 = 0x66;
/// Logs in (5.1).
pub const LOGON: u8 = 0x6A;
/// Logs out (5.1).
pub const LOGOFF: u8 = 0x6B;

/// Reply: done.
pub const SUCCESS: u8 = 0x70;
/// Reply: one record; more replies follow.
pub const RECORD: u8 = 0x71;
/// Reply: not even tried.
pub const IGNORED: u8 = 0x7E;
/// Reply: failed.
pub const FAILURE: u8 = 0x7F;
