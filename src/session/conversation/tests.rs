use proptest::prelude::*;

use super::*;
use crate::metrics::tests::rendered;

proptest! {
    // PROPTEST_CASES makes it more.
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn a_client_sees_what_it_would_see_without_us(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        play(&bytes);
    }
}

#[test]
fn the_corpus_holds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/conversation");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 20, "a corpus of {} files has lost some", files.len());
    for file in files {
        play(&std::fs::read(file).unwrap());
    }
}

#[test]
fn what_passes_is_counted() {
    // Bolt 5.8; after login: RUN RETURN 1, and PULL of all.
    let bytes = [3, 0, 7, 7, 7, 7, 7, 0, 0, 7, 0, 0, 0];
    let script = Script::read(&bytes);
    let requests = script.groups.concat();
    assert_eq!(requests.len(), 4);
    let text = rendered(|| play(&bytes));
    let value = |name: &str, direction: &str| -> usize {
        let start = format!("{name}{{direction=\"{direction}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        line.parse().unwrap()
    };
    // Each in one chunk.
    let sent: usize = requests.iter().map(|request| request.len() + 4).sum();
    assert_eq!(value("facebolt_bytes_total", "to_backend"), sent);
    assert_eq!(value("facebolt_messages_total", "to_backend"), 4);
    assert_eq!(value("facebolt_messages_total", "to_client"), 5);
    assert!(value("facebolt_bytes_total", "to_client") > 5 * 4);
}
