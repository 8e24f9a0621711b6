//! What stands before a call, as a query of its own.

use super::super::segment::{Blocks, Clause, Clauses, Outline};
use super::super::token::Tokens;
use super::Span;

/// What brings the rows that a call sees.
#[derive(Debug)]
pub(super) struct Before {
    /// The pieces of the text, outermost first: each but the last ends with the brace of the subquery that holds the
    /// next.
    pub(super) pieces: Vec<Span>,
    /// May they fail on a row?
    pub(super) fails: bool,
}

/// What brings the rows that a call sees. None: it is not to be run on its own.
pub(super) fn before(tokens: &Tokens<'_>, outline: &Outline, clause: &Clause) -> Option<Before> {
    let mut pieces = Vec::new();
    let mut fails = false;
    let mut clause = clause;
    let mut end = clause.first;
    loop {
        let branch = outline.branches.get(clause.branch)?;
        let block = outline.blocks.get(branch.block)?;
        let first = outline.clauses.iter().find(|other| other.branch == clause.branch)?.first;
        let only_reads = outline
            .clauses
            .iter()
            .filter(|other| (first..clause.first).contains(&other.first))
            .all(|other| !other.kind.writes() && !matches!(other.kind, Clauses::Call | Clauses::Load));
        let batches = (first..end).any(|at| tokens.is(at, "TRANSACTIONS"));
        if block.sequel || !only_reads || batches {
            return None;
        }
        pieces.push(tokens.span(first, end));
        fails |= super::fails::fails(tokens, first, end);
        match block.kind {
            Blocks::Root => break,
            Blocks::Subquery => {}
            _ => return None,
        }
        let inside = first;
        let outer = |other: &&Clause| {
            let around = outline.branches.get(other.branch).map(|branch| branch.block);
            other.kind == Clauses::Subquery && other.first < inside && around == block.outer
        };
        clause = outline.clauses.iter().rev().find(outer)?;
        end = brace(tokens, clause)? + 1;
    }
    pieces.reverse();
    Some(Before { pieces, fails })
}

/// The `USE ..` that the call is under, if any.
pub(super) fn uses(tokens: &Tokens<'_>, outline: &Outline, clause: &Clause) -> Option<Span> {
    let mut clause = clause;
    loop {
        let own = outline.clauses.iter().filter(|other| other.branch == clause.branch);
        let first = own.clone().map(|other| other.first).next()?;
        if let Some(found) = own.clone().find(|other| other.kind == Clauses::Use) {
            return Some(tokens.span(found.first, found.end));
        }
        let outer = outline.blocks.get(outline.branches.get(clause.branch)?.block)?.outer?;
        let around = |other: &&Clause| outline.branches.get(other.branch).map(|b| b.block) == Some(outer);
        clause = outline.clauses.iter().rev().find(|other| other.first < first && around(other))?;
    }
}

/// The brace of a `[OPTIONAL] CALL [(..)] {`.
fn brace(tokens: &Tokens<'_>, clause: &Clause) -> Option<usize> {
    let mut at = clause.first + 1 + usize::from(tokens.is(clause.first, "OPTIONAL"));
    if tokens.symbol(at) == "(" {
        at = tokens.closing(at, clause.end)? + 1;
    }
    (tokens.symbol(at) == "{").then_some(at)
}
