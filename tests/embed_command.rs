//! `facebolt embed`: files, folders, URLs and standard input in; JSON lines, a bar and a status out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/collage.rs"]
mod collage;
#[path = "support/engine.rs"]
mod engine;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use collage::{Collage, PHOTOS};
use facebolt::face::EmbedOptions;
use serde_json::Value;
use tempfile::TempDir;

fn command(folder: &Path, images: &[&str]) -> Command {
    engine::engine(); // Fetches the models.
    let mut command = Command::new(env!("CARGO_BIN_EXE_facebolt"));
    command.current_dir(folder).arg("embed").args(images).stdin(Stdio::null());
    command
}

fn ended(output: Output) -> (Option<i32>, Vec<Value>, String) {
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), lines, String::from_utf8(output.stderr).unwrap())
}

/// The images and indexes of the lines.
fn faces(lines: &[Value]) -> Vec<(&str, i64)> {
    lines.iter().map(|line| (line["image"].as_str().unwrap(), line["index"].as_i64().unwrap())).collect()
}

/// A web server on loopback that gives this to all.
fn serve(body: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap() == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            let head =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        }
    });
    address
}

/// A folder of some photos, one of which shows three faces.
fn photos() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("team")).unwrap();
    fs::write(folder.path().join("b.jpg"), PHOTOS[3].bytes()).unwrap();
    fs::write(folder.path().join("team/a.JPEG"), PHOTOS[4].bytes()).unwrap();
    fs::write(folder.path().join("team/notes.txt"), "no photo").unwrap();
    let three = Collage::compose(1500, 1000, &[&PHOTOS[1], &PHOTOS[2], &PHOTOS[5]], 150);
    fs::write(folder.path().join("a.jpg"), three.jpeg()).unwrap();
    folder
}

#[test]
fn files_folders_and_urls_become_lines_in_their_order() {
    let folder = photos();
    let server = serve(PHOTOS[9].bytes());
    let url = format!("http://{server}/photo");
    let data = format!("data:image/jpeg;base64,{}", STANDARD.encode(PHOTOS[3].bytes()));
    let mut command = command(folder.path(), &[&url, "team", ".", "b.jpg", &data]);
    command.env("FACEBOLT_IMAGES__ALLOW_HOSTS", server.to_string());
    let (status, lines, stderr) = ended(command.output().unwrap());
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    let expected = [
        (url.as_str(), 0),
        ("team/a.JPEG", 0),
        ("./a.jpg", 0),
        ("./a.jpg", 1),
        ("./a.jpg", 2),
        ("./b.jpg", 0),
        ("./team/a.JPEG", 0),
        ("b.jpg", 0),
        (data.as_str(), 0),
    ];
    assert_eq!(faces(&lines), expected);
    // Each line says all that the engine does.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let face = engine::engine().embed(PHOTOS[3].bytes().into(), EmbedOptions::default());
    let face = &runtime.block_on(face).unwrap()[0];
    for line in [&lines[5], &lines[7], &lines[8]] {
        let embedding: Vec<f32> = serde_json::from_value(line["embedding"].clone()).unwrap();
        assert_eq!(embedding, face.embedding);
        assert_eq!(line["model"], "sface");
        let number = |value: &Value| value.as_f64().unwrap();
        assert!((number(&line["confidence"]) - f64::from(face.confidence)).abs() < 1e-6);
        assert!((number(&line["quality"]) - f64::from(face.quality)).abs() < 1e-4);
        assert!((number(&line["area"]["w"]) - f64::from(face.area.w)).abs() < 1e-3);
        assert_eq!(line["area"]["left_eye"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn standard_input_is_an_image() {
    let folder = TempDir::new().unwrap();
    let mut child =
        command(folder.path(), &["-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&PHOTOS[3].bytes()).unwrap();
    let (status, lines, _) = ended(child.wait_with_output().unwrap());
    assert_eq!((status, faces(&lines)), (Some(0), vec![("-", 0)]));
}

#[test]
fn what_fails_is_named_and_the_rest_goes_on() {
    let folder = photos();
    fs::write(folder.path().join("broken.png"), b"\x89PNG\r\n\x1a\nno more").unwrap();
    let private = "http://127.0.0.1/photo.jpg";
    let images = ["missing.jpg", "b.jpg", "broken.png", private, "team/notes.txt", "team"];
    let (status, lines, stderr) = ended(command(folder.path(), &images).output().unwrap());
    assert_eq!(status, Some(1));
    assert_eq!(faces(&lines), [("b.jpg", 0), ("team/a.JPEG", 0)]);
    let said: Vec<&str> = stderr.lines().collect();
    assert_eq!(said.len(), 5, "{stderr}");
    assert!(said[0].starts_with("facebolt: missing.jpg: cannot read the image: No such file"), "{stderr}");
    assert!(said[1].starts_with("facebolt: broken.png: the image cannot be decoded"), "{stderr}");
    assert!(
        said[2].starts_with("facebolt: http://127.0.0.1/photo.jpg: cannot fetch the image: "),
        "{stderr}"
    );
    assert_eq!(said[3], "facebolt: team/notes.txt: the image is not a JPEG, PNG or WebP file");
    assert_eq!(said[4], "facebolt: 4 of 6 images could not be embedded");
    // Too large a file is refused before it is in memory.
    let (status, _, stderr) =
        ended(command(folder.path(), &["b.jpg"]).env("FACEBOLT_IMAGES__MAX_BYTES", "1000").output().unwrap());
    assert_eq!(status, Some(1));
    assert!(stderr.contains("more than 1000 bytes (images.max_bytes)"), "{stderr}");
    // And no image without a face is a failure.
    let grey = image::RgbImage::from_pixel(64, 64, image::Rgb([90; 3]));
    grey.save(folder.path().join("grey.png")).unwrap();
    let (status, lines, stderr) = ended(command(folder.path(), &["grey.png"]).output().unwrap());
    assert_eq!((status, lines.len(), stderr.as_str()), (Some(0), 0, ""));
}

#[test]
fn wrong_usage_and_missing_models_have_their_own_status() {
    let folder = TempDir::new().unwrap();
    assert_eq!(command(folder.path(), &[]).output().unwrap().status.code(), Some(2));
    let mut without = command(folder.path(), &["-"]);
    let (status, _, stderr) = ended(
        without
            .env("FACEBOLT_MODELS__DIRECTORY", folder.path())
            .env_remove("ORT_DYLIB_PATH")
            .output()
            .unwrap(),
    );
    assert_eq!(status, Some(1));
    assert!(stderr.contains("facebolt models fetch"), "{stderr}");
}

#[test]
fn a_reader_that_has_enough_ends_it() {
    let folder = TempDir::new().unwrap();
    for number in 0..300 {
        fs::write(folder.path().join(format!("{number:03}.jpg")), PHOTOS[3].bytes()).unwrap();
    }
    let mut child =
        command(folder.path(), &["."]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["image"], "./000.jpg");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

/// On a terminal there is a bar, but not among the lines.
#[test]
fn a_terminal_shows_how_far_it_is() {
    let folder = photos();
    let program = env!("CARGO_BIN_EXE_facebolt");
    engine::engine();
    let on_terminal = |line: String| {
        // Makes the three streams of the command a terminal, and prints what comes there.
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(folder.path());
        let output = command.env("TERM", "xterm").stdin(Stdio::null()).output();
        let output = output.expect("this test needs `script` (Debian: bsdutils)");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, shown) =
        on_terminal(format!("stty cols 100; {program} embed a.jpg b.jpg team nothing.jpg > lines"));
    assert_eq!(status, Some(1));
    assert!(shown.contains("4/4 images"), "{shown:?}");
    assert!(shown.contains("facebolt: nothing.jpg: cannot read"), "{shown:?}");
    assert!(!shown.contains("embedding\""), "{shown:?}");
    assert_eq!(fs::read_to_string(folder.path().join("lines")).unwrap().lines().count(), 5);
    let (status, shown) = on_terminal(format!("{program} embed a.jpg b.jpg"));
    assert_eq!(status, Some(0));
    assert!(shown.contains("\"embedding\"") && !shown.contains(" images"), "{shown:?}");
}
