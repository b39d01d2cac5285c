//! How a run is closed: written, wholly or in part; not carried out; or failed.

use super::Done;
use super::core::Core;
use super::report::{NAMED, Report, RunOutcome};
use super::since::Scope;
use crate::failure::Failure;
use crate::plan::{Blocked, Plan};

impl Core {
    pub(super) fn done(self) -> Done {
        let carried_out = self.counts.quarantined + self.counts.skipped + self.counts.failed == 0;
        // Who is missing was not looked at, so something is left to the next run.
        let whole = carried_out && self.incomplete.is_none() && self.counts.unanswered == 0;
        let outcome = if whole { RunOutcome::Succeeded } else { RunOutcome::Partial };
        Done { plan: None, report: self.report(outcome) }
    }

    pub(super) fn planned(mut self, plan: Plan, blocked: Vec<Blocked>) -> Done {
        self.judged = Some(plan.id());
        plan.ops.iter().for_each(|op| self.counts.add(op));
        let stopped = !blocked.is_empty();
        let mut done = self.done();
        if stopped {
            done.report.outcome = RunOutcome::Blocked;
        }
        done.report.blocked = blocked;
        done.plan = Some(plan);
        done
    }

    pub(super) fn blocked(self, plan: Plan, reasons: Vec<Blocked>) -> Done {
        self.planned(plan, reasons)
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        let mut report = self.report(RunOutcome::Failed);
        report.failure = Some(failure);
        Done { report, plan: None }
    }

    fn scope(&self) -> Scope {
        match &self.run.only {
            _ if self.stored => Scope::Plan,
            Some(ids) => Scope::Only(ids.clone()),
            None => Scope::All,
        }
    }

    fn report(self, outcome: RunOutcome) -> Report {
        let crowded = self.run.rules.as_ref().map(|rules| self.crowds.named(rules)).unwrap_or_default();
        let scope = self.scope();
        Report {
            plan_id: self.judged.unwrap_or_else(|| self.hash.id(&self.quarantined)),
            run: self.run.id,
            at: self.run.at,
            outcome,
            dry_run: self.run.dry,
            scope,
            counts: self.counts,
            blocked: Vec::new(),
            listed_all: self.trusted,
            withheld: self.withheld,
            unanswered_ids: self.unanswered.into_iter().take(NAMED).collect(),
            incomplete: self.incomplete,
            crowded,
            schema_drift: self.census.drift(self.run.policy.schema(), self.complete),
            set_aside: self.quarantined,
            unwritten: self.unwritten,
            failure: None,
        }
    }
}
