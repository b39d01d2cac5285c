//! The crate's core, against its floors and its peers.

mod allocations;
mod changed;
mod contender;
mod crowd;
mod detection;
mod fates;
mod foreign;
mod memory;
mod naive;
mod peers;
mod truth;
mod unchanged;

use crate::effort::Effort;
use crate::plot::Line;
use crate::row::Row;

/// What was measured.
pub(crate) struct Measured {
    /// The rows of the tables about detection, memory and run state.
    pub(crate) rows: Vec<Row>,
    /// The lines of the plot.
    pub(crate) lines: Vec<Line>,
}

pub(crate) fn measure(effort: &Effort) -> Result<Measured, String> {
    truth::check(effort.people())?;
    let (mut rows, lines) = detection::measured(effort);
    // A file of more people is too large for a runtime that holds it whole.
    let people = effort.sizes.iter().copied().filter(|&people| people <= 100_000).max();
    let beside = people.filter(|_| effort.foreign).and_then(|people| Some((people, detection::floor(&rows, people)?)));
    if let Some((people, floor)) = beside {
        rows.extend(foreign::rows(people, effort.rounds, floor)?);
    }
    rows.extend(fates::rows(effort));
    rows.extend(unchanged::rows(effort)?);
    rows.extend(changed::rows(effort)?);
    rows.extend(allocations::rows(effort));
    rows.extend(memory::rows());
    Ok(Measured { rows, lines })
}
