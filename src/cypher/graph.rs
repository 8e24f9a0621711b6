//! What procedures that read the graph ask of Neo4j: nodes with vectors, nodes by their ids, relationships.

use super::call::{Call, Statement};

/// Nodes with a label and a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    /// The label.
    pub label: String,
    /// The property that holds the vector.
    pub property: String,
    /// Only these of them.
    pub filter: Option<NodeFilter>,
}

/// Some of the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeFilter {
    /// Those with this label too.
    Label(String),
    /// Those with these element ids.
    Ids(Vec<String>),
}

/// Relationships that are to be between pairs of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationships {
    /// Their type.
    pub kind: String,
    /// The property that holds the distance.
    pub property: String,
    /// One for each pair, whatever its direction; else one each way.
    pub undirected: bool,
    /// In transactions of this many pairs; none: in the statement's own.
    pub batch: Option<u32>,
}

impl Nodes {
    /// The parameter of [`Nodes::query`] that holds the ids of [`NodeFilter::Ids`].
    pub const IDS: &'static str = "ids";

    /// The query that returns element id, id and vector of each node that has one, where `call` stands.
    pub fn query(&self, statement: &Statement<'_>, call: &Call<'_>) -> String {
        let uses = call.uses.and_then(|span| statement.text.get(span.start..span.end));
        let (head, label, property) = (&statement.head, quoted(&self.label), quoted(&self.property));
        let uses = uses.map(|uses| format!("{uses} ")).unwrap_or_default();
        let (before, more, test) = match &self.filter {
            None => ("", String::new(), ""),
            Some(NodeFilter::Label(label)) => ("", format!(":{}", quoted(label)), ""),
            Some(NodeFilter::Ids(_)) => {
                ("UNWIND $ids AS i WITH DISTINCT i ", String::new(), "elementId(n) = i AND ")
            }
        };
        format!(
            "{head}{uses}{before}MATCH (n:{label}{more}) WHERE {test}n.{property} IS NOT NULL \
             RETURN elementId(n) AS elementId, id(n) AS id, n.{property} AS vector"
        )
    }
}

impl Relationships {
    /// The clauses that write them, from the map in `parameter`: `pairs`, and what else the call yields in `row`.
    /// `pairs` are `[elementId, [elementIds], [distances]]`; in batches `[elementId, elementId, distance]`.
    pub(super) fn clauses(&self, base: &str, parameter: &str, row: &str) -> String {
        let (kind, property) = (quoted(&self.kind), quoted(&self.property));
        let [a, b, d, e, g, i, n, t] =
            ["a", "b", "d", "e", "g", "i", "n", "t"].map(|name| format!("{base}{name}"));
        let [w, s, m] = Self::COUNTS.map(|(_, name)| format!("{base}{name}"));
        let pattern = format!("({a})-[{e}:{kind}]-{}({b})", if self.undirected { "" } else { ">" });
        let merge = format!(
            "CASE WHEN EXISTS {{ {} }} THEN 0 ELSE 1 END AS {n} MERGE {pattern} SET {e}.{property} = {d}",
            pattern.replacen(&e, "", 1)
        );
        let time = "datetime.realtime().epochMillis";
        let write = match self.batch {
            None => format!(
                "WITH {time} AS {t} CALL () {{ UNWIND ${parameter}.pairs AS {g} \
                 MATCH ({a}) WHERE elementId({a}) = {g}[0] UNWIND range(0, size({g}[1]) - 1) AS {i} \
                 MATCH ({b}) WHERE elementId({b}) = {g}[1][{i}] WITH {a}, {b}, {g}[2][{i}] AS {d}, {merge} \
                 RETURN sum({n}) AS {w}, count({e}) AS {s} }} WITH {w}, {s}, {time} - {t} AS {m}"
            ),
            Some(batch) => format!(
                "WITH {time} AS {t} UNWIND ${parameter}.pairs AS {g} CALL ({g}) {{ \
                 MATCH ({a}) WHERE elementId({a}) = {g}[0] MATCH ({b}) WHERE elementId({b}) = {g}[1] \
                 WITH {a}, {b}, {g}[2] AS {d}, {merge} RETURN sum({n}) AS {n}, count({e}) AS {i} }} \
                 IN TRANSACTIONS OF {batch} ROWS WITH sum({n}) AS {w}, sum({i}) AS {s}, min({t}) AS {t} \
                 WITH {w}, {s}, coalesce({time} - {t}, 0) AS {m}"
            ),
        };
        format!("{write}, ${parameter} AS {row} ")
    }

    /// What the clauses count, and the names that they give it.
    const COUNTS: [(&'static str, &'static str); 3] =
        [("relationshipsWritten", "w"), ("propertiesSet", "s"), ("writeMillis", "m")];

    /// The expression of a column that the clauses count.
    pub(super) fn counted(base: &str, field: &str) -> Option<String> {
        let (_, name) = Self::COUNTS.into_iter().find(|(column, _)| *column == field)?;
        Some(format!("{base}{name}"))
    }
}

/// A name in backticks.
fn quoted(name: &str) -> String {
    // A backslash might begin a `\u0060`, which Neo4j decodes before it reads names.
    format!("`{}`", name.replace('\\', "\\u005C").replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::NAMES;
    use super::super::{Asks, Carrier, carry, inspect};
    use super::*;

    fn statement(text: &str) -> Box<Statement<'_>> {
        match inspect(text, &NAMES) {
            Ok(Asks::Calls(statement)) => statement,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn vectors_are_read_where_the_statement_runs() {
        let mut nodes = Nodes { label: "Fa`ce".into(), property: "e \\u0060".into(), filter: None };
        let statement = statement("CYPHER 25 USE x CALL face.embed('x')");
        let rest = "n.`e \\u005Cu0060` IS NOT NULL RETURN elementId(n) AS elementId, id(n) AS id, n.`e \\u005Cu0060` AS vector";
        assert_eq!(
            nodes.query(&statement, &statement.calls[0]),
            format!("CYPHER 25 USE x MATCH (n:`Fa``ce`) WHERE {rest}")
        );
        for (text, expected) in [
            ("USE a RETURN 1 AS index UNION CALL face.embed('x') YIELD index RETURN index", "MATCH"),
            ("USE a CALL () { CALL face.embed('x') YIELD index RETURN index } RETURN index", "USE a MATCH"),
            ("CALL () { USE b CALL face.embed('x') YIELD index RETURN index } RETURN index", "USE b MATCH"),
        ] {
            let statement = self::statement(text);
            assert!(nodes.query(&statement, &statement.calls[0]).starts_with(expected), "{text}");
        }
        nodes.filter = Some(NodeFilter::Label("B".into()));
        assert!(nodes.query(&statement, &statement.calls[0]).contains("MATCH (n:`Fa``ce`:`B`) WHERE n."));
        nodes.filter = Some(NodeFilter::Ids(vec![]));
        assert!(
            nodes.query(&statement, &statement.calls[0]).contains(
                "UNWIND $ids AS i WITH DISTINCT i MATCH (n:`Fa``ce`) WHERE elementId(n) = i AND n."
            )
        );
    }

    #[test]
    fn relationships_are_written_in_the_place_of_the_call() {
        let mut link =
            Relationships { kind: "SAME".into(), property: "distance".into(), undirected: true, batch: None };
        let text = |link: &Relationships, text: &str| {
            carry(&statement(text), &[Carrier::Relationships(link)], []).unwrap().text
        };
        let standalone = text(&link, "CALL face.embed('x') YIELD index");
        assert!(standalone.starts_with(
            "WITH datetime.realtime().epochMillis AS __ft CALL () { UNWIND $__f0.pairs AS __fg "
        ));
        assert!(standalone.contains(
            "EXISTS { (__fa)-[:`SAME`]-(__fb) } THEN 0 ELSE 1 END AS __fn MERGE (__fa)-[__fe:`SAME`]-(__fb)"
        ));
        assert!(standalone.ends_with(", $__f0 AS __fr RETURN __fr.index AS index"), "{standalone}");
        link.undirected = false;
        link.batch = Some(7);
        let batched = text(&link, "CALL face.embed('x') YIELD index");
        assert!(
            batched.contains("MERGE (__fa)-[__fe:`SAME`]->(__fb)")
                && batched.contains("IN TRANSACTIONS OF 7 ROWS")
        );
        assert_eq!(Relationships::counted("__f", "writeMillis").as_deref(), Some("__fm"));
        assert_eq!(Relationships::counted("__f", "nodesCompared"), None);
    }

    #[test]
    fn nodes_are_looked_up_by_their_ids() {
        let edited = carry(
            &statement("CALL face.embed('x') YIELD index AS i, embedding"),
            &[Carrier::Nodes(&[0])],
            [],
        );
        assert_eq!(
            edited.unwrap().text,
            "UNWIND $__f0 AS __fr MATCH (__fn0) WHERE elementId(__fn0) = __fr.embedding \
             RETURN __fr.index AS i, __fn0 AS embedding"
        );
    }
}
