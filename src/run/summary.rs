//! What a report says of the listing, and how a run ends: succeeded, partial, blocked or failed.

use super::context::Context;
use super::drift::FieldCensus;
use super::options::Run;
use super::outcomes::Told;
use super::report::{Counts, Incomplete, NAMED, Report, RunOutcome};
use super::scope::Scope;
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::plan::{Blocked, Plan};
use crate::source::RemoteRecord;

#[derive(Debug)]
pub(super) struct Summary {
    pub(super) scope: Scope,
    /// The fields that the listing has.
    pub(super) census: FieldCensus,
    /// Whether the listing is over and was complete.
    pub(super) complete: bool,
    /// Why it should be complete and is not trusted to be.
    pub(super) incomplete: Option<Incomplete>,
    /// How many records it does not have that are left alone, because of that.
    pub(super) withheld: u64,
    /// The records whose ends wait for an answer.
    pub(super) held_ends: Vec<ExternalId>,
    /// How many records that were asked for it does not answer for. It is 0 until the listing is over.
    pub(super) unanswered: u64,
    /// The records that it has not answered for so far.
    pub(super) unanswered_ids: Vec<ExternalId>,
}

/// The run is over.
#[derive(Debug)]
#[non_exhaustive]
pub struct Done {
    /// The report.
    pub report: Report,
    /// The plan, if it was not carried out: of a dry or a blocked run.
    pub plan: Option<Plan>,
    /// What the source says of each record about which the match rules ask a person, as far as this run got. A report
    /// holds no values of fields, so whoever shows both sides keeps these beside it.
    ///
    /// ```
    /// use tripartite::drive::drive_blocking;
    /// use tripartite::matching::MatchRule;
    /// # use tripartite::id::{ExternalId, RunId};
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let (policy, store) = (Policy::new(schema.clone()), MemoryStore::new(schema.clone()));
    /// # let at = chrono::DateTime::UNIX_EPOCH;
    /// // Somebody of this name was here before the register was connected.
    /// let here = schema.record(&serde_json::json!({"name": "Áine"}))?;
    /// store.enter("12".parse()?, here)?;
    /// let listing = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// let rules = [MatchRule::new("same name", ["name"])];
    /// let run = Run::new(policy, RunId::new("first")?, at).matching(rules)?;
    /// let done = drive_blocking(run.start(), &listing, &store)?;
    /// assert_eq!(done.asked[0].record.field(0).text(), Some("Áine"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub asked: Vec<RemoteRecord>,
}

impl Summary {
    /// What is known of a listing before its end.
    pub(super) fn open<'a>(
        scope: Scope,
        census: FieldCensus,
        unanswered: impl IntoIterator<Item = &'a ExternalId>,
    ) -> Self {
        Self {
            scope,
            census,
            complete: false,
            incomplete: None,
            withheld: 0,
            held_ends: Vec::new(),
            unanswered: 0,
            unanswered_ids: unanswered.into_iter().take(NAMED).cloned().collect(),
        }
    }

    /// The summary of a stored plan, whose listing is no longer known.
    pub(super) fn of_plan(run: &Run) -> Self {
        Self::open(Scope::Plan, FieldCensus::new(run.policy.schema()), run.only.iter().flatten())
    }

    /// Whether the listing is trusted to be complete, so that a record that is not in it is missing.
    pub(super) fn is_trusted(&self) -> bool {
        self.complete && self.incomplete.is_none()
    }

    pub(super) fn done(self, mut context: Context) -> Done {
        let asked = std::mem::take(&mut context.outcomes.asked);
        let mut report = self.report(context, RunOutcome::Succeeded);
        if report.counts.quarantined + report.counts.skipped + report.counts.failed > 0 {
            report.outcome = RunOutcome::Partial;
        }
        // Missing records were not looked at, so something is left for the next run.
        if report.incomplete.is_some() || report.counts.unanswered > 0 {
            report.outcome = RunOutcome::Partial;
        }
        Done { plan: None, report, asked }
    }

    /// The plan is not carried out.
    pub(super) fn planned(self, mut context: Context, plan: Plan, blocked: Vec<Blocked>) -> Done {
        context.outcomes.judged(plan.id());
        plan.ops.iter().for_each(|op| context.outcomes.would_apply(&op));
        let mut done = self.done(context);
        if !blocked.is_empty() {
            done.report.outcome = RunOutcome::Blocked;
        }
        done.report.blocked = blocked;
        done.plan = Some(plan);
        done
    }

    pub(super) fn failed(self, mut context: Context, failure: Failure) -> Done {
        let asked = std::mem::take(&mut context.outcomes.asked);
        let mut report = self.report(context, RunOutcome::Failed);
        report.failure = Some(failure);
        Done { report, plan: None, asked }
    }

    fn report(self, context: Context, outcome: RunOutcome) -> Report {
        let Context { run, index, crowds, outcomes, .. } = context;
        let Told { counts, plan_id, set_aside, unwritten, unread } = outcomes.told(&index);
        Report {
            plan_id,
            at: run.at,
            outcome,
            dry_run: run.dry,
            listed_all: self.is_trusted(),
            scope: self.scope,
            counts: Counts { unanswered: self.unanswered, ..counts },
            blocked: Vec::new(),
            withheld: self.withheld,
            held_ends: self.held_ends,
            unanswered_ids: self.unanswered_ids,
            incomplete: self.incomplete,
            crowded: run.rules.as_ref().map(|rules| crowds.named(rules)).unwrap_or_default(),
            schema_drift: self.census.drift(run.policy.schema(), self.complete, unread),
            set_aside,
            unwritten,
            failure: None,
            run: run.id,
        }
    }
}
