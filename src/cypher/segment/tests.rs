use super::super::unescape::Decoded;
use super::*;

/// Where each clause starts, as its first word and what follows it.
fn clauses(text: &str) -> Result<Vec<String>, Unclear> {
    let decoded = Decoded::new(text).unwrap();
    let tokens = Tokens::new(&decoded).unwrap();
    let outline = outline(&tokens, 0)?;
    Ok(outline.clauses.iter().map(|clause| tokens.text(clause.first).to_owned()).collect())
}

#[test]
fn keywords_count_only_where_a_clause_can_start() {
    for (text, expected) in [
        ("MATCH (match) RETURN match", "MATCH RETURN"),
        ("WITH 1 AS return, 2 AS set RETURN return + set AS with ORDER BY with", "WITH RETURN"),
        ("WITH true AS not RETURN not.x AS y", "WITH RETURN"),
        ("UNWIND [1] AS starts WITH starts RETURN starts", "UNWIND WITH RETURN"),
        (
            "MATCH (n:Match:With {set: 1}) WHERE n.return STARTS WITH 'x' AND n.a ENDS WITH 'y' RETURN n",
            "MATCH RETURN",
        ),
        ("MERGE (n) ON CREATE SET n.x = 1 ON MATCH SET n.y = 2 SET n.z = 3", "MERGE SET"),
        (
            "MATCH (n) RETURN * UNION ALL MATCH (m) RETURN DISTINCT m ORDER BY m SKIP 1 LIMIT 2",
            "MATCH RETURN MATCH RETURN",
        ),
        ("LOAD CSV WITH HEADERS FROM 'x' AS line WITH line RETURN line", "LOAD WITH RETURN"),
        ("MATCH p = ((a)-[:R]->(b))+ WITH p MATCH ((a)-->(b))* RETURN p", "MATCH WITH MATCH RETURN"),
        ("MATCH (n) WHERE n:% SET n:A:B REMOVE n.x DETACH DELETE n FINISH", "MATCH SET REMOVE DETACH FINISH"),
        ("RETURN CASE x WHEN 1 THEN 2 ELSE 3 END AS c LIMIT 1", "RETURN"),
        ("RETURN CASE WHEN STARTS WITH 'a' THEN 1 END AS c", "RETURN"),
        ("MATCH (n) WHERE n.x IS :: LIST<INTEGER NOT NULL> RETURN n", "MATCH RETURN"),
        ("MATCH (n) WHERE n.x IS :: TIME WITH TIME ZONE WITH n RETURN n", "MATCH WITH RETURN"),
        ("MATCH (n) WHERE n.x IS TYPED LOCAL TIME WITH n RETURN n", "MATCH WITH RETURN"),
        ("MATCH (n) WHERE n IS Set AND n IS NOT NULL SET n.x = 1", "MATCH SET"),
        (
            "FOREACH (x IN [1] | CREATE (n) FOREACH (y IN [x] | SET n.y = y)) RETURN 1",
            "FOREACH CREATE FOREACH SET RETURN",
        ),
        (
            "MATCH (n) WHERE EXISTS { (n)-->() WHERE n.x = 1 } RETURN COUNT { MATCH (m) RETURN m } AS c",
            "MATCH ( RETURN MATCH RETURN",
        ),
        ("RETURN count {.x} AS a, collect {x: 1} AS b, exists {x} AS c", "RETURN"),
        ("RETURN [x IN xs WHERE EXISTS { MATCH (x) } | x] AS l", "RETURN MATCH"),
        (
            "MATCH (n) CALL (n) { SET n.x = 1 } IN 3 CONCURRENT TRANSACTIONS OF 5 ROWS ON ERROR RETRY FOR 3 SECONDS \
             THEN CONTINUE REPORT STATUS AS s RETURN s",
            "MATCH CALL SET RETURN",
        ),
        ("OPTIONAL MATCH (n) OPTIONAL CALL { RETURN 1 AS x } RETURN x", "OPTIONAL OPTIONAL RETURN RETURN"),
        (
            "MATCH (n) LET x = 1 FILTER WHERE n.x > x FOR y IN [1] ORDER BY y LIMIT 1 RETURN y",
            "MATCH LET FILTER FOR ORDER LIMIT RETURN",
        ),
        ("WHEN $x THEN RETURN 1 AS a ELSE { RETURN 2 AS a } NEXT RETURN a", "RETURN RETURN RETURN"),
        ("USE x.y { MATCH (n) RETURN n }", "USE MATCH RETURN"),
        ("MATCH (n) USING INDEX n:A(x) WHERE n.x = 1 RETURN n", "MATCH RETURN"),
        (
            "MATCH (a) SEARCH a IN (VECTOR INDEX i FOR $v WHERE a.x LIMIT 5) SCORE AS s RETURN a",
            "MATCH RETURN",
        ),
        ("INSERT (a) MERGE (b) CREATE (c)", "INSERT MERGE CREATE"),
        ("MATCH (n) RETURN n;", "MATCH RETURN"),
    ] {
        // ORDER BY and LIMIT side by side are one clause.
        let found = clauses(text).unwrap_or_else(|unclear| panic!("{text}: {unclear:?}")).join(" ");
        assert_eq!(found, expected.replace("ORDER LIMIT", "ORDER"), "{text}");
    }
}

#[test]
fn what_is_no_query_is_unclear() {
    for (text, what, token) in [
        ("SHOW PROCEDURES", "a query does not start with a clause", 0),
        ("x", "a query does not start with a clause", 0),
        ("`x`", "a query does not start with a clause", 0),
        ("RETURN 1; RETURN 2", "more than one statement", 2),
        ("RETURN (1", "a bracket is not closed", 3),
        ("RETURN 1)", "brackets do not match", 2),
        ("RETURN (1]", "brackets do not match", 3),
        ("RETURN CASE WHEN 1 MATCH (n)", "a clause within an expression", 4),
        ("MATCH (n) SHOW INDEXES", "SHOW or TERMINATE within a query", 4),
        ("MERGE (n) ON CREATE n.x = 1", "an ON without SET", 4),
    ] {
        assert_eq!(clauses(text), Err(Unclear { what, token }), "{text}");
    }
    let deep = format!("RETURN {}", "(".repeat(300));
    assert_eq!(clauses(&deep).unwrap_err().what, "brackets nest too deep");
    assert_eq!(clauses(""), Ok(vec![]));
}

#[test]
fn branches_and_blocks_are_told_apart() {
    let text = "USE x RETURN 1 AS a UNION CALL () { MATCH (n) RETURN n UNION RETURN 2 AS n } RETURN COLLECT { RETURN 3 } AS a";
    let decoded = Decoded::new(text).unwrap();
    let outline = outline(&Tokens::new(&decoded).unwrap(), 0).unwrap();
    let blocks: Vec<_> =
        outline.blocks.iter().map(|block| (block.kind, block.outer, block.branches)).collect();
    assert_eq!(
        blocks,
        [(Blocks::Root, None, 2), (Blocks::Subquery, Some(0), 2), (Blocks::Collect, Some(0), 1)]
    );
    let branches: Vec<_> = outline.branches.iter().map(|branch| (branch.block, branch.clauses)).collect();
    assert_eq!(branches, [(0, 1), (0, 2), (1, 2), (1, 1), (2, 1)]);
    assert!(!outline.blocks.iter().any(|block| block.sequel));
    assert!(outline.clauses.is_sorted_by_key(|clause| clause.first));
    assert!(outline.clauses.iter().all(|clause| clause.first < clause.end));
}
