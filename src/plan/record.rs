//! Plans one linked or new record: from its three versions to its op.

use super::conflict::{conflicts, is_replaced, replaced_record, whole_record};
use super::create::is_taken_as_it_stands;
use super::dropped;
use super::entry::{entries, field_entries};
use super::told::Told;
use crate::audit::{AuditEntry, RecordEntry, RecordReason, Situation};
use crate::detect::{Sides, Verdict, detect};
use crate::id::ExternalId;
use crate::resolve::{Decision, Effect, Resolution, Resolved, resolve};
use crate::schema::{Policy, Schema};
use crate::source::RemoteRecord;
use crate::store::{Action, ConflictChange, Loaded, Op, Precondition, Presence, Synced, has_left, is_kept};
use crate::value::Record;

/// Why the source's record cannot become a record here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreationRefusal {
    /// A required field has no valid value.
    #[error("field `{field}` is required, but has no valid value")]
    Required {
        /// The field.
        field: String,
    },
}

/// Plans a record that both sides have. `None` means that there is nothing to do, and nothing to remember.
///
/// ```
/// use tripartite::plan::plan_linked;
/// use tripartite::store::Action;
/// # use tripartite::store::{Base, Loaded, Presence, Revision};
/// # use tripartite::source::RemoteRecord;
/// # use tripartite::id::ExternalId;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// # let id = ExternalId::new("7")?;
/// # let loaded = Loaded::new(id.clone(), Revision(3), record("2")?)
/// #     .base(Base::new(record("1")?, schema.fingerprint()));
/// // The base is "1", and somebody here made it "2".
/// let still = RemoteRecord::new(id.clone(), record("1")?);
/// let moved = RemoteRecord::new(id, record("3")?);
/// let policy = Policy::new(schema.clone());
/// let action = |remote| plan_linked(&policy, remote, &loaded).map(|op| op.action);
/// // An edit that the source did not touch is not undone.
/// assert_eq!(action(&still), Some(Action::Touch));
/// // `remote_wins` decides; the audit entry keeps "2".
/// assert_eq!(action(&moved), Some(Action::Update(record("3")?)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_linked(policy: &Policy, remote: &RemoteRecord, loaded: &Loaded) -> Option<Op> {
    let seen = remote.fingerprint();
    let known = Synced { revision: loaded.revision, seen, policy: policy.fingerprint() };
    let stored = loaded.base.as_ref();
    let stale = is_older(remote.version, loaded);
    // An older version does not show that the record exists. While it is asked whether the id means another person, the
    // decision about the record's end holds.
    let ended = has_left(loaded.missed) || is_kept(loaded.missed);
    let asked = || (ended || loaded.missed == 0) && loaded.open.iter().any(is_replaced);
    let settled = match loaded.presence {
        Presence::Deactivated => stale || asked(),
        _ => loaded.missed == 0 || asked(),
    };
    if loaded.synced == Some(known) && settled {
        return None;
    }
    let mut op = Op {
        situation: Situation::Linked,
        version: remote.version,
        remote: Some(remote.record.clone()),
        seen: Some(seen),
        ..touch(&remote.id, loaded)
    };
    let schema = policy.schema();
    let base = stored.map_or_else(|| schema.missing(), |base| base.accepted(schema));
    // The op remembers what was seen, so that the same old version is not looked at every night.
    if stale {
        op.missed = if loaded.presence == Presence::Deactivated { loaded.missed } else { 0 };
        op.entries = edits(policy, &base, loaded);
        return Some(note(op, Situation::Stale, &RecordReason::Stale));
    }
    if loaded.presence == Presence::Removed {
        // A removed record has no edits to keep, so the base stands for local.
        let sides = Sides { base: &base, local: &base, remote: &remote.record };
        op.situation = Situation::LocalDeleted;
        op.conflicts.extend(whole_record(schema, sides, &loaded.open));
        // What is decided about it later is decided of this version.
        op.base = (remote.version > stored.and_then(|base| base.version)).then_some(base);
        let told = op.conflicts.iter().any(|change| !matches!(change, ConflictChange::Close { .. }));
        return Some(if told { note(op, Situation::DeleteVsEdit, &RecordReason::Removed) } else { op });
    }
    let sides = Sides { base: &base, local: &loaded.local, remote: &remote.record };
    // If a user has entered the new identity already, both sides agree and nothing is asked.
    if schema.is_another(&base, &remote.record) && !schema.is_partly(&loaded.local, &remote.record) {
        op.situation = Situation::Replaced;
        op.missed = if ended { loaded.missed } else { 0 };
        op.conflicts.extend(replaced_record(schema, sides, &loaded.open));
        // What is decided about it later is decided of this version.
        op.base = (remote.version > stored.and_then(|base| base.version)).then(|| base.clone());
        op.entries = edits(policy, &base, loaded);
        let told = !op.conflicts.is_empty();
        return Some(if told { note(op, Situation::Replaced, &RecordReason::Replaced) } else { op });
    }
    let resolved = resolve(policy, &detect(schema, sides), loaded.strategy.as_ref());
    let told = Told::of(policy, loaded);
    let after = bases(schema, &resolved, Some(&told));
    op.version = remote.version.or(stored.and_then(|base| base.version));
    op.base = (stored.is_none_or(|stored| stored.record != after || stored.version != op.version)).then_some(after);
    op.conflicts = conflicts(schema, &resolved, &loaded.open);
    op.entries = entries(schema, &resolved, &loaded.open, &told);
    let writes = resolved.patch();
    op.action = match (loaded.presence, writes) {
        (Presence::Deactivated, writes) => Action::Reactivate(writes.unwrap_or_else(|| schema.missing())),
        (_, Some(writes)) => Action::Update(writes),
        (_, None) => Action::Touch,
    };
    if loaded.presence == Presence::Deactivated {
        op = note(op, Situation::Reappeared, &RecordReason::Reappeared);
    }
    Some(op)
}

/// The entries about edits that are new and stay, where nothing is decided of what the source says now. What is open, and
/// what is of a removed record, is none.
fn edits(policy: &Policy, base: &Record, loaded: &Loaded) -> Vec<AuditEntry> {
    if loaded.presence == Presence::Removed {
        return Vec::new();
    }
    let schema = policy.schema();
    let sides = Sides { base, local: &loaded.local, remote: base };
    let mut resolved = resolve(policy, &detect(schema, sides), loaded.strategy.as_ref());
    resolved.resolutions.retain(|resolution| {
        let is_asked = loaded.open.iter().any(|conflict| conflict.unit == schema.unit_name(resolution.unit));
        !is_asked && resolution.decision == Decision::Nothing && matches!(resolution.verdict, Verdict::LocalOnly(_))
    });
    entries(schema, &resolved, &loaded.open, &Told::of(policy, loaded))
}

/// Whether the source's version is older than the last decision.
pub(super) fn is_older(version: Option<u64>, loaded: &Loaded) -> bool {
    let known = loaded.base.as_ref().and_then(|base| base.version);
    version.zip(known).is_some_and(|(version, known)| version < known)
}

/// An op that changes nothing yet, with the precondition that the record is as it was loaded.
pub(crate) fn touch(id: &ExternalId, loaded: &Loaded) -> Op {
    Op {
        id: id.clone(),
        rekeyed: None,
        situation: Situation::Linked,
        action: Action::Touch,
        expect: Precondition::Revision(loaded.revision),
        made_from: loaded.state(),
        base: None,
        version: loaded.base.as_ref().and_then(|base| base.version),
        remote: None,
        seen: None,
        missed: 0,
        conflicts: Vec::new(),
        entries: Vec::new(),
    }
}

pub(super) fn note(op: Op, situation: Situation, why: &RecordReason) -> Op {
    let action = op.action.name();
    note_as(op, situation, action, why)
}

pub(super) fn note_as(mut op: Op, situation: Situation, action: &str, why: &RecordReason) -> Op {
    op.situation = situation;
    let entry = RecordEntry { situation, action: action.to_owned(), why: why.said(), by: None };
    op.entries.insert(0, AuditEntry::Record(entry));
    op
}

/// Plans a record that only the source has.
///
/// # Errors
/// [`CreationRefusal`], when it cannot be created. The run quarantines it.
///
/// ```
/// use tripartite::id::ExternalId;
/// use tripartite::plan::{CreationRefusal, plan_creation};
/// use tripartite::schema::{Field, Kind, Policy, Schema};
/// use tripartite::source::RemoteRecord;
/// use tripartite::store::Action;
/// let schema = Schema::builder()
///     .field(Field::new("name", Kind::Name).required())
///     .field(Field::new("born", Kind::DATE))
///     .build()?;
/// let policy = Policy::new(schema.clone());
/// let plan = |fields| -> Result<_, Box<dyn std::error::Error>> {
///     let remote = RemoteRecord::new(ExternalId::new("7")?, schema.record(&fields)?);
///     Ok(plan_creation(&policy, &remote))
/// };
/// // A day that does not exist is left out and recorded; the person is created all the same.
/// let op = plan(serde_json::json!({"name": "Áine", "born": "2023-02-29"}))??;
/// assert!(matches!(op.action, Action::Create(record) if record.field(1).is_missing()));
/// let refused = plan(serde_json::json!({"name": " ", "born": "2000-02-29"}))?;
/// assert_eq!(refused.unwrap_err(), CreationRefusal::Required { field: "name".to_owned() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_creation(policy: &Policy, remote: &RemoteRecord) -> Result<Op, CreationRefusal> {
    if is_taken_as_it_stands(policy, &remote.record) {
        return Ok(created_as_it_stands(remote));
    }
    created_with_care(policy, remote)
}

pub(super) fn created_as_it_stands(remote: &RemoteRecord) -> Op {
    creation(remote, remote.record.clone(), remote.record.clone(), Vec::new())
}

pub(super) fn created_with_care(policy: &Policy, remote: &RemoteRecord) -> Result<Op, CreationRefusal> {
    let schema = policy.schema();
    let nothing = schema.missing();
    let sides = Sides { base: &nothing, local: &nothing, remote: &remote.record };
    let resolved = resolve(policy, &detect(schema, sides), None);
    let created = if taken_whole(schema, &resolved) {
        remote.record.clone()
    } else {
        resolved.patch().unwrap_or_else(|| nothing.clone())
    };
    for (field, value) in schema.fields().iter().zip(created.fields()) {
        if field.is_required() && schema.is_null(field, value) {
            return Err(CreationRefusal::Required { field: field.name().to_owned() });
        }
    }
    // What the source says beyond the schema was not decided on, so it is no base of a field that joins later.
    let whole = taken_whole(schema, &resolved) && remote.record.extra().is_missing();
    let base = if whole { remote.record.clone() } else { bases(schema, &resolved, None) };
    let invalid = resolved.resolutions.iter().filter(|r| matches!(r.verdict, Verdict::InvalidRemote(_)));
    let entries = invalid.flat_map(|resolution| field_entries(schema, &resolved.sides, resolution)).collect();
    Ok(creation(remote, created, base, entries))
}

fn creation(remote: &RemoteRecord, created: Record, base: Record, entries: Vec<AuditEntry>) -> Op {
    let op = Op {
        id: remote.id.clone(),
        rekeyed: None,
        situation: Situation::Unmatched,
        action: Action::Create(created),
        expect: Precondition::Unlinked,
        made_from: None,
        base: Some(base),
        version: remote.version,
        remote: Some(remote.record.clone()),
        seen: Some(remote.fingerprint()),
        missed: 0,
        conflicts: Vec::new(),
        entries,
    };
    note(op, Situation::Unmatched, &RecordReason::Created)
}

/// Whether every stated field is taken unchanged, so that the source's row can be used.
fn taken_whole(schema: &Schema, resolved: &Resolved<'_>) -> bool {
    let remote = resolved.sides.remote;
    !has_blanks(schema, remote)
        && resolved.resolutions.iter().all(|resolution| match resolution.verdict {
            Verdict::Adopted => !any_missing(remote, resolution),
            Verdict::NotReported => resolution.fields.is_empty() || all_missing(remote, resolution),
            Verdict::InvalidRemote(_) => false,
            _ => resolution.fields.iter().all(|effect| {
                effect.local == Effect::Field(remote.field(effect.position)) && effect.local == effect.base
            }),
        })
}

/// Whether an empty value is spelled otherwise than null. A base holds only null.
fn has_blanks(schema: &Schema, remote: &Record) -> bool {
    let mut said = schema.fields().iter().zip(remote.fields());
    said.any(|(field, said)| schema.is_null(field, said) && !said.is_null() && !said.is_missing())
}

fn any_missing(remote: &Record, resolution: &Resolution<'_>) -> bool {
    resolution.fields.iter().any(|effect| remote.field(effect.position).is_missing())
}

fn all_missing(remote: &Record, resolution: &Resolution<'_>) -> bool {
    resolution.fields.iter().all(|effect| remote.field(effect.position).is_missing())
}

/// The base after, without the marks of what the source says again.
fn bases(schema: &Schema, resolved: &Resolved<'_>, told: Option<&Told<'_>>) -> Record {
    let mut row = resolved.base_fields();
    let mut extra = dropped::beside(schema, resolved.sides.base, resolved.sides.remote).unwrap_or_default();
    if let Some(told) = told {
        told.mark(schema, resolved, &mut extra);
    }
    if !extra.is_empty() {
        // This only fails beyond 256 MiB. Then the fields beyond the schema are dropped.
        let _ = row.set_extra(extra);
    }
    resolved.carried(row.finish())
}
