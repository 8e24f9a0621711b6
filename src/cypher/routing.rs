//! Standalone calls of the procedures that give a routing table.

use super::call::Mode;
use super::columns::{behind_use, columns, ends};
use super::constant::{Expr, constant};
use super::prefix::prefix;
use super::token::Tokens;
use super::unescape::Decoded;

/// `CALL dbms.routing.getRoutingTable(..)` as the whole of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutingTable {
    /// The routing context that is passed; none: it is computed.
    pub context: Option<Expr>,
    /// The columns of its rows that hold the servers.
    pub columns: Vec<usize>,
}

/// Both names of the procedure.
const PROCEDURES: [&[&str]; 2] =
    [&["dbms", "routing", "getRoutingTable"], &["dbms", "cluster", "routing", "getRoutingTable"]];

/// What the argument of the context is called.
const CONTEXT: &str = "context";

/// The names of its columns.
const COLUMNS: [&str; 2] = ["ttl", "servers"];
const SERVERS: &str = COLUMNS[1];

/// Reads a call that is the only clause of its text, or nothing.
pub(super) fn routing_table(decoded: &Decoded<'_>) -> Option<RoutingTable> {
    if decoded.lossy || !decoded.text.contains("getRoutingTable") {
        return None;
    }
    let tokens = Tokens::new(decoded)?;
    let prefix = prefix(&tokens);
    if prefix.mode == Mode::Explain {
        return None;
    }
    let call = behind_use(&tokens, prefix.body);
    let call = call + usize::from(tokens.is(call, "OPTIONAL"));
    if !tokens.is(call, "CALL") {
        return None;
    }
    let mut at = PROCEDURES.iter().find_map(|name| behind_name(&tokens, call + 1, name))?;
    let mut context = Some(Expr::Parameter(CONTEXT.to_owned()));
    if tokens.symbol(at) == "(" {
        let close = tokens.closing(at, tokens.len())?;
        let end = super::call::separator(&tokens, at + 1, close);
        context = constant(&tokens, at + 1, end);
        at = close + 1;
    }
    let mut yielded = None;
    if tokens.is(at, "YIELD") {
        (yielded, at) = columns(&tokens, at + 1)?;
    }
    if !ends(&tokens, at) {
        return None;
    }
    let fields: Vec<&str> = match &yielded {
        Some(columns) => columns.iter().map(|column| &*column.field).collect(),
        None => COLUMNS.to_vec(),
    };
    let columns = fields.iter().enumerate().filter(|(_, field)| **field == SERVERS);
    Some(RoutingTable { context, columns: columns.map(|(column, _)| column).collect() })
}

/// The first token behind the name that starts at `at`, if it is this one.
fn behind_name(tokens: &Tokens<'_>, at: usize, name: &[&str]) -> Option<usize> {
    for (index, part) in name.iter().enumerate() {
        let at = at + 2 * index;
        if tokens.name(at)? != *part || (index > 0 && tokens.symbol(at - 1) != ".") {
            return None;
        }
    }
    Some(at + 2 * name.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<RoutingTable> {
        routing_table(&Decoded::new(text)?)
    }

    #[test]
    fn standalone_calls_are_read() {
        let address = |value: Expr| Some(Expr::Map(vec![("address".to_owned(), value)]));
        let parameter = |name: &str| Some(Expr::Parameter(name.to_owned()));
        for (text, context, columns) in [
            ("CALL dbms.routing.getRoutingTable($routing, $db)", parameter("routing"), vec![1]),
            (
                "call dbms . cluster.routing.getRoutingTable({address: $a});",
                { address(Expr::Parameter("a".to_owned())) },
                vec![1],
            ),
            (
                r"CALL dbms.`routing`.getRoutingT\u0061ble({address: 'h:1'}, null) YIELD *",
                { address(Expr::String("h:1".to_owned())) },
                vec![1],
            ),
            ("CALL dbms.routing.getRoutingTable", parameter("context"), vec![1]),
            (
                "USE system CALL dbms.routing.getRoutingTable({}) YIELD servers AS s",
                Some(Expr::Map(vec![])),
                vec![0],
            ),
            (
                "PROFILE OPTIONAL CALL dbms.routing.getRoutingTable(f({a: 1}, 2)) YIELD ttl, servers, ttl AS t",
                None,
                vec![1],
            ),
            ("CYPHER 5 CALL dbms.routing.getRoutingTable(  )", None, vec![1]),
            ("CALL dbms.routing.getRoutingTable({}) YIELD ttl", Some(Expr::Map(vec![])), vec![]),
        ] {
            assert_eq!(read(text), Some(RoutingTable { context, columns }), "{text}");
        }
    }

    #[test]
    fn anything_else_is_left_alone() {
        for text in [
            "CALL dbms.routing.getRoutingTable({}) YIELD servers RETURN servers",
            "CALL dbms.routing.getRoutingTable({}) YIELD servers WHERE true",
            "MATCH (n) CALL dbms.routing.getRoutingTable({}) YIELD servers RETURN *",
            "EXPLAIN CALL dbms.routing.getRoutingTable({})",
            "CALL dbms.routing.getroutingtable({})",
            "CALL dbms.`routing.getRoutingTable`({})",
            "CALL dbms.routing.getRoutingTable.more({})",
            "CALL routing.getRoutingTable({})",
            "CALL dbms.routing.getRoutingTable({}",
            "CALL dbms.routing.getRoutingTable({}) YIELD",
            "CALL dbms.routing.getRoutingTable({}); RETURN 1",
            "RETURN 'CALL dbms.routing.getRoutingTable({})'",
            "USE graph.byName('x') CALL dbms.routing.getRoutingTable({})",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
