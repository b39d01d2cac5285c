//! The example host as a whole process, against programs that do the least that could be done.

use crate::effort::Effort;
use crate::row::Row;

/// The rows of the tables about `nightly-sync`.
pub(crate) fn rows(_effort: &Effort) -> Result<Vec<Row>, String> {
    Ok(Vec::new())
}
