//! `SHOW PROCEDURES` and `SHOW FUNCTIONS`: what is listed, and the text that lists more.
//!
//! Neo4j lists in commands that no query can hold. So all that it lists is read by a command of ours, and what the
//! user wrote behind `YIELD` is a query over those rows and ours: `YIELD` means what `WITH` does there.

use std::borrow::Cow;

use super::call::{Mode, Span};
use super::columns::{behind_use, columns, ends};
use super::edit::{Edited, base, underscores};
use super::position::Weave;
use super::prefix::prefix;
use super::segment::{Clauses, outline};
use super::token::Tokens;
use super::unescape::Decoded;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// `SHOW PROCEDURES`
    Procedures,
    /// `SHOW FUNCTIONS`, those of users at least.
    Functions,
}

/// A statement that lists procedures or functions, fully understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<'t> {
    /// What it lists.
    pub listed: Listed,
    text: &'t str,
    /// The command without what follows `YIELD` or `WHERE`.
    command: Span,
    tail: Tail,
    /// One past the tail: a `;` or the end of the text.
    end: usize,
    underscores: usize,
}

/// What follows the command. Places are in bytes of the text.
#[derive(Debug, Clone, PartialEq)]
enum Tail {
    Nothing,
    /// `WHERE` at this place.
    Where(usize),
    Yield {
        /// What stands behind the word, up to the end of the columns.
        columns: Span,
        /// The columns' names outside, as they are written; none: `*`.
        names: Option<Vec<Span>>,
        /// Is there nothing but columns under their own names?
        plain: bool,
        /// `RETURN`, and the `*` behind it if there is one.
        results: Option<(usize, Option<Span>)>,
    },
}

/// Reads a listing that is the whole of its text, or nothing. What is only planned or measured is left alone: the
/// plan is what was asked for.
pub(super) fn listing<'t>(text: &'t str, decoded: &Decoded<'_>) -> Option<Listing<'t>> {
    if !matches!(decoded.text, Cow::Borrowed(_)) {
        return None;
    }
    let tokens = Tokens::new(decoded)?;
    let prefix = prefix(&tokens);
    if prefix.mode != Mode::Run {
        return None;
    }
    let show = behind_use(&tokens, prefix.body);
    let (listed, at) = listed(&tokens, show)?;
    let at = behind_executable(&tokens, at)?;
    let command = tokens.span(show, at);
    let last = tokens.len() - usize::from(tokens.symbol_before(tokens.len()) == ";");
    let end = tokens.span(last.saturating_sub(1), last).end;
    let tail = if ends(&tokens, at) {
        Tail::Nothing
    } else if tokens.is(at, "WHERE") {
        let place = tokens.span(at, at + 1).start;
        let (results, _) = query(&format!("WITH * {}", text.get(place..end)?))?;
        if results.is_some() {
            return None;
        }
        Tail::Where(place)
    } else if tokens.is(at, "YIELD") {
        let (named, behind) = columns(&tokens, at + 1)?;
        let columns = tokens.span(at + 1, behind);
        const WITH: &str = "WITH ";
        let (results, star) = query(&format!("{WITH}{}", text.get(columns.start..end)?))?;
        let moved = |place: usize| place + columns.start - WITH.len();
        let star = star.map(|star| Span { start: moved(star.start), end: moved(star.end) });
        let outside = |column: &super::columns::Column<'_>| tokens.span(column.outside, column.outside + 1);
        let own =
            |column: &super::columns::Column<'_>| tokens.name(column.outside).as_ref() == Some(&column.field);
        let plain = ends(&tokens, behind) && named.iter().flatten().all(own);
        let names = named.map(|named| named.iter().map(outside).collect());
        Tail::Yield { columns, names, plain, results: results.map(|place| (moved(place), star)) }
    } else {
        return None;
    };
    Some(Listing { listed, text, command, tail, end, underscores: underscores(text)? })
}

/// What is listed, and the first token behind that.
fn listed(tokens: &Tokens<'_>, show: usize) -> Option<(Listed, usize)> {
    let is = |at: usize, words: &[&str]| words.iter().any(|word| tokens.is(at, word));
    if !tokens.is(show, "SHOW") {
        return None;
    }
    let at = show + 1;
    if is(at, &["PROCEDURE", "PROCEDURES"]) {
        return Some((Listed::Procedures, at + 1));
    }
    // No function of ours is built in.
    let which = match () {
        () if is(at, &["ALL"]) => 1,
        () if is(at, &["USER"]) && is(at + 1, &["DEFINED"]) => 2,
        () => 0,
    };
    is(at + which, &["FUNCTION", "FUNCTIONS"]).then_some((Listed::Functions, at + which + 1))
}

/// The first token behind `EXECUTABLE [BY ..]`, if that stands at `at`.
fn behind_executable(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    if !tokens.is(at, "EXECUTABLE") {
        return Some(at);
    }
    if !tokens.is(at + 1, "BY") {
        return Some(at + 1);
    }
    tokens.name(at + 2)?;
    let current = tokens.is(at + 2, "CURRENT") && tokens.is(at + 3, "USER");
    Some(at + 3 + usize::from(current))
}

/// Reads `WITH .. [RETURN ..]`: where its `RETURN` is, if it has one, and the `*` behind that. None: it is more, or
/// something else.
fn query(text: &str) -> Option<(Option<usize>, Option<Span>)> {
    let decoded = Decoded::new(text)?;
    let tokens = Tokens::new(&decoded)?;
    let outline = outline(&tokens, 0).ok()?;
    let root = outline.blocks.first()?;
    if root.branches != 1 || root.sequel || outline.end != tokens.len() {
        return None;
    }
    let block = |branch: usize| outline.branches.get(branch).map(|branch| branch.block);
    let clauses: Vec<_> = outline.clauses.iter().filter(|clause| block(clause.branch) == Some(0)).collect();
    let results = match clauses.as_slice() {
        [with] if with.kind == Clauses::With => return Some((None, None)),
        [with, results] if with.kind == Clauses::With && results.kind == Clauses::Return => results.first,
        _ => return None,
    };
    let first = results + 1 + usize::from(tokens.is(results + 1, "DISTINCT"));
    let star = (tokens.symbol(first) == "*").then(|| tokens.span(first, first + 1));
    Some((Some(tokens.span(results, results + 1).start), star))
}

impl Listing<'_> {
    /// Are its rows all rows, in their own order, with columns under their own names?
    pub fn is_plain(&self) -> bool {
        matches!(self.tail, Tail::Nothing | Tail::Yield { plain: true, .. })
    }

    /// The command that brings all columns of all rows.
    pub fn all(&self) -> String {
        format!("{} YIELD *", self.text.get(..self.command.end).unwrap_or_default())
    }

    /// The statement over rows that a parameter brings, as a list of maps with the columns of [`Listing::all`].
    /// `own` are the columns that the statement has as it stands. `taken` are the names of the client's parameters.
    pub fn rewrite<'p>(
        &self,
        all: &[String],
        own: &[String],
        taken: impl IntoIterator<Item = &'p str>,
    ) -> Edited {
        let base = base(self.underscores, taken);
        let (parameter, row) = (format!("{base}0"), format!("{base}r"));
        let mut weave = Weave::new(self.text);
        let place = weave.offset(self.command.start);
        weave.user(0, self.command.start);
        let seen = if matches!(self.tail, Tail::Yield { .. }) { all } else { own };
        let seen: Vec<String> = seen.iter().map(|name| quoted(name)).collect();
        let bound: Vec<String> = seen.iter().map(|name| format!("{row}.{name} AS {name}")).collect();
        weave.ours(&format!("UNWIND ${parameter} AS {row} WITH {} ", bound.join(", ")), place);
        let end = self.end;
        match &self.tail {
            Tail::Nothing => {
                weave.ours(&format!("RETURN {}", items(&seen)), place);
            }
            Tail::Where(at) => {
                weave.user(*at, end);
                weave.ours(&format!(" RETURN {}", items(&seen)), place);
            }
            Tail::Yield { columns, names, results, .. } => {
                weave.ours("WITH ", place);
                let written =
                    |span: &Span| self.text.get(span.start..span.end).unwrap_or_default().to_owned();
                let names = names.as_ref().map(|names| names.iter().map(written).collect());
                let names = items(&names.unwrap_or(seen));
                match results {
                    None => {
                        weave.user(columns.start, end);
                        weave.ours(&format!(" RETURN {names}"), place);
                    }
                    Some((_, None)) => {
                        weave.user(columns.start, end);
                    }
                    // `*` would sort them.
                    Some((_, Some(star))) => {
                        weave.user(columns.start, star.start);
                        let star_place = weave.offset(star.start);
                        weave.ours(&names, star_place);
                        weave.user(star.end, end);
                    }
                }
            }
        }
        weave.user(end, self.text.len());
        let (text, positions) = weave.finish();
        Edited { text, positions, parameters: vec![parameter], ..Edited::default() }
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// These variables as results, under their own names.
fn items(names: &[String]) -> String {
    names.iter().map(|name| format!("{name} AS {name}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Listing<'_>> {
        listing(text, &Decoded::new(text)?)
    }

    fn rewritten(text: &str, own: &[&str]) -> String {
        let own: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
        let all = ["name".to_owned(), "mode".to_owned()];
        read(text).expect(text).rewrite(&all, &own, []).text
    }

    #[test]
    fn each_form_is_read() {
        for (text, listed, all) in [
            ("SHOW PROCEDURES", Listed::Procedures, "SHOW PROCEDURES"),
            ("show procedure;", Listed::Procedures, "show procedure"),
            (
                "CYPHER 5 USE neo4j SHOW PROCEDURES YIELD *",
                Listed::Procedures,
                "CYPHER 5 USE neo4j SHOW PROCEDURES",
            ),
            ("SHOW PROCEDURES EXECUTABLE WHERE true", Listed::Procedures, "SHOW PROCEDURES EXECUTABLE"),
            (
                "SHOW PROCEDURES EXECUTABLE BY CURRENT USER",
                Listed::Procedures,
                "SHOW PROCEDURES EXECUTABLE BY CURRENT USER",
            ),
            (
                "SHOW PROCEDURES EXECUTABLE BY `a b` YIELD name",
                Listed::Procedures,
                "SHOW PROCEDURES EXECUTABLE BY `a b`",
            ),
            (
                "SHOW PROCEDURES EXECUTABLE BY current YIELD name",
                Listed::Procedures,
                "SHOW PROCEDURES EXECUTABLE BY current",
            ),
            ("SHOW FUNCTIONS", Listed::Functions, "SHOW FUNCTIONS"),
            ("SHOW ALL FUNCTION", Listed::Functions, "SHOW ALL FUNCTION"),
            ("SHOW USER DEFINED FUNCTIONS", Listed::Functions, "SHOW USER DEFINED FUNCTIONS"),
        ] {
            let found = read(text).expect(text);
            assert_eq!((found.listed, found.all()), (listed, format!("{all} YIELD *")), "{text}");
        }
    }

    #[test]
    fn anything_else_is_left_alone() {
        for text in [
            "SHOW DATABASES",
            "SHOW BUILT IN FUNCTIONS",
            "EXPLAIN SHOW PROCEDURES",
            "PROFILE SHOW PROCEDURES",
            "SHOW PROCEDURES EXECUTABLE BY",
            "SHOW PROCEDURES EXECUTABLE BY $user",
            "SHOW PROCEDURES RETURN name",
            "SHOW PROCEDURES YIELD",
            "SHOW PROCEDURES YIELD name MATCH (n) RETURN n",
            "SHOW PROCEDURES YIELD name RETURN name UNION SHOW PROCEDURES YIELD name RETURN name",
            "SHOW PROCEDURES YIELD name SHOW FUNCTIONS",
            "SHOW PROCEDURES YIELD name RETURN name NEXT RETURN name",
            "SHOW PROCEDURES WHERE true RETURN name",
            "SHOW PROCEDURES; SHOW PROCEDURES",
            r"SHOW PROCEDURES YIELD n\u0061me",
            "USE graph.byName('x') SHOW PROCEDURES",
            "SHOW PROCEDURES YIELD name WHERE 'x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_tail_is_a_query_over_the_rows() {
        const ROWS: &str = "UNWIND $__f0 AS __fr WITH __fr.`name` AS `name`, __fr.`mode` AS `mode` ";
        const NAME: &str = "UNWIND $__f0 AS __fr WITH __fr.`name` AS `name` ";
        for (text, own, expected) in [
            ("SHOW PROCEDURES;", ["name"].as_slice(), format!("{NAME}RETURN `name` AS `name`;")),
            (
                "SHOW PROCEDURES WHERE name < 'b'",
                &["name"],
                format!("{NAME}WHERE name < 'b' RETURN `name` AS `name`"),
            ),
            (
                "SHOW PROCEDURES YIELD *",
                &["name", "mode"],
                format!("{ROWS}WITH * RETURN `name` AS `name`, `mode` AS `mode`"),
            ),
            (
                "USE neo4j SHOW PROCEDURES YIELD mode AS m, name ORDER BY m SKIP 1 LIMIT 2 WHERE name < 'b'",
                &["m", "name"],
                format!(
                    "USE neo4j {ROWS}WITH mode AS m, name ORDER BY m SKIP 1 LIMIT 2 WHERE name < 'b' \
                     RETURN m AS m, name AS name"
                ),
            ),
            (
                "SHOW PROCEDURES YIELD mode RETURN mode, count(*) ORDER BY mode LIMIT 3 ;",
                &["mode", "count(*)"],
                format!("{ROWS}WITH mode RETURN mode, count(*) ORDER BY mode LIMIT 3 ;"),
            ),
            (
                "SHOW PROCEDURES YIELD name, mode RETURN DISTINCT *, 1 AS one",
                &["name", "mode", "one"],
                format!("{ROWS}WITH name, mode RETURN DISTINCT name AS name, mode AS mode, 1 AS one"),
            ),
            (
                "SHOW PROCEDURES YIELD name WHERE EXISTS { MATCH (n) RETURN n } RETURN name",
                &["name"],
                format!("{ROWS}WITH name WHERE EXISTS {{ MATCH (n) RETURN n }} RETURN name"),
            ),
        ] {
            assert_eq!(rewritten(text, own), expected, "{text}");
        }
    }
}
