//! The commands of the work column.

mod history;
mod schedule;
mod shift;
mod status;

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use tripartite::drive::block_on;
use tripartite::history::EntryError;
use tripartite::id::{PolicyRef, SyncKey};
use tripartite::queue::{Command as Ask, Outcome, Scope, Trigger};
use tripartite::work::{Queue, WorkError};

use super::start::StartError;
use super::{FAILED, Listen, SUCCEEDED, now};
use crate::cli::{Command, KeyArgs, TriggerArgs};
use crate::store::{Jobs, JobsError, Place, Register, StoreError};
use crate::telemetry::TelemetryError;
use crate::term::Console;
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
    #[error("{key} is not connected; enrol it with nightly-sync schedule --key {key} --remote FILE.jsonl")]
    NotConnected { key: Register },
    #[error("{key} is new here, so --remote is missing: its listing")]
    NoListing { key: Register },
    #[error("--remote {file}: {problem}")]
    Listing { file: String, problem: String },
    #[error("it cannot receive signals: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Schema(#[from] StartError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    HistoryEntry(#[from] EntryError),
}

pub(super) fn execute(console: &mut Console, command: &Command, listen: Listen) -> Result<u8, Problem> {
    match command {
        Command::Schedule(args) => schedule::schedule(console, args),
        Command::Trigger(args) => trigger(console, args),
        Command::Work(args) => shift::work(console, args, listen),
        Command::Status(args) => status::status(console, args),
        Command::History(args) => history::history(console, args),
        Command::Key(args) => key(console, args),
        Command::Demo
        | Command::Help
        | Command::Run(_)
        | Command::Approve(_)
        | Command::Audit(_)
        | Command::Ask(_)
        | Command::Report(_)
        | Command::Migrate(_)
        | Command::Schema(_) => Ok(SUCCEEDED),
    }
}

/// The queue of a database that is there.
fn open(db: &Place) -> Result<Queue<Jobs>, Problem> {
    match db.is_there() {
        true => create(db),
        false => Err(Problem::Missing { file: db.to_string() }),
    }
}

/// The queue of a database that is there, to read it only; none, when nobody was ever enrolled in it.
fn open_to_read(db: &Place) -> Result<Option<Queue<Jobs>>, Problem> {
    match db.is_there() {
        true => work::queue_to_read(db).map_err(|error| jobs(db)(WorkError::Store(error))),
        false => Err(Problem::Missing { file: db.to_string() }),
    }
}

fn create(db: &Place) -> Result<Queue<Jobs>, Problem> {
    work::queue(db).map_err(|error| jobs(db)(WorkError::Store(error)))
}

fn jobs(db: &Place) -> impl Fn(WorkError<JobsError>) -> Problem {
    move |error| Problem::Jobs { file: db.to_string(), error }
}

fn trigger(console: &mut Console, args: &TriggerArgs) -> Result<u8, Problem> {
    let TriggerArgs { db, key, only, strategy, force } = args;
    let queue = open(db)?;
    let known = block_on(queue.connection(&key.connector)).map_err(jobs(db))?;
    let connected = known.as_ref().is_some_and(|known| known.connection().orgs.contains_key(&key.org));
    let Some(known) = known.filter(|_| connected) else {
        return Err(Problem::NotConnected { key: Register::of(key) });
    };
    let policy: PolicyRef = match strategy {
        Some(strategy) => work::policy(Some(strategy.name())),
        None => known.connection().policy.clone(),
    };
    let scope = only.clone().map_or(Scope::All, Scope::one);
    let ask = Ask::Trigger { by: Trigger::Manual, scope, policy: Some(policy), force: *force };
    tell(console, &queue, db, key, ask)
}

fn key(console: &mut Console, args: &KeyArgs) -> Result<u8, Problem> {
    let KeyArgs { db, key, what } = args;
    let queue = open(db)?;
    let ask = match what.as_str() {
        "cancel" => Ask::Cancel,
        "redrive" => Ask::Redrive,
        "pause" => Ask::Pause,
        "resume" => Ask::Resume,
        _ => {
            // In this order: a record that cannot be read keeps the others' times, and not the health, as they are.
            block_on(queue.reset_health(key, now())).map_err(jobs(db))?;
            block_on(queue.repair_clock_skew(key, now())).map_err(jobs(db))?;
            // A clock that was ahead has left its times with every organisation of the source.
            block_on(queue.repair_all_clock_skew(&key.connector, now())).map_err(jobs(db))?;
            console.print(format!("{}: asked again from now on", Register::of(key)));
            return Ok(SUCCEEDED);
        }
    };
    tell(console, &queue, db, key, ask)
}

/// Gives a command, and prints what came of it.
fn tell(console: &mut Console, queue: &Queue<Jobs>, db: &Place, key: &SyncKey, ask: Ask) -> Result<u8, Problem> {
    let applied = block_on(queue.apply(key, None, ask, now())).map_err(jobs(db))?;
    let refused = matches!(applied.outcome, Outcome::Refused(_));
    console.print(format!("{}: {}", Register::of(key), work::outcome(&applied.outcome)));
    Ok(if refused { FAILED } else { SUCCEEDED })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
