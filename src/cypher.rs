//! Cypher: what a text asks of us, and the text that carries our answer. Pure and total: no IO, no
//! panic, bounded recursion, whatever the input.
//!
//! [`mentions`] is the prefilter; [`inspect`] reads a text that passes it. A text that does not name one
//! of our procedures or functions in a place where Neo4j would call it is [`Asks::Nothing`] and is to be
//! forwarded as it is. A text that does is understood completely or refused: nothing is guessed.
//!
//! Every offset into a text is in bytes of the user's text (as it was sent, with its `\uXXXX` escapes);
//! [`Position`] turns one into what Neo4j reports.

mod ahead;
mod call;
mod columns;
mod constant;
mod edit;
mod expression;
mod field;
mod function;
mod graph;
mod key;
mod lexer;
mod link;
mod listing;
mod names;
mod position;
mod prefilter;
mod prefix;
mod reading;
mod refusal;
mod root;
mod routing;
mod segment;
mod token;
mod unescape;

pub use ahead::{MOST, gather_keys, read_ahead};
pub use call::{
    Argument, Arguments, Call, Entry, Filter, Mentions, Mode, Place, Span, Statement, Value, Yield, YieldItem,
};
pub use constant::Expr;
pub use edit::{Carrier, Edited, carry};
pub use field::Field;
pub use function::{FUNCTIONS, Fails, Miscounted, Typed, Written, write_out};
pub use graph::{NodeFilter, Nodes, Relationships};
pub use key::{KeyError, KeyPart, Wanted, escapes, parts};
pub use link::{Comparison, Gather, Identity, LinkShape, Metric, PairOrder};
pub use listing::{Listed, Listing};
pub use names::{FunctionCall, Names, Signature};
pub use position::{Mapped, Position, PositionMap};
pub use reading::{Reading, reading};
pub use refusal::{CallError, Refusal};
pub use root::root;
pub use routing::RoutingTable;

use names::{Hits, hits};
use unescape::Decoded;

/// What a text asks of us.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks<'t> {
    /// It does not name us: forward it as it is.
    Nothing,
    /// It calls at least one of our procedures.
    Calls(Box<Statement<'t>>),
    /// It is the all-pairs query that the link kernel can answer.
    Link(Box<LinkShape<'t>>),
    /// It lists procedures or functions, ours among them.
    Listing(Box<Listing<'t>>),
    /// It asks Neo4j for a routing table, and for nothing else: its addresses may have to be changed.
    RoutingTable(RoutingTable),
    /// It calls our functions only, in another shape than [`Asks::Link`] (`EXPLAIN` and `PROFILE` of that
    /// shape too): [`write_out`] says what stands for them where the server does not have them.
    Functions(Vec<FunctionCall>),
}

/// The prefilter: may this text ask something of us? False means: forward the bytes as they are.
pub fn mentions(text: &[u8]) -> bool {
    prefilter::mentions(text)
}

/// What `text` asks of us.
///
/// # Errors
/// A text that calls one of our procedures but that Neo4j would refuse ([`Refusal::Call`]), or that is not
/// fully understood ([`Refusal::NotUnderstood`]).
pub fn inspect<'t>(text: &'t str, names: &Names<'_>) -> Result<Asks<'t>, Refusal> {
    // Neo4j refuses what has no decoding, and says why.
    let Some(decoded) = Decoded::new(text) else { return Ok(Asks::Nothing) };
    let hits = hits(&decoded.text, names);
    if hits.is_empty() {
        let listing = listing::listing(text, &decoded).map(|listing| Asks::Listing(Box::new(listing)));
        let asks = listing.or_else(|| routing::routing_table(&decoded).map(Asks::RoutingTable));
        return Ok(asks.unwrap_or(Asks::Nothing));
    }
    let procedure = hits.iter().find(|hit| matches!(hit.name, Hits::Procedure(_)));
    if let Some(hit) = procedure {
        if hits.len() > names::LIMIT {
            let at = decoded.source(hit.start);
            return Err(Refusal::NotUnderstood { what: "more than 1000 calls", at });
        }
        return Ok(Asks::Calls(Box::new(call::statement(text, &decoded, &hits, names)?)));
    }
    if let Some(shape) = link::shape(text, &decoded, &hits, names) {
        return Ok(Asks::Link(Box::new(shape)));
    }
    Ok(Asks::Functions(hits.iter().filter_map(|hit| hit.function(&decoded)).collect()))
}

#[cfg(test)]
mod tests;
