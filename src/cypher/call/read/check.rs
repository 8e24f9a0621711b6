//! What Neo4j would find wrong with a call.

use super::super::{Arguments, Filter, Yield};
use super::standing::Standing;
use super::{Blocks, CallError, Reader, Refusal};

/// What Neo4j finds wrong with a call. It reports the first in the text.
pub(super) struct Errors {
    pub(super) procedure: usize,
    pub(super) found: Vec<(usize, CallError)>,
}

impl Errors {
    pub(super) fn push(&mut self, error: CallError, at: usize) {
        self.found.push((at, error));
    }

    pub(super) fn first(self) -> Result<(), Refusal> {
        match self.found.into_iter().min_by_key(|&(at, _)| at) {
            Some((at, error)) => Err(Refusal::Call { error, procedure: self.procedure, at }),
            None => Ok(()),
        }
    }
}

impl Reader<'_, '_> {
    /// Where the `COLLECT` stands that the call is the first clause of.
    fn collect(&self) -> Option<usize> {
        let word = self.clause.first.checked_sub(2)?;
        self.tokens.is(word, "COLLECT").then(|| self.tokens.span(word, word + 1).start)
    }

    /// What Neo4j finds wrong with the whole, in the order in which it does.
    pub(super) fn check(
        &self,
        standing: &Standing,
        optional: bool,
        arguments: &Arguments<'_>,
        written: Yield,
        filter: Option<&(usize, Filter<'_>)>,
        errors: &mut Errors,
    ) {
        let at = self.tokens.span(self.clause.first, self.clause.first + 1).start;
        let signature = self.signature;
        if !standing.standalone {
            if *arguments == Arguments::Implicit {
                errors.push(CallError::ArgumentsMissing { name: signature.name.to_owned() }, at);
            }
            let single = standing.block == Blocks::Collect && standing.sole;
            match (written, self.collect()) {
                (Yield::All, _) if !standing.sole => errors.push(CallError::YieldAllInQuery, at),
                (Yield::Items, _) if !(single && optional) => {}
                (_, Some(collect)) if single => errors.push(CallError::CollectColumns { call: at }, collect),
                _ => errors.push(CallError::YieldMissing, at),
            }
        }
        if let Arguments::Explicit(arguments) = arguments {
            let (got, required, total) = (arguments.len(), signature.required, signature.arguments.len());
            if got < required {
                errors.push(CallError::TooFewArguments { got, required, total }, at);
            } else if got > total {
                errors.push(CallError::TooManyArguments { got, total }, at);
            }
        }
        if standing.last && standing.block != Blocks::Test {
            if optional && written == Yield::Items {
                errors.push(CallError::OptionalConcludes, at);
            } else if !standing.sole {
                errors.push(CallError::Concludes { filter: filter.map(|&(at, _)| at) }, at);
            }
        }
        if let Some(&(at, _)) = filter.filter(|_| standing.sole) {
            errors.push(CallError::StandaloneWhere, at);
        }
    }
}
