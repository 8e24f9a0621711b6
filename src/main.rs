//! The `facebolt` command.

fn main() {}
