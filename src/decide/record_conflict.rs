//! Decides a conflict about a record as a whole: removed here and changed there, or edited here and gone there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Answer, DecideError, completed, known_base, put, touch, unit};
use crate::audit::{AuditEntry, FieldEntry, RecordEntry, RecordReason, Situation};
use crate::detect::{Clash, RemoteChange, Verdict};
use crate::id::PersonId;
use crate::resolve::{Decision, Reason};
use crate::schema::{Policy, Privacy};
use crate::store::{
    Action, ConflictChange, KEPT, LEFT, Loaded, Op, OpenConflict, Presence, WHOLE_RECORD, given_up, given_up_at,
    listings_without,
};
use crate::value::{Record, RecordBuilder, Value};

pub(super) fn reason(conflict: &OpenConflict) -> Reason<'static> {
    let fields = fields(conflict).into();
    match conflict.clash {
        Clash::BothChanged => Reason::Replaced { fields },
        Clash::RemoteCleared => Reason::Ended { fields },
        _ => Reason::Removed { fields },
    }
}

/// What held it open.
pub(super) fn rule(conflict: &OpenConflict) -> &'static str {
    if is_replaced(conflict) { "situation: replaced" } else { "situation: delete_vs_edit" }
}

/// Whether it is the source that no longer has the record.
fn is_ended(conflict: &OpenConflict) -> bool {
    conflict.clash == Clash::RemoteCleared
}

fn is_replaced(conflict: &OpenConflict) -> bool {
    conflict.clash == Clash::BothChanged
}

/// What one side changed, while the other one removed the record.
pub(super) fn fields(conflict: &OpenConflict) -> Vec<String> {
    let changed = if is_ended(conflict) { &conflict.local } else { &conflict.remote };
    if let Value::Map(said) = changed { said.keys().cloned().collect() } else { Vec::new() }
}

/// The id means another person at the source by now. The record here gives the id up. It keeps its base and its history under
/// an id that no source has, without a version. The next run creates the other person and counts this record as missing.
fn decide_another(policy: &Policy, loaded: &Loaded, by: &PersonId) -> Result<Op, DecideError> {
    let given_up = given_up(&loaded.id, loaded.revision).ok_or(DecideError::WholeRecord)?;
    let mut op = touch(loaded);
    op.situation = Situation::Replaced;
    op.entries.push(said(&op, &RecordReason::Another, by));
    op.conflicts.push(ConflictChange::Close { unit: WHOLE_RECORD.to_owned() });
    // The version belongs to the other person's record, so it is dropped.
    op.base = Some(known_base(policy.schema(), loaded));
    Ok(Op { id: given_up, rekeyed: Some(loaded.id.clone()), version: None, ..op })
}

/// Tells one that gives its id up from all that ever gave up the same one.
pub(super) fn name_by_time(op: &mut Op, at: DateTime<Utc>) {
    if op.situation == Situation::Replaced && op.rekeyed.is_some() {
        op.id = given_up_at(&op.id, at).unwrap_or_else(|| op.id.clone());
    }
}

/// What becomes of a record that the source no longer has: here it is taken back, by the source it is inactive.
fn decide_ended(policy: &Policy, loaded: &Loaded, answer: &Answer, by: &PersonId) -> Result<Op, DecideError> {
    let mut op = touch(loaded);
    let count = listings_without(loaded.missed);
    let why = match (answer, loaded.presence) {
        (Answer::Value(_), _) => return Err(DecideError::WholeRecord),
        (Answer::TakeLocal, presence) => {
            op.missed = KEPT | count;
            if presence != Presence::Active {
                op.action = Action::Reactivate(policy.schema().missing());
            }
            RecordReason::KeptOn
        }
        (Answer::TakeRemote, presence) => {
            op.missed = LEFT | count;
            if presence == Presence::Active {
                op.action = Action::Deactivate;
            }
            RecordReason::LeftInactive
        }
    };
    op.entries.push(said(&op, &why, by));
    op.conflicts.push(ConflictChange::Close { unit: WHOLE_RECORD.to_owned() });
    op.situation = Situation::DeleteVsEdit;
    Ok(op)
}

fn said(op: &Op, why: &RecordReason, by: &PersonId) -> AuditEntry {
    let situation = if op.situation == Situation::Replaced { op.situation } else { Situation::DeleteVsEdit };
    let action = op.action.name().to_owned();
    AuditEntry::Record(RecordEntry { situation, action, why: why.said(), by: Some(by.clone()) })
}

pub(super) fn decide(
    policy: &Policy,
    loaded: &Loaded,
    conflict: &OpenConflict,
    answer: &Answer,
    by: &PersonId,
) -> Result<Op, DecideError> {
    if is_ended(conflict) {
        return decide_ended(policy, loaded, answer, by);
    }
    let replaced = is_replaced(conflict);
    if replaced && *answer == Answer::TakeLocal {
        return decide_another(policy, loaded, by);
    }
    let taken =
        Taken::of(policy, loaded, conflict, if replaced { RecordReason::Same } else { RecordReason::TakenBack }, by);
    let mut op = touch(loaded);
    op.situation = if replaced { Situation::Replaced } else { Situation::DeleteVsEdit };
    match answer {
        Answer::Value(_) => return Err(DecideError::WholeRecord),
        Answer::TakeLocal => op.entries.push(said(&op, &RecordReason::LeftRemoved, by)),
        Answer::TakeRemote => {
            // The source lists it, so earlier decisions about its end no longer count.
            op.missed = 0;
            op.action = match loaded.presence {
                Presence::Active => Action::Update(taken.patch),
                _ => Action::Reactivate(taken.patch),
            };
            op.entries.push(said(&op, &taken.why, by));
            op.entries.extend(taken.overwritten);
        }
    }
    op.base = Some(taken.base);
    op.conflicts.push(ConflictChange::Close { unit: conflict.unit.clone() });
    Ok(op)
}

/// What the source changed of a record, as it is taken over.
struct Taken {
    /// The base with it.
    base: Record,
    patch: Record,
    overwritten: Vec<AuditEntry>,
    why: RecordReason,
}

impl Taken {
    fn of(policy: &Policy, loaded: &Loaded, conflict: &OpenConflict, why: RecordReason, by: &PersonId) -> Self {
        let none = BTreeMap::new();
        let said = if let Value::Map(said) = &conflict.remote { said } else { &none };
        let schema = policy.schema();
        let base = known_base(schema, loaded);
        let mut advanced = RecordBuilder::new(schema.fields().len());
        let mut patch = RecordBuilder::new(schema.fields().len());
        let mut overwritten = Vec::new();
        for (name, remote) in said {
            let Some(position) = schema.position(name) else { continue };
            let field = &schema.fields()[position];
            let remote = unit::nulled(schema, field, remote.clone());
            put(&mut advanced, position, &remote);
            let (now, known) = (loaded.local.field(position).to_value(), base.field(position));
            let here = unit::read_here(schema, position, &loaded.local);
            let Some(written) = unit::written(schema, here, remote.clone(), &now) else { continue };
            put(&mut patch, position, &written);
            let change = match (known.is_missing(), schema.is_null(field, known), remote.is_null()) {
                (true, ..) => RemoteChange::Filled,
                (_, true, _) => RemoteChange::Set,
                (_, _, true) => RemoteChange::Cleared,
                _ => RemoteChange::Changed,
            };
            overwritten.push(AuditEntry::Field(FieldEntry {
                field: name.clone(),
                group: schema.group_of(position).map(|group| group.name().to_owned()),
                verdict: Verdict::RemoteOnly(change),
                decision: Decision::TookRemote,
                rule: format!("person: {}", Answer::TakeRemote.name()),
                base: (!known.is_missing()).then(|| known.to_value()),
                local: now,
                remote: Some(remote),
                result: written,
                collisions: Vec::new(),
                dialled: None,
                why: why.said(),
                by: Some(by.clone()),
                kept: Privacy::Plain,
            }));
        }
        Self { base: completed(advanced, &base), patch: patch.finish(), overwritten, why }
    }
}
