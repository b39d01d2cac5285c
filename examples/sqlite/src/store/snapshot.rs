//! Reports read one moment of a register: the runs, what they did to which records, what waits for a person.
//!
//! Nothing is held but one record at a time, and lists that have a bound.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tripartite::id::{ExternalId, LocalId};
use tripartite::schema::Schema;
use tripartite::store::Loaded;
use tripartite_sql::{CHANGED, ChangedRecord, KnownRun, OpenRow, Register, RunFigures, named_by, quoted};

use super::layout::{self, Layout};
use super::names::Names;
use super::record::moment;
use super::runs::{TABLE as RUNS, newest_first};
use super::{SqliteStore, State, StoreError, entries, load, record};

/// One moment of a register, whatever others write meanwhile. [`SqliteStore::snapshot`] has an example.
#[derive(Debug)]
pub struct Snapshot<'a> {
    pub(super) conn: &'a Connection,
    register: &'a Register,
    pub(super) names: &'a Names,
    pub(super) schema: &'a Schema,
    pub(super) layout: &'a Layout,
    label: Option<String>,
}

impl SqliteStore {
    /// Reads one moment of the register. `work` must not use the store itself, which is locked meanwhile.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    ///
    /// ```
    /// use tripartite_sqlite::store::{Database, SqliteStore};
    /// use tripartite_sqlite::tripartite_sql::Settings;
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let settings = Settings { schema, id_field: "id".to_owned() };
    /// let store = SqliteStore::new(Database::in_memory()?, settings)?;
    /// let (last, figures) = store.snapshot(|now| (now.last_run(), now.figures(30)))?;
    /// assert_eq!(last?, None); // nothing ran yet
    /// assert!(figures?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot<T>(&self, work: impl FnOnce(&Snapshot<'_>) -> T) -> Result<T, StoreError> {
        let mut state = self.state();
        let State { conn, layout, .. } = &mut *state;
        let tx = Transaction::new_unchecked(conn, TransactionBehavior::Deferred)?;
        let (names, schema) = (&self.names, &self.settings.schema);
        if !layout.is_current(&tx)? {
            *layout = layout::of(&tx, names, &self.settings)?;
        }
        Ok(work(&Snapshot { conn: &tx, register: &self.register, names, schema, layout, label: label(names, schema) }))
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

    pub(super) fn table(&self, name: &str) -> String {
        quoted(&self.names.table(name), '"')
    }

    /// The condition that an entry of the audit is of the run `?1`.
    pub(super) fn of_run(&self) -> Result<String, StoreError> {
        entries::of_run(self.conn, self.names, entries::ANY)
    }

    /// What is known of a run; `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn run(&self, run: &str) -> Result<Option<KnownRun>, StoreError> {
        let (is_last, run) = (self.last_run()?.as_deref() == Some(run), run.to_owned());
        let sql = format!("SELECT at, report FROM {} WHERE run = ?1", self.table("tripartite_runs"));
        let kept = |row: &rusqlite::Row<'_>| Ok((moment(row.get_ref(0)?, RUNS, &run), row.get::<_, String>(1)?));
        if let Some((at, report)) = self.conn.query_row(&sql, [&run], kept).optional()? {
            let report = serde_json::from_str(&report);
            let report = report.map_err(|_| StoreError::Unreadable { table: RUNS, id: run.clone() })?;
            return Ok(Some(KnownRun { at: at?, run, report: Some(report), is_last }));
        }
        let sql = format!("SELECT at FROM {} WHERE {} LIMIT 1", self.table("tripartite_audit"), self.of_run()?);
        let began = |row: &rusqlite::Row<'_>| Ok(moment(row.get_ref(0)?, "tripartite_audit", &run));
        let at = self.conn.query_row(&sql, [&run], began).optional()?.transpose()?;
        Ok(at.map(|at| KnownRun { run, at, report: None, is_last }))
    }

    /// The last run, also if all that is left of it is its audit; `None` when nothing ran yet.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn last_run(&self) -> Result<Option<String>, StoreError> {
        let (runs, audit) = (self.table("tripartite_runs"), self.table("tripartite_audit"));
        let by = newest_first(self.conn, self.names)?;
        // One that has not reported is only as late as its clock says.
        let sql = format!(
            "SELECT run FROM (
                SELECT * FROM (SELECT run, at FROM {runs} {by} LIMIT 1)
                UNION ALL SELECT run, at FROM (SELECT run, at FROM {audit} ORDER BY seq DESC LIMIT 1)
                WHERE run NOT IN (SELECT run FROM {runs})
            ) ORDER BY at DESC, length(run) DESC, run DESC LIMIT 1"
        );
        Ok(self.conn.query_row(&sql, [], |row| row.get(0)).optional()?)
    }

    /// The last runs that reported, at most so many, oldest first.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn figures(&self, most: usize) -> Result<Vec<RunFigures>, StoreError> {
        let by = newest_first(self.conn, self.names)?;
        let sql = format!("SELECT run, report FROM {} {by} LIMIT ?1", self.table("tripartite_runs"));
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([most as i64])?;
        let mut nights = Vec::new();
        while let Some(row) = rows.next()? {
            let unreadable = |id| StoreError::Unreadable { table: RUNS, id };
            let report: String = row.get(1)?;
            nights.push(serde_json::from_str(&report).or_else(|_| Err(unreadable(row.get(0)?)))?);
        }
        nights.reverse();
        Ok(nights)
    }

    /// Hands out the open conflicts, by their records' ids, until `each` answers `false`.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn open_conflicts(&self, each: impl FnMut(OpenRow) -> bool) -> Result<(), StoreError> {
        record::open_conflicts(self.conn, self.names, each)
    }

    /// A record with its open conflicts; `None` when nothing is linked by this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn record(&self, id: &ExternalId) -> Result<Option<Loaded>, StoreError> {
        let ids = std::slice::from_ref(id);
        Ok(load::records(self.conn, self.names, self.layout, self.schema, ids)?.pop())
    }

    /// How many records [`changed`](Self::changed) hands out.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn count_changed(&self, run: &str) -> Result<u64, StoreError> {
        let (audit, of_run) = (self.table("tripartite_audit"), self.of_run()?);
        let sql = format!("SELECT count(DISTINCT external_id) FROM {audit} WHERE {of_run} AND {CHANGED}");
        Ok(self.conn.query_row(&sql, [run], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Hands out the records of a run in which a field was decided, or more than who is new or left, in the order in which
    /// they were written, until `each` answers `false`.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read, and whatever `each` returns.
    pub fn changed<E: From<StoreError>>(
        &self,
        run: &str,
        mut each: impl FnMut(&ChangedRecord) -> Result<bool, E>,
    ) -> Result<(), E> {
        let (audit, of_run) = (self.table("tripartite_audit"), self.of_run()?);
        let sql = format!("SELECT external_id, entry FROM {audit} WHERE {of_run} ORDER BY seq");
        let mut statement = self.conn.prepare(&sql).map_err(StoreError::from)?;
        let mut rows = statement.query([run]).map_err(StoreError::from)?;
        let mut record = ChangedRecord::default();
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let id: String = row.get(0).map_err(StoreError::from)?;
            let text: String = row.get(1).map_err(StoreError::from)?;
            let Ok(entry) = serde_json::from_str(&text) else {
                return Err(StoreError::Unreadable { table: "tripartite_audit", id }.into());
            };
            if record.id != id {
                if record.is_told() && !each(&record)? {
                    return Ok(());
                }
                record = ChangedRecord::of(id);
            }
            record.add(entry);
        }
        if record.is_told() {
            each(&record)?;
        }
        Ok(())
    }

    /// The first records of a run to which something was done, by the [name](tripartite::store::Action::name) of the action, at most so many,
    /// and how many they were.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn of_action(&self, run: &str, action: &str, most: usize) -> Result<(Vec<String>, u64), StoreError> {
        let (audit, of_run) = (self.table("tripartite_audit"), self.of_run()?);
        let from = format!("FROM {audit} WHERE {of_run} AND subject = 'record' AND decision = ?2");
        let count: i64 = self.conn.query_row(&format!("SELECT count(*) {from}"), [run, action], |row| row.get(0))?;
        let mut statement = self.conn.prepare(&format!("SELECT external_id {from} ORDER BY seq LIMIT ?3"))?;
        let ids = statement.query_map(params![run, action, most as i64], |row| row.get(0))?;
        Ok((ids.collect::<Result<_, _>>()?, count.cast_unsigned()))
    }

    /// The row that is linked to a record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn whose(&self, id: &str) -> Result<Option<LocalId>, StoreError> {
        let sql = self.names.sql("SELECT {local_id} FROM {members} WHERE {external_id} = ?1");
        let local = self.conn.query_row(&sql, [id], |row| row.get::<_, i64>(0)).optional()?;
        Ok(local.and_then(|local| LocalId::new(local.to_string()).ok()))
    }

    /// Whom a record is about, as its row says now; empty where no field says so. A field that is sensitive says nothing.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn name(&self, id: &str) -> Result<String, StoreError> {
        let Some(sql) = &self.label else { return Ok(String::new()) };
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Ok(String::new()) };
        let columns = row.as_ref().column_count();
        let parts = (0..columns).filter_map(|at| row.get_ref(at).ok()?.as_str().ok().map(str::trim));
        Ok(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    }
}

/// The statement that finds a record's name.
fn label(names: &Names, schema: &Schema) -> Option<String> {
    let column = |at: usize| quoted(names.column(&schema.fields()[at]), '"');
    let columns: Vec<_> = named_by(schema).into_iter().map(column).collect();
    (!columns.is_empty())
        .then(|| format!("SELECT {} {}", columns.join(", "), names.sql("FROM {members} WHERE {external_id} = ?1")))
}
