//! The promises about values, there and back.

use std::collections::HashMap;

use chrono::{FixedOffset, NaiveDate, NaiveTime, TimeZone};
use neo4rs::{
    BoltDuration, BoltFloat, BoltInteger, BoltMap, BoltNull, BoltPoint2D, BoltPoint3D, BoltType, Node, Path,
    Relation, query,
};
use shared::Promise::{self, Unable};

use crate::base::{Probe, keep, rows};

pub fn named(name: &str) -> Option<Promise<Probe>> {
    Some(match name {
        "plain" => keep!(plain),
        "temporal" => keep!(temporal),
        "spatial" => keep!(spatial),
        "graph" => keep!(graph),
        "vector" => Unable("neo4rs speaks Bolt 4.4, which has no vectors"),
        _ => return None,
    })
}

async fn round_trip(p: &Probe, expected: Vec<BoltType>) {
    let found = rows(&p.graph, query("RETURN $values AS values").param("values", expected.clone())).await;
    let got: Vec<BoltType> = found.unwrap()[0].get("values").unwrap();
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(&expected) {
        // As text, which tells -0.0 from 0.0 and holds NaN equal to itself.
        let same = got == expected && !matches!(expected, BoltType::Float(_));
        assert!(same || format!("{got:?}") == format!("{expected:?}"), "{got:.300?}, not {expected:.300?}");
    }
}

fn null() -> BoltType {
    BoltType::Null(BoltNull)
}

fn map(key: &str, value: BoltType) -> BoltType {
    BoltType::from(HashMap::from([(key.to_owned(), value)]))
}

async fn plain(p: &Probe) {
    let mut values: Vec<BoltType> = vec![null(), true.into(), false.into()];
    values.extend([0, -17, 127, -129, 40000, i64::MAX, i64::MIN].map(BoltType::from));
    let floats = [0.1, -0.0, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
    values.extend(floats.map(BoltType::from));
    values.extend(["", "grüße 𝄞", &"x".repeat(70000)].map(BoltType::from));
    values.push(Vec::<u8>::new().into());
    values.push((0..=255_u8).cycle().take(76800).collect::<Vec<u8>>().into());
    let deep: Vec<BoltType> = vec![2.5.into(), vec![BoltType::from("deep")].into()];
    values.extend([Vec::<BoltType>::new().into(), vec![1_i64.into(), deep.into(), null()].into()]);
    values.push(BoltType::Map(BoltMap::new()));
    values.push(map("a", map("b", vec![1_i64.into(), map("c", null())].into())));
    round_trip(p, values).await;
}

async fn temporal(p: &Probe) {
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let clock = NaiveTime::from_hms_nano_opt(1, 2, 3, 4).unwrap();
    let offset = FixedOffset::east_opt(19800).unwrap();
    let moment = date.and_time(clock);
    let duration = BoltDuration::new(14.into(), 3.into(), 4.into(), 5.into());
    let values = vec![
        date.into(),
        NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_999).unwrap().into(),
        (clock, offset).into(),
        moment.into(),
        offset.from_local_datetime(&moment).unwrap().into(),
        (moment, "Europe/Berlin").into(),
        BoltType::Duration(duration),
    ];
    round_trip(p, values).await;
}

async fn spatial(p: &Probe) {
    let flat = |sr_id, x, y| {
        let [x, y] = [x, y].map(BoltFloat::new);
        BoltType::Point2D(BoltPoint2D { sr_id: BoltInteger::new(sr_id), x, y })
    };
    let solid = |sr_id, x, y, z| {
        let [x, y, z] = [x, y, z].map(BoltFloat::new);
        BoltType::Point3D(BoltPoint3D { sr_id: BoltInteger::new(sr_id), x, y, z })
    };
    let values = vec![
        flat(7203, 1.5, -2.5),
        solid(9157, 1.0, 2.0, 3.0),
        flat(4326, 12.5, 55.7),
        solid(4979, 12.5, 55.7, 9.0),
    ];
    round_trip(p, values).await;
}

async fn graph(p: &Probe) {
    let text =
        "CREATE path = (a:Probe {name: 'a'})-[r:TO {since: 1}]->(b:Probe {name: 'b'}) RETURN a, r, b, path";
    let found = p.rows(text).await;
    let (a, b): (Node, Node) = (found[0].get("a").unwrap(), found[0].get("b").unwrap());
    assert_eq!((a.labels(), a.keys()), (vec!["Probe"], vec!["name"]));
    assert_eq!(
        (a.get::<String>("name").unwrap(), b.get::<String>("name").unwrap()),
        ("a".into(), "b".into())
    );
    let r: Relation = found[0].get("r").unwrap();
    assert_eq!((r.typ(), r.keys(), r.get::<i64>("since").unwrap()), ("TO", vec!["since"], 1));
    assert_eq!((r.start_node_id(), r.end_node_id()), (a.id(), b.id()));
    let path: Path = found[0].get("path").unwrap();
    assert_eq!((path.nodes(), path.indices()), (vec![a, b], vec![1, 1]));
    assert_eq!(path.rels().iter().map(|rel| rel.id()).collect::<Vec<_>>(), [r.id()]);
}
