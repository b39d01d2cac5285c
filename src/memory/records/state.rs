//! All that the store keeps, and how an op is carried out: whole, or not at all.

use std::collections::BTreeMap;

use crate::audit::AuditEntry;
use crate::id::{ExternalId, LocalId, RunId};
use crate::matching::{FEW, MatchKey};
use crate::memory::kept::{Kept, apply};
use crate::store::{Action, Batch, Candidate, CandidateQuery, Op, OpOutcome, Precondition};
use crate::value::Record;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) records: BTreeMap<ExternalId, Kept>,
    /// Those that have no external id.
    pub(super) free: BTreeMap<LocalId, Kept>,
    /// What each local id is linked to.
    pub(super) locals: BTreeMap<LocalId, Option<ExternalId>>,
    pub(super) audit: Vec<(RunId, ExternalId, AuditEntry)>,
}

impl State {
    pub(super) fn carry_out(&mut self, batch: &Batch, op: &Op) -> OpOutcome {
        if !self.is_expected(op) {
            return OpOutcome::Stale;
        }
        if let Some(kept) = op.rekeyed.as_ref().and_then(|from| self.records.remove(from)) {
            self.locals.insert(kept.id.clone(), Some(op.id.clone()));
            self.records.insert(op.id.clone(), kept);
        }
        if let Precondition::Free { local, .. } = &op.expect {
            self.linked(local, &op.id);
        }
        if let Action::Create(_) = op.action {
            let local = self.name(&op.id);
            self.locals.insert(local.clone(), Some(op.id.clone()));
            self.records.insert(op.id.clone(), Kept::new(local, Record::missing(0), 0));
        }
        let Some(kept) = self.records.get_mut(&op.id) else { return OpOutcome::Stale };
        apply(kept, batch, op);
        let local = kept.id.clone();
        self.audit.extend(op.entries.iter().map(|entry| (batch.run.clone(), op.id.clone(), entry.clone())));
        OpOutcome::Applied { local }
    }

    fn is_expected(&self, op: &Op) -> bool {
        let is_taken = self.records.contains_key(&op.id);
        match &op.expect {
            Precondition::Unlinked => !is_taken && matches!(op.action, Action::Create(_)),
            Precondition::Free { local, revision } => {
                !is_taken && self.free.get(local).is_some_and(|kept| kept.revision == *revision)
            }
            Precondition::Revision(revision) => {
                let known = self.records.get(op.rekeyed.as_ref().unwrap_or(&op.id));
                known.is_some_and(|kept| kept.revision == *revision) && !(op.rekeyed.is_some() && is_taken)
            }
        }
    }

    /// Gives a record without an external id this one, unless it is somebody's.
    pub(super) fn linked(&mut self, local: &LocalId, id: &ExternalId) -> Option<&mut Kept> {
        if self.records.contains_key(id) {
            return None;
        }
        let kept = self.free.remove(local)?;
        self.locals.insert(local.clone(), Some(id.clone()));
        Some(self.records.entry(id.clone()).or_insert(kept))
    }

    /// What a new record is called here: what the source calls it, or a number if that is taken.
    pub(super) fn name(&self, id: &ExternalId) -> LocalId {
        let numbers = (1_u64..).map(|number| format!("#{number}"));
        let mut names = std::iter::once(id.to_string()).chain(numbers).filter_map(|name| LocalId::new(name).ok());
        names.find(|name| !self.locals.contains_key(name)).expect("there are more numbers than records")
    }

    /// All that have one of the keys. A database keeps the keys; here each record's are reckoned anew.
    pub(super) fn near(&self, near: &CandidateQuery) -> Vec<Candidate> {
        let linked = self.records.iter().map(|(id, kept)| (Some(id), kept));
        let all = linked.chain(self.free.values().map(|kept| (None, kept)));
        let mut given: BTreeMap<MatchKey, usize> = BTreeMap::new();
        let mut is_near = |kept: &Kept| {
            let wanted = near.rules.keys(&kept.local).into_iter().filter(|key| near.keys.binary_search(key).is_ok());
            let mut count = |key| {
                let count = given.entry(key).or_default();
                *count += 1;
                *count <= FEW + 1
            };
            wanted.filter(|key| count(*key)).count() > 0
        };
        let candidate = |(id, kept): (Option<&ExternalId>, &Kept)| Candidate {
            local: kept.id.clone(),
            revision: kept.revision,
            presence: kept.presence,
            linked: id.cloned(),
            is_not: kept.is_not.iter().cloned().collect(),
            record: kept.local.clone(),
        };
        all.filter(|(_, kept)| is_near(kept)).map(candidate).collect()
    }
}
