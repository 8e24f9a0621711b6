//! The `facebolt` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    facebolt::cli::main()
}
