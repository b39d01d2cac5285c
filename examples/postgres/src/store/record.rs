//! What the host reads back: the audit, and the open conflicts.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tripartite::audit::KeyedHash;
use tripartite::id::RunId;
use tripartite::run::Run;
use tripartite::schema::Policy;
use tripartite_sql::{AuditRow, NOTEWORTHY, OpenRow, time};

use super::tables::Tables;
use super::{PostgresStore, StoreError};
use crate::pool::Lease;

/// So many rows are read at a time.
const AT_ONCE: i64 = 1000;

const RUNS: &str = "
SELECT FROM tripartite.runs WHERE register = {n} AND run = $1 UNION ALL
SELECT FROM tripartite.kinds WHERE register = {n} AND run = $1 LIMIT 1";

/// The entries of the run `$1`: its kinds say from where to where their rows are. In the order of `first` and `place`,
/// which is that of the rows, a page reads no further than it needs.
pub(super) const OF_RUN: &str = "(
    SELECT e.seq AS first, u.place, e.seq + u.place - 1 AS seq, u.external_id, k.subject, k.verdict, k.decision,
        coalesce(e.entry, k.entry) AS entry
    FROM tripartite.entries e
    CROSS JOIN LATERAL unnest(e.external_id || e.others) WITH ORDINALITY AS u(external_id, place)
    CROSS JOIN LATERAL (SELECT * FROM tripartite.kinds k WHERE k.id = e.kind OFFSET 0) k
    WHERE e.seq BETWEEN (SELECT min(first) FROM tripartite.kinds WHERE register = {n} AND run = $1)
        AND (SELECT max(last) FROM tripartite.kinds WHERE register = {n} AND run = $1)
    AND k.register = {n} AND k.run = $1
)";

const AUDIT: &str = "
SELECT e.seq + u.place - 1, k.run, k.at, u.external_id, coalesce(e.entry, k.entry)::text FROM tripartite.entries e
CROSS JOIN LATERAL unnest(e.external_id || e.others) WITH ORDINALITY AS u(external_id, place)
CROSS JOIN LATERAL (SELECT * FROM tripartite.kinds k WHERE k.id = e.kind OFFSET 0) k
WHERE e.seq > $1::int8 - {together} AND e.seq + u.place - 1 > $1 AND e.seq BETWEEN
    (SELECT min(first) FROM tripartite.kinds k WHERE register = {n} AND (run = $2 OR $2 IS NULL) AND {which})
    AND (SELECT max(last) FROM tripartite.kinds k WHERE register = {n} AND (run = $2 OR $2 IS NULL) AND {which})
AND k.register = {n} AND (k.run = $2 OR $2 IS NULL) AND {which} ORDER BY e.seq, u.place LIMIT $3";

const OPEN: &str = "
SELECT external_id, conflict::text, why, opened_run FROM tripartite.conflicts
WHERE register = {n} AND (external_id, unit) > ($1, $2) ORDER BY external_id, unit LIMIT $3";

impl PostgresStore {
    /// A run at this time, under an id of its own, that hashes with the audit's key.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn run(&self, policy: Policy, at: DateTime<Utc>) -> Result<Run, StoreError> {
        let run = Run::new(policy, self.next_run(&at).await?, at).made_after(self.newest_run().await?);
        let run = run.approved_aside(self.approved_aside().await?);
        Ok(match self.key.clone() {
            Some(key) => run.audit_key(key),
            None => run,
        })
    }

    /// The key of the audit's hashes, where there is one.
    pub fn audit_key(&self) -> Option<&dyn KeyedHash> {
        self.key.as_deref().map(|key| key as &dyn KeyedHash)
    }

    /// An id for a run at this time: `2026-11-23T02:15:00Z-1`, with the first number that is free.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn next_run(&self, at: &DateTime<Utc>) -> Result<RunId, StoreError> {
        let time = time(at);
        let unreadable = || StoreError::Unreadable { table: "tripartite.runs", id: time.clone() };
        for number in 1_u64.. {
            let id = format!("{time}-{number}");
            if !self.has_run(&id).await? {
                // A time and a number are an id.
                return RunId::new(id).map_err(|_| unreadable());
            }
        }
        Err(unreadable())
    }

    /// Whether there was such a run.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn has_run(&self, run: &str) -> Result<bool, StoreError> {
        Ok(self.database.lease().await?.first(&self.tables.sql(RUNS), &[&run]).await?.is_some())
    }

    /// Hands out the open conflicts, by their records' ids, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn open_conflicts(&self, mut each: impl FnMut(OpenRow) -> bool) -> Result<(), StoreError> {
        let mut lease = self.database.lease().await?;
        let mut last = (String::new(), String::new());
        loop {
            let page = open_page(&mut lease, &self.tables, (&last.0, &last.1)).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = (end.external_id.clone(), end.conflict.unit.clone());
            for open in page {
                if !each(open) {
                    return Ok(());
                }
            }
        }
    }

    /// Hands out the audit, of one run or of all, in order, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn audit(&self, run: Option<&RunId>, each: impl FnMut(AuditRow) -> bool) -> Result<(), StoreError> {
        self.entries(run, "TRUE", each).await
    }

    /// As [`audit`](Self::audit) of a run, but only what a person is told of: conflicts, edits undone, values that could not
    /// be read, members that were linked.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn noteworthy(&self, run: &RunId, each: impl FnMut(AuditRow) -> bool) -> Result<(), StoreError> {
        self.entries(Some(run), NOTEWORTHY, each).await
    }

    async fn entries(
        &self,
        run: Option<&RunId>,
        which: &str,
        mut each: impl FnMut(AuditRow) -> bool,
    ) -> Result<(), StoreError> {
        let (mut lease, sql) = (self.database.lease().await?, self.tables.sql(&AUDIT.replace("{which}", which)));
        let (mut last, run) = (0_i64, run.map(RunId::as_str));
        loop {
            let rows = lease.query(&sql, &[&last, &run, &AT_ONCE]).await?;
            for row in &rows {
                last = row.get(0);
                let unreadable = |_| StoreError::Unreadable { table: "tripartite.audit", id: row.get(3) };
                let entry = serde_json::from_str(row.get(4)).map_err(unreadable)?;
                let (run, at, external_id) = (row.get(1), row.get(2), row.get(3));
                if !each(AuditRow { seq: last, run, at, external_id, entry }) {
                    return Ok(());
                }
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}

/// The first open conflicts behind one of a record and a unit.
pub(super) async fn open_page(
    lease: &mut Lease,
    tables: &Tables,
    (id, unit): (&str, &str),
) -> Result<Vec<OpenRow>, StoreError> {
    let rows = lease.query(&tables.sql(OPEN), &[&id, &unit, &AT_ONCE]).await?;
    let open = |row: &Row| {
        let unreadable = |_| StoreError::Unreadable { table: "tripartite.conflicts", id: row.get(0) };
        let conflict = serde_json::from_str(row.get(1)).map_err(unreadable)?;
        let (external_id, why, opened_run) = (row.get(0), row.get(2), row.get(3));
        Ok(OpenRow { external_id, conflict, why, opened_run, edited: false })
    };
    rows.iter().map(open).collect()
}
