//! Where a job's listing and records are.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::id::{PolicyRef, SyncKey};
use tripartite::matching::RulesError;
use tripartite::queue::Scope;
use tripartite::run::{Done, Mode, Run};
use tripartite::schema::{Policy, Schema, SchemaError, Strategy};
use tripartite::work::{Handler, Job, Queue, Session, WorkError, slot_key};

use super::{AS_THE_SCHEMA_SAYS, Bell};
use crate::audit_key::{self, KeyError};
use crate::infer::{InferError, infer};
use crate::listing::{self, Listing, ListingError};
use crate::store::{Access, Database, ID_FIELD, Jobs, JobsError, Place, Register, Settings, Store, StoreError};

/// The registers of a database, each with the listing that its connection names.
#[derive(Debug)]
pub struct Registers<'a> {
    /// The database.
    pub db: &'a Place,
    /// Its queue, which knows the connections.
    pub queue: &'a Queue<Jobs>,
    /// What ends the workers; one at a job gives it back.
    pub bell: &'a Bell,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
}

/// Why a job cannot begin, or its report not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nobody has enrolled the organisation, or somebody has taken it out.
    #[error("{0} is not connected; enrol it with nightly-sync schedule")]
    NotConnected(SyncKey),
    /// The policy is no strategy that has a name only.
    #[error("the job's policy `{0}` is neither `schema` nor the name of a strategy")]
    Policy(String),
    /// The queue cannot be read.
    #[error(transparent)]
    Jobs(#[from] WorkError<JobsError>),
    /// The records cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key of the audit cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The listing cannot be read.
    #[error(transparent)]
    Listing(#[from] ListingError),
    /// No schema can be inferred from it.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// The match rules do not fit the schema.
    #[error(transparent)]
    Match(#[from] RulesError),
    /// The strategy cannot be the schema's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl Classify for OpenError {
    fn failure(&self) -> Failure {
        match self {
            Self::NotConnected(_) => Failure::Gone,
            Self::Jobs(error) => error.failure(),
            Self::Store(error) => error.failure(),
            Self::Listing(error) | Self::Infer(InferError::Listing(error)) => error.failure(),
            Self::Key(_) | Self::Policy(_) | Self::Infer(_) | Self::Match(_) | Self::Schema(_) => Failure::Fatal,
        }
    }
}

impl Handler for Registers<'_> {
    type Connector = Listing;
    type Store = Store;
    type Error = OpenError;

    #[tracing::instrument(skip_all, fields(key = %job.key, token = job.token.0))]
    async fn open(&self, job: &Job) -> Result<Session<Listing, Store>, OpenError> {
        let (run, source, store) =
            self.begun(&job.key, job.policy.as_ref(), |store| store.fenced(job.token.0, slot_key(&job.key)))?;
        let run = match &job.scope {
            Scope::All => run,
            Scope::Only(ids) => run.only(ids.iter().cloned()),
        };
        Ok(Session::new(run.start(), source, store))
    }

    #[tracing::instrument(skip_all, fields(key = %job.key, token = job.token.0))]
    async fn close(&self, job: &Job, store: &Store, done: &Done) -> Result<(), OpenError> {
        if done.plan.is_none() {
            store.settle()?;
        }
        Ok(store.remember(&done.report)?)
    }

    fn is_shutting_down(&self) -> bool {
        self.bell.ended()
    }
}

impl Registers<'_> {
    /// A run of a key, with its listing and its records, as its connection and its register have them.
    pub(super) fn begun(
        &self,
        key: &SyncKey,
        policy: Option<&PolicyRef>,
        with: impl FnOnce(Store) -> Store,
    ) -> Result<(Run, Listing, Store), OpenError> {
        let path = self.listing(key)?;
        let register = Register::of(key);
        let database = Database::open(self.db, Access::Write)?;
        let known = database.settings(&register)?;
        let id_field = known.as_ref().map_or(ID_FIELD, |known| &known.id_field);
        let mut lines = listing::open_file(&path, id_field)?;
        let first = known.is_none();
        let settings = match known {
            Some(settings) => settings,
            None => Settings { schema: infer(&mut lines, ID_FIELD)?.schema, id_field: ID_FIELD.to_owned() },
        };
        let (rules, guards) = (database.rules(&register)?, database.guards(&register)?);
        let schema = under(&settings, policy)?;
        let source = listing::records(lines, settings.schema.clone(), &settings.id_field)?;
        let hashed = audit_key::of(&settings.schema)?;
        let store = with(Store::of(register, database, settings)?).audit_keyed(hashed);
        let at = (self.now)();
        let mode = if first { Mode::Streaming } else { Mode::Planned };
        let run = store.run(Policy::new(schema), at)?.mode(mode).guards(guards).matching(rules)?;
        Ok((run, source, store))
    }

    fn listing(&self, key: &SyncKey) -> Result<PathBuf, OpenError> {
        let known = block_on(self.queue.connection(&key.connector))?;
        let org = known.as_ref().and_then(|known| known.connection().orgs.get(&key.org));
        let org = org.ok_or_else(|| OpenError::NotConnected(key.clone()))?;
        Ok(PathBuf::from(org.external.as_str()))
    }
}

/// The schema under a job's policy.
fn under(settings: &Settings, policy: Option<&PolicyRef>) -> Result<Schema, OpenError> {
    match policy.map(|policy| policy.as_str()) {
        None | Some(AS_THE_SCHEMA_SAYS) => Ok(settings.schema.clone()),
        Some(name) => {
            let strategy: Strategy = name.parse().map_err(|_| OpenError::Policy(name.to_owned()))?;
            Ok(settings.decided_by(strategy)?)
        }
    }
}
