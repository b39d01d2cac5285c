//! The crate's core, against its floors and its peers.

mod allocations;
mod contender;
mod crowd;
mod detection;
mod fates;
mod memory;
mod naive;
mod peers;
mod truth;
mod unchanged;

use crate::effort::Effort;
use crate::row::Row;

/// The rows of the tables about detection, memory and run state.
pub(crate) fn rows(effort: &Effort) -> Result<Vec<Row>, String> {
    truth::check(effort.people())?;
    let mut rows = detection::rows(effort);
    rows.extend(fates::rows(effort));
    rows.extend(unchanged::rows(effort)?);
    rows.extend(allocations::rows(effort));
    rows.extend(memory::rows());
    Ok(rows)
}
