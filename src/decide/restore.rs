//! Restores an overwritten value from the audit.

use super::{DecideError, explained, is_enforced, put, touch};
use crate::audit::{AuditEntry, FieldEntry};
use crate::detect::{LocalChange, Verdict};
use crate::id::PersonId;
use crate::resolve::Decision;
use crate::schema::{Field, Policy, Privacy, Unit};
use crate::store::{Action, Loaded, Op, Presence};
use crate::value::{RecordBuilder, Value};

/// Brings back the host's value from before an audit entry, as a user's edit: local changes, and the base stays. So
/// it stands until the source moves, and what it takes the place of is in the audit.
///
/// `entries` is one field's entry, or those of all fields of an atomic group, of one run: a part of a group would make
/// a tuple that nobody entered.
///
/// # Errors
/// [`DecideError`], when a conflict about it is open, the audit does not hold the value, it stands there already, or it
/// would not stay.
pub fn restore(policy: &Policy, loaded: &Loaded, entries: &[&FieldEntry], by: &PersonId) -> Result<Op, DecideError> {
    let schema = policy.schema();
    if loaded.presence == Presence::Removed {
        return Err(DecideError::Removed);
    }
    let first = entries.first().map_or("", |entry| &entry.field);
    let holds = |unit: &&Unit| schema.position(first).is_some_and(|position| schema.members(unit).contains(&position));
    let unit = schema.units().iter().find(holds).copied();
    let unit = unit.ok_or_else(|| DecideError::NoSuchUnit { unit: first.to_owned() })?;
    if loaded.open.iter().any(|conflict| conflict.unit == schema.unit_name(unit)) {
        return Err(DecideError::Open { unit: schema.unit_name(unit).to_owned() });
    }
    if let Some(entry) = entries.iter().find(|entry| !entry.kept.is_plain()) {
        return Err(DecideError::NotKept { field: entry.field.clone(), privacy: entry.kept });
    }
    if entries.iter().all(|entry| entry.local == entry.result) {
        return Err(DecideError::NothingOverwritten { field: first.to_owned() });
    }
    let mut op = touch(loaded);
    let base = super::known_base(schema, loaded);
    let mut patch = RecordBuilder::new(schema.fields().len());
    for &position in schema.members(&unit) {
        let field = &schema.fields()[position];
        let Some(told) = entries.iter().find(|entry| schema.position(&entry.field) == Some(position)) else {
            let (group, field) = (schema.unit_name(unit).to_owned(), field.name().to_owned());
            return Err(DecideError::PartOfGroup { group, field });
        };
        let now = loaded.local.field(position).to_value();
        let result = brought_back(policy, loaded, unit, told, &now)?;
        if schema.same_value(field, &now, &result) {
            continue;
        }
        put(&mut patch, position, &result);
        let known = base.field(position);
        let null = |value: &Value| schema.same_value(field, value, &Value::Null);
        let change = match (known.is_missing(), schema.is_null(field, known), null(&result)) {
            (true, ..) => LocalChange::Unbased,
            (_, true, _) => LocalChange::Set,
            (_, _, true) => LocalChange::Cleared,
            _ => LocalChange::Changed,
        };
        op.entries.push(AuditEntry::Field(explained(
            schema,
            FieldEntry {
                field: field.name().to_owned(),
                group: matches!(unit, Unit::Group(_)).then(|| schema.unit_name(unit).to_owned()),
                verdict: Verdict::LocalOnly(change),
                decision: Decision::Entered,
                rule: "person: restore".to_owned(),
                base: (!known.is_missing()).then(|| known.to_value()),
                local: now,
                remote: None,
                result,
                collisions: Vec::new(),
                dialled: None,
                why: String::new(),
                by: Some(by.clone()),
                kept: Privacy::Plain,
            },
        )));
    }
    if op.entries.is_empty() {
        return Err(DecideError::InPlace { field: first.to_owned() });
    }
    op.action = Action::Update(patch.finish());
    Ok(op)
}

/// The host's value with what the entry overwrote: of an object or a set of records only those parts, and of a group all.
/// A part that is enforced stays as it is, because the next sync would undo the rest of the restoration.
fn brought_back(
    policy: &Policy,
    loaded: &Loaded,
    unit: Unit,
    told: &FieldEntry,
    now: &Value,
) -> Result<Value, DecideError> {
    let (schema, is_enforced) = (policy.schema(), is_enforced(policy, loaded, unit));
    let refused = || DecideError::Enforced { unit: schema.unit_name(unit).to_owned() };
    let reading = schema.position(&told.field).and_then(|at| schema.fields().get(at)).map(Field::reading);
    let Some(reading) = reading.filter(|reading| is_field(unit) && schema.parts(*reading, now).is_some()) else {
        return if is_enforced { Err(refused()) } else { Ok(told.local.clone()) };
    };
    let mut places = schema.differences(reading, &told.local, &told.result);
    // A strategy for the record as a whole comes before those of its parts.
    let stays = if loaded.strategy.is_some() { !is_enforced } else { places.retain_free(reading, is_enforced) };
    if stays { Ok(schema.graft(reading, now, Some(&told.local), &places)) } else { Err(refused()) }
}

fn is_field(unit: Unit) -> bool {
    matches!(unit, Unit::Field(_))
}
