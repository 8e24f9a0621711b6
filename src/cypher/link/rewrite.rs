//! The texts of the link shape for Neo4j.

use super::super::call::Span;
use super::super::edit::Edited;
use super::super::position::Weave;
use super::{Gather, LinkShape, Side};

/// The texts that read the vectors; what stands before the first `MATCH`, at `start`, stays.
pub(super) fn gather(text: &str, start: usize, left: &Side, right: &Side, same: bool) -> Gather {
    let slice = |span: Span| text.get(span.start..span.end).unwrap_or("");
    let lead = slice(Span { start: 0, end: start });
    let side = |side: &Side| {
        let own = side.own.iter().map(|&span| slice(span)).collect::<Vec<_>>().join(" AND ");
        let filter = if own.is_empty() { own } else { format!(" WHERE {own}") };
        let (pattern, node, property) = (slice(side.pattern), slice(side.variable), slice(side.property));
        format!(
            "{lead}MATCH {pattern}{filter} \
             RETURN elementId({node}) AS elementId, id({node}) AS id, {node}.{property} AS vector"
        )
    };
    if same { Gather::Same(side(left)) } else { Gather::Sides(side(left), side(right)) }
}

/// The statement over found pairs, with names of ours that start with `base`.
///
/// Nodes are sought by id, one by one (a list of ids would be a scan of the label), and only then matched
/// with the user's pattern: the `WITH` between keeps the planner from starting with the label.
pub(super) fn rewrite(shape: &LinkShape<'_>, base: &str) -> Edited {
    let parts = &shape.parts;
    let slice = |span: Span| shape.text.get(span.start..span.end).unwrap_or("");
    let (x, y) = (slice(parts.left.variable), slice(parts.right.variable));
    let (pairs, group, index, distance) =
        (format!("{base}0"), format!("{base}g"), format!("{base}i"), format!("{base}d"));
    let mut weave = Weave::new(shape.text);
    let at = weave.offset(shape.prefix.start);
    let conditions = |weave: &mut Weave<'_>, spans: &[&[Span]]| {
        for (number, span) in spans.iter().copied().flatten().enumerate() {
            weave.ours(if number == 0 { " WHERE " } else { " AND " }, at).user(span.start, span.end);
        }
    };
    weave.user(0, shape.prefix.start);
    weave.ours(
        &format!("CALL () {{ UNWIND ${pairs} AS {group} MATCH ({x}) WHERE elementId({x}) = {group}[0] WITH {group}, {x} MATCH "),
        at,
    );
    weave.user(parts.left.pattern.start, parts.left.pattern.end);
    conditions(&mut weave, &[&parts.left.own]);
    weave.ours(
        &format!(
            " UNWIND range(0, size({group}[1]) - 1) AS {index} MATCH ({y}) WHERE elementId({y}) = {group}[1][{index}] \
             WITH {group}, {index}, {x}, {y} MATCH "
        ),
        at,
    );
    weave.user(parts.right.pattern.start, parts.right.pattern.end);
    conditions(&mut weave, &[&parts.right.own, &parts.both]);
    let measure = format!("{group}[2][{index}]");
    if let Some(test) = parts.test {
        let first = parts.right.own.is_empty() && parts.both.is_empty();
        weave.ours(if first { " WHERE " } else { " AND " }, at);
        weave.user(test.start, parts.function.start).ours(&measure, at).user(parts.function.end, test.end);
    }
    weave.ours(&format!(" RETURN {x}, {y}"), at);
    if let Some(with) = parts.with {
        weave.ours(&format!(", {measure} AS {distance} }} "), at);
        weave.user(with.start, parts.function.start).ours(&distance, at).user(parts.function.end, with.end);
    } else {
        weave.ours(" }", at);
    }
    weave.user(shape.prefix.end, shape.text.len());
    let (text, positions) = weave.finish();
    Edited { text, parameters: vec![pairs], positions }
}
