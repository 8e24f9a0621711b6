//! Recognises the shape.

use super::super::call::{Mode, Span};
use super::super::constant::{Expr, constant, parameters};
use super::super::edit::underscores;
use super::super::names::Hit;
use super::super::prefix::prefix;
use super::super::segment::{Clause, Clauses, outline};
use super::super::token::Tokens;
use super::super::unescape::Decoded;
use super::predicate::{About, Pair, about, conjuncts, is_plain, threshold};
use super::rewrite::gather;
use super::{Comparison, LinkShape, Metric, PairOrder, Parts, Side};

/// The shape of `text`, whose only use of our names is the call of `function` at `hit`. None: it has another.
pub(in super::super) fn shape<'t>(
    text: &'t str,
    decoded: &Decoded<'_>,
    hit: Hit,
    function: &str,
) -> Option<LinkShape<'t>> {
    let metric = match function {
        "gds.similarity.euclideanDistance" => Metric::EuclideanDistance,
        "gds.similarity.euclidean" => Metric::Euclidean,
        "gds.similarity.cosine" => Metric::Cosine,
        _ => return None,
    };
    let tokens = Tokens::new(decoded).filter(|_| !decoded.lossy)?;
    let prefix = prefix(&tokens);
    let outline = outline(&tokens, prefix.body).ok().filter(|_| prefix.mode == Mode::Run)?;
    let root = outline.blocks.first()?;
    if root.branches != 1 || root.sequel {
        return None;
    }
    // All of the statement's own clauses; those of its subqueries are in between.
    let branch = outline.clauses.first()?.branch;
    let own = outline.clauses.iter().filter(|clause| clause.branch == branch && clause.kind != Clauses::Use);
    let clauses: Vec<&Clause> = own.collect();
    Shape { text, tokens: &tokens, hit: hit.token }.read(&clauses, metric, underscores(&decoded.text)?)
}

/// A node pattern, as tokens.
struct Node<'d> {
    name: std::borrow::Cow<'d, str>,
    open: usize,
    close: usize,
}

/// The call of the function, as tokens: all of it, and the properties of the left and the right node.
struct Measure {
    first: usize,
    end: usize,
    left: usize,
    right: usize,
}

struct Shape<'a, 't> {
    text: &'t str,
    tokens: &'a Tokens<'a>,
    /// The first token of the function's name.
    hit: usize,
}

impl<'a, 't> Shape<'a, 't> {
    fn read(&self, clauses: &[&Clause], metric: Metric, underscores: usize) -> Option<LinkShape<'t>> {
        let tokens = self.tokens;
        let (&first, rest) = clauses.split_first()?;
        let (mut nodes, filter) = self.matched(first)?;
        let mut filters = vec![(filter, first.end, false)];
        let mut rest = rest;
        if let [_] = nodes.as_slice() {
            let (&second, behind) = rest.split_first()?;
            let (more, filter) = self.matched(second)?;
            nodes.extend(more);
            filters.push((filter, second.end, true));
            rest = behind;
        }
        let [left, right] = nodes.as_slice() else { return None };
        let pair = Pair { left: &left.name, right: &right.name };
        if pair.left == pair.right || !is_plain(pair.left) || !is_plain(pair.right) {
            return None;
        }
        let measure = self.measure(pair)?;
        let side = |node: &Node<'_>, property: usize| Side {
            pattern: tokens.span(node.open, node.close + 1),
            variable: tokens.span(node.open + 1, node.open + 2),
            property: tokens.span(property, property + 1),
            own: Vec::new(),
        };
        let mut found = Found {
            left: side(left, measure.left),
            right: side(right, measure.right),
            both: Vec::new(),
            keys: [self.key(left), self.key(right)],
            order: PairOrder::All,
            residual: false,
            test: None,
        };
        let two = filters.len() == 2;
        for (filter, end, last) in filters {
            let Some(filter) = filter else { continue };
            for part in conjuncts(tokens, filter, end)? {
                // What stands before the second node is matched is about the first.
                let left_only = two && !last;
                self.condition(part, pair, &measure, left_only, &mut found)?;
            }
        }
        let start = tokens.span(first.first, first.first + 1).start;
        let mut with = None;
        let mut end = tokens.span(first.first, if two { clauses.get(1)?.end } else { first.end }).end;
        let (span, comparison, threshold) = match found.test.take() {
            Some((span, comparison, threshold)) => (Some(span), comparison, threshold),
            None => {
                let (&clause, behind) = rest.split_first()?;
                rest = behind;
                let (comparison, threshold) = self.with(clause, pair, &measure, metric)?;
                let span = tokens.span(clause.first, clause.end);
                end = span.end;
                with = Some(span);
                (None, comparison, threshold)
            }
        };
        // A statement does not end with its prefix.
        if !is_near(metric, comparison) || rest.is_empty() {
            return None;
        }
        let [left_keys, right_keys] = &mut found.keys;
        left_keys.sort_unstable();
        right_keys.sort_unstable();
        let same = left_keys == right_keys && tokens.name(measure.left) == tokens.name(measure.right);
        let function = tokens.span(measure.first, measure.end);
        Some(LinkShape {
            text: self.text,
            metric,
            comparison,
            threshold,
            order: found.order,
            gather: gather(self.text, start, &found.left, &found.right, same),
            residual: found.residual,
            parameters: parameters(tokens),
            prefix: Span { start, end },
            parts: Parts {
                left: found.left,
                right: found.right,
                both: found.both,
                test: span,
                with,
                function,
                underscores,
            },
        })
    }

    /// The node patterns of a `MATCH` and the first token of its condition.
    fn matched(&self, clause: &Clause) -> Option<(Vec<Node<'a>>, Option<usize>)> {
        let tokens = self.tokens;
        if clause.kind != Clauses::Match || !tokens.is(clause.first, "MATCH") {
            return None;
        }
        let mut nodes = Vec::new();
        let mut at = clause.first + 1;
        loop {
            let node = self.node(at, clause.end)?;
            at = node.close + 1;
            nodes.push(node);
            if at == clause.end {
                return Some((nodes, None));
            }
            if tokens.is(at, "WHERE") {
                return Some((nodes, Some(at + 1)));
            }
            if tokens.symbol(at) != "," {
                return None;
            }
            at += 1;
        }
    }

    /// `(name:Labels {constant: properties})`
    fn node(&self, open: usize, end: usize) -> Option<Node<'a>> {
        let tokens = self.tokens;
        if tokens.symbol(open) != "(" {
            return None;
        }
        let close = tokens.closing(open, end)?;
        let name = tokens.name(open + 1)?;
        let mut at = open + 2;
        if tokens.symbol(at) == ":" || tokens.is(at, "IS") {
            at = self.labels(at + 1, close)?;
        }
        if tokens.symbol(at) == "{" {
            let map = tokens.closing(at, close)?;
            let Some(Expr::Map(_)) = constant(tokens, at, map + 1) else { return None };
            at = map + 1;
        }
        (at == close).then_some(Node { name, open, close })
    }

    /// Steps over a label expression without dynamic labels.
    fn labels(&self, first: usize, close: usize) -> Option<usize> {
        let tokens = self.tokens;
        let mut depth = 0usize;
        let mut operand = true;
        let mut at = first;
        while at < close && tokens.symbol(at) != "{" {
            match (operand, tokens.symbol(at)) {
                (true, "!") => {}
                (true, "(") => depth += 1,
                (true, "%") => operand = false,
                (true, _) => {
                    tokens.name(at)?;
                    operand = false;
                }
                (false, ":" | "&" | "|") => operand = true,
                (false, ")") => depth = depth.checked_sub(1)?,
                (false, _) => return None,
            }
            at += 1;
        }
        (!operand && depth == 0).then_some(at)
    }

    /// `function(left.property, right.property)`, or the other way round.
    fn measure(&self, pair: Pair<'_>) -> Option<Measure> {
        let tokens = self.tokens;
        let first = self.hit;
        let open = (first..first + 16).find(|&at| tokens.symbol(at) == "(")?;
        let symbols = [(2, "."), (4, ","), (6, "."), (8, ")")];
        if symbols.iter().any(|&(offset, symbol)| tokens.symbol(open + offset) != symbol) {
            return None;
        }
        let (one, other) = (tokens.name(open + 1)?, tokens.name(open + 5)?);
        tokens.name(open + 3)?;
        tokens.name(open + 7)?;
        let end = open + 9;
        match (&*one, &*other) {
            (one, other) if one == pair.left && other == pair.right => {
                Some(Measure { first, end, left: open + 3, right: open + 7 })
            }
            (one, other) if one == pair.right && other == pair.left => {
                Some(Measure { first, end, left: open + 7, right: open + 3 })
            }
            _ => None,
        }
    }

    /// What a node pattern asks for, whatever the name of its node.
    fn key(&self, node: &Node<'_>) -> Vec<Vec<&'a str>> {
        vec![(node.open + 2..node.close).map(|at| self.tokens.text(at)).collect()]
    }

    /// Files one condition.
    fn condition(
        &self,
        part: (usize, usize),
        pair: Pair<'_>,
        measure: &Measure,
        left_only: bool,
        found: &mut Found<'a>,
    ) -> Option<()> {
        let (first, end) = part;
        let tokens = self.tokens;
        let span = tokens.span(first, end);
        if (first..end).contains(&measure.first) {
            let (comparison, threshold) = threshold(tokens, part, (measure.first, measure.end))?;
            found.test = (!left_only).then_some((span, comparison, threshold));
            return found.test.is_some().then_some(());
        }
        let about = about(tokens, first, end, pair)?;
        if left_only && !matches!(about, About::Left | About::None) {
            return None;
        }
        let key = || {
            let own = |name: &str| name == pair.left || name == pair.right;
            let text = |at| {
                let property = matches!(tokens.symbol_before(at), "." | "$" | ":") && at > first;
                let node = !property && tokens.name(at).is_some_and(|name| own(&name));
                if node { "" } else { tokens.text(at) }
            };
            (first..end).map(text).collect::<Vec<_>>()
        };
        let [left_keys, right_keys] = &mut found.keys;
        if matches!(about, About::Left | About::None) {
            left_keys.push(key());
            found.left.own.push(span);
        }
        if matches!(about, About::Right | About::None) {
            right_keys.push(key());
            found.right.own.push(span);
        }
        match about {
            About::Order(order) => {
                if matches!(found.order, PairOrder::All | PairOrder::NotEqual) {
                    found.order = order;
                }
                found.both.push(span);
            }
            About::Both => {
                found.residual = true;
                found.both.push(span);
            }
            About::None | About::Left | About::Right => {}
        }
        Some(())
    }

    /// `WITH left, right, function(..) AS name WHERE name < threshold AND ..`
    fn with(
        &self,
        clause: &Clause,
        pair: Pair<'_>,
        measure: &Measure,
        metric: Metric,
    ) -> Option<(Comparison, Expr)> {
        let tokens = self.tokens;
        if clause.kind != Clauses::With {
            return None;
        }
        let mut at = clause.first + 1;
        let mut distance = None;
        loop {
            if at == measure.first && distance.is_none() {
                at = measure.end;
                if !tokens.is(at, "AS") {
                    return None;
                }
                distance = Some(tokens.name(at + 1)?);
                at += 2;
            } else {
                let name = tokens.name(at)?;
                if name != pair.left && name != pair.right {
                    return None;
                }
                at += 1;
            }
            if tokens.symbol(at) != "," {
                break;
            }
            at += 1;
        }
        let distance = distance?;
        if !tokens.is(at, "WHERE") || !is_plain(&distance) || distance == pair.left || distance == pair.right
        {
            return None;
        }
        let parts = conjuncts(tokens, at + 1, clause.end)?;
        parts.into_iter().find_map(|part| {
            let (first, end) = part;
            let named = |at: usize| tokens.name(at).is_some_and(|name| name == distance);
            let at = if named(first) { first } else { end.checked_sub(1).filter(|&at| named(at))? };
            threshold(tokens, part, (at, at + 1)).filter(|&(comparison, _)| is_near(metric, comparison))
        })
    }
}

/// Does the comparison ask for pairs that are near?
fn is_near(metric: Metric, comparison: Comparison) -> bool {
    let less = matches!(comparison, Comparison::Less | Comparison::LessOrEqual);
    less == (metric == Metric::EuclideanDistance)
}

/// What the conditions say.
struct Found<'a> {
    left: Side,
    right: Side,
    both: Vec<Span>,
    /// What each side asks for, to tell whether both ask for the same.
    keys: [Vec<Vec<&'a str>>; 2],
    order: PairOrder,
    residual: bool,
    test: Option<(Span, Comparison, Expr)>,
}

#[cfg(test)]
mod tests;
