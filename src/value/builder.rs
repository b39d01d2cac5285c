//! Building a row: fields in any order, each once, and one copy at the end.

use std::collections::BTreeMap;

use super::codec::{Tag, encode};
use super::record::{END_BITS, END_MASK, MISSING_SOMETHING, WORD, payload_start, word};
use super::{FieldRef, Record, Value};

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
    /// A list or map holds a number that is infinite or not a number, which no store could keep.
    #[error("field {position} holds a number that is not finite")]
    NotFinite {
        /// Its position.
        position: usize,
    },
    /// All values together are larger than a row can be (256 MiB).
    #[error("a record has at most 256 MiB")]
    TooLarge,
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
    len: usize,
    /// As the row will be: head and cells, still without what is missing, and the payload in the order it was set.
    row: Vec<u8>,
    /// Where each cell begins in the payload, once they are not in order.
    starts: Vec<u32>,
    last: usize,
}

impl RecordBuilder {
    /// Starts a record of `len` fields, at most 4096.
    ///
    /// ```
    /// use tripartite::value::RecordBuilder;
    /// assert_eq!(RecordBuilder::new(5000).len(), 4096); // the rest has no position
    /// ```
    pub fn new(len: usize) -> Self {
        let len = len.min(MAX_FIELDS);
        let mut row = Vec::with_capacity(payload_start(len) + len * 24);
        row.resize(payload_start(len), 0);
        Self { len, row, starts: Vec::new(), last: 0 }
    }

    /// Sets one field.
    ///
    /// # Errors
    /// [`RecordError`] when there is no such field, it is set already, a list or map in it holds a number that is not
    /// finite, or the row grows beyond 256 MiB.
    ///
    /// ```
    /// use tripartite::value::{RecordBuilder, RecordError, Value};
    /// let mut row = RecordBuilder::new(1);
    /// row.set(0, &Value::Null)?; // said to be empty, which is not the same as never set
    /// assert_eq!(
    ///     row.set(1, &Value::Null),
    ///     Err(RecordError::NoSuchField { position: 1, len: 1 })
    /// );
    /// let list = Value::List(vec![Value::Float(f64::NAN)]);
    /// assert_eq!(
    ///     RecordBuilder::new(1).set(0, &list),
    ///     Err(RecordError::NotFinite { position: 0 })
    /// );
    /// assert!(!row.finish().has_missing());
    /// # Ok::<(), RecordError>(())
    /// ```
    pub fn set(&mut self, position: usize, value: &Value) -> Result<(), RecordError> {
        check_nested(position, value)?;
        self.put(position, |out| encode(value, out))
    }

    /// Sets one field to a text, without an owned [`Value`] in between.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// ```
    /// use tripartite::value::{RecordBuilder, RecordError};
    /// let mut row = RecordBuilder::new(1);
    /// row.set_text(0, "")?;
    /// // raw: an empty text, neither null nor missing
    /// assert_eq!(row.finish().field(0).text(), Some(""));
    /// # Ok::<(), RecordError>(())
    /// ```
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
    ///
    /// ```
    /// use tripartite::value::{FieldRef, RecordBuilder, RecordError};
    /// let mut row = RecordBuilder::new(2);
    /// row.set_field(0, FieldRef::NULL)?;
    /// row.set_field(1, FieldRef::MISSING)?;
    /// assert!(row.is_set(0) && !row.is_set(1)); // so another value may follow
    /// # Ok::<(), RecordError>(())
    /// ```
    pub fn set_field(&mut self, position: usize, field: FieldRef<'_>) -> Result<(), RecordError> {
        self.put(position, |out| {
            out.extend_from_slice(field.bytes);
            field.tag
        })
    }

    /// Sets what the source said beyond the schema. It stands behind the last field, and errors name that position.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use tripartite::value::{RecordBuilder, RecordError, Value};
    /// let mut row = RecordBuilder::new(0);
    /// row.set_extra(BTreeMap::from([("shoe_size".to_owned(), Value::from(43))]))?;
    /// // as with every field
    /// assert_eq!(row.set_extra(BTreeMap::new()), Err(RecordError::Twice { position: 0 }));
    /// let row = row.finish();
    /// assert!(row.is_empty() && !row.extra().is_missing()); // beyond the schema: no field of it
    /// # Ok::<(), RecordError>(())
    /// ```
    pub fn set_extra(&mut self, extra: BTreeMap<String, Value>) -> Result<(), RecordError> {
        let (extra, position) = (Value::Map(extra), self.len());
        check_nested(position, &extra)?;
        if is_set(self.cell(position)) {
            return Err(RecordError::Twice { position });
        }
        self.put_cell(position, |out| encode(&extra, out))
    }

    /// How many fields the record will have.
    ///
    /// ```
    /// use tripartite::value::RecordBuilder;
    /// assert_eq!(RecordBuilder::new(3).len(), 3); // set or not
    /// ```
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it will have no field at all.
    ///
    /// ```
    /// use tripartite::value::RecordBuilder;
    /// assert!(RecordBuilder::new(0).is_empty());
    /// assert!(!RecordBuilder::new(1).is_empty()); // its one field is missing, but there
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a field was set already.
    ///
    /// ```
    /// use tripartite::value::{RecordBuilder, Value};
    /// let mut row = RecordBuilder::new(1);
    /// row.set_text(0, "Seán")?;
    /// row.set_extra([("shoe_size".to_owned(), Value::from(43))].into())?;
    /// // beyond the end nothing is, also where more was said
    /// assert!(row.is_set(0) && !row.is_set(1));
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn is_set(&self, position: usize) -> bool {
        position < self.len && is_set(self.cell(position))
    }

    /// The finished record.
    ///
    /// ```
    /// use tripartite::value::{Record, RecordBuilder};
    /// // equal rows, independent of how they were built
    /// assert_eq!(RecordBuilder::new(2).finish(), Record::missing(2));
    /// ```
    pub fn finish(mut self) -> Record {
        if !self.starts.is_empty() {
            self.put_in_order();
        }
        let (mut end, mut head) = (0, self.len as u32);
        for index in 0..=self.len {
            let cell = self.cell(index);
            if is_set(cell) {
                end = cell & END_MASK;
            } else {
                self.set_cell(index, end);
                head |= if index < self.len { MISSING_SOMETHING } else { 0 };
            }
        }
        self.row[..WORD].copy_from_slice(&head.to_le_bytes());
        Record { row: self.row.into() }
    }

    fn put_in_order(&mut self) {
        let mut row = Vec::with_capacity(self.row.len());
        row.resize(payload_start(self.len), 0);
        for index in 0..=self.len {
            let cell = self.cell(index);
            if is_set(cell) {
                let payload = &self.row[payload_start(self.len)..];
                row.extend_from_slice(&payload[self.starts[index] as usize..(cell & END_MASK) as usize]);
                let end = (row.len() - payload_start(self.len)) as u32;
                self.set_cell(index, end | cell & !END_MASK);
            }
        }
        let cells = WORD..payload_start(self.len);
        row[cells.clone()].copy_from_slice(&self.row[cells]);
        self.row = row;
    }

    fn cell(&self, index: usize) -> u32 {
        word(&self.row, 1 + index)
    }

    fn set_cell(&mut self, index: usize, cell: u32) {
        self.row[(1 + index) * WORD..][..WORD].copy_from_slice(&cell.to_le_bytes());
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
        let before = self.row.len();
        let tag = write(&mut self.row);
        let end = self.row.len() - payload_start(self.len);
        if end > END_MASK as usize {
            self.row.truncate(before);
            return Err(RecordError::TooLarge);
        }
        if index < self.last && self.starts.is_empty() {
            self.starts = self.starts_in_order();
        }
        if let Some(start) = self.starts.get_mut(index) {
            *start = (before - payload_start(self.len)) as u32;
        }
        self.last = index;
        self.set_cell(index, end as u32 | (tag as u32) << END_BITS);
        Ok(())
    }

    /// Where each cell that is set begins, as long as each was set behind the ones before it.
    fn starts_in_order(&self) -> Vec<u32> {
        let mut end = 0;
        let start = |index| {
            let (start, cell) = (end, self.cell(index));
            end = if is_set(cell) { cell & END_MASK } else { end };
            start
        };
        (0..=self.len).map(start).collect()
    }
}

fn is_set(cell: u32) -> bool {
    cell >> END_BITS != Tag::Missing as u32
}

/// A number that is not finite is news about its field, but inside of one nobody would hear it.
fn check_nested(position: usize, value: &Value) -> Result<(), RecordError> {
    let fits = match value {
        Value::List(list) => list.iter().all(is_finite),
        Value::Map(map) => map.values().all(is_finite),
        _ => true,
    };
    if fits { Ok(()) } else { Err(RecordError::NotFinite { position }) }
}

fn is_finite(value: &Value) -> bool {
    match value {
        Value::Float(float) => float.is_finite(),
        Value::List(list) => list.iter().all(is_finite),
        Value::Map(map) => map.values().all(is_finite),
        _ => true,
    }
}
