//! What is planned of one record, and once more when it was stale.

use std::collections::BTreeMap;

use super::core::Core;
use super::index::Slot;
use super::report::Unwritten;
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::Match;
use crate::plan::{Quarantined, mark_again, plan_creation, plan_linked};
use crate::source::RemoteRecord;
use crate::store::{Loaded, Op, Precondition};

impl Core {
    pub(super) fn plan(&mut self, slot: Slot, remote: &RemoteRecord, loaded: Option<Loaded>) {
        match self.plan_one(remote, loaded) {
            Some(op) => {
                self.ops.insert(slot, op);
            }
            None => self.counts.unchanged += u64::from(!self.index.is_set_aside(slot)),
        }
    }

    /// `None`: there is nothing to do, or the record is set aside.
    pub(super) fn plan_one(&mut self, remote: &RemoteRecord, loaded: Option<Loaded>) -> Option<Op> {
        if self.is_twice(&remote.id) {
            let problem = "several records here have this id; which of them it is, a person decides".to_owned();
            return self.refuse(remote.id.clone(), Situation::Ambiguous, problem, None);
        }
        let Some(loaded) = loaded else {
            return match plan_creation(&self.run.policy, remote) {
                Ok(op) => Some(op),
                Err(refusal) => self.refuse(remote.id.clone(), Situation::Malformed, refusal.to_string(), None),
            };
        };
        let op = plan_linked(&self.run.policy, remote, &loaded)?;
        if let Some(base) = &loaded.base {
            self.noted.add(self.run.policy.schema(), remote, &base.record, &loaded.local);
        }
        Some(op)
    }

    /// Sets a record aside of which nothing is planned.
    pub(super) fn refuse(
        &mut self,
        id: ExternalId,
        situation: Situation,
        problem: String,
        matched: Option<Match>,
    ) -> Option<Op> {
        self.index.set_aside(id.as_str());
        self.counts.quarantined += 1;
        let quarantined = Quarantined { matched, ..Quarantined::of(id, situation, problem) };
        self.counts.proposed += u64::from(quarantined.is_proposal());
        self.quarantined.push(quarantined);
        None
    }

    pub(super) fn plan_again(&mut self, op: &Op, loaded: &mut BTreeMap<ExternalId, Loaded>) -> Option<Op> {
        let Some(record) = op.remote.as_ref().filter(|_| op.rekeyed.is_none()) else {
            return self.plan_last_again(op, loaded);
        };
        let was_linked = matches!(op.expect, Precondition::Revision(_));
        if was_linked && !loaded.contains_key(&op.id) && !self.is_twice(&op.id) {
            self.leave_to_the_next(op.id.clone());
            return None;
        }
        let quarantined = self.counts.quarantined;
        let remote = RemoteRecord { id: op.id.clone(), version: op.version, record: record.clone() };
        let loaded = loaded.remove(&op.id);
        let base = loaded.as_ref().and_then(|loaded| loaded.base.as_ref()).map(|base| base.record.clone());
        let mut planned = self.plan_one(&remote, loaded);
        if let (Some(planned), Some(base)) = (&mut planned, base) {
            mark_again(self.run.policy.schema(), op, planned, &base);
        }
        let refused = self.counts.quarantined > quarantined;
        if planned.is_none() && !refused {
            self.counts.unchanged += 1;
        }
        planned
    }

    /// Whether it was linked when the index was read, and no longer is: somebody gave its link up, or another run gave it
    /// another id.
    pub(super) fn has_vanished(&self, slot: Slot, id: &ExternalId, loaded: &BTreeMap<ExternalId, Loaded>) -> bool {
        self.index.is_linked(slot) && !loaded.contains_key(id) && !self.is_twice(id)
    }

    /// The next run knows who is linked now; here, nobody was looked for who could be this record.
    pub(super) fn leave_to_the_next(&mut self, id: ExternalId) {
        self.index.set_aside(id.as_str());
        self.counts.skipped += 1;
        let problem = "its link was given up while the run was under way".to_owned();
        self.unwritten.push(Unwritten { id, problem });
    }
}
