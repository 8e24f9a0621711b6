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
            match written {
                Yield::All if !standing.sole => errors.push(CallError::YieldAllInQuery, at),
                Yield::All | Yield::Absent => errors.push(CallError::YieldMissing, at),
                Yield::Items => {}
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
                // A COLLECT has another error before it, of another place.
                if standing.block != Blocks::Collect || !standing.sole {
                    errors.push(CallError::OptionalConcludes, at);
                }
            } else if !standing.sole {
                errors.push(CallError::Concludes, at);
            }
        }
        if let Some(&(at, _)) = filter.filter(|_| standing.sole) {
            errors.push(CallError::StandaloneWhere, at);
        }
    }
}
