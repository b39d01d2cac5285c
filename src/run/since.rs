//! What a stored plan must know of the runs of its register: which was the newest when it was made, and which records the
//! newer ones looked at.
//!
//! A newer run that found a record as it was leaves nothing behind in it, so the record cannot say that the plan is old.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::options::Run;
use super::report::{Report, RunOutcome};
use crate::id::ExternalId;
use crate::plan::MadeAfter;
use crate::store::Op;

/// Whose records a run looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everybody's: it was given the source's listing. So is a report from before this was told.
    #[default]
    All,
    /// Those that it was [asked for](Run::only), in order.
    Only(Vec<ExternalId>),
    /// Those of a stored plan, as the source had them when that was made.
    Plan,
}

impl Scope {
    pub(super) fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// What newer runs looked at. What carried out a stored plan, and be it this one, looked at nothing anew.
#[derive(Debug, Clone, Default)]
pub(super) struct LookedAt {
    all: bool,
    ids: BTreeSet<ExternalId>,
}

impl LookedAt {
    fn by(reports: &[Report]) -> Self {
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

impl Run {
    /// Says which run of this register was the newest before: a plan that this one hands out
    /// [states it](crate::plan::Plan::made_after), so that the host knows which runs are newer when it is applied.
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
    /// let plan = drive_blocking(run.made_after(MadeAfter::NoRun).dry().start(), &one, &store)?.plan;
    /// assert_eq!(plan.ok_or("a dry run has one")?.made_after(), Some(&MadeAfter::NoRun));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn made_after(mut self, newest: MadeAfter) -> Self {
        self.made_after = Some(newest);
        self
    }

    /// Hands in the reports of the runs that are newer than the plan to be [applied](Run::apply). What one of them looked
    /// at, the plan knows less of: such an op is done already, or it is skipped and the report says so. After a run of all,
    /// that is every op. Runs that wrote nothing, and those that carried out a stored plan, are passed over.
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
    /// let plan = drive_blocking(run.clone().dry().start(), &says("Anna")?, &store)?.plan.ok_or("a dry run has one")?;
    /// let newer = drive_blocking(run.clone().start(), &says("Áine")?, &store)?.report;
    /// let report = drive_blocking(run.since(&[newer]).apply(plan), &Listing::new(vec![]), &store)?.report;
    /// assert_eq!((report.counts.updated, report.counts.skipped), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn since(mut self, newer: &[Report]) -> Self {
        self.since = LookedAt::by(newer);
        self
    }
}
