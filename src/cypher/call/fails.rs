//! May an expression or a query fail on a row, as far as syntax shows?

use super::super::lexer::Kind;
use super::super::token::Tokens;

/// Functions that fail on no value that Neo4j lets them have.
const SURE: [&str; 9] =
    ["coalesce", "collect", "count", "elementid", "id", "keys", "labels", "properties", "type"];

/// Words before a parenthesis that is not theirs.
const WORDS: [&str; 21] = [
    "ALL", "AND", "AS", "BY", "CALL", "CASE", "DISTINCT", "ELSE", "IN", "LIMIT", "MATCH", "NOT", "OR",
    "RETURN", "SKIP", "THEN", "UNWIND", "WHEN", "WHERE", "WITH", "XOR",
];

/// May what the tokens `first..end` say fail on a row? Arithmetic may, and nearly all functions; patterns, properties
/// and comparisons do not.
pub(super) fn fails(tokens: &Tokens<'_>, first: usize, end: usize) -> bool {
    // Per open bracket: is it a relationship's?
    let mut brackets = Vec::new();
    (first..end).any(|at| {
        let before = at.checked_sub(1).filter(|before| *before >= first);
        let symbol_before = before.map_or("", |before| tokens.symbol(before));
        match tokens.kind(at) {
            Some(Kind::Interpolation) => true,
            Some(Kind::Word | Kind::Quoted) => {
                tokens.symbol(at + 1) == "(" && is_called(tokens, at, symbol_before)
            }
            Some(Kind::Symbol) => match tokens.symbol(at) {
                "[" => {
                    let list = matches!(symbol_before, "(" | "," | "=" | "[" | ":" | "<>")
                        || before.is_none_or(|before| is_word(tokens, before));
                    brackets.push(symbol_before == "-");
                    symbol_before != "-" && !list
                }
                "]" => {
                    brackets.pop();
                    false
                }
                "-" => {
                    !(matches!(symbol_before, ")" | "]" | "<")
                        || matches!(tokens.symbol(at + 1), "[" | "(" | ">"))
                }
                "*" => {
                    let all = symbol_before == "(" || before.is_none_or(|before| is_word(tokens, before));
                    !all && brackets.last() != Some(&true)
                }
                "+" | "/" | "%" | "^" | "=~" | "||" => true,
                _ => false,
            },
            _ => false,
        }
    })
}

fn is_word(tokens: &Tokens<'_>, at: usize) -> bool {
    WORDS.iter().any(|word| tokens.is(at, word))
}

/// Is the name at `at`, before a parenthesis, that of a function that may fail?
fn is_called(tokens: &Tokens<'_>, at: usize, symbol_before: &str) -> bool {
    let sure = SURE.iter().any(|name| tokens.is(at, &name.to_ascii_uppercase()));
    symbol_before == "." || !(sure || is_word(tokens, at))
}

#[cfg(test)]
mod tests {
    use super::super::super::unescape::Decoded;
    use super::*;

    fn may_fail(text: &str) -> bool {
        let decoded = Decoded::new(text).unwrap();
        let tokens = Tokens::new(&decoded).unwrap();
        fails(&tokens, 0, tokens.len())
    }

    #[test]
    fn what_only_matches_and_compares_does_not_fail() {
        for text in [
            "",
            "p.url",
            "{model: p.model, maxFaces: 3}",
            "coalesce(p.url, p.`a b`, $url)",
            "MATCH (p:Photo {key: $k})-[r:NEXT*1..3]->(q)<-[:A|B]-()--(x) WHERE (p.key > 5 OR NOT q.name IS NULL) AND id(p) < id(q)",
            "MATCH x = (a)-[]-(b) WHERE a.name IN ['a', 'b'] AND b.name STARTS WITH $s AND a.l = [1]",
            "UNWIND $rows AS row WITH *, count(*) AS n ORDER BY n SKIP 1 LIMIT $most",
            "UNWIND [1, 2] AS x OPTIONAL MATCH (n:N {k: x}) WITH DISTINCT n CALL (n) {",
            "CASE WHEN p.a THEN (p.b) ELSE elementId(p) END",
        ] {
            assert!(!may_fail(text), "{text}");
        }
    }

    #[test]
    fn what_computes_may_fail() {
        for text in [
            "1 / x",
            "p.key % 2",
            "a ^ 2",
            "a - b",
            "-5",
            "a * 2",
            "'http://' + p.url",
            "toString(p.url)",
            "date(p.day)",
            "`f`(x)",
            "apoc.id(p)",
            "p.urls[0]",
            "keys(p)[0]",
            "p.url =~ $pattern",
            "s'{p.url}'",
            "MATCH (p) WHERE p.a / p.b > 1",
            "shortestPath((a)-[*]-(b))",
            "[x IN p.urls | x + 1]",
        ] {
            assert!(may_fail(text), "{text}");
        }
    }
}
