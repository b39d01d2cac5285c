//! The third phase: the plan is written, batch by batch.

use super::context::Context;
use super::renamed::Ends;
use super::summary::{Done, Summary};
use crate::failure::Failure;
use crate::matching::Claims;
use crate::plan::{Blocked, PackedOps, Plan, Unpacked};
use crate::store::{LoadRequest, Op, Records};

/// How many ops of a stored plan are looked at in one call.
const PAGE: usize = 500;

#[derive(Debug)]
pub(super) struct Writing {
    pub(super) context: Context,
    pub(super) summary: Summary,
    pub(super) ends: Ends,
    /// Which record of the source claims which record here.
    pub(super) claims: Claims,
    pub(super) plan: Whose,
}

/// Whose plan is written.
#[derive(Debug)]
pub(super) enum Whose {
    /// The run's own.
    Own,
    /// A stored one, with the ops whose records are not looked at yet.
    Stored(Unpacked),
}

impl Writing {
    /// How many ops of a stored plan come after the batches under way.
    pub(super) fn unchecked(&self) -> usize {
        match &self.plan {
            Whose::Own => 0,
            Whose::Stored(rest) => rest.len(),
        }
    }

    /// Starts to write a plan. The run's own plan is written at once. The records of a stored plan are looked at first.
    pub(super) fn start(&mut self, plan: Plan) -> PackedOps {
        match &mut self.plan {
            Whose::Own => plan.ops,
            Whose::Stored(rest) => {
                *rest = plan.ops.into_iter();
                PackedOps::default()
            }
        }
    }

    /// The next ops of a stored plan, and the records to look at before they are carried out.
    pub(super) fn next_to_check(&mut self) -> Option<(LoadRequest, Vec<Op>)> {
        let Whose::Stored(rest) = &mut self.plan else { return None };
        let ops: Vec<Op> = rest.take(PAGE).collect();
        let ids: Vec<_> = ops.iter().flat_map(|op| op.rekeyed.iter().chain([&op.id])).cloned().collect();
        (!ops.is_empty()).then(|| (LoadRequest::of(ids), ops))
    }

    /// The ops that are still to be carried out.
    pub(super) fn check(&mut self, ops: Vec<Op>, records: Records) -> Vec<Op> {
        let loaded = self.context.by_id(records.linked);
        self.context.still_due(ops, &loaded)
    }

    /// The plan is not carried out.
    pub(super) fn planned(self, plan: Plan, blocked: Vec<Blocked>) -> Done {
        self.summary.planned(self.context, plan, blocked)
    }

    pub(super) fn done(self) -> Done {
        self.summary.done(self.context)
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        self.summary.failed(self.context, failure)
    }
}
