use packstream::Limits;
use proptest::prelude::*;

use super::*;
use crate::message::{Reply, parse_reply};

/// The map of an encoded FAILURE.
fn map_of(payload: &[u8]) -> Map {
    match parse_reply(payload, Limits::default()) {
        Ok(Reply::Failure(map)) => map,
        other => panic!("no failure: {other:?}"),
    }
}

fn keys(map: &Map) -> Vec<&str> {
    map.iter().map(|(key, _)| key).collect()
}

#[test]
fn an_old_client_gets_a_code_and_a_message() {
    let failure = Failure::invalid_request("no");
    for version in [Version::V4_4, Version::V5_0, Version::V5_6] {
        let bytes = failure.encode(version).unwrap();
        assert_eq!(bytes, b"\xB1\x7F\xA2\x84code\xD0\x1FNeo.ClientError.Request.Invalid\x87message\x82no");
        let read = Failure::decode(&map_of(&bytes), version);
        assert_eq!((read.code, read.message), (failure.code.clone(), failure.message.clone()));
        assert_eq!(read.gql, GqlStatus::general());
    }
}

#[test]
fn a_new_client_gets_a_status_and_its_cause() {
    let failure = Failure::procedure_call_failed("face.embed", "no image");
    let message = "Failed to invoke procedure `face.embed`: Caused by: java.lang.RuntimeException: no image";
    let because =
        "Execution of the procedure face.embed() failed due to java.lang.RuntimeException: no image.";
    let expected = Map::from([
        ("neo4j_code", Value::from("Neo.ClientError.Procedure.ProcedureCallFailed")),
        ("message", message.into()),
        ("gql_status", "52N37".into()),
        (
            "description",
            "error: procedure exception - procedure execution error. \
             Execution of the procedure face.embed() failed."
                .into(),
        ),
        (
            "cause",
            Map::from([
                ("message", Value::from(format!("52U00: {because}"))),
                ("gql_status", "52U00".into()),
                (
                    "description",
                    format!("error: procedure exception - custom procedure execution error cause. {because}")
                        .into(),
                ),
            ])
            .into(),
        ),
    ]);
    for version in [Version::V5_7, Version::V5_8, Version::V6_0, Version::V6_1] {
        let map = map_of(&failure.encode(version).unwrap());
        assert_eq!(map, expected);
        assert_eq!(Failure::decode(&map, version), failure);
    }
}

#[test]
fn a_diagnostic_record_holds_only_what_is_known() {
    let mut failure = Failure::terminated();
    let map = map_of(&failure.encode(Version::V5_8).unwrap());
    assert_eq!(keys(&map), ["neo4j_code", "message", "gql_status", "description"]);
    assert_eq!(map.get("gql_status"), Some(&"50N42".into()));

    failure.gql.position = Some(Position { offset: 16, line: 1, column: 17 });
    let map = map_of(&failure.encode(Version::V5_8).unwrap());
    let position = Map::from([("offset", 16_i64), ("line", 1), ("column", 17)]);
    let record = Map::from([("_position", position)]);
    assert_eq!(map.get("diagnostic_record"), Some(&record.into()));
    assert_eq!(Failure::decode(&map, Version::V5_8), failure);
}

#[test]
fn codes_are_those_that_drivers_act_on() {
    for (failure, code, status, classification) in [
        (
            Failure::database_unavailable("neo4j", "m"),
            "Neo.TransientError.General.DatabaseUnavailable",
            "08N09",
            Some(Classification::TransientError),
        ),
        (
            Failure::invalid_request("m"),
            "Neo.ClientError.Request.Invalid",
            "08N06",
            Some(Classification::ClientError),
        ),
        (Failure::terminated(), "Neo.ClientError.Transaction.Terminated", "50N42", None),
        (
            Failure::no_threads_available(),
            "Neo.TransientError.Request.NoThreadsAvailable",
            "51N38",
            Some(Classification::TransientError),
        ),
    ] {
        assert_eq!(failure.code, code);
        assert_eq!(failure.gql.status, status);
        assert_eq!(failure.gql.classification, classification);
        assert!(failure.gql.description.starts_with("error: "), "{}", failure.gql.description);
        assert!(!failure.message.is_empty());
        assert_eq!(failure.to_string(), code, "the message stays out of logs");
    }
}

#[test]
fn what_a_server_left_out_is_what_neo4j_says_by_default() {
    let bare = Failure::decode(&Map::new(), Version::V5_8);
    assert_eq!(bare.code, "Neo.DatabaseError.General.UnknownError");
    assert_eq!((bare.message.as_str(), &bare.gql), ("", &GqlStatus::general()));
    let odd = Map::from([
        ("neo4j_code", Value::from(1_i64)),
        ("diagnostic_record", "none".into()),
        ("cause", Value::Null),
        ("gql_status", Value::Null),
    ]);
    assert_eq!(Failure::decode(&odd, Version::V5_8), bare);
    let record = Map::from([
        ("_classification", Value::from("WHATEVER")),
        ("_position", Map::from([("offset", 1_i64)]).into()),
    ]);
    assert_eq!(Failure::decode(&Map::from([("diagnostic_record", record)]), Version::V5_8), bare);
}

#[test]
fn causes_end_at_a_depth() {
    let mut map = Map::new();
    for depth in 0..100 {
        map = Map::from([
            ("message", Value::from(depth)),
            ("gql_status", "52U00".into()),
            ("cause", map.into()),
        ]);
    }
    let failure = Failure::decode(&map, Version::V5_7);
    let causes = std::iter::successors(failure.gql.cause.as_deref(), |cause| cause.gql.cause.as_deref());
    assert_eq!(causes.count(), MAX_CAUSES);
}

fn any_gql() -> impl Strategy<Value = GqlStatus> {
    let position = (any::<i64>(), any::<i64>(), any::<i64>());
    let position = position.prop_map(|(offset, line, column)| Position { offset, line, column });
    let classification = prop::option::of(prop::sample::select(&Classification::ALL));
    let leaf = (".{5}", ".*", classification, prop::option::of(position)).prop_map(
        |(status, description, classification, position)| GqlStatus {
            status,
            description,
            classification,
            position,
            cause: None,
        },
    );
    (leaf.clone(), prop::collection::vec((".*", leaf), 0..4)).prop_map(|(mut gql, causes)| {
        let chain = causes.into_iter().fold(None, |cause, (message, mut gql)| {
            gql.cause = cause;
            Some(Box::new(Cause { message, gql }))
        });
        gql.cause = chain;
        gql
    })
}

proptest! {
    #[test]
    fn a_failure_comes_back_from_its_bytes(code in ".*", message in ".*", gql in any_gql()) {
        let failure = Failure { code, message, gql };
        for &version in Version::KNOWN {
            let read = Failure::decode(&map_of(&failure.encode(version).unwrap()), version);
            prop_assert_eq!((&read.code, &read.message), (&failure.code, &failure.message));
            let gql = if version.has_gql_failures() { failure.gql.clone() } else { GqlStatus::general() };
            prop_assert_eq!(read.gql, gql);
        }
    }
}
