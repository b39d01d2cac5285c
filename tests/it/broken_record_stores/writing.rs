//! What goes wrong in writing.

use std::thread;

use tripartite::audit::AuditEntry;
use tripartite::conformance::records::schema;
use tripartite::id::{ExternalId, LocalId};
use tripartite::memory::Kept;
use tripartite::store::{Action, Batch, ConflictChange, Op, OpOutcome, Precondition, Presence, Revision};
use tripartite::value::{Record, RecordBuilder, Value};

use super::fault::Fault::*;
use super::faulty::Faulty;

/// A record with each field that is stated made another one; `None` leaves it out.
fn each(record: &Record, make: impl Fn(usize, Value) -> Option<Value>) -> Record {
    let mut row = RecordBuilder::new(schema().fields().len());
    for (position, field) in record.fields().enumerate().filter(|(_, field)| !field.is_missing()) {
        if let Some(value) = make(position, field.to_value()) {
            row.set(position, &value).unwrap();
        }
    }
    if let Value::Map(beyond) = record.extra().to_value() {
        row.set_extra(beyond).unwrap();
    }
    row.finish()
}

fn without_what_is_beyond(record: &Record) -> Record {
    let mut row = RecordBuilder::new(schema().fields().len());
    record.fields().enumerate().for_each(|(position, field)| row.set_field(position, field).unwrap());
    row.finish()
}

/// A record with nothing missing any more.
fn whole(record: &Record) -> Record {
    let mut row = RecordBuilder::new(schema().fields().len());
    for position in 0..schema().fields().len() {
        row.set(position, &record.field(position).to_value()).unwrap();
    }
    row.finish()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            let stated = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Map(stated.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::List(list) => {
            Value::List(list.into_iter().filter(|value| !value.is_null()).map(without_nulls).collect())
        }
        other => other,
    }
}

impl Faulty {
    /// What the store makes of a record that it is to keep.
    pub(super) fn kept(&self, record: &Record) -> Record {
        match self.fault {
            SetsAsTexts => each(record, |position, value| match value {
                Value::List(list) if schema().fields()[position].name() == "tags" => {
                    let texts: Vec<_> = list.iter().filter_map(Value::as_text).collect();
                    Some(Value::from(&*texts.join(", ")))
                }
                value => Some(value),
            }),
            TextsCutAt255 => self.texts(record, |text| text.chars().take(255).collect()),
            BaseWithoutWhatIsBeyond => without_what_is_beyond(record),
            TextsEndAtNul => self.texts(record, |text| text.split('\0').next().unwrap_or_default().to_owned()),
            IntegersIn64Bits => each(record, |_, value| match value {
                Value::Int(int) => Some(Value::Int((int as i64).into())),
                value => Some(value),
            }),
            NestedNullsDropped => each(record, |_, value| Some(without_nulls(value))),
            CanonicalForms => each(record, |position, value| {
                let canonical = schema().canonical(position, record.field(position));
                Some(canonical.unwrap_or(value))
            }),
            _ => record.clone(),
        }
    }

    fn texts(&self, record: &Record, make: impl Fn(&str) -> String) -> Record {
        each(record, |_, value| match value {
            Value::Text(text) => Some(Value::from(&*make(&text))),
            value => Some(value),
        })
    }

    pub(super) fn write(&self, batch: &Batch) -> Vec<OpOutcome> {
        let before = (self.inner.records(), self.side().audit.len());
        self.side().before = Some(before);
        let mut stopped = false;
        let mut order: Vec<usize> = (0..batch.ops.len()).collect();
        if self.fault == LinksBeforeAllElse {
            order.sort_by_key(|&at| !batch.ops[at].links());
        }
        let mut outcomes = vec![OpOutcome::Stale; batch.ops.len()];
        for at in order {
            let outcome = if stopped { failed() } else { self.carry_out(batch, &batch.ops[at]) };
            stopped = self.fault == FailedStopsTheBatch && matches!(outcome, OpOutcome::Failed { .. });
            outcomes[at] = outcome;
        }
        match self.fault {
            AnswersBackwards => outcomes.reverse(),
            AnswersOfTheAppliedFirst => {
                outcomes.sort_by_key(|outcome| !matches!(outcome, OpOutcome::Applied { .. }));
            }
            _ => {}
        }
        outcomes
    }

    fn revision(&self, id: &ExternalId) -> Option<Revision> {
        self.inner.get(id).map(|kept| kept.revision)
    }

    fn carry_out(&self, batch: &Batch, op: &Op) -> OpOutcome {
        let mut made = self.made(op);
        if made.links() || made.rekeyed.is_some() {
            return self.takes_in(batch, op, made);
        }
        let known = self.revision(&made.id);
        let expected = known.map_or(Precondition::Unlinked, Precondition::Revision);
        let forced = match self.fault {
            UpdatesBlindly => known.is_some() && op.expect != Precondition::Unlinked,
            CreatesOverAnything => op.expect == Precondition::Unlinked,
            ComparesBeforeItWrites => op.expect == expected,
            _ => false,
        };
        if forced {
            return self.force(batch, made);
        }
        let refuses = match self.fault {
            NulIsRefused => text_of(op).contains("\\u0000"),
            LongTextsAreRefused => text_of(op).len() > 10_000,
            _ => false,
        };
        if refuses {
            return failed();
        }
        if self.side().refused.contains(&made.id) {
            if self.fault == FailedLeavesTheRecord {
                made.conflicts.clear();
                self.one(batch, &made);
            }
            return failed();
        }
        let before = self.inner.get(&made.id);
        if self.fault == DeletionsLoseTheRace {
            thread::yield_now();
        }
        let mut outcome = self.one(batch, &made);
        let is_as_expected = |kept: &Kept| op.expect == Precondition::Revision(kept.revision);
        if self.fault == DeletionsLoseTheRace && before.as_ref().is_some_and(is_as_expected) {
            // It looked before the deletion, and writes the whole record afterwards.
            outcome = if outcome == OpOutcome::Stale { self.force(batch, made.clone()) } else { outcome };
            self.behind(&made.id, |kept| kept.presence = Presence::Active);
        }
        match &outcome {
            OpOutcome::Applied { .. } => self.after(op, &made, before.map(|kept| kept.local)),
            _ => self.after_refusal(batch, op, &made),
        }
        self.answer(outcome)
    }

    /// An op that gives a record its id.
    fn takes_in(&self, batch: &Batch, op: &Op, mut made: Op) -> OpOutcome {
        let is_taken = self.inner.get(&made.id).is_some();
        match &mut made.expect {
            Precondition::Free { local, revision } => {
                let now = self.inner.free().get(local).map(|kept| kept.revision);
                if self.fault == ComparesBeforeItWrites && now == Some(*revision) && !is_taken {
                    thread::yield_now();
                    return self.taken_in(local.clone());
                }
                if self.fault == LinksAtAnyRevision {
                    *revision = now.unwrap_or(*revision);
                }
                if self.fault == LinksOverOthers && is_taken && now == Some(*revision) {
                    return self.taken_in(local.clone());
                }
            }
            _ if self.fault == RekeysOverOthers && is_taken => {
                let local = self.inner.get(&made.id).unwrap().id;
                return self.taken_in(local);
            }
            _ => {}
        }
        if self.side().refused.contains(&made.id) {
            return failed();
        }
        if self.fault == LinksWithoutTheirPatch && made.links() {
            made.action = Action::Touch;
        }
        let outcome = self.one(batch, &made);
        match outcome {
            OpOutcome::Applied { .. } => {
                self.note(&made);
                if self.fault == RekeysLeaveTheBase {
                    self.behind(&made.id, |kept| kept.base = None);
                }
            }
            _ => self.after_refusal(batch, op, &made),
        }
        match outcome {
            OpOutcome::Applied { .. } if self.fault == LinksMakeNewLocals => {
                self.taken_in(LocalId::new("new").unwrap())
            }
            outcome => self.answer(outcome),
        }
    }

    fn taken_in(&self, local: LocalId) -> OpOutcome {
        OpOutcome::Applied { local }
    }

    /// What the store understands of an op.
    fn made(&self, op: &Op) -> Op {
        let mut made = op.clone();
        made.id = self.id(&op.id);
        made.base = op.base.as_ref().map(|base| self.kept(base));
        let patch = |patch: &Record| match self.fault {
            PatchesAreWhole => whole(patch),
            PatchesSkipNull => each(patch, |_, value| Some(value).filter(|value| !value.is_null())),
            _ => self.kept(patch),
        };
        made.action = match &op.action {
            Action::Create(record) => Action::Create(self.kept(record)),
            Action::Update(stated) => Action::Update(patch(stated)),
            Action::Reactivate(_) if self.fault == ReactivatedWithoutPatch => Action::Reactivate(schema().missing()),
            Action::Reactivate(stated) => Action::Reactivate(patch(stated)),
            Action::Touch if self.fault == TouchWritesTheBase => op.base.clone().map_or(Action::Touch, Action::Update),
            Action::Touch if self.fault == TouchMakesRevisions => Action::Update(schema().missing()),
            other => other.clone(),
        };
        match self.fault {
            BaseNullForMissing => made.base = made.base.map(|base| whole(&base)),
            BaseWithoutVersion => made.version = None,
            MissedIsForgotten => made.missed = 0,
            TombstonesOfTheBasedOnly if made.action == Action::Deactivate => {
                let has_base = self.inner.get(&made.id).is_some_and(|kept| kept.base.is_some());
                made.base = made.base.filter(|_| has_base);
            }
            TombstonesWithoutVersion if made.action == Action::Deactivate => made.base = None,
            SyncedAlways => made.seen = made.seen.or(Some(schema().missing().fingerprint())),
            ConflictsNeverClose => {
                made.conflicts.retain(|change| !matches!(change, ConflictChange::Close { .. }));
            }
            ConflictsNeverMove => {
                made.conflicts.retain(|change| !matches!(change, ConflictChange::Update(_)));
            }
            _ => {}
        }
        made
    }

    /// Writes without looking at what is there, some time after somebody looked.
    fn force(&self, batch: &Batch, mut op: Op) -> OpOutcome {
        thread::yield_now();
        loop {
            match (self.revision(&op.id), op.action.clone()) {
                (Some(now), Action::Create(record)) => {
                    op.action = Action::Update(record);
                    op.expect = Precondition::Revision(now);
                }
                (Some(now), _) => op.expect = Precondition::Revision(now),
                (None, _) => op.expect = Precondition::Unlinked,
            }
            if let applied @ OpOutcome::Applied { .. } = self.one(batch, &op) {
                self.note(&op);
                return applied;
            }
        }
    }

    fn one(&self, batch: &Batch, op: &Op) -> OpOutcome {
        let mut batch = batch.clone();
        batch.ops = vec![op.clone()];
        self.commit_inner(&batch).remove(0)
    }

    fn note(&self, op: &Op) {
        let run = tripartite::id::RunId::new("suite-1").unwrap();
        let mut entries: Vec<_> = op.entries.iter().map(|entry| (run.clone(), op.id.clone(), entry.clone())).collect();
        match self.fault {
            AuditTwice => entries.extend(entries.clone()),
            AuditBackwards => entries.reverse(),
            AuditOfThePatch => entries.iter_mut().for_each(|(.., entry)| told_by_the_patch(entry, &op.action)),
            _ => {}
        }
        self.side().audit.extend(entries);
    }

    fn after(&self, op: &Op, made: &Op, before: Option<Record>) {
        self.note(made);
        let wrote = made.action != Action::Touch;
        if let Some(kept) = self.inner.get(&made.id).filter(|_| self.fault == KeysOfWhatWasCommitted) {
            self.side().first.insert(kept.id, kept.local);
        }
        match self.fault {
            OpsKeepTheRevision if wrote && before.is_some() => self.behind(&made.id, |kept| kept.revision.0 -= 1),
            DeactivatedIsEmptied if made.action == Action::Deactivate => {
                self.behind(&made.id, |kept| kept.local = schema().missing());
            }
            MissedForEver => {
                let last = self.side().missed.get(&made.id).copied().unwrap_or_default().max(made.missed);
                self.side().missed.insert(made.id.clone(), last);
                self.behind(&made.id, |kept| kept.missed = last);
            }
            UpdatesMoveAll if wrote => {
                let others = self.inner.records().into_keys().filter(|id| *id != made.id);
                others.for_each(|id| self.inner.change(&id, |_| ()).unwrap());
            }
            RememberedWithoutRevision if !wrote && op.makes_revision() => self.behind(&made.id, |kept| {
                kept.revision.0 -= 1;
                if let (Some(synced), true) = (&mut kept.synced, op.seen.is_some()) {
                    synced.revision.0 -= 1;
                }
            }),
            OpsForgetWhatItIsNot => self.behind(&made.id, |kept| kept.is_not.clear()),
            UpdatesActivate if matches!(made.action, Action::Update(_)) => {
                self.behind(&made.id, |kept| kept.presence = Presence::Active);
            }
            VersionWithoutBase => self.behind(&made.id, |kept| {
                if let Some(base) = &mut kept.base {
                    base.version = made.version;
                }
            }),
            RemovedIsTouchedAtOneRevision if !wrote && op.makes_revision() => self.behind(&made.id, |kept| {
                kept.revision.0 -= u64::from(kept.presence == Presence::Removed);
            }),
            BaseGoesWithoutOne if op.base.is_none() => self.behind(&made.id, |kept| kept.base = None),
            SyncedBeforeItsWrite if wrote && op.seen.is_some() => self.behind(&made.id, |kept| {
                if let Some(synced) = &mut kept.synced {
                    synced.revision.0 -= 1;
                }
            }),
            _ => {}
        }
    }

    fn after_refusal(&self, batch: &Batch, op: &Op, made: &Op) {
        let Some(now) = self.revision(&made.id) else { return };
        match self.fault {
            StaleIsAudited => self.note(made),
            StaleStoresItsBase => {
                let mut op = op.clone();
                (op.action, op.expect) = (Action::Touch, Precondition::Revision(now));
                (op.seen, op.conflicts) = (None, vec![]);
                self.one(batch, &op);
            }
            _ => {}
        }
    }

    fn answer(&self, outcome: OpOutcome) -> OpOutcome {
        match outcome {
            OpOutcome::Applied { .. } if self.fault == LocalIdOfEachOp => {
                let mut side = self.side();
                side.ops += 1;
                OpOutcome::Applied { local: LocalId::new(side.ops.to_string()).unwrap() }
            }
            outcome => outcome,
        }
    }
}

fn text_of(op: &Op) -> String {
    op.remote.iter().map(|record| serde_json::to_string(&schema().named(record)).unwrap()).collect()
}

fn failed() -> OpOutcome {
    OpOutcome::Failed { problem: "it was refused".to_owned() }
}

/// What a store writes into its audit that looks the value up in what it has just written.
fn told_by_the_patch(entry: &mut AuditEntry, action: &Action) {
    if let (AuditEntry::Field(entry), Action::Create(patch) | Action::Update(patch)) = (entry, action)
        && let Some(position) = schema().position(&entry.field)
    {
        entry.result = patch.field(position).to_value();
    }
}
