use super::*;

/// Runs `touch` with a recorder of its own and returns what Prometheus would read.
pub(crate) fn rendered(touch: impl FnOnce()) -> String {
    let recorder = recorder().unwrap();
    let exporter = Exporter(recorder.handle());
    ::metrics::with_local_recorder(&recorder, || {
        describe();
        touch();
    });
    exporter.render()
}

/// Uses every function there is.
fn touch_everything() {
    // Leaked: they would be 0 when rendered.
    std::mem::forget(connection(State::Unauthenticated, Transport::SecureWebSocket));
    std::mem::forget(queued("native"));
    connection_refused("connections");
    let traffic = Traffic::new(Direction::ToBackend);
    traffic.relayed(17, 1);
    statement("face.embed", Path::Native);
    native_seconds("face.embed", Stage::Decode, Duration::from_millis(30));
    faces_found(3);
    image("kept");
    fetch_failure("timeout");
    pairs_compared(1000);
    pairs_found(7);
    backend_error("connect");
}

#[test]
fn every_metric_is_in_the_table_and_every_entry_of_the_table_is_used() {
    let text = rendered(touch_everything);
    let mut types: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    types.sort_unstable();
    let mut expected: Vec<String> =
        ALL.iter().map(|metric| format!("{} {:?}", metric.name, metric.kind).to_lowercase()).collect();
    expected.sort_unstable();
    assert_eq!(types, expected);
    for Metric { name, help, .. } in ALL {
        assert!(text.contains(&format!("# HELP {name} {help}\n")), "{name}");
    }
}

#[test]
fn every_metric_has_the_labels_of_the_table() {
    let text = rendered(touch_everything);
    for Metric { name, kind, labels, .. } in ALL {
        let sample = if *kind == Kind::Histogram { format!("{name}_sum") } else { (*name).to_owned() };
        let line = text
            .lines()
            .find(|line| line.strip_prefix(&sample).is_some_and(|rest| rest.starts_with([' ', '{'])))
            .unwrap_or_else(|| panic!("no sample of {name} in:\n{text}"));
        let inside = line.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        let found: Vec<&str> = inside
            .map(|(pairs, _)| pairs.split(',').filter_map(|pair| pair.split('=').next()).collect())
            .unwrap_or_default();
        assert_eq!(found, *labels, "{line}");
    }
}

#[test]
fn values_arrive_as_they_were_counted() {
    let text = rendered(touch_everything);
    for line in [
        "facebolt_connections{state=\"unauthenticated\",transport=\"wss\"} 1",
        "facebolt_bytes_total{direction=\"to_backend\"} 17",
        "facebolt_messages_total{direction=\"to_backend\"} 1",
        "facebolt_statements_total{kind=\"face.embed\",path=\"native\"} 1",
        "facebolt_native_seconds_bucket{procedure=\"face.embed\",stage=\"decode\",le=\"0.025\"} 0",
        "facebolt_native_seconds_bucket{procedure=\"face.embed\",stage=\"decode\",le=\"0.05\"} 1",
        "facebolt_faces_found_total 3",
        "facebolt_images_total{faces=\"kept\"} 1",
        "facebolt_pairs_compared_total 1000",
        "facebolt_pairs_found_total 7",
        "facebolt_backend_errors_total{reason=\"connect\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
}

#[test]
fn counters_without_labels_start_at_zero() {
    let text = rendered(|| ());
    assert!(text.contains("\nfacebolt_faces_found_total 0\n"), "{text}");
    assert!(text.contains(&format!("facebolt_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn what_is_counted_is_counted_until_it_is_dropped() {
    let text = rendered(|| {
        let mut connection_of_one = connection(State::Unauthenticated, Transport::Tcp);
        connection_of_one = {
            drop(connection_of_one);
            connection(State::Authenticated, Transport::Tcp)
        };
        let other = connection(State::Authenticated, Transport::Tcp);
        drop(other);
        std::mem::forget(connection_of_one);
    });
    assert!(text.contains("{state=\"unauthenticated\",transport=\"tcp\"} 0\n"), "{text}");
    assert!(text.contains("{state=\"authenticated\",transport=\"tcp\"} 1\n"), "{text}");
}

#[test]
fn installing_twice_gathers_once() {
    let first = install().unwrap();
    let second = install().unwrap();
    statement("installing_twice", Path::Refused);
    let line = "facebolt_statements_total{kind=\"installing_twice\",path=\"refused\"} 1\n";
    assert!(first.render().contains(line) && second.render().contains(line));
}

/// The dashboard asks for metrics and labels that there are, and shows every metric.
#[test]
fn the_dashboard_is_true() {
    let text = include_str!("../../docs/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut shown = std::collections::BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let (expression, legend) =
                (target["expr"].as_str().unwrap(), target["legendFormat"].as_str().unwrap());
            let name = expression
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .find(|word| word.starts_with("facebolt_"));
            let name = name.unwrap().trim_end_matches("_bucket");
            let metric =
                ALL.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("no metric {name}"));
            shown.insert(metric.name);
            for label in legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap()) {
                assert!(metric.labels.contains(&label), "{name} has no label {label}");
                assert!(expression.contains(label), "{expression} does not keep {label}");
            }
        }
    }
    assert_eq!(shown.len(), ALL.len());
}
