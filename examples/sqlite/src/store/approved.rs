//! What a person has approved, beyond the run that carries it out.
//!
//! | what | where | until |
//! |---|---|---|
//! | the parts of a plan that takes more than one batch | `tripartite_approved` | a run of all has ended |
//! | which records are set aside | `tripartite_meta` | a complete listing has them in order |

use rusqlite::{Connection, OptionalExtension, params};
use tripartite::plan::{ApprovedAside, Plan, PlanId, PlanParts};
use tripartite::run::{Report, RunOutcome, Scope};

use super::names::Names;
use super::tables::remembering;
use super::{SqliteStore, StoreError, database};

/// The table, made once it is needed.
const TABLE: &str = "
CREATE TABLE IF NOT EXISTS {tripartite_approved}(plan TEXT PRIMARY KEY, parts BLOB NOT NULL) STRICT";

/// What is set aside is remembered as.
const ASIDE: &str = "approved_aside";

impl SqliteStore {
    /// Remembers the parts of a plan that is about to be carried out, so that what is left of it is known if the run is cut
    /// off.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written.
    pub fn keep_approved(&self, plan: &Plan) -> Result<(), StoreError> {
        let sql = self.names.sql("INSERT OR REPLACE INTO {tripartite_approved}(plan, parts) VALUES (?1, ?2)");
        self.write(|tx| {
            tx.execute_batch(&self.names.sql(TABLE))?;
            let parts = PlanParts::of(plan).to_bytes();
            Ok(tx.execute(&sql, params![plan.id().to_string(), parts]).map(drop)?)
        })
    }

    /// The parts of a plan that was approved and whose run was cut off; `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn approved(&self, plan: PlanId) -> Result<Option<PlanParts>, StoreError> {
        let sql = self.names.sql("SELECT parts FROM {tripartite_approved} WHERE plan = ?1");
        self.with(|conn| {
            if !database::has_table(conn, &self.names.table("tripartite_approved"))? {
                return Ok(None);
            }
            let id = plan.to_string();
            let parts = conn.query_row(&sql, [&id], |row| row.get::<_, Vec<u8>>(0)).optional()?;
            let unreadable = || StoreError::Unreadable { table: "tripartite_approved", id };
            parts.map(|parts| PlanParts::from_bytes(&parts).ok_or_else(unreadable)).transpose()
        })
    }

    /// Remembers that a person has let pass what this run set aside. A run that has not listed everything knows nothing of
    /// what was let pass elsewhere.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](SqliteStore::fenced) off.
    pub fn approve_aside(&self, report: &Report) -> Result<(), StoreError> {
        self.write(|tx| {
            let now = ApprovedAside::of(&report.set_aside);
            let all = if report.listed_all { now } else { now.and(&aside(tx, &self.names)?) };
            keep_aside(tx, &self.names, &all)
        })
    }

    /// What a person has let be set aside.
    pub(super) fn approved_aside(&self) -> Result<ApprovedAside, StoreError> {
        self.with(|conn| aside(conn, &self.names))
    }
}

/// A run has ended: what it carried out is approved no longer.
pub(super) fn ended(tx: &Connection, names: &Names, report: &Report) -> Result<(), StoreError> {
    let carried_out = matches!(report.outcome, RunOutcome::Succeeded | RunOutcome::Partial);
    if report.scope != Scope::All || !carried_out {
        return Ok(());
    }
    if database::has_table(tx, &names.table("tripartite_approved"))? {
        tx.execute_batch(&names.sql("DELETE FROM {tripartite_approved}"))?;
    }
    let known = aside(tx, names)?;
    if known.is_empty() || !report.listed_all {
        return Ok(());
    }
    keep_aside(tx, names, &known.among(&report.set_aside))
}

fn aside(conn: &Connection, names: &Names) -> Result<ApprovedAside, StoreError> {
    let Some(text) = database::meta(conn, names, ASIDE)? else { return Ok(ApprovedAside::default()) };
    let unreadable = |_| StoreError::Unreadable { table: "tripartite_meta", id: ASIDE.to_owned() };
    serde_json::from_str(&text).map_err(unreadable)
}

fn keep_aside(tx: &Connection, names: &Names, aside: &ApprovedAside) -> Result<(), StoreError> {
    let text = serde_json::to_string(aside).unwrap_or_default();
    Ok(tx.execute_batch(&remembering(names, ASIDE, &text))?)
}
