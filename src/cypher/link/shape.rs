//! Recognises the link shape, exactly and nothing wider: what is not understood is no link.

use std::borrow::Cow;

use super::super::call::{Mentions, Span};
use super::super::constant::{Expr, constant, parameters};
use super::super::edit::underscores;
use super::super::expression::reads;
use super::super::names::{Hit, Hits, Names};
use super::super::prefix::prefix;
use super::super::segment::{Clause, Clauses, outline};
use super::super::token::Tokens;
use super::super::unescape::Decoded;
use super::predicate::{self, Range};
use super::rewrite::Parts;
use super::{Comparison, Gather, Identity, LinkShape, Metric, PairOrder};

/// Beyond this an integer may have no exact f64.
const EXACT: u64 = 1 << 53;

/// A node pattern.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The token of its variable.
    variable: usize,
    /// The pattern, parentheses included.
    pattern: Range,
}

/// The call of the measuring function, `F(a.p, b.q)`.
#[derive(Debug, Clone, Copy)]
struct Measure {
    call: Range,
    /// The tokens of the variable and of the property of each argument.
    arguments: [(usize, usize); 2],
}

/// The predicates before the measuring one.
#[derive(Debug, Default)]
struct Predicates {
    left: Vec<Range>,
    right: Vec<Range>,
    both: Vec<Range>,
    order: Option<PairOrder>,
    /// Are there more that read both nodes than the one that orders them?
    residual: bool,
}

/// The variables of the two patterns.
type Variables<'d> = [Cow<'d, str>; 2];

/// The link that `text` asks for, if it has the shape.
pub(in super::super) fn shape<'t>(
    text: &'t str,
    decoded: &Decoded<'_>,
    hits: &[Hit],
    names: &Names<'_>,
) -> Option<LinkShape<'t>> {
    let [Hit { name: Hits::Function(function), token: measured, .. }] = *hits else { return None };
    let metric = match *names.functions.get(function)? {
        "gds.similarity.euclideanDistance" => Metric::EuclideanDistance,
        "gds.similarity.euclidean" => Metric::Euclidean,
        "gds.similarity.cosine" => Metric::Cosine,
        _ => return None,
    };
    let tokens = &Tokens::new(decoded)?;
    let prefix = prefix(tokens);
    let outline = outline(tokens, prefix.body).ok()?;
    outline.blocks.first().filter(|root| root.branches == 1 && !root.sequel)?;
    let branch = outline.branches.iter().position(|branch| branch.block == 0)?;
    if decoded.lossy {
        return None;
    }
    let own = |clause: &Clause| clause.branch == branch && clause.kind != Clauses::Use;
    let clauses: Vec<Clause> = outline.clauses.iter().copied().filter(own).collect();
    let matches = clauses.iter().take(2).take_while(|clause| clause.kind == Clauses::Match).count();
    let (matching, rest) = clauses.split_at_checked(matches)?;
    let (first, last) = (matching.first()?, matching.last()?);

    let mut nodes = Vec::new();
    let mut wheres = Vec::new();
    for clause in matching {
        let all = Range { first: clause.first + 1, end: clause.end };
        let (patterns, predicates) = predicate::split_where(tokens, all)?;
        for pattern in predicate::split(tokens, patterns, |at| tokens.symbol(at) == ",")? {
            nodes.push(node(tokens, pattern)?);
        }
        // A WHERE may only read what is matched by then.
        wheres.push((predicates, nodes.len()));
    }
    let [x, y] = *nodes.as_slice() else { return None };
    let variables = [tokens.name(x.variable)?, tokens.name(y.variable)?];
    if variables[0] == variables[1] {
        return None;
    }
    let measure = measure(tokens, measured)?;
    let side = |(variable, _): (usize, usize)| {
        variables.iter().position(|known| Some(known) == tokens.name(variable).as_ref())
    };
    let swapped = match measure.arguments.map(side) {
        [Some(0), Some(1)] => false,
        [Some(1), Some(0)] => true,
        _ => return None,
    };
    let [(_, first_property), (_, second_property)] = measure.arguments;
    let properties =
        if swapped { [second_property, first_property] } else { [first_property, second_property] };

    let mut predicates = Predicates::default();
    let mut tested = None;
    for (range, known) in wheres {
        let Some(range) = range else { continue };
        for conjunct in predicate::conjuncts(tokens, range)? {
            if (conjunct.first..conjunct.end).contains(&measured) {
                tested = Some(compared(tokens, conjunct, measure.call, metric)?);
            } else {
                predicates.add(tokens, conjunct, &variables, known)?;
            }
        }
    }
    let (with, end, (comparison, threshold)) = match (tested, rest.first()) {
        (Some(tested), _) => (None, last.end, tested),
        (None, Some(with)) if with.kind == Clauses::With => {
            (Some(with), with.end, with_clause(tokens, with, &variables, measure.call, metric)?)
        }
        _ => return None,
    };

    let span = |range: Range| tokens.span(range.first, range.end);
    let spans = |ranges: &[Range]| ranges.iter().map(|range| span(*range)).collect::<Vec<Span>>();
    let token = |at: usize| tokens.span(at, at + 1);
    let whole = tokens.span(first.first, end);
    // What is planned or measured is the statement, not how its vectors are read.
    let asks = |at: usize| at < prefix.body && (tokens.is(at, "EXPLAIN") || tokens.is(at, "PROFILE"));
    let head = (0..first.first).filter(|at| !asks(*at)).map(token);
    let head =
        head.filter_map(|span| text.get(span.start..span.end)).map(|text| format!("{text} ")).collect();
    let parts = Parts {
        head,
        variables: [token(x.variable), token(y.variable)],
        patterns: [span(x.pattern), span(y.pattern)],
        product: (matching.len() == 1).then(|| tokens.span(first.first, y.pattern.end)),
        properties: properties.map(token),
        left: spans(&predicates.left),
        right: spans(&predicates.right),
        both: spans(&predicates.both),
        with: with.map(|with| token(with.first).start),
        measure: span(measure.call),
        rest: whole.end,
        underscores: underscores(text)?,
    };
    let same = predicates.left.is_empty()
        && predicates.right.is_empty()
        && tokens.name(properties[0]) == tokens.name(properties[1])
        && same_pattern(tokens, x, y);
    let gather = if same {
        Gather::Same(parts.gather(text, 0))
    } else {
        Gather::Sides(parts.gather(text, 0), parts.gather(text, 1))
    };
    Some(LinkShape {
        text,
        mode: prefix.mode,
        metric,
        comparison,
        threshold,
        order: predicates.order.unwrap_or(PairOrder::All),
        gather,
        residual: predicates.residual,
        swapped,
        parameters: parameters(tokens),
        prefix: whole,
        parts,
    })
}

/// `(name)`, `(name:Labels)`, `(name:Labels {key: constant})`.
fn node(tokens: &Tokens<'_>, pattern: Range) -> Option<Node> {
    let close = tokens.closing(pattern.first, pattern.end)?;
    if tokens.symbol(pattern.first) != "(" || close + 1 != pattern.end {
        return None;
    }
    let variable = pattern.first + 1;
    tokens.name(variable)?;
    let mut at = variable + 1;
    while at < close && tokens.symbol(at) != "{" {
        // Label expressions; what else may stand here (WHERE, IS, $(..)) is not understood.
        let label =
            tokens.name(at).is_some() && matches!(tokens.symbol_before(at), ":" | "&" | "|" | "!" | "(");
        if !label && !matches!(tokens.symbol(at), ":" | "&" | "|" | "!" | "(" | ")" | "%") {
            return None;
        }
        at += 1;
    }
    if at < close && !matches!(constant(tokens, at, close)?, Expr::Map(_)) {
        return None;
    }
    Some(Node { variable, pattern })
}

/// Are the patterns the same but for the variable?
fn same_pattern(tokens: &Tokens<'_>, x: Node, y: Node) -> bool {
    let rest =
        |node: Node| (node.variable + 1..node.pattern.end).map(|at| (tokens.kind(at), tokens.text(at)));
    rest(x).eq(rest(y))
}

/// The call whose name starts at the token `at`, if both arguments are properties of variables.
fn measure(tokens: &Tokens<'_>, at: usize) -> Option<Measure> {
    let open = (at..tokens.len()).find(|at| tokens.symbol(*at) == "(")?;
    let end = tokens.closing(open, tokens.len())? + 1;
    let inner = Range { first: open + 1, end: end - 1 };
    let arguments = predicate::split(tokens, inner, |at| tokens.symbol(at) == ",")?;
    let property = |range: Range| {
        let named = tokens.name(range.first).is_some() && tokens.name(range.first + 2).is_some();
        let three = range.end - range.first == 3 && tokens.symbol(range.first + 1) == ".";
        (named && three).then_some((range.first, range.first + 2))
    };
    let [a, b] = *arguments.as_slice() else { return None };
    Some(Measure { call: Range { first: at, end }, arguments: [property(a)?, property(b)?] })
}

/// `measured cmp threshold` or the other way round, with a comparison that selects near pairs.
fn compared(
    tokens: &Tokens<'_>,
    conjunct: Range,
    measured: Range,
    metric: Metric,
) -> Option<(Comparison, Expr)> {
    let (left, operator, right) = predicate::comparison(tokens, conjunct)?;
    let (threshold, flipped) = match () {
        () if left == measured => (right, false),
        () if right == measured => (left, true),
        () => return None,
    };
    let comparison = match (operator, flipped) {
        ("<", false) | (">", true) => Comparison::Less,
        ("<=", false) | (">=", true) => Comparison::LessOrEqual,
        (">", false) | ("<", true) => Comparison::Greater,
        (">=", false) | ("<=", true) => Comparison::GreaterOrEqual,
        _ => return None,
    };
    let below = matches!(comparison, Comparison::Less | Comparison::LessOrEqual);
    if below != (metric == Metric::EuclideanDistance) {
        return None;
    }
    match constant(tokens, threshold.first, threshold.end)? {
        Expr::Integer(number) if number.unsigned_abs() > EXACT => None,
        number @ (Expr::Integer(_) | Expr::Float(_) | Expr::Parameter(_)) => Some((comparison, number)),
        _ => None,
    }
}

/// `WITH x, y, F(..) AS d WHERE d cmp T [AND ..]`.
fn with_clause(
    tokens: &Tokens<'_>,
    with: &Clause,
    variables: &Variables<'_>,
    measured: Range,
    metric: Metric,
) -> Option<(Comparison, Expr)> {
    let (items, predicates) = predicate::split_where(tokens, Range { first: with.first + 1, end: with.end })?;
    let mut alias = None;
    for item in predicate::split(tokens, items, |at| tokens.symbol(at) == ",")? {
        if item.first == measured.first {
            let named = item.end == measured.end + 2 && tokens.is(measured.end, "AS");
            alias = Some(tokens.name(measured.end + 1).filter(|_| named)?);
        } else {
            let name = tokens.name(item.first).filter(|_| item.end == item.first + 1)?;
            variables.iter().find(|variable| **variable == name)?;
        }
    }
    let alias = alias.filter(|alias| !variables.contains(alias))?;
    let is_alias = |range: &Range| {
        range.end == range.first + 1 && tokens.name(range.first).is_some_and(|name| name == alias)
    };
    // All conjuncts stay in the text; the first that tests the measure is the kernel's.
    predicate::conjuncts(tokens, predicates?)?.into_iter().find_map(|conjunct| {
        let (left, _, right) = predicate::comparison(tokens, conjunct)?;
        let side = [left, right].into_iter().find(is_alias)?;
        compared(tokens, conjunct, side, metric)
    })
}

impl Predicates {
    /// Takes a predicate of which the first `known` variables may be read.
    fn add(
        &mut self,
        tokens: &Tokens<'_>,
        range: Range,
        variables: &Variables<'_>,
        known: usize,
    ) -> Option<()> {
        let Mentions::Exactly(mentioned) = reads(tokens, range.first, range.end).mentions else {
            return None;
        };
        let index = |name: &String| variables.iter().position(|variable| *variable == *name);
        let read: Vec<usize> = mentioned.iter().map(index).collect::<Option<_>>()?;
        // Another value each time that it is asked: it must not be asked twice.
        let varies = (range.first..range.end).any(|at| tokens.is(at, "rand") || tokens.is(at, "randomUUID"));
        if varies || read.iter().any(|variable| *variable >= known) {
            return None;
        }
        match (read.contains(&0), read.contains(&1)) {
            (true, false) => self.left.push(range),
            (false, true) => self.right.push(range),
            (both, _) => {
                let order = if self.order.is_none() { order(tokens, range, variables) } else { None };
                self.residual |= both && order.is_none();
                self.order = self.order.or(order);
                self.both.push(range);
            }
        }
        Some(())
    }
}

/// `id(x) <> id(y)` and its kin.
fn order(tokens: &Tokens<'_>, range: Range, variables: &Variables<'_>) -> Option<PairOrder> {
    let (left, operator, right) = predicate::comparison(tokens, range)?;
    let side = |range: Range| {
        let variable = |at| variables.iter().position(|variable| Some(variable) == tokens.name(at).as_ref());
        let called = tokens.symbol(range.first + 1) == "(" && tokens.symbol(range.first + 3) == ")";
        match range.end - range.first {
            1 => Some((None, variable(range.first)?)),
            4 if called && tokens.is(range.first, "id") => {
                Some((Some(Identity::Id), variable(range.first + 2)?))
            }
            4 if called && tokens.is(range.first, "elementId") => {
                Some((Some(Identity::ElementId), variable(range.first + 2)?))
            }
            _ => None,
        }
    };
    let ((kind, a), (other, b)) = (side(left)?, side(right)?);
    if kind != other || a == b {
        return None;
    }
    match (operator, kind, a) {
        ("<>", ..) => Some(PairOrder::NotEqual),
        ("<", Some(identity), 0) | (">", Some(identity), 1) => Some(PairOrder::Less(identity)),
        (">", Some(identity), 0) | ("<", Some(identity), 1) => Some(PairOrder::Greater(identity)),
        _ => None,
    }
}
