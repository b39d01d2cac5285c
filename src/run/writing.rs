//! The third phase: what was planned is written. What was stale is planned once more, by what is here now.

use super::context::{ById, Context};
use super::options::Run;
use super::record::said_by_the_source;
use super::renamed::Ends;
use super::summary::{Done, Summary};
use crate::failure::Failure;
use crate::matching::Claims;
use crate::plan::{
    Blocked, PackedOps, Plan, Unpacked, plan_missing, plan_rekeyed, plan_rekeyed_gone, plan_rekeyed_missing,
    plan_tombstone,
};
use crate::source::RemoteRecord;
use crate::store::{Action, LoadRequest, Op, Records, listings_without};

/// How many ops of a stored plan are looked at in one call.
const PAGE: usize = 500;

#[derive(Debug)]
pub(super) struct Writing {
    pub(super) context: Context,
    pub(super) summary: Summary,
    pub(super) ends: Ends,
    /// Which of the source's records claims to be one here.
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

    /// Starts to write a plan: its own is written at once, a stored one record by record.
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

    /// Those of them that are still to be carried out.
    pub(super) fn check(&mut self, ops: Vec<Op>, records: Records) -> Vec<Op> {
        let loaded = self.context.by_id(records.linked);
        self.context.still_due(ops, &loaded)
    }

    /// Plans once more what was stale.
    pub(super) fn plan_again(&mut self, stale: Vec<Op>, records: Records) -> Vec<Op> {
        let context = &mut self.context;
        let (loaded, candidates) = (context.by_id(records.linked), context.candidates(records.candidates));
        let stale = match &self.plan {
            Whose::Own => stale,
            Whose::Stored(_) => context.still_due(stale, &loaded),
        };
        let remotes: Vec<RemoteRecord> = stale.iter().filter_map(said_by_the_source).collect();
        let found = context.evidence(remotes.iter(), &loaded, &candidates);
        let mut named = context.named(found, &candidates);
        for (id, evidence) in &named {
            self.claims.claim(id, context.answer(evidence, &candidates).locals());
        }
        let again = |op: &Op| match said_by_the_source(op) {
            None => self.context.plan_unlisted_again(op, &loaded),
            Some(remote) => match named.remove(&op.id) {
                None => self.context.plan_listed_again(op, &remote, &loaded),
                Some(evidence) => {
                    let answer = self.context.answer(&evidence, &candidates);
                    let answer = self.claims.contested(&remote.id, answer);
                    self.ends.decide(&mut self.context, &remote, answer, &candidates)
                }
            },
        };
        stale.iter().filter_map(again).collect()
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

impl Context {
    /// Plans once more what was not listed under the id that it had here.
    fn plan_unlisted_again(&mut self, op: &Op, loaded: &ById) -> Option<Op> {
        let Run { policy, missing_after, .. } = &self.run;
        // What was due is due.
        let after = if op.action == Action::Deactivate { 1 } else { *missing_after };
        let counted = listings_without(op.missed) > 0;
        let Some(from) = &op.rekeyed else {
            let known = loaded.get(&op.id)?;
            return if counted {
                plan_missing(policy, known, after)
            } else {
                plan_tombstone(policy, known, op.version)
            };
        };
        let Some(known) = loaded.get(from).filter(|_| !loaded.contains_key(&op.id)) else {
            let problem = "its new id was taken, or its old one given up, while it was being written";
            self.outcomes.skipped(op.id.clone(), problem);
            return None;
        };
        if counted {
            return Some(plan_rekeyed_missing(policy, &op.id, known, after));
        }
        if op.remote.is_none() && op.action == Action::Deactivate {
            return Some(plan_rekeyed_gone(policy, &op.id, known, op.version));
        }
        let (id, version) = (op.id.clone(), op.version);
        let remote = op.remote.clone().map(|record| RemoteRecord { id, version, record });
        Some(plan_rekeyed(policy, &op.id, remote.as_ref(), known))
    }
}
