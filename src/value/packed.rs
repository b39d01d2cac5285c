//! Rows and values as bytes, for those who keep many of them in memory.

use super::codec::{decode_nested, encode_nested, is_kept_by_json};
use super::record::HEAD as ROW_HEAD;
use super::{FieldRef, Record, Value};

/// What stands before the bytes of a packed value: its tag and its length.
const HEAD: usize = 5;

impl Record {
    /// The row, as it lies in memory.
    pub(crate) fn row_bytes(&self) -> &[u8] {
        &self.row
    }

    /// How many fields the record has and whether one is missing, and the rest of the row: what it says, however it was
    /// read.
    pub(crate) fn row_without_notes(&self) -> (u32, &[u8]) {
        (self.head(), self.row.get(ROW_HEAD..).unwrap_or_default())
    }

    /// A row from its bytes.
    pub(crate) fn of_row_bytes(bytes: &[u8]) -> Self {
        Self { row: bytes.into() }
    }
}

impl FieldRef<'_> {
    /// Whether its value is the same after it was written as JSON and read.
    pub(crate) fn is_kept_by_json(self) -> bool {
        is_kept_by_json(self.tag, self.bytes)
    }

    /// Whether its value is the one that [`pack`] has packed.
    pub(crate) fn is_packed_as(self, packed: &[u8]) -> bool {
        packed.first() == Some(&(self.tag as u8)) && packed.get(HEAD..) == Some(self.bytes)
    }
}

/// Appends a value.
pub(crate) fn pack(value: &Value, out: &mut Vec<u8>) {
    encode_nested(value, out);
}

/// Takes a value off the front; `None` behind the last.
pub(crate) fn unpack(bytes: &mut &[u8]) -> Option<Value> {
    decode_nested(bytes)
}
