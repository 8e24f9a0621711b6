//! The query that reads beforehand what the rows of a call will bring.

use super::call::{Call, Place, Statement};
use super::edit::{self, Edited, base};
use super::key::Wanted;
use super::position::Weave;

/// How many distinct rows are read.
pub const MOST: usize = 20_000;

/// The query that returns the distinct values of [`Call::computed`], one column each, as the call will see them
/// unless something else writes meanwhile. None: what stands before the call writes, or is no query of its own, or
/// more may be read than the call will see.
pub fn read_ahead<'p>(
    statement: &Statement<'_>,
    call: &Call<'_>,
    taken: impl IntoIterator<Item = &'p str>,
) -> Option<Edited> {
    if call.limited {
        return None;
    }
    let base = base(statement.underscores, taken);
    let names: Vec<String> = (0..call.computed().len()).map(|index| format!("{base}k{index}")).collect();
    query(statement, call, &names, |weave, at| {
        weave.ours("RETURN DISTINCT ", at);
        for (index, (span, name)) in call.computed().into_iter().zip(&names).enumerate() {
            weave.ours(if index > 0 { ", " } else { "" }, at);
            weave.user(span.start, span.end);
            weave.ours(&format!(" AS {name}"), at);
        }
    })
}

/// The query that returns the distinct keys of a call, as [`Carrier::Gathered`](super::Carrier::Gathered) looks them
/// up. `wanted` is as for [`Carrier::Callback`](super::Carrier::Callback). None: the call may see other rows.
pub fn gather_keys<'p>(
    statement: &Statement<'_>,
    call: &Call<'_>,
    wanted: &[Wanted],
    taken: impl IntoIterator<Item = &'p str>,
) -> Option<Edited> {
    if call.after_write || call.place == Place::Expression {
        return None;
    }
    let base = base(statement.underscores, taken);
    let names = [format!("{base}k")];
    let edited = query(statement, call, &names, |weave, at| {
        let keys = format!("{base}k");
        edit::bind(weave, at, &keys, &call.computed());
        weave.ours("RETURN DISTINCT ", at);
        edit::write_key(weave, at, (&base, &keys), &call.computed(), (wanted, None));
        weave.ours(&format!(" AS {base}k"), at);
    })?;
    Some(Edited { escapes: Some(format!("{base}e")), ..edited })
}

/// What stands before the call, and `returns`.
fn query<'t>(
    statement: &Statement<'t>,
    call: &Call<'_>,
    names: &[String],
    returns: impl FnOnce(&mut Weave<'t>, usize),
) -> Option<Edited> {
    let pieces = call.before.as_ref()?;
    let mut weave = Weave::new(statement.text);
    let at = weave.offset(call.span.start);
    weave.ours(&statement.head, at);
    for piece in pieces {
        weave.user(piece.start, piece.end);
        weave.ours(" ", at);
    }
    returns(&mut weave, at);
    for _ in 1..pieces.len() {
        weave.ours(&format!(" }} RETURN DISTINCT {}", names.join(", ")), at);
    }
    weave.ours(&format!(" LIMIT {MOST}"), at);
    let (text, positions) = weave.finish();
    Some(Edited { text, positions, ..Edited::default() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::NAMES;
    use super::super::{Asks, inspect};
    use super::*;

    fn ahead(text: &str) -> Option<String> {
        let Ok(Asks::Calls(statement)) = inspect(text, &NAMES) else { panic!("{text}") };
        let call = statement.calls.last().unwrap();
        read_ahead(&statement, call, []).map(|edited| edited.text)
    }

    #[test]
    fn what_stands_before_a_call_is_read_on_its_own() {
        for (text, expected) in [
            (
                "MATCH (p:Photo) WHERE p.e IS NULL CALL face.embed(p.url, {model: p.m}) YIELD index SET p.i = index",
                "MATCH (p:Photo) WHERE p.e IS NULL RETURN DISTINCT p.url AS __fk0, p.m AS __fk1 LIMIT 20000",
            ),
            (
                "CYPHER 25 PROFILE USE neo4j MATCH (p) CALL face.embed(p.url) YIELD index RETURN index",
                "CYPHER 25 USE neo4j MATCH (p) RETURN DISTINCT p.url AS __fk0 LIMIT 20000",
            ),
            (
                "RETURN 1 AS i UNION MATCH (p) CALL face.embed(p.url) YIELD index RETURN index AS i",
                "MATCH (p) RETURN DISTINCT p.url AS __fk0 LIMIT 20000",
            ),
            (
                "MATCH (p) CALL (p) { WITH p.url AS u CALL face.embed(u) YIELD index SET p.i = index } IN TRANSACTIONS",
                "MATCH (p) CALL (p) { WITH p.url AS u RETURN DISTINCT u AS __fk0 } RETURN DISTINCT __fk0 LIMIT 20000",
            ),
            (
                "MATCH (p) CALL (p) { RETURN 1 AS index UNION CALL face.embed(p.url) YIELD index RETURN index } RETURN index",
                "MATCH (p) CALL (p) {  RETURN DISTINCT p.url AS __fk0 } RETURN DISTINCT __fk0 LIMIT 20000",
            ),
        ] {
            assert_eq!(ahead(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_writes_or_is_no_query_of_its_own_is_not() {
        for text in [
            "CREATE (p {url: 'x'}) WITH p CALL face.embed(p.url) YIELD index RETURN index",
            "MATCH (p) CALL (p) { SET p.x = 1 } CALL face.embed(p.url) YIELD index RETURN index",
            "MATCH (p) CALL db.write(p) YIELD x CALL face.embed(x.url) YIELD index RETURN index",
            "LOAD CSV FROM 'u' AS p CALL face.embed(p[0]) YIELD index RETURN index",
            "MATCH (p) CALL face.embed(p.url) YIELD index RETURN index LIMIT 1",
            "MATCH (p) RETURN EXISTS { CALL face.embed(p.url) YIELD index RETURN index } AS e",
            "MATCH (p) RETURN p.url AS u NEXT CALL face.embed(u) YIELD index RETURN index",
            "MATCH (p) CALL face.embed(p.url) YIELD index AS i CALL face.embed(p.b) YIELD index RETURN index",
            "MATCH (p) CALL (p) { WITH p RETURN 1 AS x } IN TRANSACTIONS CALL face.embed(p.url) YIELD index RETURN x",
        ] {
            assert_eq!(ahead(text), None, "{text}");
        }
    }

    #[test]
    fn keys_are_gathered_only_where_nothing_can_have_changed() {
        let gather = |text: &str| {
            let Ok(Asks::Calls(statement)) = inspect(text, &NAMES) else { panic!("{text}") };
            gather_keys(&statement, statement.calls.last().unwrap(), &[Wanted::Text], [])
        };
        let edited = gather("MATCH (p) CALL face.embed(p.url) YIELD index RETURN index LIMIT 1").unwrap();
        let start = "MATCH (p) UNWIND [p.url] AS __fk0 RETURN DISTINCT reduce(__fs = ";
        assert!(
            edited.text.starts_with(start) && edited.text.ends_with(" AS __fk LIMIT 20000"),
            "{}",
            edited.text
        );
        assert_eq!(edited.escapes.as_deref(), Some("__fe"));
        for text in [
            "MATCH (p) CALL (p) { CALL face.embed(p.url) YIELD index SET p.i = index }",
            "CREATE (p) WITH p CALL face.embed(p.url) YIELD index RETURN index",
            "MATCH (p) RETURN EXISTS { CALL face.embed(p.url) YIELD index RETURN index } AS e",
        ] {
            assert_eq!(gather(text), None, "{text}");
        }
    }
}
