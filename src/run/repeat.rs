//! Repetitions: whether two statements of one record in a listing say the same, in any spelling.
//!
//! | first | second | same |
//! |---|---|---|
//! | `{name: "Áine "}` | `{name: "Áine"}` | yes: one name, two spellings |
//! | `{name: "Áine", fax: null}` | `{name: "Áine"}` | no: the second says nothing of the fax |
//! | `{born: "spring"}` | `{born: "Spring"}` | no: what cannot be read equals only itself |
//!
//! **What if the first statement is no longer kept?** A run keeps only the fingerprint of an unchanged record, and in
//! streaming mode of a written one. The host still has what it said: in the base, or, if a conflict is open, in the
//! source's side of the conflict.

use crate::detect::{RemoteState, Side, read_remote};
use crate::schema::{Field, Schema, Unit};
use crate::store::{Loaded, OpenConflict};
use crate::value::{Record, Value, at, pointer};

pub(super) fn same(schema: &Schema, first: &Record, second: &Record) -> bool {
    schema.fields().iter().enumerate().all(|(position, field)| {
        let region = |record| schema.region_in(position, record, None);
        let regions = [region(first), region(second)];
        let [first, second] = [first.field(position), second.field(position)];
        let is_said = first.is_missing() == second.is_missing();
        let [one, other] = [first, second].map(|raw| Side::new(schema, field, raw));
        is_said && one.dialled_in(regions[0]).same(&other.dialled_in(regions[1]))
    })
}

/// Whether a record states what was already decided on.
pub(super) fn is_known(schema: &Schema, loaded: &Loaded, again: &Record) -> bool {
    let Some(base) = &loaded.base else { return false };
    let base = schema.accepted(&base.record);
    schema.units().iter().all(|unit| {
        let open = loaded.open.iter().find(|conflict| conflict.unit == schema.unit_name(*unit));
        schema.members(unit).iter().all(|&position| {
            let field = &schema.fields()[position];
            let [of_base, of_again] =
                [schema.region_in(position, &base, None), schema.region_in(position, again, Some(&base))];
            let known = Side::new(schema, field, base.field(position)).dialled_in(of_base);
            match read_remote(schema, position, &known, again.field(position), of_again) {
                RemoteState::NotReported => true,
                RemoteState::Invalid(_) => false,
                RemoteState::Reported { remote, moved } => open.map_or(!moved, |conflict| {
                    schema.same_value(field, said(conflict, *unit, field), &remote.raw.to_value())
                }),
            }
        })
    })
}

/// The source's value of a field in an open conflict.
fn said<'c>(conflict: &'c OpenConflict, unit: Unit, field: &Field) -> &'c Value {
    match unit {
        Unit::Field(_) => &conflict.remote,
        Unit::Group(_) => at(&conflict.remote, &pointer(&[field.name()])),
    }
}
