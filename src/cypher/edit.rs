//! The edited text: calls replaced by subqueries over parameters that carry their rows.

use memchr::memmem;

use super::call::{Arguments, Call, Form, Mentions, Place, Statement, Value};
use super::position::{PositionMap, Weave};
use super::refusal::Refusal;

/// How the result of one call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// The parameter is a list with one map per row; its keys are the names of the yielded columns, as in
    /// the signature.
    Rows,
    /// The parameter is a string that is no date. Neo4j fails with `Text cannot be parsed to a Date` and
    /// the string if, and only if, it evaluates the call.
    Raises,
}

/// A text for Neo4j, with what is needed to send it and to read its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// The names of the parameters that it needs beside the client's: for calls, one per call, in order.
    pub parameters: Vec<String>,
    /// From positions of `text` to positions of the user's text.
    pub positions: PositionMap,
}

/// What our own names start with, before the underscores that tell them apart from the user's.
const BASE: &str = "__f";

/// How many such underscores there may be.
const UNDERSCORES: usize = 64;

/// How many underscores behind [`BASE`] are needed to differ from all names in `text`. None: too many.
pub(super) fn underscores(text: &str) -> Option<usize> {
    let mut needed = 0;
    let mut after = 0;
    for at in memmem::find_iter(text.as_bytes(), BASE) {
        let at = at + BASE.len();
        if at > after {
            let run = text.bytes().skip(at).take_while(|&byte| byte == b'_').count();
            needed = needed.max(run + 1);
            after = at + run;
        }
    }
    (needed <= UNDERSCORES).then_some(needed)
}

/// What all our names start with, given what the text needs and the names of the client's parameters.
pub(super) fn base<'p>(needed: usize, taken: impl IntoIterator<Item = &'p str>) -> String {
    let beyond = taken.into_iter().filter_map(|name| {
        let rest = name.strip_prefix(BASE)?;
        let run = rest.bytes().take_while(|&byte| byte == b'_').count();
        Some(run + 1)
    });
    let needed = beyond.fold(needed, usize::max);
    format!("{BASE}{}", "_".repeat(needed))
}

/// The statement with each call replaced by a subquery over a parameter. `carriers` has one entry per call,
/// in order (one that is missing counts as [`Carrier::Rows`]). `taken` are the names of the client's
/// parameters: ours differ from them and from all names in the text. The same text and carriers give the
/// same edited text, unless a client's parameter is in the way.
///
/// # Errors
/// [`Refusal::Computed`] if an argument is not constant.
pub fn carry_by_parameter<'p>(
    statement: &Statement<'_>,
    carriers: &[Carrier],
    taken: impl IntoIterator<Item = &'p str>,
) -> Result<Edited, Refusal> {
    let base = base(statement.underscores, taken);
    let mut parameters = Vec::with_capacity(statement.calls.len());
    let mut weave = Weave::new(statement.text);
    let mut done = 0;
    for (index, call) in statement.calls.iter().enumerate() {
        if let Some(at) = computed(call) {
            return Err(Refusal::Computed { at });
        }
        let carrier = carriers.get(index).copied().unwrap_or(Carrier::Rows);
        let parameter = format!("{base}{index}");
        weave.user(done, call.span.start);
        replace(&mut weave, call, carrier, &parameter, &format!("{base}r"));
        done = call.span.end;
        parameters.push(parameter);
    }
    weave.user(done, statement.text.len());
    let (text, positions) = weave.finish();
    Ok(Edited { text, parameters, positions })
}

/// Where the first argument stands that is not constant.
fn computed(call: &Call<'_>) -> Option<usize> {
    let Arguments::Explicit(arguments) = &call.arguments else { return None };
    arguments
        .iter()
        .find(|argument| matches!(argument.value, Value::Computed(_)))
        .map(|argument| argument.span.start)
}

/// Writes what stands in the place of `call`; `row` is the name of our own variable.
fn replace(weave: &mut Weave<'_>, call: &Call<'_>, carrier: Carrier, parameter: &str, row: &str) {
    let at = weave.offset(call.span.start);
    if call.form != Form::Query {
        let optional = if call.optional { "OPTIONAL " } else { "" };
        weave.ours(&format!("{optional}CALL ({}) {{ ", imports(call)), at);
    }
    let list = match carrier {
        Carrier::Rows => format!("${parameter}"),
        Carrier::Raises => format!("[date(${parameter})]"),
    };
    weave.ours(&format!("UNWIND {list} AS {row} "), at);
    let columns = call.yields.iter().map(|item| format!("{row}.{} AS {}", item.field, item.written));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let names = call.yields.iter().map(|item| &*item.written).collect::<Vec<_>>().join(", ");
    match &call.filter {
        // The filter sees what the call hands on, and what is outside.
        Some(filter) => {
            weave.ours(&format!("WITH *, {columns} WHERE "), at);
            weave.user(filter.span.start, filter.span.end);
            weave.ours(&format!(" RETURN {names}"), at);
        }
        None => {
            weave.ours(&format!("RETURN {columns}"), at);
        }
    }
    if call.form != Form::Query {
        weave.ours(" }", at);
    }
    if call.form == Form::OptionalQuery {
        weave.ours(&format!(" RETURN {names}"), at);
    }
}

/// The variables that the subquery of `call` needs from outside.
fn imports(call: &Call<'_>) -> String {
    match call.filter.as_ref().map(|filter| &filter.mentions) {
        None => String::new(),
        Some(Mentions::Exactly(variables)) if variables.is_empty() => String::new(),
        Some(Mentions::Exactly(variables)) if call.place == Place::Expression => {
            let quoted = variables.iter().map(|variable| format!("`{}`", variable.replace('`', "``")));
            quoted.collect::<Vec<_>>().join(", ")
        }
        Some(_) => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests;
