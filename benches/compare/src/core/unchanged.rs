//! A night on which nothing happened: the run's own work, the index and the fingerprints, against hashing the records.

use crate::effort::Effort;
use crate::row::Row;

pub(crate) fn rows(_effort: &Effort) -> Result<Vec<Row>, String> {
    Ok(Vec::new())
}
