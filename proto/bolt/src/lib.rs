//! The Bolt protocol without IO.
