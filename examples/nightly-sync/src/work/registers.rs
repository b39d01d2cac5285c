//! Where a job's listing and records are.

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::id::{PolicyRef, SyncKey};
use tripartite::matching::{MatchRule, RulesError};
use tripartite::plan::Guards;
use tripartite::queue::Scope;
use tripartite::run::{Done, Mode, Run};
use tripartite::schema::{Policy, Schema, SchemaError, Strategy};
use tripartite::work::{Handler, Job, Queue, Session, WorkError, slot_key};

use super::{AS_THE_SCHEMA_SAYS, Bell, Enrolled};
use crate::audit_key::{self, KeyError};
use crate::config::{Config, LoadError, RegisterConfig};
use crate::infer::{InferError, infer};
use crate::kept;
use crate::listing::{self, Listing, ListingError, Opened, Remote, Source};
use crate::schema_file::{SchemaFile, SchemaFileError};
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
    /// The configuration that names the source does not have it.
    #[error("{key} has no source in {file}; state `source` in its [[register]]")]
    NoSource {
        /// The key.
        key: SyncKey,
        /// The configuration.
        file: String,
    },
    /// The records here are linked by another field than the configuration says.
    #[error("the records of this database are linked by `{known}`, so id_field `{given}` would find none of them")]
    IdField {
        /// The field they are linked by.
        known: String,
        /// The one of the configuration.
        given: String,
    },
    /// The configuration that names the source cannot be used.
    #[error(transparent)]
    Config(#[from] LoadError),
    /// The schema that the configuration names is none.
    #[error(transparent)]
    SchemaFile(#[from] SchemaFileError),
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
            Self::NoSource { .. } | Self::IdField { .. } | Self::Config(_) | Self::SchemaFile(_) => Failure::Fatal,
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
        self.queue.store().mirror(self.db, &job.key).map_err(WorkError::Store)?;
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
        Ok(kept::keep(store, done)?)
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
        let stated = stated(self.enrolled(key)?, key)?;
        let register = Register::of(key);
        let database = Database::open(self.db, Access::Write)?;
        let known = database.settings(&register)?;
        let id_field = match (&stated.config.id_field, &known) {
            (Some(given), Some(known)) if *given != known.id_field => {
                return Err(OpenError::IdField { known: known.id_field.clone(), given: given.clone() });
            }
            (Some(given), _) => given.clone(),
            (None, known) => known.as_ref().map_or_else(|| ID_FIELD.to_owned(), |known| known.id_field.clone()),
        };
        let mut lines = Opened::of(&stated.source, &id_field)?;
        let is_new = known.is_none();
        let (settings, rules, guards) = agreed(&stated, (&database, &register), known, (&mut lines, id_field))?;
        let schema = under(&settings, policy)?;
        let source = listing::records(lines, settings.schema.clone(), &settings.id_field)?;
        let hashed = audit_key::of(&settings.schema)?;
        let mut store = with(Store::of(register, database, settings)?).audit_keyed(hashed);
        if stated.is_config {
            store = store.matching(&rules)?;
        }
        let at = (self.now)();
        let mode = if kept::is_import(&store, is_new)? { Mode::Streaming } else { Mode::Planned };
        let run = store.run(Policy::new(schema), at)?.mode(mode).guards(guards).matching(rules)?;
        let run = match stated.config.missing_after {
            Some(times) => run.missing_after(times),
            None => run,
        };
        Ok((run, source, store))
    }

    fn enrolled(&self, key: &SyncKey) -> Result<Enrolled, OpenError> {
        let known = block_on(self.queue.connection(&key.connector))?;
        let org = known.as_ref().and_then(|known| known.connection().orgs.get(&key.org));
        let org = org.ok_or_else(|| OpenError::NotConnected(key.clone()))?;
        Ok(Enrolled::of(org.external.as_str()))
    }
}

/// What is stated of a job's source.
struct Stated {
    source: Source,
    config: RegisterConfig,
    is_config: bool,
}

/// The source that a connection names. A configuration is read anew in each run, as a listing is.
fn stated(enrolled: Enrolled, key: &SyncKey) -> Result<Stated, OpenError> {
    let file = match enrolled {
        Enrolled::File(path) => {
            let source = Remote::Regular(path).into();
            return Ok(Stated { source, config: RegisterConfig::default(), is_config: false });
        }
        Enrolled::Config(file) => file,
    };
    let config = Config::load(&file)?.register(&Register::of(key)).cloned();
    match config.map(|config| (config.source.clone(), config)) {
        Some((Some(source), config)) => Ok(Stated { source, config, is_config: true }),
        _ => Err(OpenError::NoSource { key: key.clone(), file: file.display().to_string() }),
    }
}

/// How a register is used, with the match rules and guards beside it: as its configuration says, else as the database
/// remembers, else as the listing seems to be.
fn agreed(
    stated: &Stated,
    (database, register): (&Database, &Register),
    known: Option<Settings>,
    (lines, id_field): (&mut Opened, String),
) -> Result<(Settings, Vec<MatchRule>, Guards), OpenError> {
    let remembered = |schema| -> Result<SchemaFile, OpenError> {
        Ok(SchemaFile { schema, rules: database.rules(register)?, guards: database.guards(register)? })
    };
    let SchemaFile { schema, rules, guards } = match (&stated.config.schema, known) {
        (Some(file), _) => SchemaFile::open(file)?,
        (None, Some(known)) => remembered(known.schema)?,
        (None, None) => remembered(infer(lines, &id_field)?.schema)?,
    };
    let mut settings = Settings { schema, id_field };
    if let Some(strategy) = &stated.config.strategy {
        settings.schema = settings.decided_by(strategy.clone())?;
    }
    let rules = if stated.config.rules.is_empty() { rules } else { stated.config.rules.clone() };
    let guards = stated.config.guards.iter().fold(guards, |guards, given| given.over(guards));
    Ok((settings, rules, guards))
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
