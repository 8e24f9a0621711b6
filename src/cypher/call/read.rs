//! Reads the calls of a statement.

mod check;
mod standing;

use std::collections::HashMap;

use self::check::Errors;
use self::standing::Standing;
use super::super::constant::{constant, parameters};
use super::super::edit::underscores;
use super::super::expression::reads;
use super::super::names::{Hit, Hits, Names, Signature};
use super::super::prefix::prefix;
use super::super::refusal::{CallError, Refusal};
use super::super::segment::{Blocks, Clause, Clauses, Outline, outline};
use super::super::token::Tokens;
use super::super::unescape::Decoded;
use super::before::{before, uses};
use super::fails::fails;
use super::{
    Argument, Arguments, Call, Filter, Form, Mentions, Place, Span, Statement, Value, Yield, YieldItem,
};

/// The statement of `text`, which uses our names at `hits`.
pub(in super::super) fn statement<'t>(
    text: &'t str,
    decoded: &Decoded<'_>,
    hits: &[Hit],
    names: &Names<'_>,
) -> Result<Statement<'t>, Refusal> {
    let unclear = |what, at| Refusal::NotUnderstood { what, at };
    let first = hits.iter().find(|hit| matches!(hit.name, Hits::Procedure(_)));
    let start = decoded.source(first.map_or(0, |hit| hit.start));
    if decoded.lossy {
        return Err(unclear("half a surrogate pair", start));
    }
    let tokens = Tokens::new(decoded)
        .ok_or_else(|| unclear("it is too long, or a quote or comment has no end", start))?;
    let prefix = prefix(&tokens);
    let outline = outline(&tokens, prefix.body)
        .map_err(|reason| unclear(reason.what, tokens.span(reason.token, reason.token + 1).start))?;

    let mut ours = HashMap::new();
    let mut functions = Vec::new();
    for hit in hits {
        match hit.name {
            Hits::Procedure(procedure) => {
                let found = outline.clauses.binary_search_by(|clause| {
                    let optional = usize::from(tokens.is(clause.first, "OPTIONAL"));
                    (clause.first + optional).cmp(&hit.token)
                });
                let clause = found
                    .ok()
                    .filter(|&at| outline.clauses.get(at).is_some_and(|clause| clause.kind == Clauses::Call));
                let clause = clause.ok_or_else(|| {
                    unclear("a CALL where no clause starts", tokens.span(hit.token, hit.token + 1).start)
                })?;
                ours.insert(clause, procedure);
            }
            Hits::Function(_) => functions.extend(hit.function(decoded)),
        }
    }

    let writes = first_writes(&outline, |clause| match ours.get(&clause) {
        Some(&procedure) => names.procedures.get(procedure).is_none_or(|signature| signature.writes),
        None => true,
    });
    let mut calls: Vec<Call<'t>> = Vec::new();
    for (index, clause) in outline.clauses.iter().enumerate() {
        let Some(&procedure) = ours.get(&index) else { continue };
        let Some(signature) = names.procedures.get(procedure) else { continue };
        let reader = Reader {
            text,
            tokens: &tokens,
            outline: &outline,
            clause,
            procedure,
            signature,
            writes: &writes,
        };
        let call = reader.call()?;
        if calls.last().is_some_and(|last| last.span.end > call.span.start) {
            return Err(unclear("a call within another", call.span.start));
        }
        calls.push(call);
    }
    let Some(underscores) = underscores(&decoded.text) else {
        return Err(unclear("its names leave none for ours", start));
    };
    let parameters = parameters(&tokens);
    let asks = |at: &usize| tokens.is(*at, "EXPLAIN") || tokens.is(*at, "PROFILE");
    let head = (0..prefix.body).filter(|at| !asks(at)).map(|at| format!("{} ", tokens.text(at))).collect();
    Ok(Statement {
        text,
        mode: prefix.mode,
        version: prefix.version,
        calls,
        functions,
        parameters,
        head,
        underscores,
    })
}

/// Per block, the first token of the first clause in it that may write, at any depth.
fn first_writes(outline: &Outline, call_writes: impl Fn(usize) -> bool) -> Vec<Option<usize>> {
    let mut first = vec![None; outline.blocks.len()];
    for (index, clause) in outline.clauses.iter().enumerate() {
        if !(clause.kind.writes() || clause.kind == Clauses::Call && call_writes(index)) {
            continue;
        }
        let mut block = outline.branches.get(clause.branch).map(|branch| branch.block);
        // Clauses come in order: where one is known already, so it is further out.
        while let Some(at) = block
            && let Some(known @ None) = first.get_mut(at)
        {
            *known = Some(clause.first);
            block = outline.blocks.get(at).and_then(|block| block.outer);
        }
    }
    first
}

/// Reads one call.
struct Reader<'a, 't> {
    text: &'t str,
    tokens: &'a Tokens<'a>,
    outline: &'a Outline,
    clause: &'a Clause,
    procedure: usize,
    signature: &'a Signature<'a>,
    writes: &'a [Option<usize>],
}

impl<'t> Reader<'_, 't> {
    fn call(&self) -> Result<Call<'t>, Refusal> {
        let (tokens, end) = (self.tokens, self.clause.end);
        let optional = tokens.is(self.clause.first, "OPTIONAL");
        let name = self.clause.first + 1 + usize::from(optional);
        let parts = self.signature.name.split('.').count();
        let mut at = name + 2 * parts - 1;
        let name = tokens.span(name, at);
        let span = tokens.span(self.clause.first, end);
        let standing = self.standing();

        let mut errors = Errors { procedure: self.procedure, found: Vec::new() };
        if standing.block == Blocks::Foreach {
            return Err(Refusal::Call {
                error: CallError::InForeach,
                procedure: self.procedure,
                at: span.start,
            });
        }
        let open = at;
        let arguments = self.arguments(&mut at, &mut errors)?;
        let fails = fails(tokens, (open + 1).min(at), at);
        let (written, yields) = self.yields(&mut at, &mut errors)?;
        let filter = self.filter(&mut at, &yields);
        if at != end {
            return Err(Refusal::NotUnderstood {
                what: "what follows the call",
                at: tokens.span(at, at + 1).start,
            });
        }
        self.check(&standing, optional, &arguments, written, filter.as_ref(), &mut errors);
        errors.first()?;

        let form = match (standing.block, standing.sole, optional) {
            (Blocks::Root, true, false) if standing.standalone => Form::Query,
            (Blocks::Root, true, true) if standing.standalone => Form::OptionalQuery,
            (Blocks::Collect, true, false) => Form::Query,
            (Blocks::Subquery, true, _) => Form::Unit,
            (Blocks::Test, _, _) | (_, false, _) => Form::Subquery,
            _ => {
                let what = "a call that is all of a query within the statement";
                return Err(Refusal::NotUnderstood { what, at: span.start });
            }
        };
        let filter = filter.map(|(_, filter)| filter);
        // In an expression, a subquery has to name the variables that it imports.
        let names = standing.place == Place::Expression && form != Form::Query;
        let unknown = |mentions: Option<&Mentions>| names && mentions == Some(&Mentions::Unknown);
        let filtered_behind = unknown(filter.as_ref().map(|filter| &filter.mentions));
        if let Some(filter) = filter.as_ref().filter(|_| filtered_behind && (optional || standing.last)) {
            return Err(Refusal::NotUnderstood {
                what: "the variables of this WHERE",
                at: filter.span.start,
            });
        }
        let bound_before = match &arguments {
            Arguments::Explicit(arguments) => arguments.iter().find(|one| unknown(one.value.mentions())),
            Arguments::Implicit => None,
        };
        if let Some(argument) = bound_before.filter(|_| self.returns_all(end)) {
            let what = "the variables of this argument (compute it before, in a WITH)";
            return Err(Refusal::NotUnderstood { what, at: argument.span.start });
        }
        let bound_before = bound_before.is_some();
        let implicit = (arguments == Arguments::Implicit).then(|| self.signature.arguments.iter());
        let needs = implicit.into_iter().flatten().take(self.signature.required);
        let needs = needs.map(|&name| name.to_owned()).collect();
        let Standing { place, standalone, after_write, .. } = standing;
        let ends_test = standing.block == Blocks::Test
            && standing.last
            && !standing.sole
            && !optional
            && filter.is_none();
        let before = before(self.tokens, self.outline, self.clause);
        let procedure = self.procedure;
        Ok(Call {
            procedure,
            span,
            name,
            optional,
            standalone,
            arguments,
            needs,
            yields,
            written,
            filter,
            place,
            after_write,
            form,
            bound_before,
            filtered_behind,
            fails: fails || before.as_ref().is_some_and(|before| before.fails),
            before: before.map(|before| before.pieces),
            uses: uses(self.tokens, self.outline, self.clause),
            ends_test,
            limited: (end..self.tokens.len()).any(|at| self.tokens.is(at, "LIMIT")),
        })
    }

    /// Is there a `RETURN *` from the token `from` on?
    fn returns_all(&self, from: usize) -> bool {
        let tokens = self.tokens;
        let all = |at: usize| tokens.symbol(at + 1 + usize::from(tokens.is(at + 1, "DISTINCT"))) == "*";
        (from..tokens.len()).any(|at| tokens.is(at, "RETURN") && all(at))
    }

    fn text(&self, span: Span) -> &'t str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    fn arguments(&self, at: &mut usize, errors: &mut Errors) -> Result<Arguments<'t>, Refusal> {
        let tokens = self.tokens;
        if tokens.symbol(*at) != "(" {
            return Ok(Arguments::Implicit);
        }
        let open = *at;
        let unclear = |what, at| Err(Refusal::NotUnderstood { what, at: tokens.span(at, at + 1).start });
        let Some(close) = tokens.closing(open, self.clause.end) else {
            return unclear("the arguments of the call", open);
        };
        *at = close + 1;
        let mut arguments = Vec::new();
        let mut first = open + 1;
        while first < close || !arguments.is_empty() {
            let end = separator(tokens, first, close);
            if end == first {
                return unclear("an empty argument", first);
            }
            if !matches!(tokens.symbol(end - 1), "" | ")" | "]" | "}") {
                return unclear("an argument that ends with an operator", end - 1);
            }
            let span = tokens.span(first, end);
            let value = constant(tokens, first, end).map_or_else(
                || {
                    let reads = reads(tokens, first, end);
                    if let Some(at) = reads.aggregate {
                        let close = tokens.closing(at + 1, end).map_or(end, |close| close + 1);
                        let written = written(tokens, at, close);
                        let clause = tokens.span(self.clause.first, self.clause.first + 1).start;
                        let error = CallError::AggregateInArgument { clause, written };
                        errors.push(error, tokens.span(at, at + 1).start);
                    }
                    match super::map::entries(tokens, first, end) {
                        Some(entries) => Value::Map(entries, reads.mentions),
                        None => Value::Computed(reads.mentions),
                    }
                },
                Value::Constant,
            );
            arguments.push(Argument { span, text: self.text(span), value });
            if end == close {
                break;
            }
            first = end + 1;
        }
        Ok(Arguments::Explicit(arguments))
    }

    fn yields(&self, at: &mut usize, errors: &mut Errors) -> Result<(Yield, Vec<YieldItem<'t>>), Refusal> {
        let tokens = self.tokens;
        let mut written = Yield::Absent;
        if tokens.is(*at, "YIELD") {
            *at += 1;
            written = Yield::Items;
            if tokens.symbol(*at) == "*" {
                *at += 1;
                written = Yield::All;
            }
        }
        let mut items: Vec<YieldItem<'t>> = Vec::new();
        if written != Yield::Items {
            items.extend(self.signature.columns.iter().enumerate().map(|(column, &name)| YieldItem {
                column,
                field: name.to_owned(),
                written: name.to_owned().into(),
                name: name.to_owned(),
                outside: None,
            }));
            return Ok((written, items));
        }
        loop {
            let place = *at;
            let span = tokens.span(place, place + 1);
            let unclear = Refusal::NotUnderstood { what: "the columns behind YIELD", at: span.start };
            let Some(field) = tokens.name(place).filter(|_| place < self.clause.end) else {
                return Err(unclear);
            };
            let alias = if tokens.is(place + 1, "AS") { place + 2 } else { place };
            let Some(name) = tokens.name(alias).filter(|_| alias < self.clause.end) else {
                return Err(unclear);
            };
            let outside = tokens.span(alias, alias + 1);
            match self.signature.columns.iter().position(|&column| column == field) {
                None => errors.push(CallError::UnknownColumn { name: field.into_owned() }, span.start),
                Some(column) => {
                    if let Some(same) = items.iter().find(|item| item.name == name) {
                        // Neo4j names the first of the two.
                        let (name, again) = (name.to_string(), outside.start);
                        let first = same.outside.map_or(again, |first| first.start);
                        errors.push(
                            CallError::Redeclared { name, again, standalone: self.standing().standalone },
                            first,
                        );
                    }
                    let written = self.text(outside).into();
                    items.push(YieldItem {
                        column,
                        field: field.into_owned(),
                        written,
                        name: name.into_owned(),
                        outside: Some(outside),
                    });
                }
            }
            *at = alias + 1;
            if tokens.symbol(*at) != "," {
                return Ok((written, items));
            }
            *at += 1;
        }
    }

    /// The filter, and the byte of its `WHERE`.
    fn filter(&self, at: &mut usize, yields: &[YieldItem<'t>]) -> Option<(usize, Filter<'t>)> {
        let (word, first) = (*at, *at + 1);
        if !self.tokens.is(word, "WHERE") || first >= self.clause.end {
            return None;
        }
        *at = self.clause.end;
        let span = self.tokens.span(first, *at);
        let mut mentions = reads(self.tokens, first, *at).mentions;
        if let Mentions::Exactly(variables) = &mut mentions {
            variables.retain(|variable| yields.iter().all(|item| item.name != *variable));
        }
        Some((self.tokens.span(word, first).start, Filter { span, text: self.text(span), mentions }))
    }
}

/// The expression of the tokens `first..end` as Neo4j writes it, but for the parentheses that it puts around operators
/// within operators.
fn written(tokens: &Tokens<'_>, first: usize, end: usize) -> String {
    let mut text = String::new();
    for at in first..end {
        let (before, symbol) = (tokens.symbol_before(at), tokens.symbol(at));
        let joined = at == first
            || matches!(before, "(" | "[" | "{" | "." | "$")
            || matches!(symbol, ")" | "]" | "}" | "," | "." | ":")
            // An index, or arguments.
            || matches!(symbol, "(" | "[")
                && matches!(before, "" | ")" | "]")
                && !tokens.is(at.wrapping_sub(1), "IN");
        text.push_str(if joined { "" } else { " " });
        let token = tokens.text(at);
        match token.strip_prefix('\'').and_then(|token| token.strip_suffix('\'')) {
            Some(string) if !string.contains(['"', '\\']) => text.extend(["\"", string, "\""]),
            _ => text.push_str(token),
        }
    }
    text
}

/// The comma that ends the argument at `first`, or `close`.
pub(in super::super) fn separator(tokens: &Tokens<'_>, first: usize, close: usize) -> usize {
    let mut at = first;
    while at < close && tokens.symbol(at) != "," {
        at = tokens.closing(at, close).unwrap_or(at) + 1;
    }
    at.min(close)
}

#[cfg(test)]
mod tests;
