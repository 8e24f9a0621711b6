//! PackStream: values to bytes and back.
