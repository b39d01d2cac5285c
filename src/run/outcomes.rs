//! The outcomes of records, counted for the report: by the [fates](super::index::Fates) of listed records, and by ops.
//!
//! No count is ever taken back. A listed record that is judged again has one fate, the last. All fates are counted
//! together when the report is made.

use std::collections::BTreeMap;

use super::drift::Unread;
use super::index::Index;
use super::report::{Counts, Unwritten};
use crate::audit::{AuditEntry, FieldEntry, Situation};
use crate::detect::Verdict;
use crate::id::ExternalId;
use crate::plan::{PlanHash, PlanId, Quarantined};
use crate::resolve::Decision;
use crate::schema::{Policy, Schema};
use crate::source::RemoteRecord;
use crate::store::{Action, ConflictChange, Op, listings_without};

#[derive(Debug)]
pub(super) struct Outcomes {
    /// The counts of ops and of statements. The counts of listed records are in the index.
    counts: Counts,
    /// How many statements without a record of their own are set aside: they have no id, or they contradict a record
    /// that was written already.
    besides: u64,
    pub(super) quarantined: Vec<Quarantined>,
    /// What the source says of the records about which a person is asked who they are.
    pub(super) asked: Vec<RemoteRecord>,
    unwritten: Vec<Unwritten>,
    /// The fields and groups with values that could not be read.
    unread: BTreeMap<String, Unread>,
    plan: PlanIdentity,
}

/// How the plan's id is made.
#[derive(Debug)]
enum PlanIdentity {
    /// From the ops that were carried out, because no plan was judged as a whole.
    Applied(PlanHash),
    /// From all ops of a judged plan, each when it is its turn to be written: its entries are made only once.
    /// The number is how many records the plan itself sets aside: an op that is planned once more may add one.
    Planned(PlanHash, usize),
    Judged(PlanId),
}

impl Outcomes {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            counts: Counts::default(),
            besides: 0,
            quarantined: Vec::new(),
            asked: Vec::new(),
            unwritten: Vec::new(),
            unread: BTreeMap::new(),
            plan: PlanIdentity::Applied(PlanHash::new(policy)),
        }
    }

    /// Sets the id of a plan that was judged as a whole.
    pub(super) fn judged(&mut self, plan: PlanId) {
        self.plan = PlanIdentity::Judged(plan);
    }

    /// A plan was judged as a whole, and nobody has asked for its id. Every op of it is [added](Self::planned).
    pub(super) fn judged_unnamed(&mut self, policy: &Policy) {
        self.plan = PlanIdentity::Planned(PlanHash::new(policy), self.quarantined.len());
    }

    /// Adds an op of a plan that was judged as a whole.
    pub(super) fn planned(&mut self, schema: &Schema, op: &Op) {
        if let PlanIdentity::Planned(hash, _) = &mut self.plan {
            hash.add(schema, op);
        }
    }

    /// Adds conflicts that were open before the run.
    pub(super) fn were_open(&mut self, conflicts: u64) {
        self.counts.conflicts_open += conflicts;
    }

    pub(super) fn duplicate(&mut self) {
        self.counts.duplicates += 1;
    }

    pub(super) fn ignored(&mut self) {
        self.counts.ignored += 1;
    }

    /// Sets aside a statement without a record of its own.
    pub(super) fn set_aside_beside(&mut self, quarantined: Quarantined) {
        self.besides += 1;
        self.quarantined.push(quarantined);
    }

    /// How many statements without a record of their own are set aside.
    pub(super) fn besides(&self) -> u64 {
        self.besides
    }

    /// Adds the records that a stored plan set aside.
    pub(super) fn set_aside_by_plan(&mut self, quarantined: &[Quarantined]) {
        self.besides = quarantined.len() as u64;
        self.quarantined = quarantined.to_vec();
    }

    /// Counts an op with nothing left to do as unchanged. A record that was not listed is not counted.
    pub(super) fn unchanged(&mut self, op: &Op) {
        self.counts.unchanged += u64::from(op.remote.is_some());
    }

    pub(super) fn skipped(&mut self, id: ExternalId, problem: &str) {
        self.counts.skipped += 1;
        self.unwritten.push(Unwritten { id, problem: problem.to_owned() });
    }

    pub(super) fn failed(&mut self, id: ExternalId, problem: String) {
        self.counts.failed += 1;
        self.unwritten.push(Unwritten { id, problem });
    }

    /// Counts an op that was carried out.
    pub(super) fn applied(&mut self, schema: &Schema, op: &Op) {
        if let PlanIdentity::Applied(hash) = &mut self.plan {
            hash.add(schema, op);
        }
        self.would_apply(op);
    }

    /// Counts an op that was carried out, or would be in a dry run, by its fields and its entries.
    pub(super) fn would_apply(&mut self, op: &Op) {
        let counts = &mut self.counts;
        match op.action {
            Action::Create(_) => counts.created += 1,
            Action::Update(_) => counts.updated += 1,
            Action::Reactivate(_) => counts.reactivated += 1,
            Action::Deactivate => counts.deactivated += 1,
            Action::Touch if op.remote.is_some() => counts.unchanged += 1,
            Action::Touch => counts.missing += u64::from(op.missed > 0 && listings_without(op.missed) == op.missed),
        }
        counts.rekeyed += u64::from(op.rekeyed.is_some());
        counts.linked += u64::from(op.links());
        self.entries(op);
        op.conflicts.iter().for_each(|change| self.conflict(change));
    }

    fn entries(&mut self, op: &Op) {
        let mut last_group = None;
        for entry in &op.entries {
            match entry {
                AuditEntry::Record(entry) => {
                    let disputed = matches!(entry.situation, Situation::DeleteVsEdit | Situation::Replaced);
                    self.counts.conflicts_detected += u64::from(disputed);
                }
                AuditEntry::Field(entry) => {
                    // A group is decided once. Its entries follow each other.
                    if entry.group.is_none() || entry.group != last_group {
                        self.field(&op.id, entry);
                    }
                    last_group.clone_from(&entry.group);
                }
            }
        }
    }

    fn field(&mut self, id: &ExternalId, entry: &FieldEntry) {
        match &entry.verdict {
            Verdict::InvalidRemote(problem) => {
                self.counts.invalid_fields += 1;
                let name = entry.group.as_ref().unwrap_or(&entry.field);
                let first =
                    || Unread { field: name.clone(), records: 0, first: id.clone(), problem: problem.to_string() };
                self.unread.entry(name.clone()).or_insert_with(first).records += 1;
            }
            Verdict::Conflict(_) => {
                self.counts.conflicts_detected += 1;
                self.counts.conflicts_resolved += u64::from(entry.decision != Decision::HeldOpen);
            }
            _ => {}
        }
    }

    fn conflict(&mut self, change: &ConflictChange) {
        let open = &mut self.counts.conflicts_open;
        *open = match change {
            ConflictChange::Open(_) => *open + 1,
            ConflictChange::Close { .. } => open.saturating_sub(1),
            ConflictChange::Update(_) => *open,
        };
    }

    /// The counts, together with the fates of listed records.
    pub(super) fn counts(&self, index: &Index) -> Counts {
        let fates = index.fates();
        Counts {
            processed: fates.listed + self.besides,
            unchanged: self.counts.unchanged + fates.unchanged,
            quarantined: fates.quarantined + self.besides,
            proposed: self.quarantined.iter().filter(|quarantined| quarantined.is_proposal()).count() as u64,
            ..self.counts
        }
    }

    /// The part of the report that is made from the outcomes.
    pub(super) fn told(self, index: &Index) -> Told {
        let counts = self.counts(index);
        let plan_id = match self.plan {
            PlanIdentity::Applied(hash) => hash.id(&self.quarantined),
            PlanIdentity::Planned(hash, aside) => hash.id(&self.quarantined[..aside]),
            PlanIdentity::Judged(id) => id,
        };
        let unread = self.unread.into_values().collect();
        Told { counts, plan_id, set_aside: self.quarantined, unwritten: self.unwritten, unread }
    }
}

/// The part of a report that is made from the outcomes.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) counts: Counts,
    pub(super) plan_id: PlanId,
    pub(super) set_aside: Vec<Quarantined>,
    pub(super) unwritten: Vec<Unwritten>,
    pub(super) unread: Vec<Unread>,
}
