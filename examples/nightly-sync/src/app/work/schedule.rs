//! `schedule`: an organisation is enrolled, and told what became of its times.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, IdError, SyncKey};
use tripartite::queue::State;
use tripartite::registry::{Connection, Enrolment};
use tripartite::schedule::Schedule;
use tripartite::work::ConnectError;

use super::super::start::read_schema;
use super::super::{SUCCEEDED, now};
use super::{Problem, create, jobs, time};
use crate::cli::{ScheduleArgs, When};
use crate::schema_file::SchemaFile;
use crate::store::{Access, Database, ID_FIELD, Register, Settings, Store};
use crate::term::Console;
use crate::work;

pub(super) fn schedule(console: &mut Console, args: &ScheduleArgs) -> Result<u8, Problem> {
    let ScheduleArgs { db, key, .. } = args;
    let at = now();
    let schema = args.schema.as_deref().map(read_schema).transpose()?;
    let queue = create(db)?;
    let listing = args.remote.as_deref().map(listing).transpose()?;
    let known = block_on(queue.connection(&key.connector)).map_err(jobs(db))?;
    let served = known.as_ref().is_some_and(|known| known.connection().orgs.contains_key(&key.org));
    if listing.is_none() && !served {
        return Err(Problem::NoListing { key: Register::of(key) });
    }
    if let Some(SchemaFile { schema, rules, guards }) = schema {
        let stored = |error| Problem::Store { file: db.to_string(), error };
        let settings = Settings { schema, id_field: ID_FIELD.to_owned() };
        let database = Database::open(db, Access::Write).map_err(stored)?;
        let store = Store::of(Register::of(key), database, settings).map_err(stored)?;
        let store = store.matching(&rules).and_then(|store| store.guarded(&guards)).map_err(stored)?;
        store.settle().map_err(stored)?;
    }
    let edit = |known: Option<&Connection>| Some(edited(known, args, listing.as_ref(), at));
    block_on(queue.edit_connection(&key.connector, at, edit)).map_err(|error| match error {
        ConnectError::Schedule(error) => Problem::Schedule(error.to_string()),
        error => Problem::Schedule(format!("{}: {error}", db)),
    })?;
    let after = block_on(queue.connection(&key.connector)).map_err(jobs(db))?;
    let slot = block_on(queue.slot(key)).map_err(jobs(db))?;
    console.print(format!("{} {}", Register::of(key), declared(key, known.as_ref(), after.as_ref(), at)));
    if let Some(waits) = slot.filter(|_| args.enabled == Some(false)).and_then(|slot| still_wanted(&slot.state)) {
        console.print(format!("{} {waits}", Register::of(key)));
    }
    if let Some(file) = &args.remote {
        warn_unreadable(console, file);
    }
    Ok(SUCCEEDED)
}

/// What came of a declaration: when it runs next, what is the same, and what of it before still runs or no longer does.
fn declared(key: &SyncKey, before: Option<&Enrolment>, after: Option<&Enrolment>, at: DateTime<Utc>) -> String {
    let scheduled = |known: Option<&Enrolment>| {
        let known = known.filter(|known| known.connection().scheduled_keys().any(|scheduled| scheduled == *key))?;
        known.due().ok().flatten()
    };
    let was = scheduled(before);
    let Some(next) = scheduled(after) else {
        return match was {
            Some(due) if due <= at => {
                format!("is switched off; its run that was due at {} is dropped, trigger asks for one", time(due))
            }
            Some(due) => format!("is switched off; its run at {} does not take place", time(due)),
            None => "is switched off".to_owned(),
        };
    };
    let next = if next <= at { format!("is due since {}", time(next)) } else { format!("runs next at {}", time(next)) };
    let (Some(before), Some(after)) = (before, after) else { return next };
    if before.connection() == after.connection() {
        return format!("is unchanged and {next}");
    }
    if before.connection().schedule == after.connection().schedule {
        return next;
    }
    let kept = match was {
        Some(due) if due <= at => format!("; what was due at {} under the schedule before still runs", time(due)),
        Some(due) => format!(", no longer at {}", time(due)),
        None => String::new(),
    };
    let others = after.connection().scheduled_keys().filter(|other| other != key).count();
    let others = match others {
        0 => String::new(),
        1 => format!("; so does the other organisation of {}", key.connector),
        some => format!("; so do the {some} other organisations of {}", key.connector),
    };
    format!("{next}{kept}{others}")
}

/// What of a key goes on though its schedule is off.
fn still_wanted(state: &State) -> Option<&'static str> {
    match state {
        State::Pending { .. } => Some("has a job that waits, and is done all the same; cancel drops it"),
        State::Running { .. } => Some("has a run under way, which goes on; cancel stops it"),
        State::Idle | State::Dead { .. } => None,
    }
}

/// A listing may be delivered later, so one that is not there is enrolled; a mistyped name must not go unnoticed.
fn warn_unreadable(console: &mut Console, file: &Path) {
    if let Err(error) = File::open(file) {
        console.say(format!("warning: {} cannot be read: {error}; every run fails until it can be", file.display()));
    }
}

/// The connection as the command line wants it.
fn edited(
    known: Option<&Connection>,
    args: &ScheduleArgs,
    listing: Option<&ExternalId>,
    at: DateTime<Utc>,
) -> Connection {
    let ScheduleArgs { key, when, zone, policy, enabled, .. } = args;
    let fresh = || Connection::new(key.connector.clone(), key.connector.as_str(), work::policy(None));
    let mut connection = known.cloned().unwrap_or_else(fresh);
    let nobody_runs = connection.orgs.values().all(|org| !org.scheduled);
    let known = connection.orgs.contains_key(&key.org);
    match (listing, connection.orgs.get_mut(&key.org)) {
        (Some(listing), Some(org)) => org.external = listing.clone(),
        (Some(listing), None) => connection = connection.org(key.org.clone(), listing.clone(), at),
        (None, _) => {}
    }
    if let Some(when) = when {
        connection.schedule = timetable(when, zone.clone(), at);
    }
    if let Some(policy) = policy {
        connection.policy = work::policy(Some(policy));
    }
    // The times of the source go on while they are anybody's; who is new begins, though all the others are off.
    connection.enabled = *enabled == Some(true) || connection.enabled || (!known && nobody_runs);
    if let (Some(enabled), Some(org)) = (enabled, connection.orgs.get_mut(&key.org)) {
        org.scheduled = *enabled;
    }
    connection.enabled &= connection.orgs.values().any(|org| org.scheduled);
    connection
}

/// The listing's path, as any process can open it.
fn listing(file: &Path) -> Result<ExternalId, Problem> {
    let problem = |problem: String| Problem::Listing { file: file.display().to_string(), problem };
    if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        return Err(problem("it is no regular file; work reads it anew in each run".to_owned()));
    }
    let path: PathBuf = std::path::absolute(file).map_err(|error| problem(error.to_string()))?;
    let path = path.to_str().ok_or_else(|| problem("its path is not UTF-8".to_owned()))?;
    ExternalId::new(path).map_err(|error: IdError| problem(error.to_string()))
}

fn timetable(when: &When, zone: Option<String>, at: DateTime<Utc>) -> Schedule {
    match when {
        When::At(at) => Schedule::Daily { at: *at, zone },
        When::Every(every) => Schedule::Interval { every: *every, anchor: at },
        When::Cron(expression) => Schedule::Cron { expression: expression.clone(), zone },
    }
}
