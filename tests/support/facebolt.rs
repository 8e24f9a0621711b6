//! A `facebolt serve` of a test's own, in front of a given backend.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test binary uses a part of it, and a test fails by panicking"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest start: models are loaded, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running facebolt; it is killed when dropped.
#[derive(Debug)]
pub struct Facebolt {
    /// `host:port` for clients.
    pub address: String,
    admin: String,
    log: PathBuf,
    process: Child,
    _home: tempfile::TempDir,
}

impl Facebolt {
    /// Starts one in front of a `host:port` or `bolt+s://host:port`. The sample photos may be named;
    /// `environment` sets other keys, such as `FACEBOLT_LINK__MAX_PAIRS`. Models and ONNX Runtime are fetched if
    /// they are not there.
    pub fn start(backend: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_by(&[], backend, environment)
    }

    /// The same, by another program: `prlimit`, say, with its arguments.
    pub fn start_by(launcher: &[&str], backend: &str, environment: &[(&str, &str)]) -> Self {
        let program = env!("CARGO_BIN_EXE_facebolt");
        let fetched = Command::new(program).args(["models", "fetch"]).output().unwrap();
        assert!(fetched.status.success(), "no models: {}", String::from_utf8_lossy(&fetched.stderr));
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("log");
        let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/photos");
        let backend = if backend.contains("://") { backend.to_owned() } else { format!("bolt://{backend}") };
        let line = [launcher, &[program]].concat();
        let process = Command::new(line[0])
            .args(&line[1..])
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--backend", &backend])
            .env("FACEBOLT_IMAGES__DIRECTORY", photos)
            .env("FACEBOLT_CALLBACK__LISTEN", "")
            .env("RUST_LOG", "facebolt=debug")
            .envs(environment.iter().copied())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let (address, admin) = (String::new(), String::new());
        let mut facebolt = Self { address, admin, log, process, _home: home };
        let deadline = Instant::now() + START;
        // It says on which ports it listens: one that was free a moment ago may be another's by now.
        while facebolt.address.is_empty() {
            let ended = facebolt.process.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "no start: {}", facebolt.log());
            std::thread::sleep(Duration::from_millis(50));
            facebolt.admin = facebolt.told("health and metrics");
            facebolt.address = facebolt.told("accepting clients");
        }
        facebolt
    }

    /// The address in the line of the log that says this; empty if there is none yet.
    fn told(&self, text: &str) -> String {
        let log = self.log();
        let line = log.lines().find(|line| line.contains(text)).unwrap_or_default();
        let address = line.split("address=").nth(1).unwrap_or_default();
        address.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        self.process.wait().unwrap()
    }

    /// Waits until the log says this, and returns the line.
    pub fn logged(&self, text: &str) -> String {
        let deadline = Instant::now() + START;
        loop {
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "never logged: {text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// How many statements of `kind` took `path`.
    pub fn statements(&self, kind: &str, path: &str) -> f64 {
        self.metric(&format!("facebolt_statements_total{{kind=\"{kind}\",path=\"{path}\"}}"))
    }

    /// A series; 0 if it is not there.
    pub fn metric(&self, series: &str) -> f64 {
        let page = self.page("/metrics");
        let value = page.lines().find_map(|line| line.strip_prefix(series)).map(str::trim);
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// A page of the admin port.
    pub fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        page
    }
}

impl Drop for Facebolt {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}
