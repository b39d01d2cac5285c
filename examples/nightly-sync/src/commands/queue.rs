//! What the commands about jobs share.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::history::EntryError;
use tripartite::id::SyncKey;
use tripartite::queue::{Command as Ask, Outcome};
use tripartite::work::{Queue, WorkError};

use crate::args::Target;
use crate::context::{Answer, Context, FAILED, SUCCEEDED, UsageError, now};
use crate::schema_file::SchemaFileError;
use crate::store::{Jobs, JobsError, Place, Register, StoreError};
use crate::telemetry::TelemetryError;
use crate::work;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("{file}: {error}")]
    Jobs { file: String, error: WorkError<JobsError> },
    #[error("{file}: {error}")]
    Store { file: String, error: StoreError },
    #[error("{file}: there is no such file")]
    Missing { file: String },
    #[error("{0}")]
    Schedule(String),
    #[error("{key} is not connected; enrol it with nightly-sync schedule --key {key} --remote LISTING; {known}")]
    NotConnected { key: Register, known: String },
    #[error("{key} is new here, so --remote is missing: its listing")]
    NoListing { key: Register },
    #[error("--remote {file}: {problem}")]
    Listing { file: String, problem: String },
    #[error("it cannot receive signals: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    HistoryEntry(#[from] EntryError),
}

/// So many keys a message names.
const NAMED: usize = 5;

impl Problem {
    pub(super) fn not_connected(queue: &Queue<Jobs>, key: &SyncKey) -> Self {
        let known = enrolled(&work::known(queue).unwrap_or_default());
        Self::NotConnected { key: Register::of(key), known }
    }
}

/// Who is enrolled or was ever asked for, for people.
pub(super) fn enrolled(known: &[SyncKey]) -> String {
    let names = known.iter().take(NAMED).map(|key| Register::of(key).to_string()).collect::<Vec<_>>().join(", ");
    match known.len() {
        0 => "no organisation is enrolled; schedule enrols one".to_owned(),
        all if all <= NAMED => format!("there is {names}"),
        all => format!("there is {names} and {} more", all - NAMED),
    }
}

/// The queue of a database that is there.
pub(super) fn open(db: &Place) -> Result<Queue<Jobs>, Problem> {
    match db.is_there() {
        true => create(db),
        false => Err(Problem::Missing { file: db.to_string() }),
    }
}

/// The queue of a database that is there, to read it only; none, when nobody was ever enrolled in it.
pub(super) fn open_to_read(db: &Place) -> Result<Option<Queue<Jobs>>, Problem> {
    match db.is_there() {
        true => work::queue_to_read(db).map_err(|error| jobs(db)(WorkError::Store(error))),
        false => Err(Problem::Missing { file: db.to_string() }),
    }
}

pub(super) fn create(db: &Place) -> Result<Queue<Jobs>, Problem> {
    work::queue(db).map_err(|error| jobs(db)(WorkError::Store(error)))
}

pub(super) fn jobs(db: &Place) -> impl Fn(WorkError<JobsError>) -> Problem {
    move |error| Problem::Jobs { file: db.to_string(), error }
}

/// The key that is meant.
pub(super) fn key(cx: &Context<'_>, target: &Target) -> Result<SyncKey, UsageError> {
    let register = cx.register(target)?;
    register.key().cloned().ok_or_else(|| UsageError("no key is named; state it with --key ORG/CONNECTOR".to_owned()))
}

/// Gives a command, prints what came of it, and what to do next.
pub(super) fn tell(cx: &mut Context<'_>, queue: &Queue<Jobs>, db: &Place, key: &SyncKey, ask: Ask) -> Answer {
    let applied = block_on(queue.apply(key, None, ask, now())).map_err(jobs(db))?;
    let refused = matches!(applied.outcome, Outcome::Refused(_));
    let register = Register::of(key);
    if cx.console.json {
        let told = work::outcome(&applied.outcome);
        cx.console.print(json!({"key": key, "outcome": applied.outcome, "told": told}));
    } else {
        cx.console.print(format!("{register}: {}", work::outcome(&applied.outcome)));
        if matches!(applied.outcome, Outcome::Enqueued) {
            cx.console.say(format!("a worker does it: nightly-sync work --db {db}, if none is at work"));
        }
    }
    Ok(if refused { FAILED } else { SUCCEEDED })
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
