//! Carries out an answer field by field: the new local value, and the new base.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Answer, DecideError};
use crate::detect::{RemoteState, Side, read_remote};
use crate::normalize::phone::Region;
use crate::schema::{Field, Places, Schema, Unit};
use crate::store::{ConflictChange, OpenConflict};
use crate::value::{FieldRef, Problem, Record, Value};

/// What the answers to one conflict come to.
pub(super) struct Settled<'a> {
    /// What each answer did, for the audit.
    pub(super) steps: Vec<Step<'a>>,
    /// The values to write, by position.
    pub(super) written: Vec<(usize, Value)>,
    /// The bases, by position.
    pub(super) advanced: Vec<(usize, Value)>,
    /// What becomes of the conflict.
    pub(super) change: ConflictChange,
}

/// What one answer did to one field.
pub(super) struct Step<'a> {
    pub(super) unit: Unit,
    /// The conflict, or the part of it that was answered.
    pub(super) conflict: Cow<'a, OpenConflict>,
    pub(super) answer: &'a Answer,
    pub(super) position: usize,
    /// The host's value before.
    pub(super) local: Value,
    /// The host's value after; `None` if it stays.
    pub(super) result: Option<Value>,
    /// What the source said, as the conflict saw it.
    pub(super) remote: Option<Value>,
}

/// What becomes of one field.
struct Outcome {
    position: usize,
    /// The host's value; `None` leaves it.
    local: Option<Value>,
    /// The base; `None` leaves it.
    base: Option<Value>,
    remote: Option<Value>,
}

/// A conflict with its answer, and the record that it is of.
#[derive(Clone, Copy)]
pub(super) struct Answered<'s, 'a> {
    pub(super) schema: &'s Schema,
    pub(super) base: &'s Record,
    pub(super) local: &'a Record,
    pub(super) conflict: &'a OpenConflict,
    pub(super) answer: &'a Answer,
}

pub(super) fn settle<'a>(answered: Answered<'_, 'a>, unit: Unit) -> Result<Settled<'a>, DecideError> {
    let Answered { local, conflict, answer, .. } = answered;
    let outcomes = match unit {
        Unit::Field(position) => vec![field(answered, position)?],
        Unit::Group(_) => group(answered, unit)?,
    };
    let change = ConflictChange::Close { unit: conflict.unit.clone() };
    let mut settled = Settled { steps: Vec::new(), written: Vec::new(), advanced: Vec::new(), change };
    for Outcome { position, local: result, base, remote } in outcomes {
        settled.written.extend(result.clone().map(|value| (position, value)));
        settled.advanced.extend(base.map(|value| (position, value)));
        let local = local.field(position).to_value();
        settled.steps.push(Step { unit, conflict: Cow::Borrowed(conflict), answer, position, local, result, remote });
    }
    Ok(settled)
}

fn field(answered: Answered<'_, '_>, position: usize) -> Result<Outcome, DecideError> {
    let Answered { schema, base, local, conflict, answer } = answered;
    let field = &schema.fields()[position];
    let known = base.field(position);
    let remote = nulled(schema, field, conflict.remote.clone());
    // Without a base the whole object was one question, so the whole value becomes the base.
    let advanced = if conflict.paths.is_empty() || known.is_missing() {
        remote.clone()
    } else {
        grafted(schema, field, &known.to_value(), conflict)
    };
    let chosen = match (answer, local.field(position).to_value()) {
        (Answer::TakeLocal, _) => None,
        (Answer::Value(value), _) => Some(checked(schema, read_here(schema, position, local), value)?),
        (Answer::TakeRemote, own) if !conflict.paths.is_empty() && schema.parts(field, &own).is_some() => {
            Some(grafted(schema, field, &own, conflict))
        }
        (Answer::TakeRemote, _) => Some(remote),
    };
    Ok(Outcome {
        position,
        local: chosen.and_then(|value| {
            written(schema, read_here(schema, position, local), value, &local.field(position).to_value())
        }),
        base: Some(advanced),
        remote: Some(conflict.remote.clone()),
    })
}

/// A value with the source's in all places where the sides collide.
fn grafted(schema: &Schema, field: &Field, value: &Value, conflict: &OpenConflict) -> Value {
    schema.graft(field.reading(), value, Some(&conflict.remote), &Places::of(&conflict.paths))
}

fn group(answered: Answered<'_, '_>, unit: Unit) -> Result<Vec<Outcome>, DecideError> {
    let Answered { schema, base, local, conflict, answer } = answered;
    let members = schema.members(&unit);
    let name = |position: usize| schema.fields()[position].name();
    let nothing = BTreeMap::new();
    let said = if let Value::Map(said) = &conflict.remote { said } else { &nothing };
    let tuple = match answer {
        Answer::Value(Value::Map(tuple)) if tuple.keys().all(|key| members.iter().any(|&at| name(at) == key)) => tuple,
        Answer::Value(_) => return Err(DecideError::NoTuple { group: conflict.unit.clone() }),
        _ => &nothing,
    };
    let member = |&position: &usize| {
        let field = &schema.fields()[position];
        let known = base.field(position);
        let remote = match said.get(field.name()) {
            Some(remote) => Some(nulled(schema, field, remote.clone())),
            // An absent field may count as cleared.
            None => match read_remote(schema, position, &Side::new(schema, field, known), FieldRef::MISSING, None) {
                RemoteState::Reported { .. } => Some(Value::Null),
                RemoteState::NotReported | RemoteState::Invalid(_) => None,
            },
        };
        let chosen = match answer {
            Answer::TakeLocal => None,
            Answer::Value(_) => tuple
                .get(field.name())
                .map(|value| checked(schema, read_here(schema, position, local), value))
                .transpose()?,
            // A member that the source did not report did not change there, so the base has its value.
            Answer::TakeRemote => remote.clone().or_else(|| (!known.is_missing()).then(|| known.to_value())),
        };
        let local = chosen.and_then(|value| {
            written(schema, read_here(schema, position, local), value, &local.field(position).to_value())
        });
        Ok(Outcome { position, local, base: remote, remote: said.get(field.name()).cloned() })
    };
    members.iter().map(member).collect()
}

/// However null is spelled, a base has it as null.
pub(super) fn nulled(schema: &Schema, field: &Field, value: Value) -> Value {
    if schema.same_value(field, &value, &Value::Null) { Value::Null } else { value }
}

/// A field, and where its telephone numbers are dialled in the host's record.
pub(super) type Here<'s> = (&'s Field, Option<Region>);

/// How an entered value is read: as the host's own would be.
pub(super) fn read_here<'s>(schema: &'s Schema, position: usize, local: &Record) -> Here<'s> {
    (&schema.fields()[position], schema.region_in(position, local, None))
}

pub(super) fn checked(schema: &Schema, (field, region): Here<'_>, value: &Value) -> Result<Value, DecideError> {
    let invalid = |problem| DecideError::Invalid { field: field.name().to_owned(), problem };
    match nulled(schema, field, value.clone()) {
        Value::Null if field.is_required() => Err(invalid(Problem::Required)),
        Value::Null => Ok(Value::Null),
        value => schema.canonical_of(field.reading().dialled_in(region), &value).map(|_| value).map_err(invalid),
    }
}

/// The value to write; `None` if the field has it already, in any spelling.
pub(super) fn written(schema: &Schema, (field, region): Here<'_>, value: Value, now: &Value) -> Option<Value> {
    let reading = field.reading().dialled_in(region);
    if schema.same_value(reading, &value, now) {
        return None;
    }
    match field.writes_canonical().then(|| schema.canonical_of(reading, &value)) {
        Some(Ok(canonical)) => Some(canonical),
        _ => Some(value),
    }
}

/// The value of a unit: a field's own, a group's as a map of what it has.
pub(super) fn value(schema: &Schema, record: &Record, unit: Unit) -> Value {
    match unit {
        Unit::Field(position) => record.field(position).to_value(),
        Unit::Group(_) => {
            let named = |&at: &usize| (schema.fields()[at].name().to_owned(), record.field(at).to_value());
            Value::Map(schema.members(&unit).iter().map(named).collect())
        }
    }
}
