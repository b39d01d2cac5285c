//! Edits made here while a run is under way: the store refuses a stale op, and the op is planned once more.

use super::context::{ById, Context};
use super::options::Run;
use super::planning::Planning;
use super::record::{Refused, said_by_the_source};
use super::writing::{Whose, Writing};
use crate::plan::{mark_again, plan_missing, plan_rekeyed, plan_rekeyed_gone, plan_rekeyed_missing, plan_tombstone};
use crate::source::RemoteRecord;
use crate::store::{Action, Op, Precondition, Records, listings_without};

impl Planning {
    /// Plans the stale ops once more while the listing goes on. A record that has candidates waits for its end.
    pub(super) fn plan_again(&mut self, stale: &[Op], records: Records) -> Vec<Op> {
        let context = &mut self.context;
        let (loaded, candidates) = (context.by_id(records.linked), context.candidates(records.candidates));
        let remotes: Vec<RemoteRecord> = stale.iter().filter_map(said_by_the_source).collect();
        let found = context.evidence(remotes.iter(), &loaded, &candidates);
        let mut named = context.named(found, &candidates);
        let mut ops = Vec::new();
        for (op, remote) in stale.iter().filter_map(|op| Some((op, said_by_the_source(op)?))) {
            if let Some(evidence) = named.remove(&op.id) {
                let slot = self.context.index.slot(op.id.as_str());
                self.wait(slot, remote, Some(evidence), &candidates);
            } else if let Some(planned) = self.context.plan_listed_again(op, &remote, &loaded) {
                self.note(&remote, loaded.get(&op.id));
                ops.push(planned);
            }
        }
        ops
    }
}

impl Writing {
    /// Plans the stale ops once more.
    pub(super) fn plan_again(&mut self, stale: Vec<Op>, records: Records) -> Vec<Op> {
        let context = &mut self.context;
        let (loaded, candidates) = (context.by_id(records.linked), context.candidates(records.candidates));
        let stale = match &self.plan {
            Whose::Own => stale,
            // A stored plan must not override a decision that was made since.
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
}

impl Context {
    /// Plans once more a record that was not listed under its id here.
    fn plan_unlisted_again(&mut self, op: &Op, loaded: &ById) -> Option<Op> {
        let Run { policy, missing_after, .. } = &self.run;
        // The count of missing listings was reached before, so one more listing is enough now.
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

    /// Plans a listed record once more, from the record as it is here now.
    pub(super) fn plan_listed_again(&mut self, op: &Op, remote: &RemoteRecord, loaded: &ById) -> Option<Op> {
        let was_linked = matches!(op.expect, Precondition::Revision(_));
        let known = loaded.get(&op.id);
        // The record lost its link since it was planned. This run has looked for no candidates, so creating it could
        // make a double.
        if was_linked && known.is_none() && !self.is_shared(&op.id) {
            self.leave_to_the_next(op.id.clone());
            return None;
        }
        let mut planned = match self.plan_record(remote, known) {
            Ok(Some(planned)) => planned,
            Ok(None) => {
                self.outcomes.unchanged(op);
                return None;
            }
            Err(Refused) => return None,
        };
        if let Some(base) = known.and_then(|known| known.base.as_ref()) {
            mark_again(self.run.policy.schema(), op, &mut planned, &base.record);
        }
        Some(planned)
    }
}
