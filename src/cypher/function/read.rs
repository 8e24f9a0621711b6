//! The calls of a text, and what can be checked of their arguments.

use super::super::call::separator;
use super::super::lexer::Kind;
use super::super::names::{Hit, Hits, LIMIT};
use super::super::segment::opens_subquery;
use super::super::token::Tokens;

/// A call of one of the functions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// The name behind `gds.similarity.`
    pub(super) function: &'static str,
    /// The first token of its name.
    pub(super) first: usize,
    /// The parenthesis that closes it.
    pub(super) close: usize,
    pub(super) arguments: [Argument; 2],
}

/// An argument: the tokens `first..end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Argument {
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) check: Check,
    /// The token of the variable that it is.
    pub(super) variable: Option<usize>,
}

/// What stands for an argument where Neo4j is to look at its type alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// The argument.
    Itself,
    /// A number, as it is another call, which starts at this token.
    Number(usize),
    /// Nothing: it holds another call, or a query that would be planned twice.
    Nothing,
}

/// How deep calls may nest.
const DEPTH: usize = 32;

/// What is to be done with the calls of a text, each list in order of the text.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// To be written out.
    pub(super) written: Vec<Call>,
    /// With a wrong number of arguments: the first token of each, and how many it has.
    pub(super) miscounted: Vec<(usize, usize)>,
}

/// The calls at `hits`; what is not understood for certain is in neither list. `distinct`: does the server pass over
/// a `DISTINCT` before the arguments? None: there are none.
pub(super) fn calls(tokens: &Tokens<'_>, hits: &[Hit], functions: &[&str], distinct: bool) -> Option<Calls> {
    if hits.is_empty() || hits.len() > LIMIT || !balanced(tokens) {
        return None;
    }
    let mut calls = Calls::default();
    let mut open: Vec<usize> = Vec::new();
    for (index, hit) in hits.iter().enumerate() {
        let Hits::Function(function) = hit.name else { return None };
        let name = functions.get(function)?;
        let function = super::FUNCTIONS.iter().find(|known| *known == name)?.rsplit('.').next()?;
        let parenthesis = hit.token + 2 * name.split('.').count() - 1;
        let close =
            tokens.closing(parenthesis, tokens.len()).filter(|_| tokens.symbol(parenthesis) == "(")?;
        open.retain(|outer| *outer > close);
        open.push(close);
        if open.len() > DEPTH {
            return None;
        }
        let Some(first) = first_argument(tokens, parenthesis, close, distinct) else { continue };
        let Some(ranges) = ranges(tokens, first, close) else { continue };
        let &[one, other] = ranges.as_slice() else {
            calls.miscounted.push((hit.token, ranges.len()));
            continue;
        };
        let rest = hits.get(index + 1..).unwrap_or(&[]);
        let argument = |(first, end)| argument(tokens, rest, functions, first, end);
        let arguments = [argument(one)?, argument(other)?];
        calls.written.push(Call { function, first: hit.token, close, arguments });
    }
    // What is wrong with a call is wrong before its type is.
    let written: Vec<usize> = calls.written.iter().map(|call| call.first).collect();
    for argument in calls.written.iter_mut().flat_map(|call| &mut call.arguments) {
        if let Check::Number(call) = argument.check
            && written.binary_search(&call).is_err()
        {
            argument.check = Check::Nothing;
        }
    }
    Some(calls)
}

/// The first token of the arguments, behind `ALL`, which means nothing, and `DISTINCT` where it does not. None: such a
/// word may be a variable, or the server refuses it.
fn first_argument(tokens: &Tokens<'_>, parenthesis: usize, close: usize, distinct: bool) -> Option<usize> {
    let word = parenthesis + 1;
    let is_distinct = tokens.is(word, "DISTINCT");
    if !(is_distinct || tokens.is(word, "ALL"))
        || matches!(tokens.symbol(word + 1), "." | ",")
        || word + 1 == close
    {
        return Some(word);
    }
    let operators = ["IN", "IS", "AND", "OR", "XOR", "STARTS", "ENDS", "CONTAINS"];
    let operand = match tokens.kind(word + 1)? {
        Kind::Word => !operators.iter().any(|operator| tokens.is(word + 1, operator)),
        Kind::Quoted | Kind::Number | Kind::String => true,
        _ => matches!(tokens.symbol(word + 1), "[" | "$" | "{"),
    };
    (operand && (distinct || !is_distinct)).then_some(word + 1)
}

/// What stands between the commas from `first` to `close`. None: between two of them is nothing.
fn ranges(tokens: &Tokens<'_>, mut first: usize, close: usize) -> Option<Vec<(usize, usize)>> {
    let mut ranges = Vec::new();
    while first < close || !ranges.is_empty() {
        let end = separator(tokens, first, close);
        if end == first {
            return None;
        }
        ranges.push((first, end));
        if end == close {
            break;
        }
        first = end + 1;
    }
    Some(ranges)
}

/// Does each bracket have its own kind to close it?
fn balanced(tokens: &Tokens<'_>) -> bool {
    let mut open = Vec::new();
    let fits = (0..tokens.len()).all(|at| match (tokens.kind(at), tokens.text(at)) {
        (Some(Kind::Interpolation), _) => {
            open.push("'");
            true
        }
        (Some(Kind::InterpolationEnd), _) => open.pop() == Some("'"),
        (Some(Kind::Symbol), bracket @ ("(" | "[" | "{")) => {
            open.push(bracket);
            true
        }
        (Some(Kind::Symbol), ")") => open.pop() == Some("("),
        (Some(Kind::Symbol), "]") => open.pop() == Some("["),
        (Some(Kind::Symbol), "}") => open.pop() == Some("{"),
        _ => true,
    });
    fits && open.is_empty()
}

/// The argument of the tokens `first..end`, which are some; `hits` are those behind its call.
fn argument(
    tokens: &Tokens<'_>,
    hits: &[Hit],
    functions: &[&str],
    first: usize,
    end: usize,
) -> Option<Argument> {
    let (mut inner, mut last) = (first, end);
    while tokens.symbol(inner) == "(" && tokens.closing(inner, last) == Some(last - 1) {
        inner += 1;
        last -= 1;
    }
    let nested = hits.iter().find(|hit| (first..end).contains(&hit.token));
    let check = match nested {
        Some(hit) => {
            let Hits::Function(function) = hit.name else { return None };
            let parenthesis = hit.token + 2 * functions.get(function)?.split('.').count() - 1;
            let whole = hit.token == inner && tokens.closing(parenthesis, last) == Some(last - 1);
            if whole { Check::Number(inner) } else { Check::Nothing }
        }
        None if (first..end).any(|at| reads_graph(tokens, at)) => Check::Nothing,
        None => Check::Itself,
    };
    let keyword = ["null", "true", "false", "inf", "infinity", "nan"];
    let named = last == inner + 1
        && tokens.name(inner).is_some()
        && !keyword.iter().any(|word| tokens.is(inner, &word.to_ascii_uppercase()));
    Some(Argument { first, end, check, variable: named.then_some(inner) })
}

/// May a query or a pattern stand at `at`?
fn reads_graph(tokens: &Tokens<'_>, at: usize) -> bool {
    let pattern = tokens.symbol(at) == ")" && matches!(tokens.symbol(at + 1), "-" | "<" | "<-");
    pattern || opens_subquery(tokens, at).is_some()
}
