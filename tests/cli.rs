//! The command line, as a user meets it.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The command in an empty folder, with nothing of ours in its environment.
fn facebolt(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facebolt"));
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name == "RUST_LOG" || name.to_string_lossy().starts_with("FACEBOLT_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

/// Status, standard output and standard error.
fn ended(output: Output) -> (Option<i32>, String, String) {
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = TempDir::new().unwrap();
    ended(facebolt(folder.path(), arguments).output().unwrap())
}

#[test]
fn wrong_usage_is_status_2() {
    let (status, _, stderr) = run(&["serve", "--lisen", "127.0.0.1:1"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("'--listen'"), "{stderr}");
    assert_eq!(run(&["dance"]).0, Some(2));
    assert_eq!(run(&[]).0, Some(2));
    assert_eq!(run(&["--help"]).0, Some(0));
    assert_eq!(run(&["--version"]).1, format!("facebolt {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_configuration_is_status_2_with_a_line_for_each_mistake() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("facebolt.toml"), "[listen]\nadress = ''\n[log]\nlevel = 'loud'\n")
        .unwrap();
    for command in ["serve", "check", "config"] {
        let (status, stdout, stderr) = ended(facebolt(folder.path(), &[command]).output().unwrap());
        assert_eq!((status, stdout.as_str()), (Some(2), ""));
        assert_eq!(
            stderr.lines().collect::<Vec<_>>(),
            [
                "facebolt: there is no key listen.adress (facebolt.toml), did you mean listen.address?",
                "facebolt: log.level = \"loud\" (facebolt.toml) is not valid: \
                 it takes one of off, error, warn, info, debug, trace",
            ]
        );
    }
    let (status, _, stderr) = run(&["config", "--config", "elsewhere.toml"]);
    assert_eq!(status, Some(2));
    assert!(stderr.starts_with("facebolt: elsewhere.toml cannot be read: "), "{stderr}");
}

#[test]
fn config_prints_each_value_with_its_origin() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("facebolt.toml"), "[log]\nlevel = 'warn'\n").unwrap();
    let mut command = facebolt(folder.path(), &["config", "--listen", "[::1]:7000"]);
    let (status, stdout, _) = ended(command.env("FACEBOLT_LINK__THREADS", "2").output().unwrap());
    assert_eq!(status, Some(0));
    assert!(stdout.starts_with("[listen]\naddress = \"[::1]:7000\""), "{stdout}");
    let origin = |key: &str| {
        let line = stdout.lines().find(|line| line.starts_with(key)).unwrap();
        line.rsplit_once(" # ").unwrap().1.to_owned()
    };
    assert_eq!(origin("address = "), "--listen");
    assert_eq!(origin("level = "), "facebolt.toml");
    assert_eq!(origin("url = "), "default");
    assert!(
        stdout
            .lines()
            .any(|line| line.starts_with("threads = 2 ") && line.ends_with(" # FACEBOLT_LINK__THREADS"))
    );

    // What was printed is a configuration that amounts to the same.
    let other = TempDir::new().unwrap();
    std::fs::write(other.path().join("facebolt.toml"), &stdout).unwrap();
    let (_, again, _) = ended(facebolt(other.path(), &["config"]).output().unwrap());
    let values =
        |text: &str| text.lines().filter_map(|line| Some(line.split_once(" # ")?.0.to_owned())).collect();
    let (before, after): (Vec<String>, Vec<String>) = (values(&stdout), values(&again));
    assert_eq!(before, after);
}

#[test]
fn a_callback_on_this_machine_is_listened_on_too() {
    let lines = |url: &str| {
        let (_, stdout, _) = run(&["config", "--callback", url]);
        let section = stdout.split("[callback]\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
        section
            .lines()
            .map(|line| line.split_once(" # ").unwrap().0.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    let local = "http://127.0.0.1:7000";
    assert_eq!(lines(local), ["listen = \"127.0.0.1:7000\"".to_owned(), format!("url = \"{local}\"")]);
    let remote = "http://faces.example.org:7000";
    assert_eq!(lines(remote), ["listen = \"127.0.0.1:7689\"".to_owned(), format!("url = \"{remote}\"")]);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_status_1() {
    let folder = TempDir::new().unwrap();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = facebolt(folder.path(), &["config"]).stdout(full()).output().unwrap();
    let (status, _, stderr) = ended(output);
    assert_eq!(status, Some(1));
    assert!(stderr.starts_with("facebolt: the result cannot be written: "), "{stderr}");
    // And if nobody can be told either, the status still tells.
    let status = facebolt(folder.path(), &["config", "--config", "none"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let mut child = facebolt(folder.path(), &["config"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// What it finds in front of a real Neo4j is tested in tests/clients/python/test_check.py.
#[test]
fn check_has_a_line_for_each_question() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("bolt://{closed}");
    let (status, stdout, stderr) = run(&["check", "--backend", &url]);
    let wrong = stdout.lines().find(|line| line.starts_with("failed  backend    ")).unwrap();
    assert!(wrong.contains(&format!("{url}: {closed}: ")), "{wrong}");
    assert!(wrong.ends_with("; start Neo4j, or set backend.url"), "{wrong}");
    let about: Vec<_> = stdout.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    for question in ["listen", "backend", "login", "callback", "models", "embedding"] {
        assert!(about.contains(&question), "{question}: {stdout}");
    }
    assert_eq!((status, stderr.as_str()), (Some(1), "facebolt: not everything is ok\n"));
}

/// A running `facebolt serve`, killed when dropped.
struct Server {
    child: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts it on ports that the system chooses.
    fn start(arguments: &[&str], stderr: Stdio) -> Self {
        let folder = TempDir::new().unwrap();
        let ports = ["serve", "--listen", "127.0.0.1:0"];
        let child = facebolt(folder.path(), &[&ports, arguments].concat())
            .env("FACEBOLT_CALLBACK__LISTEN", "127.0.0.1:0")
            .env("FACEBOLT_LOG__FORMAT", "json")
            .stderr(stderr)
            .spawn()
            .unwrap();
        Self { child, _folder: folder }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the admin pages are, as the log says.
fn admin_address(log: &mut impl BufRead) -> SocketAddr {
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["message"] == "health and metrics" {
            return line["address"].as_str().unwrap().parse().unwrap();
        }
    }
    panic!("the log ended");
}

/// The answer to a GET, head and body.
fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn serve_lives_until_it_is_told_to_end() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&["--admin", "127.0.0.1:0"], Stdio::piped());
        let mut log = BufReader::new(server.child.stderr.take().unwrap());
        let admin = admin_address(&mut log);
        assert!(get(admin, "/health/live").starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(get(admin, "/metrics").contains("\nfacebolt_build_info{version="));
        server.signal(signal);
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_port_in_use_is_status_1_and_names_the_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut server = Server::start(&["--admin", &address], Stdio::piped());
    let mut stderr = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(1));
    let expected = format!("facebolt: admin.listen = \"{address}\": cannot listen there: ");
    assert!(stderr.lines().any(|line| line.starts_with(&expected)), "{stderr}");
}

/// What only the machine can say is wrong ends the start, in one line that says what to mend.
#[test]
fn each_mistake_of_a_start_has_its_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let folder = TempDir::new().unwrap();
    let empty = folder.path().to_str().unwrap();
    for (key, value, sentence) in [
        ("LISTEN__ADDRESS", taken.as_str(), format!("listen.address = \"{taken}\": cannot listen there: ")),
        (
            "LISTEN__ADDRESS",
            "192.0.2.1:7688",
            "listen.address = \"192.0.2.1:7688\": cannot listen there: ".into(),
        ),
        ("CALLBACK__LISTEN", taken.as_str(), format!("callback.listen = \"{taken}\": cannot listen there: ")),
        (
            "IMAGES__DIRECTORY",
            "nowhere",
            "images.directory = \"nowhere\" cannot be used: No such file".into(),
        ),
        ("MODELS__DIRECTORY", empty, format!("ONNX Runtime is not in {empty}: run `facebolt models fetch`")),
        ("MODELS__DEFAULT", "nobody", "there is no model 'nobody'; there are: ".into()),
        ("LINK__TIER", "neon", "link.tier = \"neon\": this processor cannot run it".into()),
    ] {
        let mut command =
            facebolt(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.env("FACEBOLT_CALLBACK__LISTEN", "127.0.0.1:0").env_remove("ORT_DYLIB_PATH");
        if key == "LISTEN__ADDRESS" {
            command = facebolt(folder.path(), &["serve", "--admin", "127.0.0.1:0"]);
            command.env("FACEBOLT_CALLBACK__LISTEN", "127.0.0.1:0");
        }
        let (status, _, stderr) = ended(command.env(format!("FACEBOLT_{key}"), value).output().unwrap());
        let said: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("facebolt: ")).collect();
        assert_eq!((status, said.len()), (Some(1), 1), "{key}: {stderr}");
        assert!(said[0].starts_with(&sentence), "{key}: {stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    // The port has to be known without the log.
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut server = Server::start(&["--admin", &admin.to_string()], full.into());
    let deadline = std::time::Instant::now() + PATIENCE;
    while TcpStream::connect(admin).is_err() {
        assert_eq!(server.child.try_wait().unwrap(), None, "it ended");
        assert!(std::time::Instant::now() < deadline, "it does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(get(admin, "/health/live").starts_with("HTTP/1.1 200 OK\r\n"));
    server.signal("TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[cfg(not(feature = "otel"))]
#[test]
fn traces_that_cannot_be_sent_are_status_2() {
    let folder = TempDir::new().unwrap();
    let mut command = facebolt(folder.path(), &["serve"]);
    command.env("FACEBOLT_TRACES__ENDPOINT", "http://127.0.0.1:4318");
    let (status, _, stderr) = ended(command.output().unwrap());
    assert_eq!(status, Some(2));
    let expected =
        "facebolt: traces.endpoint = \"http://127.0.0.1:4318\": this facebolt was built without traces";
    assert!(stderr.starts_with(expected), "{stderr}");
}

#[test]
fn rust_log_that_is_not_valid_is_status_2() {
    let folder = TempDir::new().unwrap();
    let (status, _, stderr) =
        ended(facebolt(folder.path(), &["serve"]).env("RUST_LOG", "facebolt=loud").output().unwrap());
    assert_eq!(status, Some(2));
    assert!(stderr.starts_with("facebolt: RUST_LOG is not valid: "), "{stderr}");
}
