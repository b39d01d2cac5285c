//! The packed row: one allocation a record, a field is a slice of it.
//!
//! ```text
//! ┌────────────┬──────────────────────────┬───────────────────────────┐
//! │ head: u32  │ n + 1 cells: tag 4 bits, │ payload: the fields' bytes│
//! │ n, missing │ end 28 bits              │ one after the other       │
//! └────────────┴──────────────────────────┴───────────────────────────┘
//! ```
//!
//! The last cell holds what the source said beyond the schema, as one map. Equal rows have equal bytes, because every
//! part has exactly one encoding: maps are ordered, integers take the fewest bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

use super::Value;

const WORD: usize = 4;
const HEAD: usize = WORD;
const MISSING_SOMETHING: u32 = 1 << 31;
const END_BITS: u32 = 28;
const END_MASK: u32 = (1 << END_BITS) - 1;

/// The most fields a record may have.
pub(crate) const MAX_FIELDS: usize = 4096;

/// Why values do not fit into a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The position is not one of the record's.
    #[error("there is no field {position} in a record of {len}")]
    NoSuchField {
        /// The position asked for.
        position: usize,
        /// How many fields there are.
        len: usize,
    },
    /// The field was set before.
    #[error("field {position} is stated twice")]
    Twice {
        /// Its position.
        position: usize,
    },
    /// All values together are larger than a row can be (256 MiB).
    #[error("a record has at most 256 MiB")]
    TooLarge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Tag {
    Missing,
    Null,
    False,
    True,
    Int,
    BigInt,
    Float,
    Text,
    List,
    Map,
}

const TAGS: [Tag; 10] =
    [Tag::Missing, Tag::Null, Tag::False, Tag::True, Tag::Int, Tag::BigInt, Tag::Float, Tag::Text, Tag::List, Tag::Map];

impl Tag {
    /// Only this module writes tags, so an unknown one cannot occur; it would read as missing.
    fn of(code: u8) -> Self {
        TAGS.get(usize::from(code)).copied().unwrap_or(Tag::Missing)
    }
}

/// A hash of a record's fields, for telling "the same as last time" without keeping the last time.
///
/// XXH3 with 128 bits: not for secrets, and with a million records the chance that one change goes unseen is below
/// 10⁻²⁵. Two records with equal fields have equal fingerprints on every machine.
///
/// ```
/// use tripartite::value::{RecordBuilder, Value};
/// let mut row = RecordBuilder::new(1);
/// row.set(0, &Value::from("Seán"))?;
/// let row = row.finish();
/// assert_eq!(row.fingerprint().to_string().len(), 32);
/// # Ok::<(), tripartite::value::RecordError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of plain bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(xxh3_128(bytes).to_be_bytes())
    }

    /// The bytes, for a store that keeps them in 16.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Back from the bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(|bits| Self(bits.to_be_bytes()))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One record, packed into one row. Cloning shares the row.
///
/// Built by a [`Schema`](crate::schema::Schema) from any serialisable type, or field by field by a [`RecordBuilder`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Record {
    row: Arc<[u8]>,
}

impl Record {
    /// A record of `len` fields that are all missing.
    ///
    /// ```
    /// let record = tripartite::value::Record::missing(2);
    /// assert!(record.field(1).is_missing() && record.has_missing());
    /// assert!(record.field(7).is_missing()); // beyond the end too
    /// ```
    pub fn missing(len: usize) -> Self {
        RecordBuilder::new(len).finish()
    }

    /// How many fields the record has.
    pub fn len(&self) -> usize {
        (word(&self.row, 0) & !MISSING_SOMETHING) as usize
    }

    /// Whether it has no field at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any field is missing.
    pub fn has_missing(&self) -> bool {
        word(&self.row, 0) & MISSING_SOMETHING != 0
    }

    /// The field at a position; missing beyond the end.
    pub fn field(&self, position: usize) -> FieldRef<'_> {
        if position < self.len() { self.cell(position) } else { FieldRef::MISSING }
    }

    /// All fields in order.
    pub fn fields(&self) -> impl Iterator<Item = FieldRef<'_>> {
        (0..self.len()).map(|position| self.cell(position))
    }

    /// What the source said beyond the schema: a map, or missing.
    pub fn extra(&self) -> FieldRef<'_> {
        self.cell(self.len())
    }

    /// The fingerprint of the fields; what lies beyond the schema does not count.
    pub fn fingerprint(&self) -> Fingerprint {
        let len = self.len();
        let head = self.row.get(..HEAD + len * WORD).unwrap_or_default();
        let start = payload_start(len);
        let payload = self.row.get(start..start + end_before(&self.row, len)).unwrap_or_default();
        Fingerprint(xxh3_128_with_seed(payload, xxhash_rust::xxh3::xxh3_64(head)).to_be_bytes())
    }

    /// The bytes the row takes, for those who count memory.
    pub fn size(&self) -> usize {
        self.row.len()
    }

    fn cell(&self, index: usize) -> FieldRef<'_> {
        let cell = word(&self.row, 1 + index);
        let start = payload_start(self.len());
        let bytes = self.row.get(start + end_before(&self.row, index)..start + (cell & END_MASK) as usize);
        FieldRef { tag: Tag::of((cell >> END_BITS) as u8), bytes: bytes.unwrap_or_default() }
    }
}

fn payload_start(len: usize) -> usize {
    HEAD + (len + 1) * WORD
}

fn word(row: &[u8], index: usize) -> u32 {
    let at = index * WORD;
    row.get(at..at + WORD).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn end_before(row: &[u8], index: usize) -> usize {
    if index == 0 { 0 } else { (word(row, index) & END_MASK) as usize }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields()).finish()
    }
}

/// One field of a record: a view of the row. Two are equal iff the raw values are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldRef<'a> {
    tag: Tag,
    bytes: &'a [u8],
}

impl<'a> FieldRef<'a> {
    /// The missing field.
    pub const MISSING: FieldRef<'static> = FieldRef { tag: Tag::Missing, bytes: &[] };
    /// The null field.
    pub const NULL: FieldRef<'static> = FieldRef { tag: Tag::Null, bytes: &[] };

    /// Whether nothing was said.
    pub fn is_missing(self) -> bool {
        self.tag == Tag::Missing
    }

    /// Whether it is explicitly null.
    pub fn is_null(self) -> bool {
        self.tag == Tag::Null
    }

    /// Whether it is a list or a map.
    pub fn is_composite(self) -> bool {
        matches!(self.tag, Tag::List | Tag::Map)
    }

    /// The text, if it is one.
    pub fn text(self) -> Option<&'a str> {
        match self.tag {
            Tag::Text => std::str::from_utf8(self.bytes).ok(),
            _ => None,
        }
    }

    /// An owned copy; a missing field becomes [`Value::Null`].
    pub fn to_value(self) -> Value {
        decode(self.tag, self.bytes)
    }
}

impl fmt::Debug for FieldRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_missing() { f.write_str("missing") } else { self.to_value().fmt(f) }
    }
}

/// Builds a [`Record`] field by field, in any order; what is never set is missing.
///
/// ```
/// use tripartite::value::{RecordBuilder, RecordError, Value};
/// let mut row = RecordBuilder::new(2);
/// row.set(1, &Value::from("second"))?;
/// row.set(0, &Value::Null)?;
/// assert_eq!(row.set(0, &Value::Null), Err(RecordError::Twice { position: 0 }));
/// let row = row.finish();
/// assert!(row.field(0).is_null());
/// assert_eq!(row.field(1).text(), Some("second"));
/// # Ok::<(), RecordError>(())
/// ```
pub struct RecordBuilder {
    cells: Vec<Cell>,
    payload: Vec<u8>,
    in_order: bool,
    last: usize,
}

#[derive(Clone, Copy)]
struct Cell {
    tag: Tag,
    start: u32,
    end: u32,
}

impl RecordBuilder {
    /// Starts a record of `len` fields, at most 4096.
    pub fn new(len: usize) -> Self {
        let len = len.min(MAX_FIELDS);
        let cells = vec![Cell { tag: Tag::Missing, start: 0, end: 0 }; len + 1];
        Self { cells, payload: Vec::with_capacity(len * 24), in_order: true, last: 0 }
    }

    /// Sets one field.
    ///
    /// # Errors
    /// [`RecordError`] when there is no such field, it is set already, or the row grows beyond 256 MiB.
    pub fn set(&mut self, position: usize, value: &Value) -> Result<(), RecordError> {
        self.put(position, |out| encode(value, out))
    }

    /// Sets one field to a text, without an owned [`Value`] in between.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_text(&mut self, position: usize, text: &str) -> Result<(), RecordError> {
        self.put(position, |out| {
            out.extend_from_slice(text.as_bytes());
            Tag::Text
        })
    }

    /// Sets one field to a field of another record; a missing one stays missing.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_field(&mut self, position: usize, field: FieldRef<'_>) -> Result<(), RecordError> {
        self.put(position, |out| {
            out.extend_from_slice(field.bytes);
            field.tag
        })
    }

    /// Sets what the source said beyond the schema.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_extra(&mut self, extra: BTreeMap<String, Value>) -> Result<(), RecordError> {
        let extra = Value::Map(extra);
        self.put_cell(self.len(), |out| encode(&extra, out))
    }

    /// How many fields the record will have.
    pub fn len(&self) -> usize {
        self.cells.len() - 1
    }

    /// Whether it will have no field at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a field was set already.
    pub fn is_set(&self, position: usize) -> bool {
        self.cells.get(position).is_some_and(|cell| cell.tag != Tag::Missing)
    }

    /// The finished record.
    pub fn finish(self) -> Record {
        let len = self.len();
        let mut row = Vec::with_capacity(payload_start(len) + self.payload.len());
        let missing = self.cells.iter().take(len).any(|cell| cell.tag == Tag::Missing);
        row.extend_from_slice(&(len as u32 | if missing { MISSING_SOMETHING } else { 0 }).to_le_bytes());
        let mut end = 0;
        for cell in &self.cells {
            end += cell.end - cell.start;
            row.extend_from_slice(&(end | (cell.tag as u32) << END_BITS).to_le_bytes());
        }
        if self.in_order {
            row.extend_from_slice(&self.payload);
        } else {
            for cell in &self.cells {
                row.extend_from_slice(&self.payload[cell.start as usize..cell.end as usize]);
            }
        }
        Record { row: row.into() }
    }

    fn put(&mut self, position: usize, write: impl FnOnce(&mut Vec<u8>) -> Tag) -> Result<(), RecordError> {
        if position >= self.len() {
            return Err(RecordError::NoSuchField { position, len: self.len() });
        }
        if self.is_set(position) {
            return Err(RecordError::Twice { position });
        }
        self.put_cell(position, write)
    }

    fn put_cell(&mut self, index: usize, write: impl FnOnce(&mut Vec<u8>) -> Tag) -> Result<(), RecordError> {
        let start = self.payload.len();
        let tag = write(&mut self.payload);
        let end = self.payload.len();
        if end > END_MASK as usize {
            self.payload.truncate(start);
            return Err(RecordError::TooLarge);
        }
        self.in_order &= index >= self.last;
        self.last = index;
        self.cells[index] = Cell { tag, start: start as u32, end: end as u32 };
        Ok(())
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) -> Tag {
    match value {
        Value::Null => Tag::Null,
        Value::Bool(false) => Tag::False,
        Value::Bool(true) => Tag::True,
        Value::Int(int) => match i64::try_from(*int) {
            Ok(int) => {
                out.extend_from_slice(&int.to_le_bytes());
                Tag::Int
            }
            Err(_) => {
                out.extend_from_slice(&int.to_le_bytes());
                Tag::BigInt
            }
        },
        Value::Float(float) => {
            out.extend_from_slice(&float.to_le_bytes());
            Tag::Float
        }
        Value::Text(text) => {
            out.extend_from_slice(text.as_bytes());
            Tag::Text
        }
        Value::List(list) => {
            for value in list {
                encode_nested(value, out);
            }
            Tag::List
        }
        Value::Map(map) => {
            for (key, value) in map {
                out.extend_from_slice(&(key.len() as u32).to_le_bytes());
                out.extend_from_slice(key.as_bytes());
                encode_nested(value, out);
            }
            Tag::Map
        }
    }
}

/// Tag, length, bytes. A length beyond `u32` cannot end in a record: its row is refused as too large.
fn encode_nested(value: &Value, out: &mut Vec<u8>) {
    let head = out.len();
    out.extend_from_slice(&[0; 1 + WORD]);
    let tag = encode(value, out);
    let len = (out.len() - head - 1 - WORD) as u32;
    out[head] = tag as u8;
    out[head + 1..head + 1 + WORD].copy_from_slice(&len.to_le_bytes());
}

/// Only this module writes rows, so bytes that do not decode cannot occur; they would read as null.
fn decode(tag: Tag, bytes: &[u8]) -> Value {
    match tag {
        Tag::Missing | Tag::Null => Value::Null,
        Tag::False => Value::Bool(false),
        Tag::True => Value::Bool(true),
        Tag::Int => bytes.try_into().map_or(Value::Null, |b| Value::Int(i64::from_le_bytes(b).into())),
        Tag::BigInt => bytes.try_into().map_or(Value::Null, |b| Value::Int(i128::from_le_bytes(b))),
        Tag::Float => bytes.try_into().map_or(Value::Null, |b| Value::Float(f64::from_le_bytes(b))),
        Tag::Text => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        Tag::List => {
            let mut rest = bytes;
            Value::List(std::iter::from_fn(|| decode_nested(&mut rest)).collect())
        }
        Tag::Map => {
            let mut rest = bytes;
            let entry = || Some((decode_key(&mut rest)?, decode_nested(&mut rest)?));
            Value::Map(std::iter::from_fn(entry).collect())
        }
    }
}

fn decode_nested(rest: &mut &[u8]) -> Option<Value> {
    let (&tag, after) = rest.split_first()?;
    *rest = after;
    let bytes = take(rest)?;
    Some(decode(Tag::of(tag), bytes))
}

fn decode_key(rest: &mut &[u8]) -> Option<String> {
    take(rest).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<WORD>()?;
    let (bytes, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = after;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<i128>().prop_map(Value::Int),
            (-1e300..1e300).prop_map(Value::Float),
            ".{0,12}".prop_map(Value::Text),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map(".{0,4}", inner, 0..4).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        /// What goes in comes out, whatever the order it was set in, and equal values make equal rows.
        #[test]
        fn a_row_gives_back_what_was_set(values in prop::collection::vec(prop::option::of(any_value()), 0..6), rotate in 0usize..6) {
            let build = |order: Vec<usize>| {
                let mut row = RecordBuilder::new(values.len());
                for position in order {
                    if let Some(value) = &values[position] {
                        row.set(position, value).unwrap();
                    }
                }
                row.finish()
            };
            let forward: Vec<usize> = (0..values.len()).collect();
            let mut turned = forward.clone();
            turned.rotate_left(rotate.min(values.len()));
            let (row, other) = (build(forward), build(turned));
            prop_assert_eq!(&row, &other);
            prop_assert_eq!(row.fingerprint(), other.fingerprint());
            prop_assert_eq!(row.has_missing(), values.iter().any(Option::is_none));
            for (field, value) in row.fields().zip(&values) {
                prop_assert_eq!(field.is_missing(), value.is_none());
                prop_assert!(field.to_value() == value.clone().unwrap_or_default());
            }
        }

        /// What lies beyond the schema changes the row, but not its fingerprint.
        #[test]
        fn the_extra_does_not_count_in_the_fingerprint(text in ".{0,8}", extra in ".{0,8}") {
            let mut plain = RecordBuilder::new(1);
            plain.set_text(0, &text).unwrap();
            let mut more = RecordBuilder::new(1);
            more.set_text(0, &text).unwrap();
            more.set_extra(BTreeMap::from([("x".to_owned(), Value::Text(extra))])).unwrap();
            let (plain, more) = (plain.finish(), more.finish());
            prop_assert_eq!(plain.fingerprint(), more.fingerprint());
            prop_assert_ne!(plain, more);
        }
    }
}
