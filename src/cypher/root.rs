//! Where Neo4j places an expression: at its outermost operator, which stands between its operands. Neo4j 5 places a
//! property where what has it is, and an element of a list where its index is.

use super::lexer::Kind;
use super::token::Tokens;
use super::unescape::Decoded;

/// The byte of `expression` that Neo4j speaks of when it means the whole; Neo4j 5 if not `later`.
pub fn root(expression: &str, later: bool) -> usize {
    let Some(decoded) = Decoded::new(expression) else { return 0 };
    let Some(tokens) = Tokens::new(&decoded) else { return 0 };
    let at = operator(&tokens, 0, tokens.len(), later);
    tokens.span(at, at + 1).start
}

/// The token of the outermost operator; of an operand its first.
fn operator(tokens: &Tokens<'_>, first: usize, end: usize, later: bool) -> usize {
    if tokens.symbol(first) == "(" && tokens.closing(first, end) == end.checked_sub(1) {
        return operator(tokens, first + 1, end - 1, later);
    }
    let mut found: Option<(u8, usize)> = None;
    let (mut at, mut cases) = (first, 0_usize);
    let mut operand = true;
    while at < end {
        let word = tokens.is(at, "CASE") && operand;
        cases += usize::from(word);
        if cases > 0 {
            cases -= usize::from(tokens.is(at, "END"));
            operand = false;
        } else if let Some(parenthesis) = called(tokens, at).filter(|_| operand) {
            operand = false;
            at = parenthesis;
        } else if let Some(strength) = strength(tokens, at, operand) {
            // Of the weakest the last: they are taken from the left.
            if found.is_none_or(|(weakest, _)| strength <= weakest) {
                found = Some((strength, at));
            }
            operand = !matches!(strength, NULL | PART);
            if matches!(strength, NULL) {
                at += 1 + usize::from(tokens.is(at + 1, "NOT"));
            }
            // The name of a property is none of an operator.
            at += usize::from(tokens.symbol(at) == ".");
        } else {
            operand = tokens.symbol(at) == "$" || (operand && is_sign(tokens, at));
        }
        at = if matches!(tokens.symbol(at), "(" | "[" | "{") {
            operand = false;
            tokens.closing(at, end).unwrap_or(at) + 1
        } else {
            at + 1
        };
    }
    match found {
        Some((PART, at)) if !later => match (tokens.symbol(at), tokens.closing(at, end)) {
            (".", _) => operator(tokens, first, at, later),
            ("[", Some(close)) if !(at..close).any(|at| tokens.symbol(at) == "..") => {
                operator(tokens, at + 1, close, later)
            }
            _ => at,
        },
        Some((_, at)) => at,
        None => first,
    }
}

/// `IS NULL`, which no operand follows.
const NULL: u8 = 6;

/// `p.a`, `p[0]`, `p {.a}`.
const PART: u8 = 20;

/// The parenthesis behind the name of a function at `at`, which may have points.
fn called(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    tokens.name(at).filter(|_| !tokens.is(at, "NOT"))?;
    let mut end = at + 1;
    while tokens.symbol(end) == "." && tokens.name(end + 1).is_some() {
        end += 2;
    }
    (tokens.symbol(end) == "(").then_some(end)
}

fn is_sign(tokens: &Tokens<'_>, at: usize) -> bool {
    matches!(tokens.symbol(at), "+" | "-") || tokens.is(at, "NOT")
}

/// How strongly the operator at `at` binds; none: it is none. `operand`: an operand is to come.
fn strength(tokens: &Tokens<'_>, at: usize, operand: bool) -> Option<u8> {
    if operand {
        return (tokens.is(at, "NOT") && tokens.symbol(at + 1) != ".").then_some(4);
    }
    if tokens.kind(at) == Some(Kind::Word) {
        let words: [(&str, u8); 8] = [
            ("OR", 1),
            ("XOR", 2),
            ("AND", 3),
            ("STARTS", 6),
            ("ENDS", 6),
            ("CONTAINS", 6),
            ("IN", 6),
            ("IS", NULL),
        ];
        return words.iter().find(|(word, _)| tokens.is(at, word)).map(|(_, strength)| *strength);
    }
    match tokens.symbol(at) {
        "=" | "<>" | "<" | ">" | "<=" | ">=" => Some(5),
        "=~" => Some(6),
        "+" | "-" | "||" => Some(7),
        "*" | "/" | "%" => Some(8),
        "^" => Some(9),
        "." | "[" | "{" => Some(PART),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_weakest_operator_is_the_root() {
        for (text, expected) in [
            ("5", "5"),
            ("1 + 1", "+ 1"),
            ("1 + 2 * 3", "+ 2"),
            ("1 * 2 + 3", "+ 3"),
            ("1 - 2 - 3", "- 3"),
            ("(1 + 1)", "+ 1"),
            ("((a)) = (b)", "= (b)"),
            ("-5", "-5"),
            ("-a + -b", "+ -b"),
            ("'a' = 'b'", "= 'b'"),
            ("a.b > 1 AND c OR d", "OR d"),
            ("NOT a", "NOT a"),
            ("NOT a = b", "NOT a"),
            ("NOT (a)", "NOT ("),
            ("a AND NOT b", "AND"),
            ("a IS NOT NULL", "IS NOT"),
            ("a IS NULL AND b", "AND b"),
            ("x STARTS WITH 'a' + b", "STARTS"),
            ("p{.url}", "{.url}"),
            ("size(a + b)", "size"),
            ("p.a", ".a"),
            ("p.a.or", ".or"),
            ("(p).a", ".a"),
            ("p['a']", "['a']"),
            ("apoc.text.join(a.b, c)", "apoc"),
            ("labels(p)[0..1]", "[0"),
            ("f(p).a + 1", "+ 1"),
            ("$p.a", ".a"),
            ("[1 + 2]", "[1"),
            ("CASE WHEN a = b THEN 1 + 2 END", "CASE"),
            ("CASE a WHEN 1 THEN 2 END + 3", "+ 3"),
            ("l[1 + 2] + m", "+ m"),
            ("$p + 1", "+ 1"),
            ("", ""),
        ] {
            assert_eq!(&text[root(text, true)..][..expected.len()], expected, "{text}");
        }
    }

    #[test]
    fn neo4j_5_places_parts_elsewhere() {
        for (text, expected) in [
            ("p.a", "p"),
            ("(p).a.b", "p)"),
            ("p['a']", "'a'"),
            ("labels(p)[0]", "0"),
            ("labels(p)[0..1]", "[0"),
            ("p.l[i + 1]", "+ 1"),
            ("p{.url}", "{"),
            ("p.a + 1", "+ 1"),
            ("toString(p.a)", "toString"),
            ("", ""),
        ] {
            assert_eq!(&text[root(text, false)..][..expected.len()], expected, "{text}");
        }
    }
}
