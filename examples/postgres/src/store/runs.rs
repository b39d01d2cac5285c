//! The runs, in the order in which they were carried out, whatever clock they went by; and what a person has approved.

use tripartite::id::RunId;
use tripartite::plan::{ApprovedAside, MadeAfter, Plan, PlanId, PlanParts};
use tripartite::run::{Report, RunOutcome, Scope};

use super::{PostgresStore, StoreError, database};
use crate::pool::Lease;

/// What a person has let be set aside is stored as this.
const ASIDE: &str = "approved_aside";

const REMEMBER: &str = "
INSERT INTO tripartite.runs(register, run, at, report) VALUES ({n}, $1, $2, $3::text::json)
ON CONFLICT (register, run) DO UPDATE SET at = EXCLUDED.at, report = EXCLUDED.report, seq = DEFAULT";

const NEWEST: &str = "SELECT run, report::text FROM tripartite.runs WHERE register = {n} ORDER BY seq DESC LIMIT 1";

const SINCE: &str = "
SELECT run, report::text FROM tripartite.runs WHERE register = {n}
AND seq > coalesce((SELECT seq FROM tripartite.runs WHERE register = {n} AND run = $1), 0) ORDER BY seq";

const KEEP: &str = "
INSERT INTO tripartite.approved(register, plan, parts) VALUES ({n}, $1, $2)
ON CONFLICT (register, plan) DO UPDATE SET parts = EXCLUDED.parts";

fn report(row: &tokio_postgres::Row) -> Result<Report, StoreError> {
    let unreadable = |_| StoreError::Unreadable { table: "tripartite.runs", id: row.get(0) };
    serde_json::from_str(row.get(1)).map_err(unreadable)
}

impl PostgresStore {
    pub(super) async fn newest_run(&self) -> Result<MadeAfter, StoreError> {
        let newest = self.database.lease().await?.first(&self.tables.sql(NEWEST), &[]).await?;
        let Some(run) = newest.map(|row| row.get::<_, String>(0)) else { return Ok(MadeAfter::NoRun) };
        let unreadable = |_| StoreError::Unreadable { table: "tripartite.runs", id: run.clone() };
        RunId::new(run.as_str()).map(MadeAfter::Run).map_err(unreadable)
    }

    /// The report of the last run that wrote; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn last_report(&self) -> Result<Option<Report>, StoreError> {
        let newest = self.database.lease().await?.first(&self.tables.sql(NEWEST), &[]).await?;
        newest.map(|row| report(&row)).transpose()
    }

    /// The reports of the runs that are newer than what a plan was made after, which is all where that one is not there any
    /// more; none, where the plan does not say.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read, or holds a report that cannot.
    pub async fn runs_since(&self, made_after: Option<&MadeAfter>) -> Result<Vec<Report>, StoreError> {
        let known = match made_after {
            None => return Ok(Vec::new()),
            Some(MadeAfter::NoRun) => "",
            Some(MadeAfter::Run(run)) => run.as_str(),
        };
        let rows = self.database.lease().await?.query(&self.tables.sql(SINCE), &[&known]).await?;
        rows.iter().map(report).collect()
    }

    /// Remembers the report of a run, which is the newest from here on.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](PostgresStore::fenced) off.
    pub async fn remember(&self, report: &Report) -> Result<(), StoreError> {
        let mut lease = self.begin().await?;
        let text = database::text_of(report);
        lease.execute(&self.tables.sql(REMEMBER), &[&report.run.as_str(), &report.at, &text]).await?;
        self.ended(&mut lease, report).await?;
        Ok(lease.end("COMMIT").await?)
    }

    /// A run has ended: what it carried out is approved no longer.
    async fn ended(&self, lease: &mut Lease, report: &Report) -> Result<(), StoreError> {
        let carried_out = matches!(report.outcome, RunOutcome::Succeeded | RunOutcome::Partial);
        if report.scope != Scope::All || !carried_out {
            return Ok(());
        }
        lease.execute(&self.tables.sql("DELETE FROM tripartite.approved WHERE register = {n}"), &[]).await?;
        let known = self.aside(lease).await?;
        if known.is_empty() || !report.listed_all {
            return Ok(());
        }
        self.keep_aside(lease, &known.among(&report.set_aside)).await
    }

    /// Remembers the parts of a plan that is about to be carried out, so that what is left of it is known if the run is cut
    /// off.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written.
    pub async fn keep_approved(&self, plan: &Plan) -> Result<(), StoreError> {
        let mut lease = self.begin().await?;
        let parts = PlanParts::of(plan).to_bytes();
        lease.execute(&self.tables.sql(KEEP), &[&plan.id().to_string(), &parts.as_slice()]).await?;
        Ok(lease.end("COMMIT").await?)
    }

    /// The parts of a plan that was approved and whose run was cut off; `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn approved(&self, plan: PlanId) -> Result<Option<PlanParts>, StoreError> {
        let (sql, id) = ("SELECT parts FROM tripartite.approved WHERE register = {n} AND plan = $1", plan.to_string());
        let found = self.database.lease().await?.first(&self.tables.sql(sql), &[&id]).await?;
        let unreadable = || StoreError::Unreadable { table: "tripartite.approved", id };
        found.map(|row| PlanParts::from_bytes(row.get(0)).ok_or_else(unreadable)).transpose()
    }

    /// Remembers that a person has let pass what this run set aside. A run that has not listed everything knows nothing of
    /// what was let pass elsewhere.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](PostgresStore::fenced) off.
    pub async fn approve_aside(&self, report: &Report) -> Result<(), StoreError> {
        let mut lease = self.begin().await?;
        let now = ApprovedAside::of(&report.set_aside);
        let all = if report.listed_all { now } else { now.and(&self.aside(&mut lease).await?) };
        self.keep_aside(&mut lease, &all).await?;
        Ok(lease.end("COMMIT").await?)
    }

    /// What a person has let be set aside.
    pub(super) async fn approved_aside(&self) -> Result<ApprovedAside, StoreError> {
        self.aside(&mut self.database.lease().await?).await
    }

    async fn aside(&self, lease: &mut Lease) -> Result<ApprovedAside, StoreError> {
        let text = database::setting(lease, self.tables.schema(), self.tables.number(), ASIDE).await?;
        let Some(text) = text else { return Ok(ApprovedAside::default()) };
        let unreadable = |_| StoreError::Unreadable { table: "tripartite.settings", id: ASIDE.to_owned() };
        serde_json::from_str(&text).map_err(unreadable)
    }

    async fn keep_aside(&self, lease: &mut Lease, aside: &ApprovedAside) -> Result<(), StoreError> {
        let (schema, n) = (self.tables.schema(), self.tables.number());
        database::remember(lease, schema, n, ASIDE, &database::text_of(aside)).await
    }
}
