//! What must hold for any text of a statement. Shared with the test that replays the corpus.

use crate::cypher::{
    Asks, Carrier, Edited, FUNCTIONS, Field, Names, Signature, Span, Statement, Wanted, carry, gather_keys,
    inspect, mentions, read_ahead, write_out,
};

const NAMES: Names<'static> = Names {
    procedures: &[
        Signature {
            name: "face.embed",
            arguments: &["imageUrl", "configuration"],
            required: 1,
            columns: &["embedding", "index"],
            writes: false,
        },
        Signature {
            name: "face.link",
            arguments: &["nodeLabel", "configuration"],
            required: 1,
            columns: &["pairsFound"],
            writes: true,
        },
    ],
    functions: &FUNCTIONS,
};

/// Reads `bytes` as a statement, and writes what is sent in its place.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let asks = inspect(text, &NAMES);
    let written = write_out(text, &FUNCTIONS, true, ["p"]);
    if !mentions(bytes) {
        assert_eq!(asks, Ok(Asks::Nothing));
    }
    if let Some(written) = &written {
        let edited = &written.edited;
        placed(text, edited);
        replaced(text, edited);
        written.arguments.iter().for_each(|argument| within(text, argument.span));
        let again = write_out(&edited.text, &FUNCTIONS, true, ["p"]);
        assert!(again.is_none_or(|again| again.edited.replaced.is_empty()), "not all is written out");
    }
    match asks {
        Ok(Asks::Nothing | Asks::RoutingTable(_)) => assert_eq!(written, None),
        Ok(Asks::Listing(listing)) => {
            let names = ["name".to_owned()];
            placed(text, &listing.rewrite(&names, &names, ["p"]));
        }
        Ok(Asks::Functions(calls)) => {
            calls.iter().for_each(|call| within(text, call.name));
            if let Some(written) = written {
                let left = match inspect(&written.edited.text, &NAMES) {
                    Ok(Asks::Functions(left)) => left.len(),
                    asks => {
                        assert!(matches!(asks, Ok(Asks::Nothing | Asks::Listing(_))), "{asks:?}");
                        0
                    }
                };
                assert!(
                    left >= written.miscounted.len() && left + written.edited.replaced.len() <= calls.len()
                );
            }
        }
        Ok(Asks::Link(shape)) => {
            within(text, shape.prefix);
            let edited = shape.rewrite(["p"]);
            placed(text, &edited);
            assert!(!matches!(inspect(&edited.text, &NAMES), Ok(Asks::Link(_) | Asks::Calls(_))));
        }
        Ok(Asks::Calls(statement)) => calls(text, &statement),
        Err(refusal) => assert!(refusal.position(text).offset <= units(text)),
    }
}

fn calls(text: &str, statement: &Statement<'_>) {
    let mut end = 0;
    for call in &statement.calls {
        within(text, call.span);
        within(text, call.name);
        assert!(end <= call.span.start);
        end = call.span.end;
        for span in call.computed() {
            within(text, span);
        }
        if let Some(ahead) = read_ahead(statement, call, ["p"]) {
            placed(text, &ahead);
        }
        let wanted = vec![Wanted::Text; call.computed().len()];
        if let Some(keys) = gather_keys(statement, call, &wanted, ["p"]) {
            placed(text, &keys);
        }
    }
    let fields = [Field::Floats, Field::Integer];
    let wanted = [Wanted::Anything; 64];
    let carriers = [
        Carrier::Rows,
        Carrier::Raises,
        Carrier::Callback { fields: &fields, wanted: &wanted },
        Carrier::Gathered { wanted: &wanted },
    ];
    for carrier in carriers {
        if let Ok(edited) = carry(statement, &vec![carrier; statement.calls.len()], ["p"]) {
            placed(text, &edited);
            replaced(text, &edited);
            assert!(!matches!(inspect(&edited.text, &NAMES), Ok(Asks::Calls(_))));
        }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn within(text: &str, span: Span) {
    assert!(text.get(span.start..span.end).is_some(), "{span:?} is no part of the text");
}

/// Each place of the edited text is one of the user's.
fn placed(text: &str, edited: &Edited) {
    let last = units(text);
    for offset in 0..=units(&edited.text) {
        assert!(edited.positions.to_user(offset).offset <= last);
    }
}

/// What was replaced is all that differs.
fn replaced(text: &str, edited: &Edited) {
    let (mut restored, mut rest) = (String::new(), edited.text.as_str());
    for (ours, users) in &edited.replaced {
        let (before, behind) = rest.split_once(ours.as_str()).expect("it is there");
        restored.extend([before, users.as_str()]);
        rest = behind;
    }
    assert_eq!(restored + rest, text);
}
