//! The records that newer runs looked at, for a stored plan that is applied.
//!
//! A newer run that finds a record unchanged writes nothing to it, so the record itself does not show that the plan is
//! old.

use std::collections::BTreeSet;

use super::report::{Report, RunOutcome};
use super::scope::Scope;
use crate::id::ExternalId;
use crate::store::Op;

/// What newer runs looked at. A run that carried out a stored plan looked at nothing, also if it was this plan.
#[derive(Debug, Clone, Default)]
pub(super) struct LookedAt {
    all: bool,
    ids: BTreeSet<ExternalId>,
}

impl LookedAt {
    pub(super) fn by(reports: &[Report]) -> Self {
        let mut looked_at = Self::default();
        let wrote = |report: &&Report| matches!(report.outcome, RunOutcome::Succeeded | RunOutcome::Partial);
        for report in reports.iter().filter(wrote).filter(|report| !report.dry_run) {
            match &report.scope {
                Scope::All => looked_at.all = true,
                Scope::Only(ids) => looked_at.ids.extend(ids.iter().cloned()),
                Scope::Plan => {}
            }
        }
        looked_at
    }

    pub(super) fn has(&self, op: &Op) -> bool {
        self.all || self.ids.contains(&op.id) || op.rekeyed.as_ref().is_some_and(|from| self.ids.contains(from))
    }
}
