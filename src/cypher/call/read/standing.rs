//! Where a call stands.

use super::super::Place;
use super::{Blocks, Reader};

/// Where a call stands.
pub(super) struct Standing {
    pub(super) place: Place,
    /// The innermost block.
    pub(super) block: Blocks,
    /// Is it all of its query (a `USE` aside)?
    pub(super) sole: bool,
    pub(super) standalone: bool,
    /// Does its query end with it?
    pub(super) last: bool,
    pub(super) after_write: bool,
}

impl Reader<'_, '_> {
    pub(super) fn standing(&self) -> Standing {
        let mut standing = Standing {
            place: Place::Query,
            block: Blocks::Root,
            sole: false,
            standalone: false,
            last: false,
            after_write: false,
        };
        let Some(branch) = self.outline.branches.get(self.clause.branch) else { return standing };
        let last = self.outline.clauses.get(branch.last);
        standing.sole = branch.clauses == 1;
        standing.last = last.is_some_and(|last| last.first == self.clause.first);
        let mut next = Some(branch.block);
        while let Some(at) = next
            && let Some(block) = self.outline.blocks.get(at)
        {
            if at == branch.block {
                standing.block = block.kind;
                standing.standalone =
                    block.kind == Blocks::Root && standing.sole && block.branches == 1 && !block.sequel;
            }
            match block.kind {
                Blocks::Test | Blocks::Collect => standing.place = Place::Expression,
                Blocks::Subquery if standing.place == Place::Query => standing.place = Place::Subquery,
                _ => {}
            }
            let wrote = self.writes.get(at).copied().flatten();
            standing.after_write |= wrote.is_some_and(|wrote| {
                wrote < self.clause.first || (block.kind == Blocks::Subquery && wrote != self.clause.first)
            });
            next = block.outer;
        }
        standing
    }
}
