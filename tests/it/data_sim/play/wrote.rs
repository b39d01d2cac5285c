//! What a run wrote, counted beside it, and its report held against that.

use std::collections::BTreeSet;

use tripartite::run::Report;
use tripartite::store::{Action, Batch, OpOutcome};

use super::World;
use crate::data_sim::act::How;
use crate::data_sim::laws::{Checked, law};
use crate::data_sim::words::number;

/// What a run wrote, counted beside it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Wrote {
    pub(super) ops: u64,
    created: u64,
    updated: u64,
    reactivated: u64,
    pub(super) deactivated: u64,
    rekeyed: u64,
    /// Those whose ops found another revision.
    pub(super) left: BTreeSet<u32>,
}

impl Wrote {
    pub(super) fn add(&mut self, batch: &Batch, outcomes: &[OpOutcome]) {
        for (op, outcome) in batch.ops.iter().zip(outcomes) {
            if *outcome == OpOutcome::Stale {
                self.left.insert(number(&op.id));
            }
            if !matches!(outcome, OpOutcome::Applied { .. }) {
                continue;
            }
            self.ops += 1;
            self.rekeyed += u64::from(op.rekeyed.is_some());
            match op.action {
                Action::Create(_) => self.created += 1,
                Action::Update(_) => self.updated += 1,
                Action::Reactivate(_) => self.reactivated += 1,
                Action::Deactivate => self.deactivated += 1,
                _ => {}
            }
        }
    }
}

impl World {
    /// The counts are what was written, and every record that was listed is one thing.
    pub(super) fn counted(&self, source: usize, report: &Report, wrote: &Wrote, how: How, alone: bool) -> Checked {
        let c = &report.counts;
        if !report.dry_run && report.blocked.is_empty() && alone {
            let said = Wrote {
                ops: wrote.ops,
                created: c.created,
                updated: c.updated,
                reactivated: c.reactivated,
                deactivated: c.deactivated,
                rekeyed: c.rekeyed,
                left: wrote.left.clone(),
            };
            law("counts", said == *wrote, || format!("{said:?} was reported, and {wrote:?} was done"))?;
        }
        let parts = c.created + c.updated + c.unchanged + c.reactivated + c.quarantined + c.skipped + c.failed;
        let plain = alone && c.rekeyed + c.skipped + c.failed == 0 && report.blocked.is_empty();
        law("counts", !plain || parts == c.processed, || format!("{parts} things for {} records", c.processed))?;
        let open: usize = self.ground.state.links[source].values().map(|link| link.open.len()).sum();
        let asks = alone && !report.dry_run && report.blocked.is_empty() && how.only == 0;
        law("counts", !asks || c.conflicts_open == open as u64, || {
            format!("{} conflicts are said to be open, and {open} are", c.conflicts_open)
        })
    }
}
