//! The records of an op, in the form in which it is hashed.
//!
//! | a record | is hashed as |
//! |---|---|
//! | equal to an earlier one of the op | the number of that one |
//! | that JSON keeps as it is | how many fields it has, and the rest of its row |
//! | with something that JSON cannot hold (a number of 65 bits) | the row that is read from its JSON |
//!
//! Equal rows have equal bytes, and a row has one reading. So an op that was stored and read has the digest that it had.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::plan::op_doc::Fields;
use crate::schema::Schema;
use crate::value::{FieldRef, Record, Value};

/// The base, the source's record and the one that is written.
const MOST: usize = 3;

/// The records of one op.
pub(super) struct Rows<'a> {
    schema: &'a Schema,
    seen: [Option<Cow<'a, Record>>; MOST],
}

/// A record.
pub(super) enum Row<'a> {
    Own(Cow<'a, Record>),
    /// The one that had this number, counted from 0.
    Same(usize),
}

impl<'a> Rows<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self { schema, seen: [const { None }; MOST] }
    }

    /// The next record.
    pub(super) fn row(&mut self, record: &'a Record) -> Row<'a> {
        // What is equal to a stored form is a stored form.
        if let Some(number) = self.number(record) {
            return Row::Same(number);
        }
        let row = as_stored(self.schema, record);
        if let Cow::Owned(row) = &row
            && let Some(number) = self.number(row)
        {
            return Row::Same(number);
        }
        if let Some(place) = self.seen.iter_mut().find(|place| place.is_none()) {
            *place = Some(row.clone());
        }
        Row::Own(row)
    }

    fn number(&self, row: &Record) -> Option<usize> {
        self.seen.iter().position(|seen| seen.as_deref() == Some(row))
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Own(record) => {
                let (head, rest) = record.row_without_notes();
                (head, Bytes(rest)).serialize(serializer)
            }
            Self::Same(number) => number.serialize(serializer),
        }
    }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// The record as it is read from a stored plan.
fn as_stored<'a>(schema: &Schema, record: &'a Record) -> Cow<'a, Record> {
    let extra = record.extra();
    let is_kept = record.len() == schema.fields().len()
        && record.fields().chain([extra]).all(FieldRef::is_kept_by_json)
        && (extra.is_missing() || extra.keys().next().is_some());
    if is_kept {
        return Cow::Borrowed(record);
    }
    // A record that cannot be read is in no plan that is read, so it has no other form.
    read_back(schema, record).map_or(Cow::Borrowed(record), Cow::Owned)
}

fn read_back(schema: &Schema, record: &Record) -> Option<Record> {
    let json = serde_json::to_vec(&schema.named(record)).ok()?;
    // A value refuses an object with a key that is stated twice, as with a field that is also beyond the schema.
    let Value::Map(fields) = serde_json::from_slice(&json).ok()? else { return None };
    let fields: Fields = fields;
    schema.record(&fields).ok()
}
