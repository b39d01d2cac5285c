//! What a run is told of plans that wait for a person: what was approved, and which runs came before and since.

use super::looked_at::LookedAt;
use super::options::Run;
use super::report::Report;
use crate::plan::{ApprovedAside, MadeAfter, PlanId};

impl Run {
    /// Lets exactly this plan pass the guards.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Mode, Run, RunOutcome, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// # drive_blocking(run.clone().start(), &one, &store)?;
    /// # let gone = Listing::new(vec![]);
    /// // One record was in step last night; tonight the listing is complete, and empty.
    /// let blocked = drive_blocking(run.clone().start(), &gone, &store)?.report;
    /// assert_eq!(blocked.outcome, RunOutcome::Blocked);
    /// // The approval is for this plan. If anything had changed since, the plan would have
    /// // another id, and would be stopped again.
    /// let report = drive_blocking(run.approve(blocked.plan_id).start(), &gone, &store)?.report;
    /// assert_eq!((report.outcome, report.counts.deactivated), (RunOutcome::Succeeded, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn approve(mut self, plan: PlanId) -> Self {
        self.approved = Some(plan);
        self
    }

    /// Sets the quarantined records that a person has approved: the guard on quarantined records does not count them.
    /// The host keeps them from the [report](crate::run::Report::set_aside) of the run that was approved.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::{Run, RunOutcome};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let at = chrono::DateTime::UNIX_EPOCH;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, at);
    /// # let store = MemoryStore::new(schema.clone());
    /// use tripartite::plan::{ApprovedAside, Guards, Limit};
    /// let run = run.guards(Guards::default().quarantined(Limit::NONE.absolute(0)));
    /// // The listing has one record twice, and not the same.
    /// let name = |name: &str| serde_json::json!({ "name": name });
    /// let twice = Listing::of(&schema, [("7", name("Áine")), ("7", name("Seán"))])?;
    /// let blocked = drive_blocking(run.clone().start(), &twice, &store)?.report;
    /// assert_eq!(blocked.outcome, RunOutcome::Blocked);
    /// // Once a person has approved that, the next night does not ask again.
    /// let run = run.approved_aside(ApprovedAside::of(&blocked.set_aside));
    /// let report = drive_blocking(run.start(), &twice, &store)?.report;
    /// assert_eq!((report.outcome, report.counts.quarantined), (RunOutcome::Partial, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn approved_aside(mut self, aside: ApprovedAside) -> Self {
        self.approved_aside = aside;
        self
    }

    /// Sets which run of this register was the newest before this one. A plan that this run returns [states
    /// it](crate::plan::Plan::made_after), so the host knows which runs are newer when the plan is applied.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// use tripartite::plan::MadeAfter;
    /// use tripartite::run::Run;
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// let plan =
    ///     drive_blocking(run.made_after(MadeAfter::NoRun).dry().start(), &one, &store)?.plan;
    /// assert_eq!(plan.ok_or("a dry run has one")?.made_after(), Some(&MadeAfter::NoRun));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn made_after(mut self, newest: MadeAfter) -> Self {
        self.made_after = Some(newest);
        self
    }

    /// Sets the reports of the runs that are newer than the plan to be [applied](Run::apply). If a newer run looked at
    /// a record, the plan's op for it is outdated: either it is done already, or it is skipped and the report says so.
    /// After a newer run of all records, this is true for every op. Runs that wrote nothing, and runs that carried out
    /// a stored plan, do not count.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::{ExternalId, RunId};
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # let store = MemoryStore::new(schema.clone());
    /// # let says = |name: &str| Listing::of(&schema, [("7", serde_json::json!({ "name": name }))]);
    /// drive_blocking(run.clone().start(), &says("Áine")?, &store)?;
    /// // The source says "Anna", and takes it back before the plan is approved.
    /// let plan = drive_blocking(run.clone().dry().start(), &says("Anna")?, &store)?
    ///     .plan
    ///     .ok_or("a dry run has one")?;
    /// let newer = drive_blocking(run.clone().start(), &says("Áine")?, &store)?.report;
    /// let report =
    ///     drive_blocking(run.since(&[newer]).apply(plan), &Listing::new(vec![]), &store)?
    ///         .report;
    /// assert_eq!((report.counts.updated, report.counts.skipped), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn since(mut self, newer: &[Report]) -> Self {
        self.since = LookedAt::by(newer);
        self
    }
}
