//! The host's records in PostgreSQL: one table that people edit, and beside it what the crate remembers.
//!
//! | table | what it holds |
//! |---|---|
//! | the store's own, `tripartite.members`, or one that the host has | the records |
//! | `tripartite.links` | for each linked record its base, when it was last in step, and whether a sync deactivated it |
//! | `tripartite.shapes` | which fields of a base are read from its row |
//! | `tripartite.conflicts` | the conflicts that wait for a person, one for a record and field or group |
//! | `tripartite.audit` | one entry for every field that was not in sync, in order: a view of `entries` and of the `kinds` that they have in common |
//! | `tripartite.runs` | the report of each run that wrote |
//! | `tripartite.keys`, `tripartite.unkeyed` | by which match keys each row is found, and which changed since |
//! | `tripartite.ruled_out` | which rows a person has said are not which records of the source |
//! | `tripartite.approved` | the parts of a plan that a person approved, until a run of it has ended |
//! | `tripartite.registers`, `tripartite.settings` | which registers there are, and how each is used |
//!
//! A schema holds many registers, one for each organisation and source. Every row of these tables has the register's number,
//! and every statement names it. The records of each register stand in a table of their own.
//!
//! **How does an edit by any client count?** A trigger gives every row that is entered or changed the next number of one
//! sequence as its revision, after the row is locked. So of two changes of a row the later one has the larger revision,
//! whoever makes it.
//!
//! **What of a transaction that is open while a run writes?** The run waits for it, for as long as the session's
//! `lock_timeout` (ten seconds), and then finds the revision that it left: the op is stale. If the transaction is open for longer,
//! the op is stale, too, and the other ops of the batch are carried out. An edit that was committed is never overwritten.
//!
//! **Which isolation does a commit need?** `READ COMMITTED`: the rows are locked before they are compared, and a row that was
//! waited for is read as it is then.

mod bases;
mod cell;
mod commit;
mod database;
mod error;
mod fence;
mod host;
mod index;
mod layout;
mod load;
mod look;
mod near;
mod notes;
mod people;
mod record;
mod runs;
mod snapshot;
mod tables;
mod trial;

use std::sync::{Arc, Mutex, PoisonError};

pub use database::Database;
pub use error::StoreError;
pub use layout::check;
pub use snapshot::Snapshot;
pub use trial::Trial;
use tripartite::audit::AuditKey;
use tripartite::jobs::StoreKey;
use tripartite::matching::MatchRule;
use tripartite::plan::Guards;
use tripartite::queue::Token;
use tripartite::schema::Schema;
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};
use tripartite_sql::{Collided, HostTable, Register, Settings};

use self::bases::Shapes;
use self::commit::{Kinds, Known, Way, Writer};
use self::fence::Fence;
use self::layout::Layout;
use self::load::Reader;
use self::near::{Aside, Rows};
use self::tables::Tables;
use crate::pool::Lease;
use crate::{failure, format};

/// A plan may be that of the small table of the first night: rows are looked up one by one within `LATERAL`, and changed by
/// where they stand, so that every plan reads an index for each and none joins whole tables.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// So often a batch is tried again that was the victim of another transaction.
const TRIES: usize = 3;

/// The records of one register.
#[derive(Debug)]
pub struct PostgresStore {
    database: Database,
    register: Register,
    settings: Settings,
    tables: Tables,
    fence: Option<Fence>,
    key: Option<Arc<AuditKey>>,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    layout: Arc<Layout>,
    /// What is known to be stored.
    kinds: Arc<Kinds>,
    shapes: Arc<Shapes>,
    /// Who may find its value free once all else is written.
    collided: Arc<Collided>,
    /// The match keys that a store makes which only looks.
    aside: Option<Arc<Aside>>,
    /// What else is remembered with the first write.
    pending: Vec<(&'static str, String)>,
}

impl PostgresStore {
    /// The unnamed register, for a schema of a single club; else as [`of`](Self::of).
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub async fn new(database: Database, settings: Settings) -> Result<Self, StoreError> {
        Self::of(Register::default(), database, settings).await
    }

    /// A register of a database under these settings. A new one gets a table of its own at once, which needs a role that may
    /// create one; one that was used under other settings is changed with the first write.
    ///
    /// # Errors
    /// [`StoreError`], when a field cannot have a column, or the database cannot be read.
    pub async fn of(register: Register, database: Database, settings: Settings) -> Result<Self, StoreError> {
        let mut lease = database.lease().await?;
        let schema = database.schema();
        let n = match database::number(&mut lease, schema, &register).await? {
            Some(n) => n,
            None => Self::made(&mut lease, schema, &register, &settings).await?,
        };
        let table = database::table(&mut lease, schema, n).await?;
        if table.is_own {
            check(&settings)?;
        }
        let inspected = host::inspect(&mut lease, &table.host).await?;
        let tables = Tables::of(schema, n, &table, &inspected)?;
        let stored = database::settings(&mut lease, schema, n).await?.schema;
        let layout = layout::of(&settings.schema, &table, &inspected)?;
        let layout = Arc::new(layout.keeping(&settings.schema, stored, &table, &inspected));
        let pending = Self::pending(&mut lease, schema, n, &settings).await?;
        let (kinds, shapes, collided, aside) = (Arc::default(), Arc::default(), Arc::default(), None);
        let state = Mutex::new(State { layout, kinds, shapes, collided, aside, pending });
        drop(lease);
        Ok(Self { database, register, settings, tables, fence: None, key: None, state })
    }

    /// Makes a register, unless somebody else just did.
    async fn made(
        lease: &mut Lease,
        schema: &str,
        register: &Register,
        settings: &Settings,
    ) -> Result<i32, StoreError> {
        check(settings)?;
        lease.begin("BEGIN").await?;
        match host::own_table(lease, schema, register, settings).await {
            Err(error) if error.is_double() => {
                lease.end("ROLLBACK").await?;
                let found = database::number(lease, schema, register).await?;
                found.ok_or_else(|| StoreError::NoRegister { register: register.to_string() })
            }
            made => {
                let n = made?;
                lease.end("COMMIT").await?;
                Ok(n)
            }
        }
    }

    /// The settings that are others than those that are stored.
    async fn pending(
        lease: &mut Lease,
        schema: &str,
        n: i32,
        settings: &Settings,
    ) -> Result<Vec<(&'static str, String)>, StoreError> {
        let now = [
            (database::STORED_SCHEMA, database::text_of(&settings.schema)),
            (database::STORED_ID_FIELD, settings.id_field.clone()),
        ];
        let mut pending = Vec::new();
        for (key, text) in now {
            if database::setting(lease, schema, n, key).await?.as_ref() != Some(&text) {
                pending.push((key, text));
            }
        }
        Ok(pending)
    }

    /// Writes from here on only while the slot that is stored under `slot` is running under this token; the `bytes` of
    /// the table `tripartite.jobs` are looked at within the transaction of every write.
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
    pub async fn matching(self, rules: &[MatchRule]) -> Result<Self, StoreError> {
        if self.database.rules(&self.register).await? != rules {
            self.edit_state(|state| state.pending.push((database::RULES, database::text_of(&rules))));
        }
        Ok(self)
    }

    /// The guards from here on; they are remembered with the first write, where they are others than before.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub async fn guarded(self, guards: &Guards) -> Result<Self, StoreError> {
        if self.database.guards(&self.register).await? != *guards {
            self.edit_state(|state| state.pending.push((database::GUARDS, database::text_of(guards))));
        }
        Ok(self)
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Which register it is.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The table that its records stand in.
    pub fn table(&self) -> &HostTable {
        &self.tables.table.host
    }

    /// The side table with the columns that its records' table [does not get](HostTable::beside), as a statement names it;
    /// `None` where they are in the table itself. A row has the key of its record's.
    pub fn side_table(&self) -> Option<&str> {
        self.tables.side_table()
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.settings.schema
    }

    /// Carries out what is pending, for a run that had nothing to write.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is [fenced](Self::fenced) off.
    pub async fn settle(&self) -> Result<(), StoreError> {
        let mut lease = self.begin().await?;
        let state = self.settled(&mut lease).await?;
        lease.end("COMMIT").await?;
        self.edit_state(|known| *known = state);
        Ok(())
    }

    /// Carries out the ops of a batch that belong together, all of them or nothing: where one does not find what it
    /// expects, or is refused, its outcome says so, and the transaction is rolled back.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written; then nothing was.
    pub async fn commit_all(&self, batch: &Batch) -> Result<Vec<OpOutcome>, StoreError> {
        let is_applied = |outcomes: &[OpOutcome]| outcomes.iter().all(|is| matches!(is, OpOutcome::Applied { .. }));
        match self.carry_out(batch, (Way::Together, false), is_applied).await {
            Err(error) if error.is_refusal() => Ok(vec![OpOutcome::Failed { problem: error.refusal() }]),
            done => done,
        }
    }

    async fn carry_out(
        &self,
        batch: &Batch,
        (way, is_plain): (Way, bool),
        keep: impl Fn(&[OpOutcome]) -> bool,
    ) -> Result<Vec<OpOutcome>, StoreError> {
        let (mut lease, mut state, opening) = self.opened().await?;
        let (tables, schema) = (&self.tables, &self.settings.schema);
        let (kinds, shapes) = (Arc::make_mut(&mut state.kinds), Arc::make_mut(&mut state.shapes));
        let known = Known { kinds, shapes, collided: Arc::make_mut(&mut state.collided) };
        let mut writer = Writer::new(&mut lease, (tables, &state.layout, schema), known, (batch, is_plain));
        let written = writer.carry_out((way, opening)).await;
        let number = writer.number;
        let outcomes = match written {
            Ok(outcomes) => outcomes,
            Err(error) => {
                lease.end("ROLLBACK").await?;
                format::check(&mut lease, self.database.schema()).await?;
                return Err(error);
            }
        };
        if !keep(&outcomes) {
            lease.end("ROLLBACK").await?;
            return Ok(outcomes);
        }
        if let Err(error) = lease.end("COMMIT").await {
            drop(lease);
            self.find_out(error, number.as_deref()).await?;
        }
        self.edit_state(|known| *known = state);
        Ok(outcomes)
    }

    /// Asks whether a transaction was committed whose connection broke at the commit. Where nobody can tell, it is the error.
    async fn find_out(&self, error: tokio_postgres::Error, number: Option<&str>) -> Result<(), StoreError> {
        if let Some(number) = number.filter(|_| failure::is_broken(&error))
            && let Ok(mut lease) = self.database.lease().await
        {
            let status = lease.first("SELECT pg_xact_status($1::text::xid8)", &[&number]).await?;
            if status.and_then(|row| row.get::<_, Option<String>>(0)).as_deref() == Some("committed") {
                return Ok(());
            }
        }
        Err(error.into())
    }

    /// A batch, again where another transaction was in its way, or the table is no longer as it was.
    async fn persist(&self, batch: &Batch, way: Way) -> Result<Vec<OpOutcome>, StoreError> {
        for _ in 1..TRIES {
            match self.carry_out(batch, (way, way == Way::Together), |_| true).await {
                Err(error) if error.is_outdated() => self.inspect().await?,
                Err(error) if error.is_contention() => self.edit_state(|state| state.kinds = Arc::default()),
                done => return done,
            }
        }
        self.carry_out(batch, (way, way == Way::Together), |_| true).await
    }

    /// A transaction that writes, if it may.
    async fn begin(&self) -> Result<Lease, StoreError> {
        let mut lease = self.database.lease().await?;
        lease.begin(BEGIN).await?;
        if let Some(fence) = &self.fence {
            fence.check(&mut lease, self.database.schema()).await?;
        }
        Ok(lease)
    }

    /// Carries out what is pending, within a transaction, and answers what is known once it is committed.
    async fn settled(&self, lease: &mut Lease) -> Result<State, StoreError> {
        let mut state = self.state();
        let (schema, n) = (self.tables.schema(), self.tables.number());
        let changes =
            !state.layout.pending.is_empty() || state.pending.iter().any(|(key, _)| *key == database::STORED_SCHEMA);
        if let Some(bases) = state.layout.writes_out(&self.settings.schema) {
            bases.write_out(lease, &self.tables).await?;
        }
        for (key, text) in std::mem::take(&mut state.pending) {
            database::remember(lease, schema, n, key, &text).await?;
        }
        for statement in &state.layout.pending {
            lease.batch(statement).await?;
        }
        if changes {
            state.layout = self.layout(lease).await?;
        }
        Ok(state)
    }

    async fn layout(&self, lease: &mut Lease) -> Result<Arc<Layout>, StoreError> {
        let (schema, table) = (&self.settings.schema, &self.tables.table);
        let inspected = host::inspect(lease, &table.host).await?;
        let stored = database::settings(lease, self.tables.schema(), self.tables.number()).await?.schema;
        Ok(Arc::new(layout::of(schema, table, &inspected)?.keeping(schema, stored, table, &inspected)))
    }

    /// Reads the definition of the table once more.
    async fn inspect(&self) -> Result<(), StoreError> {
        let layout = self.layout(&mut self.database.lease().await?).await?;
        self.edit_state(|state| state.layout = layout);
        Ok(())
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn edit_state(&self, edit: impl FnOnce(&mut State)) {
        edit(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn read(&self, wanted: &LoadRequest) -> Result<Records, StoreError> {
        let (mut lease, state) = (self.database.lease().await?, self.state());
        let rows = Rows { tables: &self.tables, layout: &state.layout, schema: &self.settings.schema };
        let Rows { tables, layout, schema } = rows;
        let mut reader = Reader { tables, layout, schema, shapes: Arc::clone(&state.shapes) };
        let Some(near) = &wanted.near else {
            let linked = load::records(&mut lease, &mut reader, &wanted.ids).await?;
            self.learn(reader.shapes, &state.shapes);
            return Ok(linked.into());
        };
        let aside = match self.database.is_looked_at() {
            true => Some(Aside::of(&mut lease, rows, &near.rules, state.aside.clone()).await?),
            false => near::refresh(&mut lease, rows, &near.rules).await.map(|()| None)?,
        };
        lease.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let linked = load::records(&mut lease, &mut reader, &wanted.ids).await?;
        let candidates = near::candidates(&mut lease, rows, near, aside.as_deref()).await?;
        lease.end("COMMIT").await?;
        self.edit_state(|state| state.aside = aside);
        self.learn(reader.shapes, &state.shapes);
        Ok(Records::new(linked, candidates))
    }

    /// Keeps what a load learned of shapes.
    fn learn(&self, now: Arc<Shapes>, known: &Arc<Shapes>) {
        if !Arc::ptr_eq(&now, known) {
            self.edit_state(|state| state.shapes = now);
        }
    }
}

impl RecordStore for PostgresStore {
    type Error = StoreError;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
        index::page(&mut self.database.lease().await?, &self.tables, after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, StoreError> {
        match self.read(wanted).await {
            Err(error) if error.is_outdated() => {
                self.inspect().await?;
                self.read(wanted).await
            }
            read => read,
        }
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, StoreError> {
        match self.persist(batch, Way::Together).await {
            Err(error) if error.is_refusal() || error.is_locked() => self.persist(batch, Way::Apart).await,
            done => done,
        }
    }
}
