use std::path::PathBuf;

use super::{ImageError, Policy, Source};

fn policy() -> Policy {
    Policy { directory: Some(PathBuf::from("/photos")), max_bytes: 6, ..Policy::default() }
}

fn parse(text: &str) -> Result<Source, ImageError> {
    Source::parse(text, &policy())
}

#[test]
fn urls_paths_and_data_are_told_apart() {
    let http = |url: &str| Source::Http(url.parse().unwrap());
    let file = |path: &str| Source::File(PathBuf::from(path));
    let data = |bytes: &'static [u8]| Source::Data(bytes.into());
    let cases = [
        ("https://example.org/a.jpg", http("https://example.org/a.jpg")),
        (" HTTP://Example.org/a b.jpg\n", http("http://example.org/a%20b.jpg")),
        ("http:example.org", http("http://example.org/")),
        ("a.jpg", file("/photos/a.jpg")),
        ("team/2:1.jpg", file("/photos/team/2:1.jpg")),
        ("a:b.jpg", file("/photos/a:b.jpg")),
        ("/photos/a.jpg", file("/photos/a.jpg")),
        ("../../etc/passwd", file("/photos/../../etc/passwd")),
        ("file:///photos/a%20b.jpg", file("/photos/a b.jpg")),
        ("data:image/png;base64,aGVsbG8=", data(b"hello")),
        ("DATA:;BASE64,aGVsbG8%3D", data(b"hello")),
        ("data:image/png;charset=x;base64,+/8%2B", data(&[0xfb, 0xff, 0x3e])),
        ("data:image/png;base64,", data(b"")),
    ];
    for (text, source) in cases {
        assert_eq!(parse(text).unwrap(), source, "{text}");
    }
}

#[test]
fn what_is_none_of_them_is_refused() {
    let cases = [
        ("", "neither"),
        ("  ", "neither"),
        ("http://", "neither"),
        ("ftp://example.org/a.jpg", "scheme"),
        ("javascript://x", "scheme"),
        ("https://me:secret@example.org/", "user name"),
        ("http://127.0.0.1/", "cannot fetch"),
        ("file://elsewhere/photos/a.jpg", "neither"),
        ("data:image/png,hello", "base64"),
        ("data:image/png;base64", "base64"),
        ("data:image/png;base64,a%20b", "base64"),
        ("data:image/png;base64,aGVsbG8", "base64"),
    ];
    for (text, part) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
}

#[test]
fn data_is_capped_to_the_byte() {
    assert!(parse("data:;base64,MTIzNDU2").is_ok());
    assert!(matches!(parse("data:;base64,MTIzNDU2Nw=="), Err(ImageError::TooLarge { limit: 6 })));
    let long = format!("data:;base64,{}", "A".repeat(4000));
    assert!(matches!(parse(&long), Err(ImageError::TooLarge { limit: 6 })));
}

#[test]
fn without_a_directory_no_path_is_allowed() {
    for text in ["a.jpg", "/etc/passwd", "file:///etc/passwd"] {
        assert!(matches!(Source::parse(text, &Policy::default()), Err(ImageError::NoDirectory)), "{text}");
    }
}
