//! Similarity functions, for servers that do not have them: each call becomes an expression of plain Cypher
//! with the same values, the same nulls and, with what the session puts into words, the same errors.
//!
//! The arguments are evaluated once, outside of every scope that the expression opens, so that they may
//! aggregate. Columns without a name are called after their text: [`Edited::replaced`] tells which part of
//! such a name is ours.

mod formula;
mod read;

use super::call::Span;
use super::edit::{Edited, base, underscores};
use super::names::{Names, hits};
use super::position::Weave;
use super::token::Tokens;
use super::unescape::Decoded;
use formula::Formula;
use read::{Call, Calls, calls};

/// The functions that can be written in plain Cypher.
pub const FUNCTIONS: [&str; 6] = [
    "gds.similarity.euclideanDistance",
    "gds.similarity.euclidean",
    "gds.similarity.cosine",
    "gds.similarity.pearson",
    "gds.similarity.jaccard",
    "gds.similarity.overlap",
];

/// How a call fails, beside arguments of the wrong type.
///
/// A call that fails evaluates `toFloat` of a list, which Neo4j prints in its error: the token, the function's
/// name without its namespace, and the word of one of these, or the type that is wanted and the value that is
/// not of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// The first list is null.
    First,
    /// The second list is null.
    Second,
    /// The lists are empty, or not of the same size.
    Size,
}

impl Fails {
    /// As it stands in the list.
    pub const fn word(self) -> &'static str {
        match self {
            Self::First => "vector1",
            Self::Second => "vector2",
            Self::Size => "size",
        }
    }
}

/// A text in which functions are written out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The text. Its one parameter is a token of the caller's.
    pub edited: Edited,
    /// The arguments of the calls, where a type that can be seen in the text is checked.
    pub arguments: Vec<Typed>,
    /// Calls that are not written out since they have a wrong number of arguments.
    pub miscounted: Vec<Miscounted>,
}

/// A call with a wrong number of arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miscounted {
    /// Where its name starts, in bytes of the user's text.
    pub at: usize,
    /// How many arguments it has.
    pub got: usize,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// Where it stands in the user's text.
    pub span: Span,
    /// The name, if it is a variable and nothing else.
    pub variable: Option<String>,
}

/// How long the text may become.
const LONGEST: usize = 16 << 20;

/// `text` with each call of one of `functions` (of [`FUNCTIONS`]) written out. `taken` are the names of the
/// client's parameters; `distinct` tells whether the server passes over a `DISTINCT` before the arguments. None: it
/// calls none, or it is not understood for certain.
pub fn write_out<'p>(
    text: &str,
    functions: &[&str],
    distinct: bool,
    taken: impl IntoIterator<Item = &'p str>,
) -> Option<Written> {
    let decoded = Decoded::new(text).filter(|decoded| !decoded.lossy)?;
    let hits = hits(&decoded.text, &Names { procedures: &[], functions });
    let tokens = Tokens::new(&decoded)?;
    let Calls { written: calls, miscounted } = calls(&tokens, &hits, functions, distinct)?;
    if calls.is_empty() && miscounted.is_empty() {
        return None;
    }
    let base = base(underscores(&decoded.text)?, taken);
    let mut writer = Writer {
        tokens: &tokens,
        calls: &calls,
        base: &base,
        weave: Weave::new(text),
        arguments: Vec::new(),
    };
    let mut replaced = Vec::new();
    let mut done = 0;
    let mut next = 0;
    while let Some(call) = calls.get(next) {
        let span = tokens.span(call.first, call.close + 1);
        writer.weave.user(done, span.start);
        let from = writer.weave.text().len();
        next = writer.call(next)?;
        let ours = writer.weave.text().get(from..)?.to_owned();
        replaced.push((ours, text.get(span.start..span.end)?.to_owned()));
        done = span.end;
        if writer.weave.text().len() > LONGEST {
            return None;
        }
    }
    writer.weave.user(done, text.len());
    let (weave, arguments) = (writer.weave, writer.arguments);
    let (text, positions) = weave.finish();
    let parameters = vec![format!("{base}t")];
    let miscounted = miscounted
        .into_iter()
        .map(|(token, got)| Miscounted { at: tokens.span(token, token + 1).start, got });
    Some(Written {
        edited: Edited { text, parameters, escapes: None, positions, replaced },
        arguments,
        miscounted: miscounted.collect(),
    })
}

/// Writes the calls, of which each comes before those within it.
struct Writer<'a, 't> {
    tokens: &'a Tokens<'a>,
    calls: &'a [Call],
    base: &'a str,
    weave: Weave<'t>,
    arguments: Vec<Typed>,
}

impl Writer<'_, '_> {
    /// Writes the call `index`. The number of the first call behind it.
    fn call(&mut self, index: usize) -> Option<usize> {
        let call = self.calls.get(index)?;
        let span = self.tokens.span(call.first, call.close + 1);
        let at = self.weave.offset(span.start);
        let formula = Formula::new(call.function, self.base)?;
        self.weave.ours(&formula.check, at);
        let mut next = index + 1;
        for (number, argument) in call.arguments.iter().enumerate() {
            self.weave.ours(if number > 0 { ", " } else { "" }, at);
            let span = self.tokens.span(argument.first, argument.end);
            let here = self.weave.offset(span.start);
            match argument.check {
                read::Check::Itself => {
                    self.weave.user(span.start, span.end);
                }
                read::Check::Number(first) => {
                    let here = self.weave.offset(self.tokens.span(first, first + 1).start);
                    self.weave.ours("0.0", here);
                }
                read::Check::Nothing => {
                    self.weave.ours("null", here);
                }
            }
            let variable = argument.variable.and_then(|at| self.tokens.name(at));
            self.arguments.push(Typed { span, variable: variable.map(std::borrow::Cow::into_owned) });
        }
        self.weave.ours(&formula.bind, at);
        for (number, argument) in call.arguments.iter().enumerate() {
            self.weave.ours(if number > 0 { ", " } else { "" }, at);
            let span = self.tokens.span(argument.first, argument.end);
            let mut done = span.start;
            while let Some(inner) = self.calls.get(next).filter(|inner| inner.first < argument.end) {
                let inner = self.tokens.span(inner.first, inner.close + 1);
                self.weave.user(done, inner.start);
                next = self.call(next)?;
                done = inner.end;
            }
            self.weave.user(done, span.end);
        }
        self.weave.ours(&formula.value, at);
        Some(next)
    }
}

#[cfg(test)]
mod tests;
