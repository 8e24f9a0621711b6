//! The texts of a link: those that read the vectors, and the statement over found pairs.

use super::super::call::Span;
use super::super::edit::{Edited, base};
use super::super::position::Weave;
use super::{Gather, LinkShape};

/// Where the parts of the statement stand in its text. Pairs of things are those of left and right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    /// What stands before the first `MATCH`: options and `USE`, without `EXPLAIN` and `PROFILE`.
    pub(super) head: String,
    pub(super) variables: [Span; 2],
    pub(super) patterns: [Span; 2],
    /// The one `MATCH` that holds both patterns, up to the end of the second; none if each has its own.
    pub(super) product: Option<Span>,
    pub(super) properties: [Span; 2],
    /// Predicates on the left node alone.
    pub(super) left: Vec<Span>,
    /// Predicates on the right node alone.
    pub(super) right: Vec<Span>,
    /// Predicates on both, and on none.
    pub(super) both: Vec<Span>,
    /// Where the `WITH` starts that names the measure; none if a `WHERE` tests it without a name.
    pub(super) with: Option<usize>,
    /// The call of the measuring function.
    pub(super) measure: Span,
    /// Where what follows the prefix starts.
    pub(super) rest: usize,
    /// Underscores that our names need.
    pub(super) underscores: usize,
}

impl Parts {
    /// The text that reads one side: 0 is left, 1 right.
    pub(super) fn gather(&self, text: &str, side: usize) -> String {
        let of = |spans: &[Span; 2]| spans.get(side).and_then(|span| text.get(span.start..span.end));
        let (variable, property) = (of(&self.variables), of(&self.properties));
        let (variable, property) = (variable.unwrap_or_default(), property.unwrap_or_default());
        format!(
            "{} RETURN elementId({variable}) AS elementId, id({variable}) AS id, {variable}.{property} AS vector",
            self.nodes(text, side)
        )
    }

    /// The clause that finds the nodes of one side.
    fn nodes(&self, text: &str, side: usize) -> String {
        let part = |span: &Span| text.get(span.start..span.end).unwrap_or_default();
        let alone = if side == 0 { &self.left } else { &self.right };
        let alone: Vec<String> = alone.iter().map(|span| format!("({})", part(span))).collect();
        let tested = if alone.is_empty() { String::new() } else { format!(" WHERE {}", alone.join(" AND ")) };
        format!("{}MATCH {}{tested}", self.head, self.patterns.get(side).map(part).unwrap_or_default())
    }
}

impl LinkShape<'_> {
    /// The texts that count the nodes of each side, as many as there are that read their vectors. Of a label alone
    /// Neo4j knows the count without looking at a node.
    #[must_use]
    pub fn counts(&self) -> Vec<String> {
        let sides = match self.gather {
            Gather::Same(_) => 0..1,
            Gather::Sides(..) => 0..2,
        };
        sides.map(|side| format!("{} RETURN count(*) AS count", self.parts.nodes(self.text, side))).collect()
    }

    /// The statement over found pairs. Its one parameter is a list of
    /// `[elementId of left, [elementIds of right], [measures]]`: one entry per left node, sorted as rows
    /// are to come, both inner lists of one length. The same statement gives the same text, unless a
    /// client's parameter (`taken`) is in the way.
    pub fn rewrite<'p>(&self, taken: impl IntoIterator<Item = &'p str>) -> Edited {
        let base = base(self.parts.underscores, taken);
        let (group, index, measure) = (format!("{base}g"), format!("{base}i"), format!("{base}d"));
        let parts = &self.parts;
        let part = |span: &Span| self.text.get(span.start..span.end).unwrap_or_default();
        let [x, y] = parts.variables.each_ref().map(part);
        let mut weave = Weave::new(self.text);
        let at = weave.offset(self.prefix.start);
        weave.user(0, self.prefix.start);
        weave.ours(
            &format!(
                "CALL () {{ UNWIND ${group} AS {group} MATCH ({x}) WHERE elementId({x}) = {group}[0] \
                 WITH {group}, {x} MATCH "
            ),
            at,
        );
        weave.user(parts.patterns[0].start, parts.patterns[0].end);
        tests(&mut weave, at, &[&parts.left]);
        weave.ours(
            &format!(
                " UNWIND range(0, size({group}[1]) - 1) AS {index} MATCH ({y}) \
                 WHERE elementId({y}) = {group}[1][{index}] WITH {group}, {index}, {x}, {y} MATCH "
            ),
            at,
        );
        weave.user(parts.patterns[1].start, parts.patterns[1].end);
        tests(&mut weave, at, &[&parts.right, &parts.both]);
        match parts.with {
            Some(with) => {
                weave.ours(&format!(" RETURN {x}, {y}, {group}[2][{index}] AS {measure}"), at);
                self.product(&mut weave, at, &format!("{x}, {y}, 0.0 AS {measure}"));
                weave.ours(" } ", at);
                weave.user(with, parts.measure.start);
                let call = weave.offset(parts.measure.start);
                // The call ended in a bracket, so `AS` may follow at once.
                weave.ours(&format!("{measure} "), call);
                weave.user(parts.measure.end, self.text.len());
            }
            None => {
                weave.ours(&format!(" RETURN {x}, {y}"), at);
                self.product(&mut weave, at, &format!("{x}, {y}"));
                weave.ours(" }", at);
                weave.user(parts.rest, self.text.len());
            }
        }
        let (text, positions) = weave.finish();
        Edited { text, parameters: vec![group], positions, ..Edited::default() }
    }

    /// A branch that finds nothing: of two patterns in one `MATCH` Neo4j notes that they build a product, if the
    /// client wants to hear it, and so it does of ours.
    fn product(&self, weave: &mut Weave<'_>, at: usize, columns: &str) {
        if let Some(product) = &self.parts.product {
            weave.ours(" UNION ALL ", at);
            weave.user(product.start, product.end);
            weave.ours(&format!(" WHERE false RETURN {columns}"), at);
        }
    }
}

/// Writes ` WHERE (..) AND (..)`, or nothing.
fn tests(weave: &mut Weave<'_>, at: usize, predicates: &[&Vec<Span>]) {
    for (number, predicate) in predicates.iter().copied().flatten().enumerate() {
        weave.ours(if number == 0 { " WHERE (" } else { " AND (" }, at);
        weave.user(predicate.start, predicate.end);
        weave.ours(")", at);
    }
}
