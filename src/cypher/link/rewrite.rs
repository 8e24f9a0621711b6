//! The texts of a link: those that read the vectors, and the statement over found pairs.

use super::super::call::Span;
use super::super::edit::{Edited, base};
use super::super::position::Weave;
use super::LinkShape;

/// Where the parts of the statement stand in its text. Pairs of things are those of left and right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    /// What stands before the first `MATCH`: options and `USE`, without `EXPLAIN` and `PROFILE`.
    pub(super) head: String,
    pub(super) variables: [Span; 2],
    pub(super) patterns: [Span; 2],
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
        let part = |span: &Span| text.get(span.start..span.end).unwrap_or_default();
        let of = |spans: &[Span; 2]| spans.get(side).map(part).unwrap_or_default();
        let (variable, property) = (of(&self.variables), of(&self.properties));
        let alone = if side == 0 { &self.left } else { &self.right };
        let alone: Vec<String> = alone.iter().map(|span| format!("({})", part(span))).collect();
        let tested = if alone.is_empty() { String::new() } else { format!(" WHERE {}", alone.join(" AND ")) };
        format!(
            "{}MATCH {}{tested} RETURN elementId({variable}) AS elementId, id({variable}) AS id, \
             {variable}.{property} AS vector",
            self.head,
            of(&self.patterns)
        )
    }
}

impl LinkShape<'_> {
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
                weave.ours(&format!(" RETURN {x}, {y}, {group}[2][{index}] AS {measure} }} "), at);
                weave.user(with, parts.measure.start);
                let call = weave.offset(parts.measure.start);
                weave.ours(&measure, call);
                weave.user(parts.measure.end, self.text.len());
            }
            None => {
                weave.ours(&format!(" RETURN {x}, {y} }}"), at);
                weave.user(parts.rest, self.text.len());
            }
        }
        let (text, positions) = weave.finish();
        Edited { text, parameters: vec![group], positions, ..Edited::default() }
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
