//! Reports read one moment of a register: the runs, what they did to which records, what waits for a person.

use std::sync::Arc;

use tokio_postgres::Row;
use tripartite::id::{ExternalId, LocalId};
use tripartite::schema::Schema;
use tripartite::store::Loaded;
use tripartite_sql::{CHANGED, ChangedPage, ChangedRecord, KnownRun, OpenRow, Register, RunFigures, named_by};

use super::host::Column;
use super::layout::Layout;
use super::load::Reader;
use super::record::OF_RUN;
use super::tables::Tables;
use super::{PostgresStore, StoreError, load, record};
use crate::pool::Lease;

/// So many entries of the audit are read at a time.
const AT_ONCE: i64 = 1000;

/// One moment of a register, whatever others write meanwhile: a transaction that only reads. [`PostgresStore::snapshot`]
/// has an example.
pub struct Snapshot<'a> {
    lease: Lease,
    tables: &'a Tables,
    register: &'a Register,
    schema: &'a Schema,
    layout: Arc<Layout>,
    label: Option<String>,
}

const RUN: &str = "SELECT at, report::text FROM tripartite.runs WHERE register = {n} AND run = $1";
const CUT_SHORT: &str = "SELECT at FROM tripartite.kinds WHERE register = {n} AND run = $1 LIMIT 1";

/// One that has not reported is only as late as its clock says.
const LAST: &str = "
SELECT run FROM (
    (SELECT run, at FROM tripartite.runs WHERE register = {n} ORDER BY seq DESC LIMIT 1)
    UNION ALL
    SELECT run, at FROM (SELECT run, at FROM tripartite.kinds WHERE register = {n} ORDER BY last DESC LIMIT 1) a
    WHERE NOT EXISTS (SELECT FROM tripartite.runs r WHERE r.register = {n} AND r.run = a.run)
) known ORDER BY at DESC, length(run) DESC, run DESC LIMIT 1";

const FIGURES: &str = "SELECT run, report::text FROM tripartite.runs WHERE register = {n} ORDER BY seq DESC LIMIT $1";

/// Records in which a field, or more than who is new or left, was decided.
const COUNT_CHANGED: &str = "
SELECT count(DISTINCT a.external_id) FROM {of_run} a WHERE {changed}";

const ENTRIES: &str = "
SELECT a.seq, a.external_id, a.entry::text FROM {of_run} a
WHERE a.first > $2::int8 - {together} AND a.seq > $2 ORDER BY a.first, a.place LIMIT $3";

const OF_ACTION: &str = "
SELECT a.external_id, count(*) OVER () FROM {of_run} a
WHERE a.subject = 'record' AND a.decision = $2 ORDER BY a.first, a.place LIMIT $3";

const WHOSE: &str = "SELECT m.{key}::text FROM {records} m WHERE {id} = $1";

impl PostgresStore {
    /// Reads one moment of the register. The connection is held until the snapshot is dropped.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    ///
    /// ```no_run
    /// # async fn read(store: tripartite_postgres::store::PostgresStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut now = store.snapshot().await?;
    /// if let Some(last) = now.last_run().await? {
    ///     println!("{:?}", now.run(&last).await?);
    /// } // else nothing ran yet
    /// # Ok(())
    /// # }
    /// ```
    pub async fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        self.inspect().await?;
        let (mut lease, layout) = (self.database.lease().await?, self.state().layout);
        lease.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let schema = &self.settings.schema;
        let label = label(&self.tables, schema, &layout);
        Ok(Snapshot { lease, tables: &self.tables, register: &self.register, schema, layout, label })
    }
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("register", self.register).finish_non_exhaustive()
    }
}

impl Snapshot<'_> {
    /// The register.
    pub fn register(&self) -> &Register {
        self.register
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        self.schema
    }

    /// What is known of a run; `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn run(&mut self, run: &str) -> Result<Option<KnownRun>, StoreError> {
        let is_last = self.last_run().await?.as_deref() == Some(run);
        let known = |at, report| KnownRun { run: run.to_owned(), at, report, is_last };
        if let Some(row) = self.lease.first(&self.tables.sql(RUN), &[&run]).await? {
            let unreadable = |_| StoreError::Unreadable { table: "tripartite.runs", id: run.to_owned() };
            let report = serde_json::from_str(row.get(1)).map_err(unreadable)?;
            return Ok(Some(known(row.get(0), Some(report))));
        }
        let row = self.lease.first(&self.tables.sql(CUT_SHORT), &[&run]).await?;
        Ok(row.map(|row| known(row.get(0), None)))
    }

    /// The last run, also if all that is left of it is its audit; `None` when nothing ran yet.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn last_run(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.lease.first(&self.tables.sql(LAST), &[]).await?.map(|row| row.get(0)))
    }

    /// The last runs that reported, at most so many, oldest first.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn figures(&mut self, most: usize) -> Result<Vec<RunFigures>, StoreError> {
        let rows = self.lease.query(&self.tables.sql(FIGURES), &[&limit(most)]).await?;
        let figures = |row: &Row| {
            let unreadable = |_| StoreError::Unreadable { table: "tripartite.runs", id: row.get(0) };
            serde_json::from_str(row.get(1)).map_err(unreadable)
        };
        rows.iter().rev().map(figures).collect()
    }

    /// The open conflicts behind one of a record and a unit, by their records' ids, at most a thousand. The first ones are
    /// behind two empty texts; behind the last one there is none.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn open_conflicts(&mut self, after: (&str, &str)) -> Result<Vec<OpenRow>, StoreError> {
        record::open_page(&mut self.lease, self.tables, after).await
    }

    /// A record with its open conflicts; `None` when nothing is linked by this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn record(&mut self, id: &ExternalId) -> Result<Option<Loaded>, StoreError> {
        let ids = std::slice::from_ref(id);
        let (tables, layout, schema, shapes) = (self.tables, &self.layout, self.schema, Arc::default());
        let mut reader = Reader { tables, layout, schema, shapes };
        Ok(load::records(&mut self.lease, &mut reader, ids).await?.pop())
    }

    /// How many records all pages of [`changed`](Self::changed) have.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn count_changed(&mut self, run: &str) -> Result<u64, StoreError> {
        let sql = COUNT_CHANGED.replace("{of_run}", OF_RUN).replace("{changed}", CHANGED);
        let row = self.lease.first(&self.tables.sql(&sql), &[&run]).await?;
        Ok(row.map_or(0, |row| row.get::<_, i64>(0)).cast_unsigned())
    }

    /// Records of a run in which a field was decided, or more than who is new or left, behind an entry's number: 0 for the
    /// first page, and then what the page before says.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn changed(&mut self, run: &str, after: i64) -> Result<ChangedPage, StoreError> {
        let sql = self.tables.sql(&ENTRIES.replace("{of_run}", OF_RUN));
        let mut most = AT_ONCE;
        loop {
            let rows = self.lease.query(&sql, &[&run, &after, &most]).await?;
            let is_last = (rows.len() as i64) < most;
            let (mut records, begin) = grouped(&rows)?;
            let next = begin.filter(|_| !is_last).map(|begin| begin - 1);
            if next == Some(after) {
                // One record has more entries than a page.
                most = most.saturating_mul(2);
                continue;
            }
            if next.is_some() {
                records.pop();
            }
            records.retain(ChangedRecord::is_told);
            return Ok(ChangedPage { records, next });
        }
    }

    /// The first records of a run to which something was done, by the [name](tripartite::store::Action::name) of the action, at most so many,
    /// and how many they were.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn of_action(&mut self, run: &str, action: &str, most: usize) -> Result<(Vec<String>, u64), StoreError> {
        let rows = self
            .lease
            .query(&self.tables.sql(&OF_ACTION.replace("{of_run}", OF_RUN)), &[&run, &action, &limit(most.max(1))])
            .await?;
        let count = rows.first().map_or(0, |row| row.get::<_, i64>(1)).cast_unsigned();
        Ok((rows.iter().take(most).map(|row| row.get(0)).collect(), count))
    }

    /// The row that is linked to a record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn whose(&mut self, id: &str) -> Result<Option<LocalId>, StoreError> {
        let row = self.lease.first(&self.tables.sql(WHOSE), &[&id]).await?;
        Ok(row.and_then(|row| LocalId::new(row.get::<_, &str>(0)).ok()))
    }

    /// Whom a record is about, as its row says now; empty where no field says so. A field that is sensitive says nothing.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn name(&mut self, id: &str) -> Result<String, StoreError> {
        let Some(sql) = &self.label else { return Ok(String::new()) };
        let Some(row) = self.lease.first(sql, &[&id]).await? else { return Ok(String::new()) };
        let parts = (1..row.len()).filter_map(|at| row.get::<_, Option<&str>>(at).map(str::trim));
        Ok(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    }
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// The entries by their records, and the number of the first one of the last record.
fn grouped(rows: &[Row]) -> Result<(Vec<ChangedRecord>, Option<i64>), StoreError> {
    let (mut records, mut begin): (Vec<ChangedRecord>, _) = (Vec::new(), None);
    for row in rows {
        let id: &str = row.get(1);
        let unreadable = |_| StoreError::Unreadable { table: "tripartite.audit", id: id.to_owned() };
        let entry = serde_json::from_str(row.get(2)).map_err(unreadable)?;
        if records.last().is_none_or(|last| last.id != id) {
            begin = Some(row.get(0));
            records.push(ChangedRecord::of(id));
        }
        if let Some(record) = records.last_mut() {
            record.add(entry);
        }
    }
    Ok((records, begin))
}

/// The statement that finds a record's name.
fn label(tables: &Tables, schema: &Schema, layout: &Layout) -> Option<String> {
    let columns = named_by(schema).into_iter().filter_map(|at| layout.columns[at].as_ref()).map(Column::selected);
    let columns = columns.collect::<String>();
    let from = tables.sql(" FROM {records} m WHERE {id} = $1");
    (!columns.is_empty()).then(|| format!("SELECT 1{columns}{from}"))
}
