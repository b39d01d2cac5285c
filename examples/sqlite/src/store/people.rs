//! What people ask of a register: what waits for them, what an entry overwrote, and to forget old entries.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::reject_match;
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::store::{LoadRequest, Loaded, RecordStore, Revision};
use tripartite_sql::{Here, PRUNED_AT_ONCE, beside, time};

use super::{SqliteStore, StoreError, commit, database, entries, near};

/// So many records are loaded at a time.
pub const LOADED_AT_ONCE: usize = 500;

impl SqliteStore {
    /// A member by its local id; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn here(&self, local: &LocalId) -> Result<Option<Here>, StoreError> {
        let Ok(local) = local.as_str().parse::<i64>() else { return Ok(None) };
        let sql = self.names.sql("SELECT {revision}, CAST({external_id} AS TEXT) FROM {members} WHERE {local_id} = ?1");
        let here = |row: &rusqlite::Row<'_>| {
            Ok(Here { revision: Revision(row.get::<_, i64>(0)?.cast_unsigned()), external_id: row.get(1)? })
        };
        self.with(|conn| Ok(conn.query_row(&sql, [local], here).optional()?))
    }

    /// The member who is linked to a record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn whose(&self, id: &ExternalId) -> Result<Option<LocalId>, StoreError> {
        let sql = self.names.sql("SELECT {local_id} FROM {members} WHERE {external_id} = ?1");
        let local =
            self.with(|conn| Ok(conn.query_row(&sql, [id.as_str()], |row| row.get::<_, i64>(0)).optional()?))?;
        Ok(local.and_then(|local| LocalId::new(local.to_string()).ok()))
    }

    /// Whether a run created the member that is linked to a record of the source, rather than found it: by the audit, which
    /// may have been pruned.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn was_created(&self, id: &ExternalId) -> Result<bool, StoreError> {
        let sql = self.names.sql(
            "SELECT decision = 'create' FROM {tripartite_audit}
             WHERE external_id = ?1 AND subject = 'record' AND decision IN ('create', 'link') ORDER BY seq DESC LIMIT 1",
        );
        let last = self.with(|conn| Ok(conn.query_row(&sql, [id.as_str()], |row| row.get(0)).optional()?))?;
        Ok(last.unwrap_or(false))
    }

    /// Remembers that a member is not this record of the source, as a person says; the audit tells of it. `false`: it was
    /// said before.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written.
    pub fn rule_out(
        &self,
        local: &LocalId,
        id: &ExternalId,
        by: &PersonId,
        (run, at): (&RunId, &DateTime<Utc>),
    ) -> Result<bool, StoreError> {
        let sql = self.names.sql(
            "INSERT INTO {tripartite_not}(local_id, external_id, at, by) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        );
        let grow = self.names.sql("UPDATE {members} SET {revision} = {revision} + 1 WHERE {local_id} = ?1");
        let mut news = false;
        self.write(|tx| {
            near::tables(tx, &self.names)?;
            let said = params![local.as_str().parse::<i64>().ok(), id.as_str(), time(at), by.as_str()];
            news = tx.execute(&sql, said)? > 0;
            if news {
                // A link that was planned before is stale.
                tx.execute(&grow, [local.as_str().parse::<i64>().ok()])?;
            }
            match reject_match(local, by) {
                AuditEntry::Record(entry) if news => commit::note(tx, &self.statements, (run, at), id, &entry),
                _ => Ok(()),
            }
        })?;
        Ok(news)
    }

    /// Whether a person has said that a member is not this record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn is_ruled_out(&self, local: &LocalId, id: &ExternalId) -> Result<bool, StoreError> {
        let sql = self.names.sql("SELECT 1 FROM {tripartite_not} WHERE local_id = ?1 AND external_id = ?2");
        self.with(|conn| {
            let is_kept = database::has_table(conn, &self.names.table("tripartite_not"))?;
            Ok(is_kept
                && conn.prepare_cached(&sql)?.exists(params![local.as_str().parse::<i64>().ok(), id.as_str()])?)
        })
    }

    /// The ids of the records that have an open conflict, in order.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn disputed(&self) -> Result<Vec<ExternalId>, StoreError> {
        let mut ids = BTreeSet::new();
        self.open_conflicts(|open| {
            ids.extend(ExternalId::new(open.external_id));
            true
        })?;
        Ok(ids.into_iter().collect())
    }

    /// A record with its open conflicts; `None` when nothing is linked by this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn record(&self, id: &ExternalId) -> Result<Option<Loaded>, StoreError> {
        Ok(block_on(self.load(&LoadRequest::of([id.clone()])))?.linked.pop())
    }

    /// An entry about a field, by its number, with those about the other fields of its group of the same run, and
    /// whose they are; `None` when there is no such entry, or it is about a record as a whole.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn overwritten(&self, seq: i64) -> Result<Option<(ExternalId, Vec<FieldEntry>)>, StoreError> {
        let found = self.names.sql("SELECT run, external_id, entry FROM {tripartite_audit} WHERE seq = ?1");
        let others = self.names.sql("SELECT entry FROM {tripartite_audit} WHERE external_id = ?2 AND seq <> ?3 AND ");
        self.with(|conn| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?));
            let Some((run, id, text)) = conn.query_row(&found, [seq], row).optional()? else { return Ok(None) };
            let unreadable = || StoreError::Unreadable { table: "tripartite_audit", id: id.clone() };
            let read = |text: String| serde_json::from_str::<AuditEntry>(&text).map_err(|_| unreadable());
            let AuditEntry::Field(entry) = read(text)? else { return Ok(None) };
            let mut entries = vec![entry];
            if entries[0].group.is_some() {
                let of_run = entries::of_run(conn, &self.names, entries::ANY)?;
                let mut statement = conn.prepare(&format!("{others}{of_run} ORDER BY seq"))?;
                let texts = statement.query_map(params![run, id, seq], |row| row.get::<_, String>(0))?;
                for text in texts {
                    beside(&mut entries, read(text?)?);
                }
            }
            let id = ExternalId::new(id.as_str()).map_err(|_| unreadable())?;
            Ok(Some((id, entries)))
        })
    }

    /// Forgets the audit from before a point in time, in transactions of [`PRUNED_AT_ONCE`] entries, and answers how many
    /// there were. What it overwrote can no longer be restored.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written; the transactions before stay.
    pub fn prune_audit(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let before = &time(&before);
        // Of a view, SQLite does not say how many rows a statement deleted.
        let some = self.names.sql(
            "SELECT count(*), max(seq) FROM (SELECT seq FROM {tripartite_audit} WHERE at < ?1 ORDER BY seq LIMIT ?2)",
        );
        let delete = self.names.sql("DELETE FROM {tripartite_audit} WHERE at < ?1 AND seq <= ?2");
        let mut forgotten = 0;
        loop {
            let mut gone = 0;
            self.write(|tx| {
                let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?));
                let (count, last) = tx.query_row(&some, params![before, PRUNED_AT_ONCE as i64], row)?;
                gone = count.cast_unsigned();
                Ok(tx.execute(&delete, params![before, last]).map(drop)?)
            })?;
            forgotten += gone;
            if gone < PRUNED_AT_ONCE as u64 {
                return Ok(forgotten);
            }
        }
    }
}
