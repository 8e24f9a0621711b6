//! Words and symbols between operands: which of them start a clause.

use super::super::lexer::Kind;
use super::super::token::Tokens;
use super::{Blocks, Expect, Segmenter, Unclear};

/// What a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Clauses {
    /// `USE`
    Use,
    /// `MATCH`, or a pattern in `EXISTS` or `COUNT`
    Match,
    /// `OPTIONAL MATCH`
    OptionalMatch,
    /// `CALL` of a procedure, `OPTIONAL` or not
    Call,
    /// `CALL {..}`, `OPTIONAL` or not
    Subquery,
    /// `WITH`
    With,
    /// `RETURN`
    Return,
    /// `FINISH`
    Finish,
    /// `LOAD CSV`
    Load,
    /// `FOREACH`
    Foreach,
    /// `ORDER BY`, `SKIP`, `OFFSET`, `LIMIT` as a clause of their own
    Order,
    /// `CREATE`, `INSERT`, `MERGE`
    Create,
    /// `SET`, `REMOVE`, `DELETE`
    Update,
    /// `UNWIND`, `FOR`, `LET`, `FILTER`
    Read,
}

impl Clauses {
    /// May it write by itself?
    pub(in super::super) fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Foreach)
    }

    pub(super) fn takes_operand(self) -> bool {
        !matches!(self, Self::Finish | Self::Load | Self::Subquery)
    }

    pub(super) fn has_pattern(self) -> bool {
        matches!(self, Self::Match | Self::OptionalMatch | Self::Create)
    }
}

/// The block that the brace at `at` opens behind `EXISTS`, `COUNT` or `COLLECT`. What looks like the map
/// projection of a variable of that name is none.
pub(in super::super) fn opens_subquery(tokens: &Tokens<'_>, at: usize) -> Option<Blocks> {
    let word = at.checked_sub(1)?;
    if tokens.symbol(at) != "{" || matches!(tokens.symbol_before(word), "." | "$" | ":") {
        return None;
    }
    let entry = tokens.name(at + 1).is_some() && matches!(tokens.symbol(at + 2), "," | ":" | "}");
    if entry || matches!(tokens.symbol(at + 1), "." | "}") {
        return None;
    }
    match () {
        () if tokens.is(word, "EXISTS") || tokens.is(word, "COUNT") => Some(Blocks::Test),
        () if tokens.is(word, "COLLECT") => Some(Blocks::Collect),
        () => None,
    }
}

/// The clause that starts at `at` and how many tokens stand before its first operand.
fn clause(tokens: &Tokens<'_>, at: usize) -> Option<(Clauses, usize)> {
    let is = |offset: usize, word: &str| tokens.is(at + offset, word);
    let first = tokens.text(at).to_ascii_uppercase();
    let optional = usize::from(first == "OPTIONAL");
    Some(match first.as_str() {
        "OPTIONAL" if is(1, "MATCH") => (Clauses::OptionalMatch, 2),
        "CALL" | "OPTIONAL" if is(optional, "CALL") => {
            let subquery = matches!(tokens.symbol(at + optional + 1), "{" | "(");
            (if subquery { Clauses::Subquery } else { Clauses::Call }, optional + 1)
        }
        "MATCH" => (Clauses::Match, 1),
        "USE" => (Clauses::Use, 1),
        "WITH" => (Clauses::With, 1 + distinct(tokens, at + 1)),
        "RETURN" => (Clauses::Return, 1 + distinct(tokens, at + 1)),
        "FINISH" => (Clauses::Finish, 1),
        "CREATE" | "INSERT" | "MERGE" => (Clauses::Create, 1),
        "SET" | "REMOVE" | "DELETE" => (Clauses::Update, 1),
        "DETACH" | "NODETACH" if is(1, "DELETE") => (Clauses::Update, 2),
        "UNWIND" | "FOR" | "LET" => (Clauses::Read, 1),
        "FILTER" => (Clauses::Read, if is(1, "WHERE") { 2 } else { 1 }),
        "FOREACH" if tokens.symbol(at + 1) == "(" => (Clauses::Foreach, 1),
        "LOAD" if is(1, "CSV") => (Clauses::Load, if is(2, "WITH") && is(3, "HEADERS") { 4 } else { 2 }),
        "ORDER" if is(1, "BY") => (Clauses::Order, 2),
        "SKIP" | "OFFSET" | "LIMIT" => (Clauses::Order, 1),
        _ => return None,
    })
}

/// Is the word at `at`, behind `RETURN` or `WITH`, a quantifier rather than a variable? 1 if so, else 0.
fn distinct(tokens: &Tokens<'_>, at: usize) -> usize {
    let word = tokens.is(at, "DISTINCT") || (tokens.is(at, "ALL") && tokens.symbol(at + 1) != "(");
    let variable = matches!(tokens.symbol(at + 1), "," | "." | ";" | "}" | ")") || tokens.is(at + 1, "AS");
    usize::from(word && !variable && at + 1 < tokens.len())
}

impl Segmenter<'_, '_> {
    fn before(&self, word: &str) -> bool {
        self.at.checked_sub(1).is_some_and(|before| self.tokens.is(before, word))
    }

    /// A word, with no group open.
    pub(super) fn word(&mut self) -> Result<(), Unclear> {
        let Some(open) = self.top() else { return Ok(()) };
        let (expect, in_case) = (open.expect, open.cases > 0);
        let word = self.tokens.text(self.at).to_ascii_uppercase();
        match expect {
            Expect::Query => self.query_word(&word),
            Expect::Operand => {
                self.operand_word(&word, in_case);
                Ok(())
            }
            Expect::Operator => self.operator_word(&word, in_case),
        }
    }

    /// The first word of a query.
    fn query_word(&mut self, word: &str) -> Result<(), Unclear> {
        if word == "WHEN" {
            self.next_branch(true);
            self.head();
            self.at += 1;
            return Ok(());
        }
        match clause(self.tokens, self.at) {
            Some((kind, length)) if self.tokens.symbol(self.at + 1) != "=" => self.open_clause(kind, length),
            _ => self.pattern(),
        }
    }

    /// The condition behind a `WHEN` starts.
    fn head(&mut self) {
        if let Some(open) = self.top() {
            open.head = true;
            open.expect = Expect::Operand;
        }
    }

    /// A word where an operand is to stand: an operand, or what stands before one.
    fn operand_word(&mut self, word: &str, in_case: bool) {
        let name = matches!(self.tokens.symbol(self.at + 1), "." | "," | ")" | "}" | "]" | ";" | ":" | "=")
            || self.tokens.is(self.at + 1, "AS")
            || self.before("AS")
            || matches!(self.tokens.symbol_before(self.at), "." | "$" | ":");
        let extended_when = in_case && (self.before("WHEN") || self.tokens.symbol_before(self.at) == ",");
        let mut expect = Expect::Operator;
        let mut starts = false;
        match word {
            _ if name => {}
            "NOT" => expect = Expect::Operand,
            "WHEN" if in_case && self.before("CASE") => expect = Expect::Operand,
            "TYPED" if self.before("IS") || self.before("NOT") => self.skip_type(),
            "STARTS" | "ENDS" if extended_when => starts = true,
            "CASE" => {
                expect = Expect::Operand;
                if let Some(open) = self.top() {
                    open.cases += 1;
                }
            }
            _ => {}
        }
        self.expect(expect);
        if let Some(open) = self.top() {
            open.starts = starts;
        }
        self.at += 1;
    }

    /// A word where an operator or a clause is to stand.
    fn operator_word(&mut self, word: &str, in_case: bool) -> Result<(), Unclear> {
        let Some(open) = self.top() else { return Ok(()) };
        let (starts, head, tail) = (open.starts, open.head, open.tail);
        match word {
            "AND" | "OR" | "XOR" | "IN" | "IS" | "AS" | "BY" | "CONTAINS" | "FROM" | "OF" => {
                self.expect(Expect::Operand);
            }
            "WHERE" | "YIELD" => {
                self.expect(Expect::Operand);
                if let Some(open) = self.top() {
                    open.pattern = false;
                    open.tail |= word == "WHERE";
                }
            }
            "WITH" if starts => self.expect(Expect::Operand),
            "STARTS" | "ENDS" => {
                if let Some(open) = self.top() {
                    open.starts = true;
                }
            }
            "WHEN" | "THEN" | "ELSE" if in_case => self.expect(Expect::Operand),
            "END" if in_case => {
                self.expect(Expect::Operator);
                if let Some(open) = self.top() {
                    open.cases -= 1;
                }
            }
            "ON" if self.tokens.is(self.at + 1, "CREATE") || self.tokens.is(self.at + 1, "MATCH") => {
                if !self.tokens.is(self.at + 2, "SET") {
                    return Err(self.unclear("an ON without SET"));
                }
                self.expect(Expect::Operand);
                if let Some(open) = self.top() {
                    open.pattern = false;
                }
                self.at += 2;
            }
            "FOR" if self.before("RETRY") => {}
            "THEN" if head => self.next_branch(true),
            "THEN" if self.clause() == Some(Clauses::Subquery) => {}
            "UNION" if !head && !in_case => {
                self.next_branch(false);
                self.at += usize::from(
                    self.tokens.is(self.at + 1, "ALL") || self.tokens.is(self.at + 1, "DISTINCT"),
                );
            }
            "NEXT" | "ELSE" if !head && !in_case => self.next_branch(true),
            "WHEN" if !head => {
                self.next_branch(true);
                self.head();
            }
            "SHOW" | "TERMINATE" => return Err(self.unclear("SHOW or TERMINATE within a query")),
            "ORDER" | "SKIP" | "OFFSET" | "LIMIT"
                if !tail
                    && matches!(self.clause(), Some(Clauses::Return | Clauses::With | Clauses::Order)) =>
            {
                self.expect(if word == "ORDER" { Expect::Operator } else { Expect::Operand });
            }
            _ => {
                if let Some((kind, length)) = clause(self.tokens, self.at) {
                    if head || in_case {
                        return Err(self.unclear("a clause within an expression"));
                    }
                    return self.open_clause(kind, length);
                }
                self.expect(Expect::Operator);
            }
        }
        self.at += 1;
        Ok(())
    }

    /// A symbol that is no bracket, with no group open.
    pub(super) fn symbol(&mut self, symbol: &str) -> Result<(), Unclear> {
        let Some(open) = self.top() else { return Ok(()) };
        let (expect, pattern, head, block) = (open.expect, open.pattern, open.head, open.block);
        let operand = expect == Expect::Operand;
        let quantifier = pattern && self.tokens.symbol_before(self.at) == ")";
        match symbol {
            ";" if block == 0 && self.at + 1 == self.tokens.len() => {
                self.close_clause(self.at);
                self.outline.end = self.at;
            }
            ";" => return Err(self.unclear("more than one statement")),
            _ if expect == Expect::Query => return Err(self.unclear("a query does not start with a clause")),
            "|" if head && clause(self.tokens, self.at + 1).is_some() => self.next_branch(false),
            "*" | "%" if operand => self.expect(Expect::Operator),
            "*" | "+" if quantifier => self.expect(Expect::Operator),
            "::" => {
                self.skip_type();
                self.expect(Expect::Operator);
            }
            _ => self.expect(Expect::Operand),
        }
        self.at += 1;
        Ok(())
    }

    /// Moves to the last token of the type that starts behind this one.
    fn skip_type(&mut self) {
        let mut depth = 0usize;
        loop {
            let next = self.at + 1;
            match (self.tokens.kind(next), self.tokens.text(next)) {
                (Some(Kind::Word), _) if self.is_type_word(next) => {}
                (Some(Kind::Symbol), "<") => depth += 1,
                (Some(Kind::Symbol), ">") if depth > 0 => depth -= 1,
                (Some(Kind::Symbol), "|" | "!") => {}
                _ => return,
            }
            self.at = next;
        }
    }

    fn is_type_word(&self, at: usize) -> bool {
        const WORDS: [&str; 46] = [
            "ANY",
            "ARRAY",
            "BOOL",
            "BOOLEAN",
            "DATE",
            "DATETIME",
            "DURATION",
            "EDGE",
            "FLOAT",
            "FLOAT32",
            "FLOAT64",
            "INT",
            "INT16",
            "INT32",
            "INT64",
            "INT8",
            "INTEGER",
            "INTEGER16",
            "INTEGER32",
            "INTEGER64",
            "INTEGER8",
            "LIST",
            "LOCAL",
            "MAP",
            "NODE",
            "NOT",
            "NOTHING",
            "NULL",
            "PATH",
            "PATHS",
            "POINT",
            "PROPERTY",
            "RELATIONSHIP",
            "SIGNED",
            "STRING",
            "TIME",
            "TIMESTAMP",
            "TIMEZONE",
            "UUID",
            "VALUE",
            "VARCHAR",
            "VECTOR",
            "VERTEX",
            "WITHOUT",
            "ZONE",
            "ZONED",
        ];
        let is = |offset: usize, word: &str| self.tokens.is(at + offset, word);
        let with_zone = is(0, "WITH") && (is(1, "TIMEZONE") || (is(1, "TIME") && is(2, "ZONE")));
        with_zone || WORDS.iter().any(|word| is(0, word))
    }
}
