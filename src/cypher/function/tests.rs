use proptest::prelude::*;

use super::super::position::Position;
use super::*;

fn written(text: &str) -> Option<Written> {
    write_out(text, &FUNCTIONS, true, [])
}

/// What holds of every text that is written out.
fn check(text: &str, written: &Written) {
    let edited = &written.edited;
    let again = write_out(&edited.text, &FUNCTIONS, true, []);
    assert!(again.is_none_or(|again| again.edited.replaced.is_empty()), "{text}: still names a function");
    assert_eq!(edited.replaced.is_empty(), written.arguments.is_empty());
    let (mut restored, mut rest) = (String::new(), edited.text.as_str());
    for (ours, users) in &edited.replaced {
        let at = rest.find(ours.as_str()).unwrap();
        restored.push_str(&rest[..at]);
        restored.push_str(users);
        rest = &rest[at + ours.len()..];
    }
    assert_eq!(restored + rest, text);
    for argument in &written.arguments {
        assert!(
            text.get(argument.span.start..argument.span.end).is_some_and(|text| !text.is_empty()),
            "{text}"
        );
    }
    let end = text.encode_utf16().count();
    for offset in 0..=edited.text.encode_utf16().count() {
        let mapped = edited.positions.to_user(offset);
        assert!(mapped.offset <= end, "{text}: {offset} is mapped to {mapped:?}");
    }
}

#[test]
fn each_function_is_written_out_around_its_arguments() {
    for function in FUNCTIONS {
        let text = format!("RETURN {function}(a.x, $b) AS d");
        let written = written(&text).unwrap();
        check(&text, &written);
        let edited = &written.edited.text;
        let start = "RETURN toFloat(CASE WHEN false THEN vector.similarity.euclidean(a.x, $b) \
                     ELSE head([__fv IN [[a.x, $b, 0, '']] | ";
        assert!(edited.starts_with(start) && edited.ends_with(" END) AS d"), "{edited}");
        assert_eq!(written.edited.parameters, ["__ft"]);
    }
}

#[test]
fn calls_are_found_however_they_are_written() {
    for (text, calls, variables) in [
        ("RETURN `gds` . similarity . `cosine` /* x */ ( [1]\n, (b) )", 1, "b"),
        ("RETURN gds.similarity.cosine(a, b), gds.similarity.overlap(`c d`, null)", 2, "a b c d"),
        ("MATCH (n) WHERE gds.similarity.cosine(n.x, [y IN n.y | y, 1]) > 0.5 RETURN 'é😀', n", 1, ""),
        (r"RETURN gds.similarity.cosin\u0065([1], [2])", 1, ""),
        (
            "RETURN gds.similarity.cosine([gds.similarity.cosine(a, b)], (gds.similarity.pearson(b, a)))",
            1,
            "a b b a",
        ),
    ] {
        let written = written(text).unwrap();
        check(text, &written);
        assert_eq!(written.edited.replaced.len(), calls, "{text}");
        let found: Vec<String> =
            written.arguments.into_iter().filter_map(|argument| argument.variable).collect();
        assert_eq!(found.join(" "), variables, "{text}");
    }
}

#[test]
fn what_is_not_understood_as_a_call_is_left_alone() {
    for text in [
        "RETURN 1",
        "RETURN 'gds.similarity.cosine([1], [2])' // gds.similarity.cosine([1], [2])",
        "RETURN gds.similarity.cosine",
        "RETURN x.gds.similarity.cosine([1], [2])",
        "RETURN gds.similarity.cosine([1],)",
        "RETURN gds.similarity.cosine(, [1])",
        "RETURN gds.similarity.cosine(DISTINCT (a), b)",
        "RETURN gds.similarity.cosine(ALL IS NULL, b)",
        "RETURN s'{gds.similarity.cosine([1], [2]}'",
        "RETURN gds.similarity.cosine([1], [2]",
        "RETURN gds.similarity.cosine([1], [2)]",
        "RETURN gds.similarity.Cosine([1], [2])",
        "RETURN gds.similarity.cosine([1], [2]) + 'no end",
        r"RETURN gds.similarity.cosine([1], ['\ud800'])",
    ] {
        assert_eq!(written(text), None, "{text}");
    }
    assert_eq!(write_out("RETURN gds.similarity.cosine([1], [2])", &FUNCTIONS[3..], true, []), None);
    let deep = format!("RETURN {}[1]{}", "gds.similarity.cosine([".repeat(40), "], [1])".repeat(40));
    assert_eq!(written(&deep), None);
    let many = format!("RETURN {}", vec!["gds.similarity.cosine([1], [2])"; 1001].join(", "));
    assert_eq!(written(&many), None);
}

#[test]
fn a_wrong_number_of_arguments_is_told_and_the_rest_written_out() {
    for (text, calls, miscounted) in [
        ("RETURN gds.similarity.cosine()", 0, vec![(7, 0)]),
        ("RETURN gds.similarity.cosine([1, 2])", 0, vec![(7, 1)]),
        ("RETURN gds.similarity.cosine(ALL [1], [2], [3])", 0, vec![(7, 3)]),
        ("RETURN gds.similarity.cosine(distinct)", 0, vec![(7, 1)]),
        ("RETURN gds.similarity.cosine([1], [2]), gds.similarity.overlap([1])", 1, vec![(40, 1)]),
        ("RETURN gds.similarity.cosine([gds.similarity.pearson(a)], b)", 1, vec![(30, 1)]),
        ("RETURN gds.similarity.pearson(gds.similarity.cosine(a, b))", 1, vec![(7, 1)]),
    ] {
        let written = written(text).unwrap();
        check(text, &written);
        assert_eq!(written.edited.replaced.len(), calls, "{text}");
        let found: Vec<_> = written.miscounted.iter().map(|call| (call.at, call.got)).collect();
        assert_eq!(found, miscounted, "{text}");
    }
}

#[test]
fn a_word_before_the_arguments_is_passed_over_where_the_server_does() {
    let plain = written("RETURN gds.similarity.cosine(a, b)").unwrap().edited.text;
    let text = |word: &str| format!("RETURN gds.similarity.cosine({word} a, b)");
    for word in ["ALL", "all", "DISTINCT"] {
        assert_eq!(written(&text(word)).unwrap().edited.text, plain);
    }
    let refusing =
        |word: &str| write_out(&text(word), &FUNCTIONS, false, []).map(|written| written.edited.text);
    assert_eq!((refusing("ALL"), refusing("DISTINCT")), (Some(plain), None));
    let variables = "RETURN gds.similarity.cosine(all, distinct.x)";
    assert_eq!(written(variables).unwrap().arguments.len(), 2);
}

#[test]
fn a_call_within_an_interpolated_string_is_written_out() {
    for text in [
        "RETURN s'{gds.similarity.cosine([1], [2])}'",
        "RETURN s\"a{'b'}{gds.similarity.cosine(x, s'{y}')}c{gds.similarity.overlap([1], z)}\" AS `s'`",
    ] {
        let written = written(text).unwrap();
        check(text, &written);
        assert_eq!(written.edited.replaced.len(), written.arguments.len() / 2, "{text}");
    }
}

#[test]
fn a_type_is_looked_at_where_it_costs_nothing() {
    let checked = |text: &str| {
        let text = format!("RETURN gds.similarity.cosine({text}, b)");
        let edited = written(&text).unwrap().edited.text;
        let (_, rest) = edited.split_once("vector.similarity.euclidean(").unwrap();
        rest.split_once(", b) ELSE").unwrap().0.to_owned()
    };
    for (argument, expected) in [
        ("collect(a.x)", "collect(a.x)"),
        ("gds.similarity.pearson(a, b)", "0.0"),
        ("((gds.similarity.pearson(a, b)))", "0.0"),
        ("[gds.similarity.pearson(a, b)]", "null"),
        ("gds.similarity.pearson(a)", "null"),
        ("gds.similarity.pearson(a, b) + 1", "null"),
        ("COLLECT { MATCH (n) RETURN n.x }", "null"),
        ("[(a)-[:R]->(c) | c.x]", "null"),
    ] {
        assert_eq!(checked(argument), expected, "{argument}");
    }
}

#[test]
fn names_of_ours_differ_from_the_users() {
    let text = "WITH [1] AS `__fa` RETURN gds.similarity.cosine(`__fa`, $__ft)";
    let edited = write_out(text, &FUNCTIONS, true, ["__f__t"]).unwrap().edited;
    assert_eq!(edited.parameters, ["__f___t"]);
}

#[test]
fn places_lead_back_to_the_call_and_its_arguments() {
    let text = "RETURN 'é😀', gds.similarity.cosine([1], [y]), z";
    let edited = written(text).unwrap().edited;
    let place = |text: &str, at: usize| Position::of_byte(text, at).offset;
    let call = place(text, text.find("gds").unwrap());
    let (y, z) = (place(text, text.find("[y").unwrap() + 1), place(text, text.len() - 1));
    for (at, _) in edited.text.match_indices("[y]") {
        assert_eq!(edited.positions.to_user(place(&edited.text, at + 1)).offset, y);
    }
    assert_eq!(edited.positions.to_user(place(&edited.text, edited.text.len() - 1)).offset, z);
    assert_eq!(
        edited.positions.to_user(place(&edited.text, edited.text.find("toFloat").unwrap())).offset,
        call
    );
}

/// Pieces of which a text may be made, whole and broken.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "gds.similarity.cosine(",
        "gds.similarity.overlap(",
        "`gds`.similarity.jaccard (",
        "gds.similarity.",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ", ",
        " 1",
        " x",
        "'",
        "\"",
        "`",
        "//",
        "\n",
        "/*",
        "*/",
        "é😀",
        r"\u0067ds",
        " RETURN ",
        "$p",
        ".",
        "[1], [2])",
        "a, b)",
        "s'",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_left_alone_or_written_out_whole(text in pieces()) {
        if let Some(written) = written(&text) {
            check(&text, &written);
        }
    }

    #[test]
    fn calls_are_written_out_wherever_they_stand(before in "[a-z0-9 ,+*é]{0,12}", a in "[a-z]{1,3}", after in "[a-z0-9 ,+*😀]{0,12}") {
        let text = format!("RETURN 1 {before} + gds.similarity.pearson({a}, [{a}, 1]) {after}");
        check(&text, &written(&text).unwrap());
    }
}
