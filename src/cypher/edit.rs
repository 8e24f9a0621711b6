//! The edited text: calls replaced by subqueries that carry their rows.

use memchr::memmem;

use super::call::{Arguments, Call, Form, Mentions, Mode, Place, Span, Statement, Value, YieldItem};
use super::field::Field;
use super::graph::Relationships;
use super::key::{self, Wanted};
use super::position::{PositionMap, Weave};
use super::refusal::Refusal;

/// How the result of one call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier<'c> {
    /// The parameter is a list with one map per row; its keys are the names of the yielded columns, as in
    /// the signature.
    Rows,
    /// The same, but these columns of the signature hold element ids: what is handed on are the nodes. A row with a
    /// node that is gone is none.
    Nodes(&'c [usize]),
    /// The parameter is a map of what the call yields, but for what is counted, and `pairs`, between which
    /// relationships are written.
    Relationships(&'c Relationships),
    /// The parameter is a string that is no date. Neo4j fails with `Text cannot be parsed to a Date` and
    /// the string if, and only if, it evaluates the call.
    Raises,
    /// The parameter is the beginning of a URL. Neo4j appends what it computed for [`Call::computed`], as
    /// [`parts`](super::parts) reads it, and takes the rows from there: lines of CSV with a field of ours, then
    /// [`Call::columns`]. With how each column of the signature is read, and what the computed expressions
    /// have to be.
    Callback {
        /// One entry per column of the signature.
        fields: &'c [Field],
        /// One entry per expression of [`Call::computed`].
        wanted: &'c [Wanted],
    },
    /// The parameter is a map from keys, as [`gather_keys`](super::gather_keys) reads them, to such lists or strings
    /// as above; the key `''` stands for all that are missing. With the same `wanted`.
    Gathered {
        /// One entry per expression of [`Call::computed`].
        wanted: &'c [Wanted],
    },
}

/// A text for Neo4j, with what is needed to send it and to read its answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// The names of the parameters that it needs beside the client's: for calls, one per call, in order.
    pub parameters: Vec<String>,
    /// The name of one more parameter, if it needs one: the pairs of [`escapes`](super::escapes), as lists.
    pub escapes: Option<String>,
    /// From positions of `text` to positions of the user's text.
    pub positions: PositionMap,
    /// What stands in the place of each call, and the user's text of it: a column without a name is called
    /// after its text.
    pub replaced: Vec<(String, String)>,
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

/// The statement with each call replaced by a subquery that carries its rows. `carriers` has one entry per
/// call, in order (one that is missing counts as [`Carrier::Rows`]). `taken` are the names of the client's
/// parameters: ours differ from them and from all names in the text. The same text and carriers give the
/// same edited text, unless a client's parameter is in the way.
///
/// # Errors
/// [`Refusal::Computed`] if an argument is not constant and its carrier is [`Carrier::Rows`].
pub fn carry<'p>(
    statement: &Statement<'_>,
    carriers: &[Carrier<'_>],
    taken: impl IntoIterator<Item = &'p str>,
) -> Result<Edited, Refusal> {
    let base = base(statement.underscores, taken);
    let mut edited = Edited::default();
    let mut weave = Weave::new(statement.text);
    let mut done = 0;
    for (index, call) in statement.calls.iter().enumerate() {
        let carrier = carriers.get(index).copied().unwrap_or(Carrier::Rows);
        let computed = call.computed();
        if matches!(carrier, Carrier::Callback { .. } | Carrier::Gathered { .. }) {
            edited.escapes = Some(format!("{base}e"));
        } else if let Some(first) = computed.first().filter(|_| carrier != Carrier::Raises) {
            return Err(Refusal::Computed { at: first.start });
        }
        let parameter = format!("{base}{index}");
        weave.user(done, call.span.start);
        let from = weave.text().len();
        let at = weave.offset(call.span.start);
        let planned = statement.mode == Mode::Explain;
        Replacement { base: &base, call, at, planned, weave: &mut weave }
            .write(carrier, &parameter, &computed);
        done = call.span.end;
        let ours = weave.text().get(from..).unwrap_or_default().to_owned();
        let users = statement.text.get(call.span.start..call.span.end).unwrap_or_default().to_owned();
        edited.replaced.push((ours, users));
        edited.parameters.push(parameter);
    }
    weave.user(done, statement.text.len());
    (edited.text, edited.positions) = weave.finish();
    Ok(edited)
}

/// What stands in the place of a call, being written.
struct Replacement<'a, 't, 'w> {
    base: &'a str,
    call: &'a Call<'t>,
    /// Where the call stands.
    at: usize,
    /// Is the statement only planned?
    planned: bool,
    weave: &'w mut Weave<'t>,
}

impl Replacement<'_, '_, '_> {
    fn ours(&mut self, text: &str) {
        self.weave.ours(text, self.at);
    }

    fn user(&mut self, span: Span) {
        self.weave.user(span.start, span.end);
    }

    fn write(mut self, carrier: Carrier<'_>, parameter: &str, computed: &[Span]) {
        let call = self.call;
        let row = format!("{}r", self.base);
        let asks = matches!(carrier, Carrier::Callback { .. } | Carrier::Gathered { .. });
        // What is bound outside must differ from call to call.
        let before = asks && call.bound_before;
        let keys = format!("{}k", if before { parameter } else { self.base });
        if before {
            bind(self.weave, self.at, &keys, computed);
        }
        if call.form != Form::Query {
            let optional = if call.optional { "OPTIONAL " } else { "" };
            let bound: Vec<String> = (0..computed.len()).map(|index| format!("{keys}{index}")).collect();
            let imports = imports(call, before.then_some(&bound));
            self.ours(&format!("{optional}CALL ({imports}) {{ "));
        }
        if self.planned {
            self.mention();
        }
        if asks && !before {
            bind(self.weave, self.at, &keys, computed);
        }
        match carrier {
            Carrier::Rows => self.ours(&format!("UNWIND ${parameter} AS {row} ")),
            Carrier::Nodes(nodes) => {
                self.ours(&format!("UNWIND ${parameter} AS {row} "));
                for item in first_of_each(&self.call.yields).filter(|item| nodes.contains(&item.column)) {
                    let node = self.node(item.column);
                    self.ours(&format!("MATCH ({node}) WHERE elementId({node}) = {row}.{} ", item.field));
                }
            }
            Carrier::Relationships(relationships) => {
                self.ours(&relationships.clauses(self.base, parameter, &row));
            }
            Carrier::Raises => self.ours(&format!("UNWIND [date(${parameter})] AS {row} ")),
            Carrier::Callback { wanted, .. } => {
                self.ours(&format!("LOAD CSV FROM ${parameter} + "));
                write_key(self.weave, self.at, (self.base, &keys), computed, (wanted, Some(parameter)));
                self.ours(&format!(" AS {row} "));
            }
            Carrier::Gathered { wanted } => {
                let value = format!("{}v", self.base);
                self.ours(&format!("UNWIND [coalesce(${parameter}["));
                write_key(self.weave, self.at, (self.base, &keys), computed, (wanted, None));
                self.ours(&format!(
                    "], ${parameter}[''])] AS {value} UNWIND CASE WHEN {value} IS :: STRING \
                     THEN [date({value})] ELSE {value} END AS {row} "
                ));
            }
        }
        match call.filter.as_ref().filter(|_| !call.filtered_behind) {
            // The filter sees what the call hands on, and what is outside.
            Some(filter) => {
                self.ours("WITH *, ");
                self.columns(carrier, &row);
                self.ours(" WHERE ");
                self.user(filter.span);
                self.ours(" RETURN ");
                self.names();
            }
            None => {
                self.ours("RETURN ");
                self.columns(carrier, &row);
            }
        }
        if call.form != Form::Query {
            self.ours(" }");
        }
        if let Some(filter) = call.filter.as_ref().filter(|_| call.filtered_behind) {
            self.ours(" WITH * WHERE ");
            self.user(filter.span);
        }
        if call.form == Form::OptionalQuery {
            self.ours(" RETURN ");
            self.names();
        }
        if call.form == Form::Unit {
            self.ours(" FINISH");
        }
    }

    /// Mentions what no carrier does: Neo4j warns of parameters that a plan needs.
    fn mention(&mut self) {
        let call = self.call;
        let arguments = match &call.arguments {
            Arguments::Explicit(arguments) => arguments.as_slice(),
            Arguments::Implicit => &[],
        };
        let constant = arguments.iter().filter(|argument| matches!(argument.value, Value::Constant(_)));
        for (index, argument) in constant.enumerate() {
            self.ours("UNWIND [");
            self.user(argument.span);
            self.ours(&format!("] AS {}x{index} ", self.base));
        }
        for (index, name) in call.needs.iter().enumerate() {
            self.ours(&format!("UNWIND [${name}] AS {}x{index} ", self.base));
        }
    }

    /// The yielded columns, with their names outside.
    fn columns(&mut self, carrier: Carrier<'_>, row: &str) {
        for (index, item) in self.call.yields.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            let value = match carrier {
                Carrier::Callback { fields, .. } => {
                    // A field of ours comes first.
                    let before = self.call.columns().into_iter().take_while(|&column| column < item.column);
                    let at =
                        1 + before.filter_map(|column| fields.get(column)).map(Field::width).sum::<usize>();
                    fields
                        .get(item.column)
                        .map_or_else(|| "null".to_owned(), |field| field.expression(row, at))
                }
                Carrier::Nodes(nodes) if nodes.contains(&item.column) => self.node(item.column),
                Carrier::Relationships(_) => Relationships::counted(self.base, &item.field)
                    .unwrap_or_else(|| format!("{row}.{}", item.field)),
                _ => format!("{row}.{}", item.field),
            };
            self.ours(&format!("{separator}{value} AS "));
            match item.outside {
                Some(span) => self.user(span),
                None => self.ours(&item.written),
            }
        }
    }

    /// The variable of the node in a column.
    fn node(&self, column: usize) -> String {
        format!("{}n{column}", self.base)
    }

    fn names(&mut self) {
        let names = self.call.yields.iter().map(|item| &*item.written).collect::<Vec<_>>().join(", ");
        self.ours(&names);
    }
}

/// The items without those whose column has come before.
fn first_of_each<'i, 't>(items: &'i [YieldItem<'t>]) -> impl Iterator<Item = &'i YieldItem<'t>> {
    let earlier = |at: usize, column| items.iter().take(at).any(|item| item.column == column);
    items.iter().enumerate().filter(move |(at, item)| !earlier(*at, item.column)).map(|(_, item)| item)
}

/// Binds each computed expression to a name that starts with `keys`. `UNWIND`, since a `WITH` would aggregate.
pub(super) fn bind(weave: &mut Weave<'_>, at: usize, keys: &str, computed: &[Span]) {
    for (index, span) in computed.iter().enumerate() {
        weave.ours("UNWIND [", at);
        weave.user(span.start, span.end);
        weave.ours(&format!("] AS {keys}{index} "), at);
    }
}

/// Writes the key of what [`bind`] has bound; `raise` is as for [`key::expression`].
pub(super) fn write_key(
    weave: &mut Weave<'_>,
    at: usize,
    (base, keys): (&str, &str),
    computed: &[Span],
    (wanted, raise): (&[Wanted], Option<&str>),
) {
    for (index, span) in computed.iter().enumerate() {
        weave.ours(if index > 0 { " + '/' + " } else { "" }, at);
        let wanted = wanted.get(index).copied().unwrap_or_default();
        let key = key::expression(&format!("{keys}{index}"), wanted, base, &format!("{base}e"), raise);
        // What Neo4j says of it, it says of the argument.
        let argument = weave.offset(span.start);
        weave.ours(&key, argument);
    }
}

/// The variables that the subquery of `call` needs from outside; `bound` are what its arguments are bound to there.
fn imports(call: &Call<'_>, bound: Option<&Vec<String>>) -> String {
    let arguments = match &call.arguments {
        Arguments::Explicit(arguments) if bound.is_none() => arguments.as_slice(),
        _ => &[],
    };
    let filter = call.filter.as_ref().filter(|_| !call.filtered_behind).map(|filter| &filter.mentions);
    let mut variables: Vec<&String> = bound.into_iter().flatten().collect();
    for mentions in arguments.iter().filter_map(|argument| argument.value.mentions()).chain(filter) {
        match mentions {
            Mentions::Unknown => return "*".to_owned(),
            Mentions::Exactly(more) => {
                let new: Vec<_> = more.iter().filter(|name| !variables.contains(name)).collect();
                variables.extend(new);
            }
        }
    }
    match (variables.is_empty(), call.place) {
        (true, _) => String::new(),
        // Neo4j 5 does not know the variables of `*` there.
        (false, Place::Expression) => {
            let quoted = variables.iter().map(|variable| format!("`{}`", variable.replace('`', "``")));
            quoted.collect::<Vec<_>>().join(", ")
        }
        (false, _) => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests;
