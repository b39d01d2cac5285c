//! Where the members and the jobs are: in a file of SQLite, or on a server of PostgreSQL.
//!
//! The program asks the same of either, and owns no SQL. Both packages hand out the same rows ([`tripartite_sql`]). The calls of
//! the members are those of a program that waits: only what a run asks of its store is asynchronous ([`RecordStore`]).
//!
//! | part | what it is |
//! |---|---|
//! | [`Place`] | where a database is, as `--db` names it |
//! | [`Database`] | an open database: its registers and how they are used |
//! | [`Store`] | the records of one register |
//! | [`Snapshot`] | one moment of it, for a report |
//! | [`Jobs`] | the jobs |

mod database;
mod error;
mod jobs;
mod place;
mod snapshot;

use chrono::{DateTime, Utc};
use tripartite::audit::{AuditKey, FieldEntry, KeyedHash};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::jobs::StoreKey;
use tripartite::matching::MatchRule;
use tripartite::plan::{Guards, MadeAfter, Plan, PlanId, PlanParts};
use tripartite::run::{Report, Run};
use tripartite::schema::{Policy, Schema};
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, Loaded, OpOutcome, RecordStore, Records};
use tripartite_postgres::store::PostgresStore;
pub use tripartite_sql::{
    AuditRow, ChangedPage, ChangedRecord, Here, HereRow, HostTable, ID_FIELD, KnownRun, OWN_COLUMNS, OpenRow, Register,
    RegisterError, RunFigures, Settings, UnknownRun,
};
use tripartite_sqlite::store::SqliteStore;
pub use tripartite_sqlite::store::{Access, LOADED_AT_ONCE};

pub use self::database::{Database, Trial};
pub use self::error::{ConnectionError, JobsError, StoreError};
pub use self::jobs::{JOBS, Jobs};
pub use self::place::{Cluster, PASSWORD, Place, Server, runtime};
pub use self::snapshot::Snapshot;
use crate::telemetry;

/// The records of one register.
#[derive(Debug)]
pub struct Store(Of);

#[derive(Debug)]
enum Of {
    File(Box<SqliteStore>),
    Server(Box<OnServer>),
}

#[derive(Debug)]
struct OnServer {
    store: PostgresStore,
    _trial: Option<Trial>,
}

/// The same question to either. A server is waited for.
macro_rules! ask {
    ($self:ident.$method:ident($($with:expr),*)) => {
        match &$self.0 {
            Of::File(store) => store.$method($($with),*)?,
            Of::Server(server) => block_on(server.store.$method($($with),*))?,
        }
    };
}

/// The same change of either.
macro_rules! change {
    ($self:ident, $store:ident => $file:expr, $server:expr) => {
        Self(match $self.0 {
            Of::File(store) => {
                let $store = *store;
                Of::File(Box::new($file))
            }
            Of::Server(server) => {
                let OnServer { store: $store, _trial } = *server;
                Of::Server(Box::new(OnServer { store: $server, _trial }))
            }
        })
    };
}

impl From<SqliteStore> for Store {
    fn from(store: SqliteStore) -> Self {
        Self(Of::File(Box::new(store)))
    }
}

impl Store {
    /// A register of a database under these settings. A new one gets its tables at once; one that was used under other
    /// settings is changed with the first write.
    ///
    /// # Errors
    /// [`StoreError`], when a field cannot have a column of its own, or the database cannot be read.
    pub fn of(register: Register, database: Database, settings: Settings) -> Result<Self, StoreError> {
        match database {
            Database::File(database) => Ok(SqliteStore::of(register, database, settings)?.into()),
            Database::Server(on, trial) => {
                let store = block_on(PostgresStore::of(register, on, settings))?;
                Ok(Self(Of::Server(Box::new(OnServer { store, _trial: trial }))))
            }
        }
    }

    /// Writes from here on only while the slot that is stored under `slot` is running under this token.
    #[must_use]
    pub fn fenced(self, token: u64, slot: StoreKey) -> Self {
        change!(self, store => store.fenced(token, slot), store.fenced(token, slot))
    }

    /// Hashes with this key what the audit keeps as hashes.
    #[must_use]
    pub fn audit_keyed(self, key: Option<AuditKey>) -> Self {
        change!(self, store => store.audit_keyed(key), store.audit_keyed(key))
    }

    /// The match rules from here on; they are remembered with the first write.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn matching(self, rules: &[MatchRule]) -> Result<Self, StoreError> {
        Ok(change!(self, store => store.matching(rules)?, block_on(store.matching(rules))?))
    }

    /// The guards from here on; they are remembered with the first write.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn guarded(self, guards: &Guards) -> Result<Self, StoreError> {
        Ok(change!(self, store => store.guarded(guards)?, block_on(store.guarded(guards))?))
    }

    /// Which register it is.
    pub fn register(&self) -> &Register {
        match &self.0 {
            Of::File(store) => store.register(),
            Of::Server(server) => server.store.register(),
        }
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        match &self.0 {
            Of::File(store) => store.schema(),
            Of::Server(server) => server.store.schema(),
        }
    }

    /// The key of the audit's hashes, where there is one.
    pub fn audit_key(&self) -> Option<&dyn KeyedHash> {
        match &self.0 {
            Of::File(store) => store.audit_key(),
            Of::Server(server) => server.store.audit_key(),
        }
    }

    /// A run at this time, under an id of its own.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn run(&self, policy: Policy, at: DateTime<Utc>) -> Result<Run, StoreError> {
        Ok(ask!(self.run(policy, at)))
    }

    /// An id for a run at this time.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn next_run(&self, at: &DateTime<Utc>) -> Result<RunId, StoreError> {
        Ok(ask!(self.next_run(at)))
    }

    /// Carries out what is pending, for a run that had nothing to write.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is fenced off.
    pub fn settle(&self) -> Result<(), StoreError> {
        ask!(self.settle());
        Ok(())
    }

    /// Remembers the report of a run, which is the newest from here on.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is fenced off.
    pub fn remember(&self, report: &Report) -> Result<(), StoreError> {
        ask!(self.remember(report));
        Ok(())
    }

    /// The reports of the runs that are newer than what a plan was made after.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read, or holds a report that cannot.
    pub fn runs_since(&self, made_after: Option<&MadeAfter>) -> Result<Vec<Report>, StoreError> {
        Ok(ask!(self.runs_since(made_after)))
    }

    /// Remembers the parts of a plan that is about to be carried out.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written.
    pub fn keep_approved(&self, plan: &Plan) -> Result<(), StoreError> {
        ask!(self.keep_approved(plan));
        Ok(())
    }

    /// The parts of a plan that was approved and whose run was cut off; `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn approved(&self, plan: PlanId) -> Result<Option<PlanParts>, StoreError> {
        Ok(ask!(self.approved(plan)))
    }

    /// Remembers that a person has let pass what this run set aside.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is fenced off.
    pub fn approve_aside(&self, report: &Report) -> Result<(), StoreError> {
        ask!(self.approve_aside(report));
        Ok(())
    }

    /// What the host has noted under a name; `None` where there is nothing.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(ask!(self.note(name)))
    }

    /// Notes a text under a name, in place of what stood there; `None` removes it.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written, or the store is fenced off.
    pub fn keep_note(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        ask!(self.keep_note(name, text));
        Ok(())
    }

    /// Carries out the ops of a batch that belong together, all of them or nothing.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written; then nothing was.
    pub fn commit_all(&self, batch: &Batch) -> Result<Vec<OpOutcome>, StoreError> {
        Ok(ask!(self.commit_all(batch)))
    }

    /// A member by its local id; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn here(&self, local: &LocalId) -> Result<Option<Here>, StoreError> {
        Ok(ask!(self.here(local)))
    }

    /// The member who is linked to a record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn whose(&self, id: &ExternalId) -> Result<Option<LocalId>, StoreError> {
        Ok(ask!(self.whose(id)))
    }

    /// Whether a run created the member that is linked to a record of the source, rather than found it.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn was_created(&self, id: &ExternalId) -> Result<bool, StoreError> {
        Ok(ask!(self.was_created(id)))
    }

    /// Remembers that a member is not this record of the source, as a person says. `false`: it was said before.
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
        Ok(ask!(self.rule_out(local, id, by, (run, at))))
    }

    /// Whether a person has said that a member is not this record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn is_ruled_out(&self, local: &LocalId, id: &ExternalId) -> Result<bool, StoreError> {
        Ok(ask!(self.is_ruled_out(local, id)))
    }

    /// The ids of the records that have an open conflict, in order.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn disputed(&self) -> Result<Vec<ExternalId>, StoreError> {
        Ok(ask!(self.disputed()))
    }

    /// A record with its open conflicts; `None` when nothing is linked by this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn record(&self, id: &ExternalId) -> Result<Option<Loaded>, StoreError> {
        Ok(ask!(self.record(id)))
    }

    /// An entry of the audit about a field, by its number, with those about the other fields of its group.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn overwritten(&self, seq: i64) -> Result<Option<(ExternalId, Vec<FieldEntry>)>, StoreError> {
        Ok(ask!(self.overwritten(seq)))
    }

    /// Forgets the audit from before a point in time, and answers how many entries there were.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written; what was forgotten stays so.
    pub fn prune_audit(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(ask!(self.prune_audit(before)))
    }

    /// Hands out the open conflicts, by their records' ids, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn open_conflicts(&self, each: impl FnMut(OpenRow) -> bool) -> Result<(), StoreError> {
        ask!(self.open_conflicts(each));
        Ok(())
    }

    /// Hands out what of the audit of a run a person is told of, in order, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn noteworthy(&self, run: &RunId, each: impl FnMut(AuditRow) -> bool) -> Result<(), StoreError> {
        ask!(self.noteworthy(run, each));
        Ok(())
    }

    /// Reads one moment of the register. `work` must not use the store itself.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn snapshot<T>(&self, work: impl FnOnce(&Snapshot<'_>) -> T) -> Result<T, StoreError> {
        let (register, schema) = (self.register(), self.schema());
        match &self.0 {
            Of::File(store) => {
                Ok(store.snapshot(|now| work(&Snapshot { register, schema, of: snapshot::Of::File(now) }))?)
            }
            Of::Server(server) => {
                let now = block_on(server.store.snapshot())?;
                Ok(work(&Snapshot { register, schema, of: snapshot::Of::Server(Box::new(now.into())) }))
            }
        }
    }
}

/// A call of a run, with how long it took.
macro_rules! timed {
    ($self:ident.$method:ident($($with:expr),*)) => {{
        let begun = telemetry::begin();
        let done = match &$self.0 {
            Of::File(store) => store.$method($($with),*).await.map_err(StoreError::from),
            Of::Server(server) => server.store.$method($($with),*).await.map_err(StoreError::from),
        };
        telemetry::called("records", stringify!($method), begun.elapsed(), done.is_ok());
        done
    }};
}

impl RecordStore for Store {
    type Error = StoreError;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
        timed!(self.index(after))
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, StoreError> {
        timed!(self.load(wanted))
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, StoreError> {
        timed!(self.commit(batch))
    }
}
