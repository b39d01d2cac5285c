//! Open conflicts: when one is opened, updated or closed, so that a record has one for each unit and reports it once.

use crate::detect::{Clash, Sides, Verdict, detect};
use crate::resolve::{Decision, Resolution, Resolved};
use crate::schema::{Absent, Places, Reading, Schema, Unit};
use crate::store::{ConflictChange, Loaded, OpenConflict, WHOLE_RECORD};
use crate::value::{FieldRef, Record, Value, at, pointer};

pub(super) fn conflicts(schema: &Schema, resolved: &Resolved<'_>, open: &[OpenConflict]) -> Vec<ConflictChange> {
    let mut changes = Vec::new();
    let held = |name: &str| {
        resolved.resolutions.iter().find(|resolution| resolution.is_open() && schema.unit_name(resolution.unit) == name)
    };
    for conflict in open.iter().filter(|conflict| held(&conflict.unit).is_none() && !unsaid(schema, resolved, conflict))
    {
        changes.push(ConflictChange::Close { unit: conflict.unit.clone() });
    }
    for resolution in resolved.resolutions.iter().filter(|resolution| resolution.is_open()) {
        let conflict = open_conflict(schema, resolved, resolution);
        match open.iter().find(|known| known.unit == conflict.unit) {
            None => changes.push(ConflictChange::Open(conflict)),
            Some(known) if same_conflict(schema, known, &conflict) => {}
            Some(_) => changes.push(ConflictChange::Update(conflict)),
        }
    }
    changes
}

/// Whether the source stated nothing readable for the unit, so that the conflict neither changes nor ends.
fn unsaid(schema: &Schema, resolved: &Resolved<'_>, conflict: &OpenConflict) -> bool {
    let of = |resolution: &&Resolution<'_>| schema.unit_name(resolution.unit) == conflict.unit;
    resolved.resolutions.iter().find(of).is_some_and(|resolution| match resolution.verdict {
        Verdict::InvalidRemote(_) => true,
        Verdict::NotReported => !is_emptied(schema, resolution.unit, conflict),
        _ => false,
    })
}

/// Whether an absent unit counts as cleared: the conflict holds a value that the source stated, also if the base has
/// none.
fn is_emptied(schema: &Schema, unit: Unit, conflict: &OpenConflict) -> bool {
    schema.members(&unit).iter().all(|&position| {
        let field = &schema.fields()[position];
        let reported = match unit {
            Unit::Field(_) => &conflict.remote,
            Unit::Group(_) => at(&conflict.remote, &pointer(&[field.name()])),
        };
        schema.absent(position) == Absent::ClearedIfReported || schema.same_value(field, reported, &Value::Null)
    })
}

/// Whether two states of a conflict are the same. Its clash may change when the rest of an object gets a base, and a
/// side may be spelled differently.
pub(super) fn same_conflict(schema: &Schema, a: &OpenConflict, b: &OpenConflict) -> bool {
    let same = |left: &Value, right: &Value| same_in_dispute(schema, a, left, right);
    a.unit == b.unit && a.paths == b.paths && same(&a.local, &b.local) && same(&a.remote, &b.remote)
}

/// Whether two values of a unit are equal at the places where the sides collide.
pub(crate) fn same_in_dispute(schema: &Schema, conflict: &OpenConflict, a: &Value, b: &Value) -> bool {
    let field = |position: usize| &schema.fields()[position];
    let unit = schema.units().iter().find(|&&unit| schema.unit_name(unit) == conflict.unit);
    if !conflict.paths.is_empty() {
        let places = Places::of(&conflict.paths);
        let reading = if let Some(&Unit::Field(at)) = unit { field(at).reading() } else { Reading::NOTHING };
        let mut pairs = schema.find(reading, a, &places).into_iter().zip(schema.find(reading, b, &places));
        return pairs.all(|((reading, a), (_, b))| {
            let [a, b] = [a, b].map(|value| value.unwrap_or(&Value::Null));
            schema.same_value(reading, a, b)
        });
    }
    match unit {
        None if is_whole_record(conflict) => same_fields(schema, a, b),
        None => a == b,
        Some(&Unit::Field(position)) => schema.same_value(field(position), a, b),
        Some(unit) => schema.members(unit).iter().all(|&position| {
            let path = pointer(&[schema.fields()[position].name()]);
            schema.same_value(field(position), at(a, &path), at(b, &path))
        }),
    }
}

/// Whether two maps of fields have equal values.
fn same_fields(schema: &Schema, a: &Value, b: &Value) -> bool {
    let (Value::Map(a), Value::Map(b)) = (a, b) else { return a == b };
    let same = |(name, a): (&String, &Value)| {
        let field = schema.position(name).map(|position| &schema.fields()[position]);
        b.get(name).is_some_and(|b| field.map_or(a == b, |field| schema.same_value(field, a, b)))
    };
    a.len() == b.len() && a.iter().all(same)
}

/// Whether the conflict asks if the source's record is still about the same person.
pub(super) fn is_replaced(conflict: &OpenConflict) -> bool {
    // The three questions about a whole record differ by their clash: `BothChanged` asks who it is, `LocalCleared` is
    // about a record removed here, `RemoteCleared` about one that the source no longer has.
    is_whole_record(conflict) && conflict.clash == Clash::BothChanged
}

pub(super) fn is_whole_record(conflict: &OpenConflict) -> bool {
    conflict.unit == WHOLE_RECORD
}

/// The change of the conflict about a record that a user removed. It is open as long as the source differs from the
/// base.
pub(super) fn whole_record(schema: &Schema, sides: Sides<'_>, open: &[OpenConflict]) -> Option<ConflictChange> {
    let changes = detect(schema, sides);
    let moved = changes.changes().iter().filter(|change| matches!(change.verdict, Verdict::RemoteOnly(_)));
    let moved: Vec<usize> = moved.flat_map(|change| schema.members(&change.unit).to_vec()).collect();
    let known = open.iter().find(|conflict| is_whole_record(conflict));
    if moved.is_empty() {
        return known.map(|known| ConflictChange::Close { unit: known.unit.clone() });
    }
    let of = |record: &Record| Value::Map(moved.iter().map(|&at| named_value(schema, record, at)).collect());
    let (base, remote) = (Some(of(sides.base)), of(sides.remote));
    let (unit, clash) = (WHOLE_RECORD.to_owned(), Clash::LocalCleared);
    let conflict = OpenConflict { unit, clash, paths: Vec::new(), base, local: Value::Null, remote };
    asked(schema, open, conflict)
}

/// The question about a record that may be about another person at the source.
pub(super) fn replaced_record(schema: &Schema, sides: Sides<'_>, open: &[OpenConflict]) -> Option<ConflictChange> {
    let changes = detect(schema, sides);
    let moved = changes
        .changes()
        .iter()
        .filter(|change| matches!(change.verdict, Verdict::RemoteOnly(_) | Verdict::Conflict(_)));
    let moved: Vec<usize> = moved.flat_map(|change| schema.members(&change.unit).to_vec()).collect();
    let of = |record: &Record| Value::Map(moved.iter().map(|&at| named_value(schema, record, at)).collect());
    let (unit, clash) = (WHOLE_RECORD.to_owned(), Clash::BothChanged);
    let (base, local, remote) = (Some(of(sides.base)), of(sides.local), of(sides.remote));
    asked(schema, open, OpenConflict { unit, clash, paths: Vec::new(), base, local, remote })
}

/// Opens the question about a record as a whole, or updates it when its values change.
fn asked(schema: &Schema, open: &[OpenConflict], conflict: OpenConflict) -> Option<ConflictChange> {
    match open.iter().find(|known| is_whole_record(known)) {
        None => Some(ConflictChange::Open(conflict)),
        Some(known) if known.clash == conflict.clash && same_conflict(schema, known, &conflict) => None,
        Some(_) => Some(ConflictChange::Update(conflict)),
    }
}

/// The question about a record that the source no longer has and in which a user edited these units.
pub(super) fn ended_record(schema: &Schema, loaded: &Loaded, edited: &[&str]) -> Option<ConflictChange> {
    let is_edited = |unit: &&Unit| edited.contains(&schema.unit_name(**unit));
    let positions = schema.units().iter().filter(is_edited).flat_map(|unit| schema.members(unit).to_vec());
    let positions: Vec<usize> = positions.collect();
    let of = |record: &Record| Value::Map(positions.iter().map(|&at| named_value(schema, record, at)).collect());
    let (base, local) = (loaded.base.as_ref().map(|base| of(&base.accepted(schema))), of(&loaded.local));
    let (unit, clash) = (WHOLE_RECORD.to_owned(), Clash::RemoteCleared);
    let conflict = OpenConflict { unit, clash, paths: Vec::new(), base, local, remote: Value::Null };
    asked(schema, &loaded.open, conflict)
}

fn named_value(schema: &Schema, record: &Record, at: usize) -> (String, Value) {
    (schema.fields()[at].name().to_owned(), record.field(at).to_value())
}

pub(super) fn open_conflict(schema: &Schema, resolved: &Resolved<'_>, resolution: &Resolution<'_>) -> OpenConflict {
    let sides = resolved.sides;
    let clash = match resolution.verdict {
        Verdict::Conflict(clash) => clash,
        // Only a conflict, or an object that contains one, is held open.
        _ => resolution.collisions.first().map_or(Clash::BothChanged, |collision| collision.clash),
    };
    let held = resolution.collisions.iter().filter(|collision| collision.decision == Decision::HeldOpen);
    OpenConflict {
        unit: schema.unit_name(resolution.unit).to_owned(),
        clash,
        paths: held.map(|collision| collision.path.clone()).collect(),
        base: unit_value(schema, sides.base, resolution.unit),
        // The local value after this op: the undisputed parts of an object are merged at once.
        local: written_value(resolution)
            .or_else(|| unit_value(schema, sides.local, resolution.unit))
            .unwrap_or_default(),
        remote: remote_value(schema, resolved, resolution.unit),
    }
}

/// What the source says. A conflict has not the rest of its record, so a number has its country where it needs one.
fn remote_value(schema: &Schema, resolved: &Resolved<'_>, unit: Unit) -> Value {
    let mut remote = unit_value(schema, resolved.sides.remote, unit).unwrap_or_default();
    for (position, number) in resolved.carried_here(schema.members(&unit)) {
        match (unit, &mut remote) {
            (Unit::Group(_), Value::Map(tuple)) => {
                drop(tuple.insert(schema.fields()[position].name().to_owned(), number))
            }
            (_, remote) => *remote = number,
        }
    }
    remote
}

/// The value that is written to an object with an open conflict inside it. A group is never written in part.
fn written_value(resolution: &Resolution<'_>) -> Option<Value> {
    match resolution.unit {
        Unit::Field(_) => resolution.fields.first().and_then(|effect| effect.local.to_value()),
        Unit::Group(_) => None,
    }
}

/// A unit's value: a field's own, a group's as a map; `None` when all of it is missing.
fn unit_value(schema: &Schema, record: &Record, unit: Unit) -> Option<Value> {
    match unit {
        Unit::Field(position) => said(record.field(position)),
        Unit::Group(_) => {
            let members = schema.members(&unit).iter();
            let said = members.filter_map(|&at| Some((schema.fields()[at].name().to_owned(), said(record.field(at))?)));
            let map: std::collections::BTreeMap<_, _> = said.collect();
            (!map.is_empty()).then_some(Value::Map(map))
        }
    }
}

pub(super) fn said(field: FieldRef<'_>) -> Option<Value> {
    (!field.is_missing()).then(|| field.to_value())
}
