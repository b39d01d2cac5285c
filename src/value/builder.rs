//! Building a row: fields in any order, each once, and one copy at the end.

use std::collections::BTreeMap;

use super::codec::{Tag, encode};
use super::record::{END_BITS, END_MASK, MISSING_SOMETHING, payload_start};
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
    ///
    /// ```
    /// use tripartite::value::RecordBuilder;
    /// assert_eq!(RecordBuilder::new(5000).len(), 4096); // the rest has no position
    /// ```
    pub fn new(len: usize) -> Self {
        let len = len.min(MAX_FIELDS);
        let cells = vec![Cell { tag: Tag::Missing, start: 0, end: 0 }; len + 1];
        Self { cells, payload: Vec::with_capacity(len * 24), in_order: true, last: 0 }
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
    /// assert_eq!(row.set(1, &Value::Null), Err(RecordError::NoSuchField { position: 1, len: 1 }));
    /// let list = Value::List(vec![Value::Float(f64::NAN)]);
    /// assert_eq!(RecordBuilder::new(1).set(0, &list), Err(RecordError::NotFinite { position: 0 }));
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
    /// assert_eq!(row.finish().field(0).text(), Some("")); // raw: an empty text, neither null nor missing
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
    /// assert_eq!(row.set_extra(BTreeMap::new()), Err(RecordError::Twice { position: 0 })); // as with every field
    /// let row = row.finish();
    /// assert!(row.is_empty() && !row.extra().is_missing()); // beyond the schema: no field of it
    /// # Ok::<(), RecordError>(())
    /// ```
    pub fn set_extra(&mut self, extra: BTreeMap<String, Value>) -> Result<(), RecordError> {
        let (extra, position) = (Value::Map(extra), self.len());
        check_nested(position, &extra)?;
        if self.is_set(position) {
            return Err(RecordError::Twice { position });
        }
        self.put_cell(self.len(), |out| encode(&extra, out))
    }

    /// How many fields the record will have.
    ///
    /// ```
    /// use tripartite::value::RecordBuilder;
    /// assert_eq!(RecordBuilder::new(3).len(), 3); // set or not
    /// ```
    pub fn len(&self) -> usize {
        self.cells.len() - 1
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
    /// use tripartite::value::RecordBuilder;
    /// let mut row = RecordBuilder::new(1);
    /// row.set_text(0, "Seán")?;
    /// assert!(row.is_set(0) && !row.is_set(1)); // beyond the end nothing is
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn is_set(&self, position: usize) -> bool {
        self.cells.get(position).is_some_and(|cell| cell.tag != Tag::Missing)
    }

    /// The finished record.
    ///
    /// ```
    /// use tripartite::value::{Record, RecordBuilder};
    /// assert_eq!(RecordBuilder::new(2).finish(), Record::missing(2)); // equal rows, whoever built them
    /// ```
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
