//! The club's records in SQLite: one table that people edit, and beside it what the crate remembers.
//!
//! | table | what it holds |
//! |---|---|
//! | `members` | the club's own records: `local_id`, `external_id`, `active`, `revision`, and a column for each field |
//! | `tripartite_links` | for each linked record its base, when it was last in step, and whether a sync deactivated it |
//! | `tripartite_shapes`, `tripartite_kept` | which fields of a base stand in its row, and the columns of rows that were edited since |
//! | `tripartite_conflicts` | the conflicts that wait for a person, one for a record and field or group |
//! | `tripartite_audit` | one entry for every field that was not in sync, in order: a view of `tripartite_entries` and `tripartite_kinds` |
//! | `tripartite_runs` | the report of each run that wrote |
//! | `tripartite_keys`, `tripartite_unkeyed` | with match rules: by which keys each row is found, and which moved since |
//! | `tripartite_removed` | the revisions of records whose rows were deleted |
//! | `tripartite_not` | which members a person has said are not which records of the source |
//! | `tripartite_approved` | the parts of a plan that a person approved, until a run of it has ended |
//! | `tripartite_meta` | the schema, the match rules, the guards, what a person let be set aside, the name of the listing's id field, the version of this format |
//!
//! A database can hold many such sets of tables, one [`Register`] for each organisation and source. The names above are
//! those of the unnamed one; the others have their key behind each name, as in `"members/ballybeg/federation"`.
//!
//! **How does an edit by any SQL client count?** Triggers see to it that `revision` grows with every change of a row,
//! whatever the client says about it, also when a row is replaced or deleted and entered anew. What a client writes
//! into a column is read as it stands there: a number in a text column, a text that is no JSON in a column of lists. A
//! blob, or text that is not UTF-8, is read as SQL writes it, `x'c3'`, so nothing is lost and nothing fails.
//!
//! **Where is the base of a row that nobody edited?** In the row: what is equal is not stored twice. A trigger keeps the
//! columns as they stood before somebody changes, replaces or deletes the row, whatever the client. So a column of a
//! field that is in the schema cannot be dropped, and SQLite says so; it may be renamed, and the base goes with it. Where
//! the members have a trigger or a unique index of the user's own, bases are stored in full.
//!
//! **How safe is a commit?** Each batch is one `IMMEDIATE` transaction, and where the database refuses one of its ops, it
//! begins anew with each op in a savepoint: record, base, link, conflicts and audit change together or not at all. The
//! journal is WAL with `synchronous = NORMAL`: after a power cut the last batches may be gone, but gone as a whole, and the next run does them again. Leaving the program
//! checkpoints, and that syncs.
//!
//! **What of a worker that lost its job?** A store that was given its claim ([`SqliteStore::fenced`]) checks in the
//! transaction of every write that the claim still holds. A worker that comes back late writes nothing, also where
//! nobody has touched its records since.
//!
//! **What of a table that the club has already?** A [`HostTable`](tripartite_sql::HostTable) names it and its columns, and
//! [`Database::attach`] adds what is needed. Every statement is the same, with the table's names.
//!
//! **What does a dry or blocked run write?** Nothing, not even a change of the schema: that is carried out with the
//! first batch.

mod approved;
mod bases;
mod cell;
mod commit;
mod database;
mod entries;
mod error;
mod fence;
mod file;
mod host;
mod index;
mod layout;
mod load;
mod names;
mod near;
mod notes;
mod pages;
mod people;
mod record;
mod removed;
mod runs;
mod snapshot;
mod tables;
mod triggers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use database::{Access, Database};
pub use error::StoreError;
pub(crate) use error::is_busy;
pub use file::{FileError, check_name};
pub(crate) use file::{check_owner, open_to_write, read_only};
pub use layout::check;
pub use names::table_name;
pub use people::LOADED_AT_ONCE;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;
pub use snapshot::Snapshot;
use tripartite::audit::AuditKey;
use tripartite::id::SyncKey;
use tripartite::jobs::StoreKey;
use tripartite::matching::MatchRule;
use tripartite::plan::Guards;
use tripartite::queue::Token;
use tripartite::schema::Schema;
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};
use tripartite_sql::{Collided, Register, Settings};

use self::commit::{Statements, Way};
use self::fence::Fence;
use self::layout::Layout;
use self::names::Names;
use self::near::{Aside, Rows};
use self::triggers::Triggers;

/// The records of one register.
#[derive(Debug)]
pub struct SqliteStore {
    register: Register,
    names: Names,
    settings: Settings,
    statements: Statements,
    fence: Option<Fence>,
    key: Option<Arc<AuditKey>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    conn: Connection,
    layout: Layout,
    /// What else is remembered with the first write.
    pending: Vec<String>,
    /// Whether the schema is the one that was stored, or was stored by this store.
    is_settled: bool,
    /// The match keys of a connection that only reads.
    aside: Option<Aside>,
    triggers: Triggers,
    /// Who may find its value free once all else is written.
    collided: Collided,
}

impl SqliteStore {
    /// The unnamed register, for a database of a single club; else as [`of`](Self::of).
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn new(database: Database, settings: Settings) -> Result<Self, StoreError> {
        Self::of(Register::default(), database, settings)
    }

    /// A register of a database under these settings. A new one gets its tables at once; one that was used under other
    /// settings is changed with the first write.
    ///
    /// # Errors
    /// [`StoreError`], when a field cannot have a column of its own, or the database cannot be read.
    ///
    /// ```
    /// use tripartite_sqlite::store::{Database, SqliteStore};
    /// use tripartite_sqlite::tripartite_sql::Settings;
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let settings = Settings { schema, id_field: "id".to_owned() };
    /// let store = SqliteStore::of("ballybeg/federation".parse()?, Database::in_memory()?, settings)?;
    /// store.with(|conn| Ok(conn.execute_batch(r#"SELECT name FROM "members/ballybeg/federation""#)?))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(register: Register, database: Database, settings: Settings) -> Result<Self, StoreError> {
        let conn = database.into_connection();
        let names = Names::of(&register);
        let is_there = database::holds(&conn, &names)?;
        let host = if is_there { host::of(&conn, &names)? } else { None };
        let names = names.in_host(host);
        if names.host().is_none() {
            check(&settings)?;
        }
        if !is_there {
            tables::create(&conn, &names, &settings)?;
        }
        let layout = layout::of(&conn, &names, &settings)?;
        let is_settled = layout.pending.is_empty();
        let statements = Statements::of(&names, &settings.schema);
        let state = Mutex::new(State {
            conn,
            layout,
            pending: Vec::new(),
            is_settled,
            aside: None,
            triggers: Triggers::default(),
            collided: Collided::default(),
        });
        Ok(Self { register, names, settings, statements, fence: None, key: None, state })
    }

    /// Writes from here on only while the slot that is stored under `slot` is running under this token; the `bytes` of
    /// the table `tripartite_jobs` are looked at within the transaction of every write.
    #[must_use]
    pub fn fenced(mut self, token: u64, slot: StoreKey) -> Self {
        self.fence = Some(Fence { token: Token(token), slot });
        self
    }

    /// Hashes with this key what the audit keeps as [hashes](tripartite::schema::Privacy::Hashed). Without one, such values
    /// are redacted.
    #[must_use]
    pub fn audit_keyed(mut self, key: Option<AuditKey>) -> Self {
        self.key = key.map(Arc::new);
        self
    }

    /// The match rules from here on; they are remembered with the first write, where they are others than before.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn matching(self, rules: &[MatchRule]) -> Result<Self, StoreError> {
        if database::rules(&self.state().conn, &self.names)? != rules {
            self.put_off(database::RULES, rules);
        }
        Ok(self)
    }

    /// The guards from here on; they are remembered with the first write, where they are others than before.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn guarded(self, guards: &Guards) -> Result<Self, StoreError> {
        if database::guards(&self.state().conn, &self.names)? != *guards {
            self.put_off(database::GUARDS, guards);
        }
        Ok(self)
    }

    /// What is remembered with the first write.
    fn put_off(&self, key: &str, value: &(impl Serialize + ?Sized)) {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.state().pending.push(tables::remembering(&self.names, key, &text));
    }

    /// The keys of the named registers of a database, in order.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn registers(database: &Database) -> Result<Vec<SyncKey>, StoreError> {
        database::registers(database.connection())
    }

    /// Which register it is.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.settings.schema
    }

    /// Carries out what is pending, for a run that had nothing to write.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](Self::fenced) off.
    pub fn settle(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.must_settle() {
            return Ok(());
        }
        let State { conn, layout, pending, is_settled, triggers, .. } = &mut *state;
        triggers.set(conn, false)?;
        let tx = begin(conn, self.fence.as_ref())?;
        let settled = layout::settle(&tx, &self.names, &self.settings, pending)?;
        tx.commit()?;
        (*layout, *is_settled) = (settled, true);
        pending.clear();
        Ok(())
    }

    /// Carries out statements as any SQL client does: what they change of the records is an edit by a user.
    ///
    /// # Errors
    /// [`StoreError`], when SQLite refuses one; those before it stand.
    ///
    /// ```
    /// use tripartite_sqlite::store::{Database, SqliteStore};
    /// use tripartite_sqlite::tripartite_sql::Settings;
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let settings = Settings { schema, id_field: "id".to_owned() };
    /// let store = SqliteStore::new(Database::in_memory()?, settings)?;
    /// store.edit("INSERT INTO members(name) VALUES ('Áine')")?; // no external id: a local record
    /// assert!(store.edit("INSERT INTO members(nickname) VALUES ('A')").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn edit(&self, statements: &str) -> Result<(), StoreError> {
        self.with(|conn| Ok(conn.execute_batch(statements)?))
    }

    /// Works on the connection, as any SQL client does. The store is locked meanwhile.
    ///
    /// # Errors
    /// Whatever `work` returns.
    pub fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = self.state();
        let State { conn, triggers, .. } = &mut *state;
        triggers.set(conn, false)?;
        work(conn)
    }

    /// Carries out the ops of a batch that belong together, all of them or nothing: where one does not find what it
    /// expects, or is refused, its outcome says so, and the transaction is rolled back.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written; then nothing was.
    pub fn commit_all(&self, batch: &Batch) -> Result<Vec<OpOutcome>, StoreError> {
        match self.carry_out_if(batch, Way::Together, |outcomes| !outcomes.contains(&OpOutcome::Stale)) {
            Err(error) if commit::is_refusal(&error) => Ok(vec![OpOutcome::Failed { problem: commit::told(&error) }]),
            done => done,
        }
    }

    fn carry_out(&self, batch: &Batch, way: Way) -> Result<Vec<OpOutcome>, StoreError> {
        self.carry_out_if(batch, way, |_| true)
    }

    fn carry_out_if(
        &self,
        batch: &Batch,
        way: Way,
        keep: impl FnOnce(&[OpOutcome]) -> bool,
    ) -> Result<Vec<OpOutcome>, StoreError> {
        let mut state = self.state();
        let State { conn, layout: known, pending, is_settled, triggers, collided, .. } = &mut *state;
        let tx = begin(conn, self.fence.as_ref())?;
        let mut layout = known.clone();
        if !layout.is_current(&tx)? {
            layout = layout::of(&tx, &self.names, &self.settings)?;
        }
        if !pending.is_empty() || layout.must_settle(*is_settled) {
            triggers.set(&tx, false)?;
            layout = layout::settle(&tx, &self.names, &self.settings, pending)?;
        }
        let outcomes =
            commit::batch(&tx, &self.statements, (&self.settings.schema, &layout), (batch, way), (triggers, collided))?;
        if !keep(&outcomes) {
            return Ok(outcomes);
        }
        tx.commit()?;
        (*known, *is_settled) = (layout, true);
        pending.clear();
        Ok(outcomes)
    }

    fn write(&self, work: impl FnOnce(&Connection) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut state = self.state();
        let State { conn, triggers, .. } = &mut *state;
        triggers.set(conn, false)?;
        let tx = begin(conn, self.fence.as_ref())?;
        work(&tx)?;
        Ok(tx.commit()?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A transaction that was not committed when something panicked was rolled back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transaction that writes, if it may.
fn begin<'a>(conn: &'a mut Connection, fence: Option<&Fence>) -> Result<Transaction<'a>, StoreError> {
    begin_on(conn, fence)
}

/// The same on a connection that is known to be in none.
fn begin_on<'a>(conn: &'a Connection, fence: Option<&Fence>) -> Result<Transaction<'a>, StoreError> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    if let Some(fence) = fence {
        fence.check(&tx)?;
    }
    Ok(tx)
}

impl State {
    fn must_settle(&self) -> bool {
        !self.pending.is_empty() || self.layout.must_settle(self.is_settled)
    }
}

impl RecordStore for SqliteStore {
    type Error = StoreError;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
        index::page(&mut self.state().conn, &self.names, after)
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, StoreError> {
        let mut state = self.state();
        let State { conn, layout, aside, .. } = &mut *state;
        let (names, schema) = (&self.names, &self.settings.schema);
        // Who reads in a transaction of their own sees one moment already.
        let begin = || Transaction::new_unchecked(conn, TransactionBehavior::Deferred);
        let tx = conn.is_autocommit().then(begin).transpose()?;
        if !layout.is_current(conn)? {
            *layout = layout::of(conn, names, &self.settings)?;
        }
        let rows = Rows { names, layout, schema };
        let records = |tx: &Connection| load::records(tx, names, layout, schema, &wanted.ids);
        let Some(near) = &wanted.near else { return Ok(records(conn)?.into()) };
        drop(tx);
        if conn.pragma_query_value(None, "query_only", |row| row.get::<_, bool>(0))? {
            let tx = Transaction::new_unchecked(conn, TransactionBehavior::Deferred)?;
            near::aside(&tx, rows, &near.rules, aside)?;
            let candidates = near::candidates(&tx, rows, near, aside.as_ref())?;
            return Ok(Records::new(records(&tx)?, candidates));
        }
        let tx = near::fresh(conn, self.fence.as_ref(), rows, &near.rules)?;
        let candidates = near::candidates(&tx, rows, near, None)?;
        let records = Records::new(records(&tx)?, candidates);
        tx.commit()?;
        Ok(records)
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, StoreError> {
        match self.carry_out(batch, Way::Together) {
            Err(error) if commit::is_refusal(&error) => self.carry_out(batch, Way::Apart),
            done => done,
        }
    }
}
