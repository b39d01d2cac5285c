//! Values that the source no longer states, and whose loss a person approved: they are marked in the base.
//!
//! A base keeps its value where the source states nothing and an absent value clears nothing, and where a conflict is
//! open. So the next run would count the field as emptied once more. A plan that the guard stops for emptied fields
//! marks those places in the bases of its own ops. The marks are written only if the plan is approved. A marked place
//! no longer counts as [emptied](super::FieldFigures::emptied) until the source states a value there again.
//!
//! The marks are one more entry of the base beside its fields, so a store keeps them as it keeps a field that has left the
//! schema.

use std::collections::{BTreeMap, BTreeSet};

use super::guard::blocked::Blocked;
use super::marks;
use super::packed::PackedOps;
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::schema::{Places, Reading, Schema, part};
use crate::store::Op;
use crate::value::{FieldRef, Record, RecordBuilder, Value, pointer};

/// The name of the entry: a list of places, each a JSON Pointer whose first part is a field's name.
const MARKS: &str = "tripartite:dropped";

/// A field by its position, and a place inside it as a JSON Pointer, empty for the whole field.
pub(super) type Place = (usize, String);

/// The places where the base has a value and the source no longer states one.
pub(super) fn dropped(schema: &Schema, base: &Record, remote: &Record) -> Vec<Place> {
    let mut places = Vec::new();
    for position in 0..base.len() {
        let (base, remote) = (base.field(position), remote.field(position));
        if base == remote || schema.says_nothing(position, base) {
            continue;
        }
        if schema.says_nothing(position, remote) {
            places.push((position, String::new()));
        } else if base.is_composite()
            && remote.is_composite()
            && schema.canonical(position, base).is_ok()
            && schema.canonical(position, remote).is_ok()
        {
            let (reading, found) = (schema.fields()[position].reading(), &mut |path: &[String]| {
                places.push((position, pointer(path)));
            });
            let sides = [&base.to_value(), &remote.to_value()];
            inside(schema, reading, sides, &mut Vec::new(), found);
        }
    }
    places
}

/// Objects are compared key by key, sets of records record by record. A list inside an object is one value.
fn inside(
    schema: &Schema,
    reading: Reading<'_>,
    sides: [&Value; 2],
    path: &mut Vec<String>,
    found: &mut impl FnMut(&[String]),
) {
    let [Some(base), Some(remote)] = sides.map(|side| schema.parts(reading, side)) else { return };
    for was in &base {
        let is = part(&remote, &was.name).map_or(&Value::Null, |part| part.value);
        let reading = reading.part(&was.name);
        if was.value == is || schema.is_nothing(reading, was.value) {
            continue;
        }
        path.push(was.name.clone().into_owned());
        if schema.is_nothing(reading, is) {
            found(path);
        } else {
            inside(schema, reading, [was.value, is], path, found);
        }
        path.pop();
    }
}

/// The marked places of a base.
pub(super) fn marked(schema: &Schema, base: &Record) -> BTreeSet<Place> {
    marks::read(base, MARKS).iter().filter_map(|mark| place(schema, mark)).collect()
}

fn place(schema: &Schema, mark: &str) -> Option<Place> {
    let (field, rest) = mark.strip_prefix('/')?.split_once('/').map_or((mark.get(1..)?, None), |(f, r)| (f, Some(r)));
    let position = schema.position(&field.replace("~1", "/").replace("~0", "~"))?;
    Some((position, rest.map(|rest| format!("/{rest}")).unwrap_or_default()))
}

/// The extra entries of a base after the source stated `remote`: a place that it states again loses its mark.
pub(super) fn beside(schema: &Schema, base: &Record, remote: &Record) -> Option<BTreeMap<String, Value>> {
    let Value::Map(mut extra) = base.extra().to_value() else { return None };
    let mut marks = marked(schema, base);
    marks.retain(|(position, path)| is_nothing(schema, *position, remote.field(*position), path));
    put(schema, &mut extra, marks);
    (!extra.is_empty()).then_some(extra)
}

fn put(schema: &Schema, extra: &mut BTreeMap<String, Value>, marks: BTreeSet<Place>) {
    let name = |position: usize| schema.fields().get(position).map_or("", |field| field.name());
    let mark = |(position, path)| format!("{}{path}", pointer(&[name(position)]));
    marks::write(extra, MARKS, marks.into_iter().map(mark));
}

fn is_nothing(schema: &Schema, position: usize, said: FieldRef<'_>, path: &str) -> bool {
    if schema.says_nothing(position, said) {
        return true;
    }
    let Some(field) = schema.fields().get(position).filter(|_| !path.is_empty()) else { return false };
    let said = said.to_value();
    let found = schema.find(field.reading(), &said, &Places::of([&path.to_owned()]));
    found.iter().all(|(reading, value)| value.is_none_or(|value| schema.is_nothing(*reading, value)))
}

/// The records whose base has values that the source no longer states.
#[derive(Debug, Default)]
pub(crate) struct Dropped(BTreeMap<ExternalId, (Record, Vec<Place>)>);

impl Dropped {
    pub(super) fn add(&mut self, id: &ExternalId, base: &Record, places: Vec<Place>) {
        self.0.insert(id.clone(), (base.clone(), places));
    }

    /// Marks the dropped places in the ops of a plan that the guard stopped for them, if their base keeps the value.
    pub(crate) fn mark(&self, schema: &Schema, ops: &mut PackedOps, reasons: &[Blocked]) {
        let asked = |reason: &Blocked| match reason {
            Blocked::Emptied { field, .. } => Some(field.clone()),
            _ => None,
        };
        let asked: BTreeSet<String> = reasons.iter().filter_map(asked).collect();
        let is_asked = |(position, path): &Place| {
            schema.fields().get(*position).is_some_and(|field| asked.contains(&format!("{}{path}", field.name())))
        };
        let is_meant = |id: &str| !asked.is_empty() && self.0.contains_key(id);
        ops.change(is_meant, |op| {
            if let Some((base, places)) = self.0.get(&op.id) {
                mark(schema, op, base, places.iter().filter(|place| is_asked(place)));
            }
        });
    }
}

/// Marks the places that still have a value in the base of the op, or in the base that it leaves unchanged.
fn mark<'p>(schema: &Schema, op: &mut Op, before: &Record, places: impl Iterator<Item = &'p Place>) {
    // In other situations no field was decided, so the base stays as it is, together with its version.
    if !matches!(op.situation, Situation::Linked | Situation::Reappeared | Situation::Rekeyed) {
        return;
    }
    let base = op.base.as_ref().unwrap_or(before);
    let mut marks = marked(schema, base);
    let known = marks.len();
    marks.extend(places.filter(|(at, path)| !is_nothing(schema, *at, base.field(*at), path)).cloned());
    if marks.len() > known {
        op.base = Some(with(schema, base, marks));
    }
}

/// Copies the marks of a stale op to the op that replaces it.
pub(crate) fn mark_again(schema: &Schema, stale: &Op, op: &mut Op, before: &Record) {
    let marks = stale.base.as_ref().map(|base| marked(schema, base)).unwrap_or_default();
    if let (false, Some(remote)) = (marks.is_empty(), op.remote.clone()) {
        let stays = |(at, path): &&Place| is_nothing(schema, *at, remote.field(*at), path);
        mark(schema, op, before, marks.iter().filter(stays));
    }
}

fn with(schema: &Schema, base: &Record, marks: BTreeSet<Place>) -> Record {
    let mut row = RecordBuilder::new(base.len());
    for (position, field) in base.fields().enumerate().filter(|(_, field)| !field.is_missing()) {
        // The fields come from a row, so they fit into a row.
        let _ = row.set_field(position, field);
    }
    let mut extra = match base.extra().to_value() {
        Value::Map(extra) => extra,
        _ => BTreeMap::new(),
    };
    put(schema, &mut extra, marks);
    let _ = row.set_extra(extra);
    row.finish()
}
