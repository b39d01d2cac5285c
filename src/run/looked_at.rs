//! Which records the newer runs looked at, when a stored plan is applied.
//!
//! A newer run that found a record as it was leaves nothing behind in it, so the record cannot say that the plan is old.

use std::collections::BTreeSet;

use super::report::{Report, RunOutcome};
use super::scope::Scope;
use crate::id::ExternalId;
use crate::store::Op;

/// What newer runs looked at. What carried out a stored plan, and be it this one, looked at nothing anew.
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
