//! What other programs take for the same.

use std::{io::Write, process::Command};

use facebolt::link::Set;

use super::{CUTOFF, DIMENSION};

/// Settings of OpenBLAS that would choose kernels or tiles for another processor than this one.
const TUNING: [&str; 2] = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"];

/// What one program says.
pub(super) struct Peer {
    pub(super) name: String,
    pub(super) seconds: f64,
    pub(super) pairs: u64,
}

/// Runs `command` on the vectors.
pub(super) fn run(command: &[String], set: &Set, threads: usize) -> Vec<Peer> {
    let mut file = tempfile::NamedTempFile::new().expect("room for a file");
    let bytes: Vec<u8> = set.rows().flatten().flat_map(|x| (*x as f32).to_le_bytes()).collect();
    file.write_all(&bytes).expect("room for the vectors");
    let (program, arguments) = command.split_first().expect("a command");
    let mut command = Command::new(program);
    command.args(arguments).arg(file.path());
    command.args([DIMENSION.to_string(), CUTOFF.to_string(), threads.to_string()]);
    for variable in TUNING {
        command.env_remove(variable);
    }
    let output = command.output().expect("the peers' command");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut word = || words.next().expect("name, seconds, pairs");
            let name = word().to_owned();
            let seconds = word().parse().expect("seconds");
            Peer { name, seconds, pairs: word().parse().expect("pairs") }
        })
        .collect()
}
