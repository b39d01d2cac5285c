//! What records and runs take in memory.

use crate::effort::Effort;
use crate::row::Row;

pub(crate) fn rows(_effort: &Effort) -> Vec<Row> {
    Vec::new()
}
