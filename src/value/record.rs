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
//!
//! The [id of a plan](crate::plan::PlanId) is a digest of rows, among others. So a change of this layout or of the tags
//! needs a new format of the stored plan.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::codec::Tag;
use super::{FieldRef, Fingerprint, RecordBuilder, Value};

pub(super) const WORD: usize = 4;
pub(super) const HEAD: usize = WORD;
pub(super) type Cell = [u8; WORD];
pub(super) const MISSING_SOMETHING: u32 = 1 << 31;
/// A note about how the row was read, and no part of what it says.
const EXACT_NUMBERS: u32 = 1 << 30;
/// What stands in the first word beside the number of fields.
const NOTES: u32 = MISSING_SOMETHING | EXACT_NUMBERS;
pub(super) const END_BITS: u32 = 28;
pub(super) const END_MASK: u32 = (1 << END_BITS) - 1;

/// One record, packed into one row. Cloning shares the row.
///
/// Built by a [`Schema`](crate::schema::Schema) from any serialisable type, or field by field by a
/// [`RecordBuilder`](super::RecordBuilder).
#[derive(Clone)]
pub struct Record {
    pub(super) row: Arc<[u8]>,
}

/// Equal are rows that say the same, however they were read.
impl PartialEq for Record {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.row == other.row || self.is_noted_otherwise(other)
    }
}

impl Eq for Record {}

impl Hash for Record {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.head().hash(state);
        self.row.get(HEAD..).hash(state);
    }
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
        super::RecordBuilder::new(len).finish()
    }

    /// How many fields the record has.
    ///
    /// ```
    /// assert_eq!(tripartite::value::Record::missing(2).len(), 2); // missing fields count
    /// ```
    pub fn len(&self) -> usize {
        (word(&self.row, 0) & !NOTES) as usize
    }

    /// Whether it has no field at all.
    ///
    /// ```
    /// use tripartite::value::Record;
    /// assert!(Record::missing(0).is_empty());
    /// assert!(!Record::missing(1).is_empty()); // it says nothing, but about one field
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any field is missing.
    ///
    /// ```
    /// use tripartite::value::{Record, RecordBuilder, Value};
    /// let mut row = RecordBuilder::new(1);
    /// row.set(0, &Value::Null)?;
    /// assert!(!row.finish().has_missing()); // null was said
    /// assert!(!Record::missing(0).has_missing()); // there is nothing that could be
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    #[inline]
    pub fn has_missing(&self) -> bool {
        word(&self.row, 0) & MISSING_SOMETHING != 0
    }

    /// The field at a position; missing beyond the end.
    ///
    /// ```
    /// use tripartite::value::{FieldRef, RecordBuilder};
    /// let mut row = RecordBuilder::new(1);
    /// row.set_text(0, "Áine")?;
    /// let row = row.finish();
    /// assert_eq!((row.field(0).text(), row.field(1)), (Some("Áine"), FieldRef::MISSING));
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn field(&self, position: usize) -> FieldRef<'_> {
        if position < self.len() { self.cell(position) } else { FieldRef::MISSING }
    }

    /// All fields in order.
    ///
    /// ```
    /// use tripartite::value::RecordBuilder;
    /// let mut row = RecordBuilder::new(2);
    /// row.set_text(1, "Walsh")?;
    /// let said: Vec<_> =
    ///     row.finish().fields().map(|field| field.text().map(str::to_owned)).collect();
    /// assert_eq!(said, [None, Some("Walsh".to_owned())]);
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn fields(&self) -> impl Iterator<Item = FieldRef<'_>> {
        (0..self.len()).map(|position| self.cell(position))
    }

    /// This record with the fields that a patch states; a field that is missing in the patch stays. What the source said
    /// beyond the schema stays, too.
    ///
    /// This is what [`Action::Update`](crate::store::Action::Update) asks of a store that keeps whole records.
    ///
    /// ```
    /// use tripartite::value::{FieldRef, RecordBuilder, Value};
    /// let mut row = RecordBuilder::new(2);
    /// row.set_text(0, "Áine")?;
    /// row.set_text(1, "087 123 4567")?;
    /// let mut patch = RecordBuilder::new(2);
    /// patch.set(1, &Value::Null)?; // empty, which is not the same as missing
    /// let patched = row.finish().patched(&patch.finish());
    /// assert_eq!((patched.field(0).text(), patched.field(1)), (Some("Áine"), FieldRef::NULL));
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    #[must_use]
    pub fn patched(&self, patch: &Self) -> Self {
        let len = self.len().max(patch.len());
        let mut row = RecordBuilder::new(len);
        for position in 0..len {
            let stated = Some(patch.field(position)).filter(|field| !field.is_missing());
            // Every part of a row fits into a row.
            let _ = row.set_field(position, stated.unwrap_or_else(|| self.field(position)));
        }
        if let Value::Map(extra) = self.extra().to_value() {
            let _ = row.set_extra(extra);
        }
        row.finish()
    }

    /// What the source said beyond the schema: a map, or missing.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let record = schema.record(&serde_json::json!({"name": "Seán", "shoe_size": 43}))?;
    /// assert_eq!(format!("{:?}", record.extra()), "map of 1"); // kept, and never shown
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn extra(&self) -> FieldRef<'_> {
        self.cell(self.len())
    }

    /// The fingerprint of the fields; what lies beyond the schema does not count.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let plain = schema.record(&serde_json::json!({"name": "Seán"}))?;
    /// let more = schema.record(&serde_json::json!({"name": "Seán", "shoe_size": 43}))?;
    /// assert_eq!(plain.fingerprint(), more.fingerprint());
    /// let spaced = schema.record(&serde_json::json!({"name": "Seán "}))?;
    /// assert_ne!(plain.fingerprint(), spaced.fingerprint()); // raw: one name, two spellings
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fingerprint(&self) -> Fingerprint {
        let first = word(&self.row, 0);
        let len = (first & !NOTES) as usize;
        let (head, rest) = self.row.split_at_checked(HEAD + len * WORD).unwrap_or_default();
        // A record without fields ends with its first word, which is 0 then.
        let end = (word(head, len) & END_MASK) as usize;
        let payload = rest.get(WORD..WORD + end).unwrap_or_default();
        if first & EXACT_NUMBERS != 0 {
            self.fingerprint_without_notes(head, payload)
        } else {
            Fingerprint::of_row(head, payload)
        }
    }

    /// Apart, because the state of a hash in parts takes room in which no other fingerprint should be made.
    #[cold]
    #[inline(never)]
    fn fingerprint_without_notes(&self, head: &[u8], payload: &[u8]) -> Fingerprint {
        Fingerprint::of_row_in_parts(self.head().to_le_bytes(), head.get(HEAD..).unwrap_or_default(), payload)
    }

    /// This record, with the word of whoever read it that every double in it is what the source stated: it was read from
    /// a text that [`exact_numbers`](super::exact_numbers) was applied to, or from a source that has doubles itself, a
    /// column of a database, say. Without it, a double inside a list or a map that has more than 15 digits may be a
    /// rounded number, and is taken for [`Problem::Inexact`](super::Problem::Inexact).
    ///
    /// It says nothing of a double in a field of its own, which `exact_numbers` makes a text, and it is no part of what
    /// the record says: it changes neither equality nor fingerprint.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::value::exact_numbers;
    /// let schema = Schema::builder().field(Field::new("at", Kind::Map)).build()?;
    /// let line = br#"{"at": {"lat": 47.55705985377181}}"#;
    /// let plain = schema.record(&serde_json::from_slice::<serde_json::Value>(line)?)?;
    /// let exact = schema
    ///     .record(&serde_json::from_slice::<serde_json::Value>(&exact_numbers(line))?)?
    ///     .with_exact_numbers();
    /// assert_eq!((&plain, plain.fingerprint()), (&exact, exact.fingerprint()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_exact_numbers(mut self) -> Self {
        let head = (word(&self.row, 0) | EXACT_NUMBERS).to_le_bytes();
        if (0..=self.len()).any(|index| self.cell(index).is_composite())
            && let Some(first) = Arc::make_mut(&mut self.row).first_chunk_mut()
        {
            *first = head;
        }
        self
    }

    fn has_exact_numbers(&self) -> bool {
        word(&self.row, 0) & EXACT_NUMBERS != 0
    }

    /// Whether it would be read otherwise without [`with_exact_numbers`](Self::with_exact_numbers), which says nothing of a
    /// double in a field of its own.
    pub(crate) fn needs_exact_numbers(&self) -> bool {
        let needs = |field: FieldRef<'_>| field.is_composite() && !FieldRef { exact: false, ..field }.is_exact();
        self.has_exact_numbers() && self.fields().any(needs)
    }

    /// Whether the other one says the same, and was read otherwise.
    #[inline(never)]
    fn is_noted_otherwise(&self, other: &Self) -> bool {
        word(&self.row, 0) ^ word(&other.row, 0) == EXACT_NUMBERS && self.row.get(HEAD..) == other.row.get(HEAD..)
    }

    /// How many fields, and whether any is missing.
    pub(super) fn head(&self) -> u32 {
        word(&self.row, 0) & !EXACT_NUMBERS
    }

    /// Whether a reader of JSON may have rounded a number in it: it holds one that is not whole, or a list, a map or
    /// something beyond the schema, where one may stand. Then [`exact_numbers`](super::exact_numbers) can tell, and
    /// else there is nothing to ask.
    ///
    /// ```
    /// use tripartite::value::{RecordBuilder, Value};
    /// let of = |value| -> Result<_, tripartite::value::RecordError> {
    ///     let mut row = RecordBuilder::new(1);
    ///     row.set(0, &value)?;
    ///     Ok(row.finish())
    /// };
    /// // 18446744073709551617, as JSON is read
    /// assert!(of(Value::Float(18446744073709552000.0))?.may_be_rounded());
    /// assert!(of(Value::List(vec![]))?.may_be_rounded()); // not looked into
    /// assert!(!of(Value::from(42))?.may_be_rounded());
    /// // a text keeps its digits
    /// assert!(!of(Value::from("18446744073709551617"))?.may_be_rounded());
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn may_be_rounded(&self) -> bool {
        let tag = |index| Tag::of((word(&self.row, 1 + index) >> END_BITS) as u8);
        (0..=self.len()).any(|index| matches!(tag(index), Tag::Float | Tag::List | Tag::Map))
    }

    /// The bytes the row takes, for those who count memory.
    ///
    /// ```
    /// // Four bytes for the head, four for each field, four for what is beyond the schema.
    /// assert_eq!(tripartite::value::Record::missing(2).size(), 16);
    /// ```
    pub fn size(&self) -> usize {
        self.row.len()
    }

    /// The fields' cells, and their bytes.
    pub(super) fn parts(&self) -> (&[Cell], &[u8]) {
        let (table, payload) = self.row.split_at_checked(payload_start(self.len())).unwrap_or_default();
        // Neither the head nor the last cell is a field.
        (table.as_chunks().0.get(1..=self.len()).unwrap_or_default(), payload)
    }

    fn cell(&self, index: usize) -> FieldRef<'_> {
        let cell = word(&self.row, 1 + index);
        let start = payload_start(self.len());
        let bytes = self.row.get(start + end_before(&self.row, index)..start + (cell & END_MASK) as usize);
        let tag = Tag::of((cell >> END_BITS) as u8);
        FieldRef { tag, exact: self.has_exact_numbers(), bytes: bytes.unwrap_or_default() }
    }
}

pub(super) fn payload_start(len: usize) -> usize {
    HEAD + (len + 1) * WORD
}

#[inline]
pub(super) fn word(row: &[u8], index: usize) -> u32 {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::value::{RecordBuilder, Value};
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
