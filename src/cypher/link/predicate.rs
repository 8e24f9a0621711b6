//! The conditions of a `WHERE`, one by one.

use super::super::constant::{Expr, constant};
use super::super::lexer::Kind;
use super::super::token::Tokens;
use super::{Comparison, Identity, PairOrder};

/// The names of the two nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) left: &'a str,
    pub(super) right: &'a str,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// No node.
    None,
    /// The left one alone.
    Left,
    /// The right one alone.
    Right,
    /// Both.
    Both,
    /// Both, and no more than which of them comes first.
    Order(PairOrder),
}

/// Words that join or begin conditions: a node of such a name could be taken for one.
const RESERVED: [&str; 17] = [
    "AND", "OR", "XOR", "NOT", "IN", "IS", "NULL", "STARTS", "ENDS", "WITH", "CONTAINS", "TRUE", "FALSE",
    "CASE", "INF", "INFINITY", "NAN",
];

/// Functions that give the same value whenever they are asked.
const FUNCTIONS: [&str; 7] = ["id", "elementid", "size", "tolower", "toupper", "coalesce", "labels"];

/// Is `name` safe as the name of a variable?
pub(super) fn is_plain(name: &str) -> bool {
    !is_reserved(name) && !FUNCTIONS.iter().any(|function| name.eq_ignore_ascii_case(function))
}

fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// The conditions that `AND` joins in the tokens `first..end`, as ranges of tokens. None: they may be joined
/// otherwise.
pub(super) fn conjuncts(tokens: &Tokens<'_>, first: usize, end: usize) -> Option<Vec<(usize, usize)>> {
    let mut found = Vec::new();
    let (mut start, mut at) = (first, first);
    while at < end {
        let name = matches!(tokens.symbol_before(at), "." | "$" | ":");
        if !name && ["OR", "XOR", "CASE"].iter().any(|word| tokens.is(at, word)) {
            return None;
        }
        if !name && tokens.is(at, "AND") {
            found.push((start, at));
            start = at + 1;
        }
        at = match tokens.symbol(at) {
            "(" | "[" | "{" => tokens.closing(at, end)?,
            _ if tokens.kind(at) == Some(Kind::Interpolation) => return None,
            _ => at,
        } + 1;
    }
    found.push((start, end));
    found.iter().all(|&(start, end)| start < end).then_some(found)
}

/// What the condition of the tokens `first..end` is about. None: it is not one of the simple ones, which read
/// properties and labels and have neither side effects nor variables of their own.
pub(super) fn about(tokens: &Tokens<'_>, first: usize, end: usize, pair: Pair<'_>) -> Option<About> {
    if let Some(order) = order(tokens, first, end, pair) {
        return Some(About::Order(order));
    }
    let (mut left, mut right) = (false, false);
    for at in first..end {
        let before = if at == first { "" } else { tokens.symbol_before(at) };
        let after = if at + 1 == end { "" } else { tokens.symbol(at + 1) };
        match tokens.kind(at)? {
            Kind::Number | Kind::String => {}
            Kind::Symbol => match tokens.symbol(at) {
                "(" | ")" | "]" | "," | "=" | "<>" | "<" | ">" | "<=" | ">=" | "=~" => {}
                "[" if tokens.is(at + 2, "IN") => return None,
                "[" => {}
                // The sign of a number, never a difference or a relationship.
                "-" if is_sign(tokens, first, at) => {}
                "." | "$" if tokens.name(at + 1).is_some() && at + 1 < end => {}
                ":" if tokens.name(at + 1).is_some() && at + 1 < end && at > first => {
                    tokens.name(at - 1)?;
                }
                _ => return None,
            },
            Kind::Word | Kind::Quoted => {
                let name = tokens.name(at)?;
                if matches!(before, "." | "$" | ":") {
                    // A property, a parameter or a label.
                } else if after == "(" && tokens.kind(at) == Some(Kind::Word) {
                    let known = FUNCTIONS.iter().any(|known| name.eq_ignore_ascii_case(known));
                    let operator = ["AND", "OR", "XOR", "NOT", "IN"].iter().any(|word| tokens.is(at, word));
                    if !known && !operator {
                        return None;
                    }
                } else if name == pair.left || name == pair.right {
                    left |= name == pair.left;
                    right |= name == pair.right;
                } else if tokens.kind(at) != Some(Kind::Word) || !is_reserved(&name) || tokens.is(at, "CASE")
                {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(match (left, right) {
        (false, false) => About::None,
        (true, false) => About::Left,
        (false, true) => About::Right,
        (true, true) => About::Both,
    })
}

/// Is the minus at `at` the sign of a number?
fn is_sign(tokens: &Tokens<'_>, first: usize, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).filter(|_| at > first) else {
        return tokens.kind(at + 1) == Some(Kind::Number);
    };
    let operator = match tokens.kind(before) {
        Some(Kind::Symbol) => !matches!(tokens.symbol(before), ")" | "]"),
        Some(Kind::Word) => ["AND", "OR", "XOR", "NOT", "IN"].iter().any(|word| tokens.is(before, word)),
        _ => false,
    };
    operator && tokens.kind(at + 1) == Some(Kind::Number)
}

/// `id(p1) < id(p2)`, `elementId(p1) <> elementId(p2)`, `p1 <> p2`.
fn order(tokens: &Tokens<'_>, first: usize, end: usize, pair: Pair<'_>) -> Option<PairOrder> {
    let (function, left, at) = operand(tokens, first)?;
    let operator = tokens.symbol(at);
    let (other, right, at) = operand(tokens, at + 1)?;
    if at != end || function != other {
        return None;
    }
    let forward = left == pair.left && right == pair.right;
    if !forward && (left != pair.right || right != pair.left) {
        return None;
    }
    match (operator, function) {
        ("<>", _) => Some(PairOrder::NotEqual),
        ("<" | ">", Some(identity)) if (operator == "<") == forward => Some(PairOrder::Less(identity)),
        ("<" | ">", Some(identity)) => Some(PairOrder::Greater(identity)),
        _ => None,
    }
}

/// A node or its identity: which one, of what name, and the token behind it.
fn operand<'d>(
    tokens: &Tokens<'d>,
    at: usize,
) -> Option<(Option<Identity>, std::borrow::Cow<'d, str>, usize)> {
    if tokens.symbol(at + 1) != "(" {
        return Some((None, tokens.name(at)?, at + 1));
    }
    let identity = match () {
        () if tokens.is(at, "id") => Identity::Id,
        () if tokens.is(at, "elementId") => Identity::ElementId,
        () => return None,
    };
    (tokens.symbol(at + 3) == ")").then_some(())?;
    Some((Some(identity), tokens.name(at + 2)?, at + 4))
}

/// A comparison of what stands in the tokens `start..stop` with a number or a parameter, either way round:
/// how it compares from the left, and with what. None: `first..end` is something else.
pub(super) fn threshold(
    tokens: &Tokens<'_>,
    (first, end): (usize, usize),
    (start, stop): (usize, usize),
) -> Option<(Comparison, Expr)> {
    let (operator, value) = if start == first && stop < end {
        (tokens.symbol(stop), constant(tokens, stop + 1, end)?)
    } else if stop == end && start > first {
        let flipped = match tokens.symbol(start - 1) {
            "<" => ">",
            ">" => "<",
            "<=" => ">=",
            ">=" => "<=",
            _ => return None,
        };
        (flipped, constant(tokens, first, start - 1)?)
    } else {
        return None;
    };
    let comparison = match operator {
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => return None,
    };
    let usable = match &value {
        Expr::Integer(_) | Expr::Parameter(_) => true,
        Expr::Float(value) => value.is_finite(),
        _ => false,
    };
    usable.then_some((comparison, value))
}

#[cfg(test)]
mod tests {
    use super::super::super::unescape::Decoded;
    use super::*;

    const PAIR: Pair<'_> = Pair { left: "a", right: "b" };

    fn with<T>(text: &str, read: impl Fn(&Tokens<'_>) -> T) -> T {
        let decoded = Decoded::new(text).unwrap();
        read(&Tokens::new(&decoded).unwrap())
    }

    #[test]
    fn conditions_are_told_apart_by_what_they_read() {
        use PairOrder::{Greater, Less, NotEqual};
        for (text, expected) in [
            ("id(a) <> id(b)", About::Order(NotEqual)),
            ("ID(b)<ID(a)", About::Order(Greater(Identity::Id))),
            ("elementId(a) < elementId(b)", About::Order(Less(Identity::ElementId))),
            ("elementId(b) > elementId(a)", About::Order(Less(Identity::ElementId))),
            ("a <> b", About::Order(NotEqual)),
            ("a.x = 1", About::Left),
            ("NOT b.x IS NULL", About::Right),
            ("b:Face", About::Right),
            ("a.name STARTS WITH 'x'", About::Left),
            ("a.x IN [1, -2, $p]", About::Left),
            ("(a.x = 1 OR a.y > -0.5)", About::Left),
            ("toLower(a.x) = toLower(b.x)", About::Both),
            ("id(a) <= id(b)", About::Both),
            ("a.photo <> b.photo", About::Both),
            ("id(a) = 7", About::Left),
            ("$all", About::None),
            ("1 = 1", About::None),
            ("a.meta.size = size(a.list[0])", About::Left),
            ("a.and = a.`or x`", About::Left),
            ("NOT(a.x)", About::Left),
        ] {
            assert_eq!(with(text, |tokens| about(tokens, 0, tokens.len(), PAIR)), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_conditions_are_not_understood() {
        for text in [
            "rand() < 0.5",
            "a.x + b.x > 1",
            "a.x - 1 > 0",
            "(a)-->(b)",
            "(a)-[:R]-(b)",
            "(a)<--(b)",
            "EXISTS { (a)-->() }",
            "c.x = 1",
            "any(x IN a.l WHERE x = 1)",
            "[a IN [1]] = [1]",
            "[x IN a.l | x] = []",
            "CASE WHEN a.x THEN 1 END = 1",
            "a:A|B",
            "a:!A",
            "a:$($l)",
            "a {.x} = {x: 1}",
            "date() = a.d",
            "apoc.x(a)",
            "a.x[1..2] = []",
            "s'{a.x}' = 'x'",
            "a.x IS :: INTEGER",
            "`id`(a) < `id`(b)",
            "count(a) = 1",
            "a.x = c",
            "toInteger(a.x) = 1",
        ] {
            assert_eq!(with(text, |tokens| about(tokens, 0, tokens.len(), PAIR)), None, "{text}");
        }
        assert_eq!(with("a < b", |tokens| about(tokens, 0, tokens.len(), PAIR)), Some(About::Both));
    }

    #[test]
    fn conditions_are_split_at_and() {
        let split = |text: &str| {
            with(text, |tokens| {
                let parts = conjuncts(tokens, 0, tokens.len())?;
                let span = |(first, end)| tokens.span(first, end);
                Some(
                    parts
                        .into_iter()
                        .map(span)
                        .map(|span| text[span.start..span.end].to_owned())
                        .collect::<Vec<_>>(),
                )
            })
        };
        assert_eq!(
            split("a.x = 1 and (b OR c) AND a.and = $or"),
            Some(vec!["a.x = 1".into(), "(b OR c)".into(), "a.and = $or".into()])
        );
        assert_eq!(
            split("EXISTS { MATCH (a) WHERE x OR y } AND z"),
            Some(vec!["EXISTS { MATCH (a) WHERE x OR y }".into(), "z".into()])
        );
        for text in [
            "a OR b",
            "a AND b XOR c",
            "CASE WHEN a AND b THEN 1 END",
            "a AND",
            "AND a",
            "",
            "(a AND b",
            "s'{a}' AND b",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
