//! What an expression reads, as far as syntax shows.

use super::call::Mentions;
use super::lexer::Kind;
use super::segment::opens_subquery;
use super::token::Tokens;

/// What an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reads {
    /// The variables.
    pub(super) mentions: Mentions,
    /// The token of its first aggregating function outside subqueries.
    pub(super) aggregate: Option<usize>,
}

/// How many variables are told apart.
const LIMIT: usize = 64;

const AGGREGATES: [&str; 10] =
    ["avg", "collect", "count", "max", "min", "percentilecont", "percentiledisc", "stdev", "stdevp", "sum"];

/// What the expression of the tokens `first..end` reads. Its mentions are unknown as soon as it binds
/// variables of its own, or holds a label expression or a type: what looks like a variable may be none.
pub(super) fn reads(tokens: &Tokens<'_>, first: usize, end: usize) -> Reads {
    let mut reader = Reader {
        tokens,
        at: first,
        operand: true,
        frames: Vec::new(),
        variables: Vec::new(),
        known: true,
        aggregate: None,
    };
    while reader.at < end {
        if opens_subquery(tokens, reader.at).is_some() {
            reader.known = false;
            reader.at = tokens.closing(reader.at, end).unwrap_or(end);
            reader.operand = false;
        } else {
            reader.step();
        }
        reader.at += 1;
    }
    let mentions = if reader.known { Mentions::Exactly(reader.variables) } else { Mentions::Unknown };
    Reads { mentions, aggregate: reader.aggregate }
}

struct Reader<'a, 'd> {
    tokens: &'a Tokens<'d>,
    at: usize,
    /// May an operand come next?
    operand: bool,
    /// Per open bracket: may a map's key come next?
    frames: Vec<bool>,
    variables: Vec<String>,
    known: bool,
    aggregate: Option<usize>,
}

impl Reader<'_, '_> {
    fn step(&mut self) {
        match self.tokens.kind(self.at) {
            Some(Kind::Symbol) => self.symbol(),
            Some(Kind::Word | Kind::Quoted) => self.word(),
            Some(Kind::Interpolation) => self.known = false,
            _ => self.operand = false,
        }
    }

    fn symbol(&mut self) {
        let (tokens, at) = (self.tokens, self.at);
        self.operand = true;
        let binds = tokens.name(at + 1).is_some() && tokens.is(at + 2, "IN");
        match tokens.symbol(at) {
            "(" => {
                let quantifier = ["ALL", "ANY", "NONE", "SINGLE"];
                let before = at.checked_sub(1);
                self.known &=
                    !(binds && quantifier.iter().any(|word| before.is_some_and(|at| tokens.is(at, word))));
                self.frames.push(false);
            }
            "[" => {
                self.known &= !binds;
                self.frames.push(false);
            }
            "{" => self.frames.push(true),
            ")" | "]" | "}" => {
                self.frames.pop();
                self.operand = false;
            }
            "," => {
                let map = at_map(tokens, at, self.frames.last());
                if let Some(key) = self.frames.last_mut() {
                    *key = map;
                }
            }
            "." | "$" => {
                self.at += usize::from(tokens.symbol(at + 1).is_empty());
                self.operand = false;
            }
            ":" => {
                let label = tokens.name(at + 1).is_some() && !matches!(tokens.symbol(at + 2), "&" | "|");
                self.known &= label;
                self.at += 1;
                self.operand = false;
            }
            "|" | "&" | "::" => self.known = false,
            _ => {}
        }
    }

    fn word(&mut self) {
        let word = match self.tokens.kind(self.at) {
            Some(Kind::Word) => self.tokens.text(self.at).to_ascii_uppercase(),
            _ => String::new(),
        };
        if self.operand { self.operand_word(&word) } else { self.operator_word(&word) }
    }

    fn operand_word(&mut self, word: &str) {
        let (tokens, at) = (self.tokens, self.at);
        if let Some(key @ true) = self.frames.last_mut() {
            *key = false;
            if tokens.symbol(at + 1) == ":" {
                self.at += 1;
                return;
            }
        }
        let property = tokens.symbol(at + 1) == ".";
        match word {
            "NOT" | "CASE" if !property => {}
            "WHEN" if tokens.is(at.wrapping_sub(1), "CASE") => {}
            "DISTINCT"
                if tokens.symbol_before(at) == "(" && !matches!(tokens.symbol(at + 1), "." | "," | ")") => {}
            "TRUE" | "FALSE" | "NULL" | "INF" | "INFINITY" | "NAN" if !property => self.operand = false,
            "IS" | "IN" | "STARTS" | "ENDS" | "CONTAINS" | "TYPED" => self.known = false,
            _ => {
                let mut end = at + 1;
                while tokens.symbol(end) == "." && tokens.name(end + 1).is_some() {
                    end += 2;
                }
                if tokens.symbol(end) == "(" {
                    if end == at + 1 && AGGREGATES.iter().any(|name| word.eq_ignore_ascii_case(name)) {
                        self.aggregate.get_or_insert(at);
                    }
                    self.at = end - 1;
                } else {
                    self.variable();
                    self.operand = false;
                }
            }
        }
    }

    fn variable(&mut self) {
        let Some(name) = self.tokens.name(self.at) else { return };
        if !self.variables.iter().any(|known| *known == *name) {
            // A backslash could become an escape when the name is written again.
            self.known &= self.variables.len() < LIMIT && !name.contains('\\');
            if self.known {
                self.variables.push(name.into_owned());
            }
        }
    }

    fn operator_word(&mut self, word: &str) {
        match word {
            "AND" | "OR" | "XOR" | "IN" | "CONTAINS" | "WITH" | "WHEN" | "THEN" | "ELSE" => {
                self.operand = true
            }
            "STARTS" | "ENDS" | "END" => {}
            "IS" => {
                let next = self.at + 1 + usize::from(self.tokens.is(self.at + 1, "NOT"));
                self.known &= self.tokens.is(next, "NULL");
                self.at = next;
            }
            _ => self.known = false,
        }
    }
}

/// Does the comma at `at` separate the entries of a map?
fn at_map(tokens: &Tokens<'_>, at: usize, frame: Option<&bool>) -> bool {
    frame.is_some() && tokens.name(at + 1).is_some() && tokens.symbol(at + 2) == ":"
}

#[cfg(test)]
mod tests {
    use super::super::unescape::Decoded;
    use super::*;

    fn read(text: &str) -> Reads {
        let decoded = Decoded::new(text).unwrap();
        let tokens = Tokens::new(&decoded).unwrap();
        reads(&tokens, 0, tokens.len())
    }

    #[test]
    fn variables_are_what_is_neither_key_nor_name_nor_keyword() {
        for (text, variables) in [
            ("n.url", "n"),
            ("'a' + n.url + $p.x + m", "n m"),
            ("toUpper(n.url) + apoc.text.join([a, b], ',')", "n a b"),
            ("{k: v, n: n, `x`: y.z}", "v n y"),
            ("p {.name, .age, extra, k: q}", "p extra q"),
            ("NOT a AND b OR c XOR true = null", "a b c"),
            ("a IS NOT NULL AND b IS NULL", "a b"),
            ("a STARTS WITH b AND c ENDS WITH d AND e CONTAINS f AND g IN h", "a b c d e f g h"),
            ("CASE WHEN a THEN b ELSE c END + d", "a b c d"),
            ("CASE a WHEN 1 THEN b END", "a b"),
            ("n:Label AND m.x = n", "n m"),
            ("xs[i].name + xs[1..j]", "xs i j"),
            ("-a + count", "a count"),
            ("`a b` + case.x + a", "a b case a"),
            ("(n)-[:KNOWS]->(m)", "n m"),
            ("1", ""),
            ("$all", ""),
        ] {
            let Mentions::Exactly(found) = read(text).mentions else { panic!("{text}") };
            assert_eq!(found.join(" "), variables, "{text}");
        }
    }

    #[test]
    fn what_binds_variables_is_not_known() {
        for text in [
            "[x IN xs | x.y]",
            "[x IN xs WHERE x]",
            "[x IN xs]",
            "any(x IN xs WHERE x > 1)",
            "reduce(s = 0, x IN xs | s + x)",
            "EXISTS { (n)-->() }",
            "COUNT { MATCH (n) RETURN n }",
            "[(a)-->(b) | b.x]",
            "n:A|B",
            "n:A&B",
            "n:!A",
            "n:$(x)",
            "n IS :: INTEGER",
            "n IS Label",
            "n IS TYPED STRING",
            "s'{n}'",
            "CASE n WHEN IS NULL THEN 1 END",
            r"`a\b`",
        ] {
            assert_eq!(read(text).mentions, Mentions::Unknown, "{text}");
        }
        let many: Vec<String> = (0..100).map(|index| format!("v{index}")).collect();
        assert_eq!(read(&many.join("+")).mentions, Mentions::Unknown);
    }

    #[test]
    fn aggregates_are_found_outside_subqueries() {
        for text in ["count(*)", "'a' + Collect (n)[0]", "sum(DISTINCT n.x)", "{a: max(n)}"] {
            assert!(read(text).aggregate.is_some(), "{text}");
        }
        for text in
            ["n.count", "count", "my.count(n)", "COUNT { (n) }", "EXISTS { RETURN count(*) AS c }", "size(n)"]
        {
            assert!(read(text).aggregate.is_none(), "{text}");
        }
    }
}
