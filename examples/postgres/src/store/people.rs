//! What people ask of a register: what waits for them, what an entry overwrote, and to forget old entries.

use chrono::{DateTime, Utc};
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::reject_match;
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::store::{LoadRequest, Loaded, RecordStore, Revision};
use tripartite_sql::{Here, PRUNED_AT_ONCE, beside};

use super::commit::Name;
use super::{PostgresStore, StoreError};

const HERE: &str = "
SELECT m.{revision}, m.{external_id}::text, m.{key}::text FROM {records} m WHERE m.{key} = ($1::text)::{key_type}";

const CREATED: &str = "
SELECT k.decision = 'create' FROM tripartite.entries e
CROSS JOIN LATERAL (SELECT * FROM tripartite.kinds k WHERE k.id = e.kind OFFSET 0) k
WHERE (e.external_id = $1 OR $1 = ANY(e.others)) AND k.register = {n} AND k.subject = 'record' AND k.decision IN ('create', 'link')
AND e.seq >= (SELECT min(first) FROM tripartite.kinds WHERE register = {n}) ORDER BY e.seq DESC LIMIT 1";

const RULE_OUT: &str = "
INSERT INTO tripartite.ruled_out(register, local, external_id, at, by) VALUES ({n}, $1, $2, $3, $4)
ON CONFLICT DO NOTHING";

/// A plan that was made before a person said so is stale. The trigger gives the row the next revision.
const REVISED: &str = "UPDATE {revised} m SET {revision} = m.{revision} WHERE m.{key} = ($1::text)::{key_type}";

const NOTE: &str = "
INSERT INTO tripartite.audit(register, run, at, external_id, subject, field, verdict, detail, decision, entry)
VALUES ({n}, $1, $2, $3, $4, $5, $6, $7, $8, $9::text::json)";

const BESIDE: &str = "
SELECT a.external_id, coalesce(a.entry, ak.entry)::text
FROM tripartite.entries e JOIN tripartite.kinds k ON k.id = e.kind
CROSS JOIN LATERAL (SELECT min(first) AS first, max(last) AS last FROM tripartite.kinds
    WHERE register = k.register AND run = k.run) run
JOIN tripartite.entries a ON a.external_id = e.external_id AND a.seq BETWEEN run.first AND run.last
CROSS JOIN LATERAL (SELECT * FROM tripartite.kinds k WHERE k.id = a.kind OFFSET 0) ak
WHERE k.register = {n} AND e.seq = $1 AND ak.register = k.register AND ak.run = k.run ORDER BY a.seq <> e.seq, a.seq";

/// The kinds of old runs. Whoever is still writing such a run is waited for.
const OLD: &str = "
SELECT id FROM tripartite.kinds WHERE register = {n} AND at < $1 ORDER BY id FOR UPDATE";

const PRUNE: &str = "
WITH gone AS (
    DELETE FROM tripartite.entries WHERE seq IN (
        SELECT seq FROM tripartite.entries WHERE seq BETWEEN
            (SELECT min(first) FROM tripartite.kinds WHERE id = ANY($1))
            AND (SELECT max(last) FROM tripartite.kinds WHERE id = ANY($1))
        AND kind = ANY($1) ORDER BY seq LIMIT $2
    ) RETURNING seq, 1 + coalesce(cardinality(others), 0) AS entries
) SELECT count(*), max(seq), coalesce(sum(entries), 0) FROM gone";

/// What is left of an old run begins behind what is forgotten, so that no later transaction looks there.
const BEGINS: &str = "UPDATE tripartite.kinds SET first = greatest(first, $2) WHERE id = ANY($1)";

const PRUNE_KINDS: &str = "DELETE FROM tripartite.kinds WHERE id = ANY($1)";

impl PostgresStore {
    /// A member by its local id; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn here(&self, local: &LocalId) -> Result<Option<Here>, StoreError> {
        if !self.tables.is_key(local.as_str()) {
            return Ok(None);
        }
        let row = self.database.lease().await?.first(&self.tables.sql(HERE), &[&local.as_str()]).await?;
        let row = row.filter(|row| row.get::<_, &str>(2) == local.as_str());
        let revision = |row: &tokio_postgres::Row| Revision(row.get::<_, i64>(0).cast_unsigned());
        Ok(row.map(|row| Here { revision: revision(&row), external_id: row.get(1) }))
    }

    /// The member who is linked to a record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn whose(&self, id: &ExternalId) -> Result<Option<LocalId>, StoreError> {
        let sql = self.tables.sql("SELECT m.{key}::text FROM {records} m WHERE {id} = $1");
        let row = self.database.lease().await?.first(&sql, &[&id.as_str()]).await?;
        Ok(row.and_then(|row| LocalId::new(row.get::<_, &str>(0)).ok()))
    }

    /// Whether a run created the member that is linked to a record of the source, rather than found it: by the audit, which
    /// may have been pruned.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn was_created(&self, id: &ExternalId) -> Result<bool, StoreError> {
        let row = self.database.lease().await?.first(&self.tables.sql(CREATED), &[&id.as_str()]).await?;
        Ok(row.is_some_and(|row| row.get(0)))
    }

    /// Remembers that a member is not this record of the source, as a person says; the audit tells of it. `false`: it was
    /// said before.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written.
    pub async fn rule_out(
        &self,
        local: &LocalId,
        id: &ExternalId,
        by: &PersonId,
        (run, at): (&RunId, &DateTime<Utc>),
    ) -> Result<bool, StoreError> {
        let mut lease = self.begin().await?;
        let said = [local.as_str(), id.as_str(), by.as_str()];
        let news = lease.execute(&self.tables.sql(RULE_OUT), &[&said[0], &said[1], at, &said[2]]).await? > 0;
        if news && self.tables.is_key(local.as_str()) {
            lease.execute(&self.tables.sql(REVISED), &[&local.as_str()]).await?;
        }
        if news {
            let entry = reject_match(local, by);
            let (name, text) = (Name::of(&entry), super::database::text_of(&entry));
            let (subject, Name { field, verdict, detail, decision }) = (name.subject(), &name);
            let run = run.as_str();
            let note = self.tables.sql(NOTE);
            lease.execute(&note, &[&run, at, &said[1], &subject, field, verdict, detail, decision, &text]).await?;
        }
        lease.end("COMMIT").await?;
        Ok(news)
    }

    /// Whether a person has said that a member is not this record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn is_ruled_out(&self, local: &LocalId, id: &ExternalId) -> Result<bool, StoreError> {
        let sql = "SELECT FROM tripartite.ruled_out WHERE register = {n} AND local = $1 AND external_id = $2";
        let sql = self.tables.sql(sql);
        Ok(self.database.lease().await?.first(&sql, &[&local.as_str(), &id.as_str()]).await?.is_some())
    }

    /// The ids of the records that have an open conflict, in order.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn disputed(&self) -> Result<Vec<ExternalId>, StoreError> {
        let sql = "SELECT DISTINCT external_id FROM tripartite.conflicts WHERE register = {n} ORDER BY external_id";
        let rows = self.database.lease().await?.query(&self.tables.sql(sql), &[]).await?;
        Ok(rows.iter().filter_map(|row| ExternalId::new(row.get::<_, &str>(0)).ok()).collect())
    }

    /// A record with its open conflicts; `None` when nothing is linked by this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn record(&self, id: &ExternalId) -> Result<Option<Loaded>, StoreError> {
        Ok(self.load(&LoadRequest::of([id.clone()])).await?.linked.pop())
    }

    /// An entry about a field, by its number, with those about the other fields of its group of the same run, and
    /// whose they are; `None` when there is no such entry, or it is about a record as a whole.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn overwritten(&self, seq: i64) -> Result<Option<(ExternalId, Vec<FieldEntry>)>, StoreError> {
        let rows = self.database.lease().await?.query(&self.tables.sql(BESIDE), &[&seq]).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let unreadable = || StoreError::Unreadable { table: "tripartite.audit", id: seq.to_string() };
        let id = ExternalId::new(first.get::<_, &str>(0)).map_err(|_| unreadable())?;
        let mut entries: Vec<FieldEntry> = Vec::new();
        for row in &rows {
            match serde_json::from_str(row.get(1)).map_err(|_| unreadable())? {
                AuditEntry::Field(entry) if entries.is_empty() => entries.push(entry),
                AuditEntry::Record(_) if entries.is_empty() => return Ok(None),
                entry => beside(&mut entries, entry),
            }
        }
        Ok(Some((id, entries)))
    }

    /// Forgets the audit from before a point in time, in transactions of [`PRUNED_AT_ONCE`] rows, and answers how many
    /// entries there were. What it overwrote can no longer be restored.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written; the transactions before stay.
    pub async fn prune_audit(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let mut lease = self.begin().await?;
            let old = lease.query(&self.tables.sql(OLD), &[&before]).await?;
            let old: Vec<i32> = old.iter().map(|row| row.get(0)).collect();
            let row = lease.first(&self.tables.sql(PRUNE), &[&old, &(PRUNED_AT_ONCE as i64)]).await?;
            let of =
                |row: tokio_postgres::Row| (row.get::<_, i64>(0), row.get::<_, Option<i64>>(1), row.get::<_, i64>(2));
            let (gone, last, entries) = row.map_or((0, None, 0), of);
            if gone < PRUNED_AT_ONCE as i64 {
                lease.execute(&self.tables.sql(PRUNE_KINDS), &[&old]).await?;
            } else {
                lease.execute(&self.tables.sql(BEGINS), &[&old, &last]).await?;
            }
            lease.end("COMMIT").await?;
            forgotten += entries.cast_unsigned();
            if gone < PRUNED_AT_ONCE as i64 {
                return Ok(forgotten);
            }
        }
    }
}
