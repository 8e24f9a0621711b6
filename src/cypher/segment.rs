//! Tokens to clauses.
//!
//! Cypher has hardly a reserved word: `MATCH (match) RETURN match` is fine. What tells a clause from a name
//! is its place: operands and operators alternate, and a clause keyword counts only where an operator could
//! stand, or at the start of a query. Within parentheses, lists and maps only brackets are followed, and the
//! queries in `EXISTS {}`, `COUNT {}` and `COLLECT {}`.

use super::lexer::Kind;
use super::token::Tokens;

mod keyword;

pub(super) use keyword::{Clauses, opens_subquery};

/// A text that is no query as we know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclear {
    /// What stopped us.
    pub(super) what: &'static str,
    /// The token at which.
    pub(super) token: usize,
}

/// The clauses of a statement, in order of the text.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// All clauses, at any depth.
    pub(super) clauses: Vec<Clause>,
    /// The queries that they form.
    pub(super) branches: Vec<Branch>,
    /// The braces (and the statement itself, which is the first) that hold the queries.
    pub(super) blocks: Vec<Block>,
    /// One past the last token of the query: a `;` or the end.
    pub(super) end: usize,
}

/// A clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clause {
    /// What it is.
    pub(super) kind: Clauses,
    /// Its first token.
    pub(super) first: usize,
    /// One past its last token.
    pub(super) end: usize,
    /// Index of its query.
    pub(super) branch: usize,
}

/// A query without `UNION`, `NEXT` or `WHEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Branch {
    /// Index of what it stands in.
    pub(super) block: usize,
    /// How many clauses it has, a leading `USE` aside.
    pub(super) clauses: usize,
    /// Index of its last clause.
    pub(super) last: usize,
}

/// What holds queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// What it is.
    pub(super) kind: Blocks,
    /// Index of the block around it.
    pub(super) outer: Option<usize>,
    /// How many queries it holds side by side.
    pub(super) branches: usize,
    /// Are they more than branches of a `UNION` (`NEXT`, `WHEN`, braces)?
    pub(super) sequel: bool,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    /// The statement.
    Root,
    /// `CALL {..}`
    Subquery,
    /// `EXISTS {..}` or `COUNT {..}`
    Test,
    /// `COLLECT {..}`
    Collect,
    /// The update of a `FOREACH (..)`
    Foreach,
    /// Braces around a query.
    Braces,
}

/// How deep brackets may nest.
const DEPTH: usize = 256;

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A query.
    Query,
    /// An operand, or what stands before one.
    Operand,
    /// An operator, or the next clause.
    Operator,
}

/// An open bracket.
#[derive(Debug)]
enum Frame {
    /// One that holds queries.
    Block(Open),
    /// Another, with what closes it.
    Group(&'static str),
}

/// An open block.
#[derive(Debug)]
struct Open {
    block: usize,
    branch: Option<usize>,
    clause: Option<usize>,
    expect: Expect,
    /// How many `CASE` are open.
    cases: usize,
    /// Are we in a pattern, where `+` and `*` may be quantifiers?
    pattern: bool,
    /// Are we behind the `WHERE` of the clause, or the braces of its subquery?
    tail: bool,
    /// Are we before the bar of a `FOREACH` or the `THEN` of a `WHEN`?
    head: bool,
    /// Was the last word `STARTS` or `ENDS`, as an operator?
    starts: bool,
}

/// The clauses of the tokens from `body` on.
pub(super) fn outline(tokens: &Tokens<'_>, body: usize) -> Result<Outline, Unclear> {
    let mut segmenter = Segmenter { tokens, at: body, frames: Vec::new(), outline: Outline::default() };
    segmenter.open(Blocks::Root, Expect::Query)?;
    segmenter.outline.end = tokens.len();
    while segmenter.at < tokens.len() {
        segmenter.step()?;
    }
    if segmenter.frames.len() != 1 {
        return Err(segmenter.unclear("a bracket is not closed"));
    }
    segmenter.close_clause(segmenter.outline.end);
    Ok(segmenter.outline)
}

struct Segmenter<'a, 'd> {
    tokens: &'a Tokens<'d>,
    at: usize,
    frames: Vec<Frame>,
    outline: Outline,
}

impl Segmenter<'_, '_> {
    fn unclear(&self, what: &'static str) -> Unclear {
        Unclear { what, token: self.at }
    }

    /// The innermost block, if no group is open in it.
    fn top(&mut self) -> Option<&mut Open> {
        match self.frames.last_mut() {
            Some(Frame::Block(open)) => Some(open),
            _ => None,
        }
    }

    fn push(&mut self, frame: Frame) -> Result<(), Unclear> {
        if self.frames.len() >= DEPTH {
            return Err(self.unclear("brackets nest too deep"));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn open(&mut self, kind: Blocks, expect: Expect) -> Result<(), Unclear> {
        let outer = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Block(open) => Some(open.block),
            Frame::Group(_) => None,
        });
        let block = self.outline.blocks.len();
        self.outline.blocks.push(Block { kind, outer, branches: 0, sequel: false });
        self.push(Frame::Block(Open {
            block,
            branch: None,
            clause: None,
            expect,
            cases: 0,
            pattern: false,
            tail: false,
            head: expect == Expect::Operand,
            starts: false,
        }))
    }

    /// Ends the clause that is open in the innermost block.
    fn close_clause(&mut self, end: usize) {
        let clause = self.top().and_then(|open| open.clause.take());
        if let Some(clause) = clause.and_then(|clause| self.outline.clauses.get_mut(clause)) {
            clause.end = end;
        }
    }

    /// Ends the query that is open in the innermost block; another follows.
    fn next_branch(&mut self, sequel: bool) {
        let end = self.at;
        self.close_clause(end);
        let Some(open) = self.top() else { return };
        open.branch = None;
        open.expect = Expect::Query;
        open.head = false;
        let block = open.block;
        if let Some(block) = self.outline.blocks.get_mut(block) {
            block.sequel |= sequel;
        }
    }

    /// Starts a clause of `length` tokens before its first operand.
    fn open_clause(&mut self, kind: Clauses, length: usize) -> Result<(), Unclear> {
        let first = self.at;
        self.close_clause(first);
        let index = self.outline.clauses.len();
        let branches = self.outline.branches.len();
        let Some(Frame::Block(open)) = self.frames.last_mut() else {
            return Err(Unclear { what: "a clause within brackets", token: first });
        };
        let block = open.block;
        let branch = *open.branch.get_or_insert(branches);
        open.clause = Some(index);
        open.expect = if kind.takes_operand() { Expect::Operand } else { Expect::Operator };
        open.pattern = kind.has_pattern();
        open.tail = false;
        if branch == branches {
            self.outline.branches.push(Branch { block, clauses: 0, last: index });
            if let Some(block) = self.outline.blocks.get_mut(block) {
                block.branches += 1;
            }
        }
        if let Some(branch) = self.outline.branches.get_mut(branch) {
            branch.clauses += usize::from(kind != Clauses::Use || branch.clauses > 0);
            branch.last = index;
        }
        self.outline.clauses.push(Clause { kind, first, end: first, branch });
        self.at += length;
        Ok(())
    }

    /// The kind of the clause that is open in the innermost block.
    fn clause(&self) -> Option<Clauses> {
        match self.frames.last() {
            Some(Frame::Block(open)) => {
                open.clause.and_then(|clause| self.outline.clauses.get(clause)).map(|clause| clause.kind)
            }
            _ => None,
        }
    }

    fn expect(&mut self, expect: Expect) {
        if let Some(open) = self.top() {
            open.expect = expect;
            open.starts = false;
        }
    }

    /// Takes the token at `at`.
    fn step(&mut self) -> Result<(), Unclear> {
        let text = self.tokens.text(self.at);
        match (self.tokens.kind(self.at), text) {
            (Some(Kind::Interpolation), _) => self.push(Frame::Group("'"))?,
            (Some(Kind::InterpolationEnd), _) => self.close("'")?,
            (Some(Kind::Symbol), "(" | "[" | "{") => return self.bracket(text),
            (Some(Kind::Symbol), ")" | "]" | "}") => self.close(text)?,
            _ if self.top().is_none() => {}
            (Some(Kind::Symbol), _) => return self.symbol(text),
            (Some(Kind::Word), _) => return self.word(),
            (Some(Kind::Quoted), _) if self.at_start() => return self.pattern(),
            _ if self.at_start() => return Err(self.unclear("a query does not start with a clause")),
            _ => self.expect(Expect::Operator),
        }
        self.at += 1;
        Ok(())
    }

    fn at_start(&mut self) -> bool {
        self.top().is_some_and(|open| open.expect == Expect::Query)
    }

    /// A pattern without `MATCH`, as `EXISTS` and `COUNT` allow.
    fn pattern(&mut self) -> Result<(), Unclear> {
        let block = self.top().map(|open| open.block).and_then(|block| self.outline.blocks.get(block));
        match block {
            Some(Block { kind: Blocks::Test, branches: 0, .. }) => self.open_clause(Clauses::Match, 0),
            _ => Err(self.unclear("a query does not start with a clause")),
        }
    }

    /// An opening bracket.
    fn bracket(&mut self, text: &str) -> Result<(), Unclear> {
        if let Some(kind) = opens_subquery(self.tokens, self.at) {
            self.open(kind, Expect::Query)?;
        } else if self.at_start() && text == "{" {
            self.open_braces()?;
        } else if self.at_start() {
            return self.pattern();
        } else if text == "{" && self.clause() == Some(Clauses::Subquery) && !self.in_tail() {
            self.open(Blocks::Subquery, Expect::Query)?;
        } else if text == "{" && self.clause() == Some(Clauses::Use) {
            self.open_braces()?;
        } else if text == "(" && self.clause() == Some(Clauses::Foreach) {
            self.open(Blocks::Foreach, Expect::Operand)?;
        } else {
            self.push(Frame::Group(match text {
                "(" => ")",
                "[" => "]",
                _ => "}",
            }))?;
        }
        self.at += 1;
        Ok(())
    }

    fn open_braces(&mut self) -> Result<(), Unclear> {
        let end = self.at;
        self.close_clause(end);
        let block = self.top().map(|open| open.block);
        if let Some(block) = block.and_then(|block| self.outline.blocks.get_mut(block)) {
            block.sequel = true;
        }
        self.expect(Expect::Operator);
        self.open(Blocks::Braces, Expect::Query)
    }

    fn in_tail(&mut self) -> bool {
        self.top().is_some_and(|open| open.tail)
    }

    /// A closing bracket.
    fn close(&mut self, text: &str) -> Result<(), Unclear> {
        let end = self.at;
        self.close_clause(end);
        let kind = match self.frames.last() {
            Some(Frame::Block(open)) => self.outline.blocks.get(open.block).map(|block| block.kind),
            _ => None,
        };
        let expected = match (self.frames.last(), kind) {
            (Some(Frame::Group(close)), _) => close,
            (_, Some(Blocks::Root) | None) => "",
            (_, Some(Blocks::Foreach)) => ")",
            _ => "}",
        };
        if expected != text {
            return Err(self.unclear("brackets do not match"));
        }
        self.frames.pop();
        self.expect(Expect::Operator);
        if kind == Some(Blocks::Subquery)
            && let Some(open) = self.top()
        {
            open.tail = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
