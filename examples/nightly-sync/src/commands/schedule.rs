//! `schedule`: an organisation is enrolled, and told what became of its times.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};
use clap::{ArgGroup, Args};
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, SyncKey};
use tripartite::queue::State;
use tripartite::registry::{Connection, Enrolment};
use tripartite::schedule::Schedule;
use tripartite::work::ConnectError;

use super::queue::{self, Problem, create, jobs, time};
use crate::args::{self, Target};
use crate::config::Config;
use crate::context::{Answer, Context, SUCCEEDED, now};
use crate::schema_file::SchemaFile;
use crate::store::{Access, Database, ID_FIELD, Place, Register, Settings, Store};
use crate::term::Console;
use crate::work::{self, Enrolled};

/// An organisation to enrol. What is left out stays as it was, at first nightly at 02:15 UTC.
#[derive(Debug, Clone, Args)]
#[command(after_help = "What is left out stays as it was, at first nightly at 02:15 UTC.")]
#[command(group(ArgGroup::new("when").args(["at", "every", "cron"])))]
#[command(group(ArgGroup::new("by the clock").args(["at", "cron"]).multiple(true)))]
pub struct ScheduleArgs {
    /// Whose listing, from which source; all organisations of one source run at the same times.
    #[command(flatten)]
    pub target: Target,
    /// Its listing, read anew in each run; it may be left out once it is known
    #[arg(long, value_name = "FILE")]
    pub remote: Option<PathBuf>,
    /// The fields and their rules; else inferred in the first run
    #[arg(long, value_name = "FILE.json")]
    pub schema: Option<PathBuf>,
    /// What scheduled runs of this source go by: the name of a strategy, or `schema`: as each register's schema says
    #[arg(long = "strategy", value_name = "NAME", value_parser = policy)]
    pub policy: Option<String>,
    /// Daily, at this time
    #[arg(long, value_name = "HH:MM", value_parser = args::time_of_day)]
    pub at: Option<NaiveTime>,
    /// Every so many minutes
    #[arg(long, value_name = "MINUTES")]
    pub every: Option<u64>,
    /// By a cron expression
    #[arg(long, value_name = "EXPRESSION")]
    pub cron: Option<String>,
    /// The time zone of --at and --cron, such as Europe/Dublin; else UTC
    #[arg(long, value_name = "NAME", requires = "by the clock")]
    pub zone: Option<String>,
    /// Scheduled runs of this organisation are made again
    #[arg(long, conflicts_with = "off")]
    pub on: bool,
    /// Scheduled runs of this organisation are left out; the others keep theirs
    #[arg(long)]
    pub off: bool,
}

impl ScheduleArgs {
    /// Whether scheduled runs are made, if that is said.
    fn enabled(&self) -> Option<bool> {
        (self.on || self.off).then_some(self.on)
    }

    /// When they are made, if that is said.
    fn timetable(&self, now: DateTime<Utc>) -> Option<Schedule> {
        let zone = self.zone.clone();
        if let Some(at) = self.at {
            return Some(Schedule::Daily { at, zone });
        }
        if let Some(minutes) = self.every {
            return Some(Schedule::Interval { every: Duration::from_secs(minutes.saturating_mul(60)), anchor: now });
        }
        self.cron.clone().map(|expression| Schedule::Cron { expression, zone })
    }
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &ScheduleArgs) -> Answer {
    let db = cx.db(&args.target)?;
    let all = if args.target.key.is_none() { scheduled_keys(&cx.config) } else { Vec::new() };
    // Where the configuration has none, the one that is named, or an error that says so.
    let keys = if all.is_empty() { vec![queue::key(cx, &args.target)?] } else { all };
    for key in keys {
        enrol(cx, args, &db, &key)?;
    }
    Ok(SUCCEEDED)
}

/// The name of a strategy, or `schema`.
fn policy(name: &str) -> Result<String, String> {
    if name != work::AS_THE_SCHEMA_SAYS {
        args::strategy(name)?;
    }
    Ok(name.to_owned())
}

/// The keys that the configuration has a schedule for.
fn scheduled_keys(config: &Config) -> Vec<SyncKey> {
    let scheduled = config.registers.iter().filter(|register| register.schedule.is_some());
    scheduled.filter_map(|register| register.register.key().cloned()).collect()
}

fn enrol(cx: &mut Context<'_>, args: &ScheduleArgs, db: &Place, key: &SyncKey) -> Result<(), Box<dyn Error>> {
    let at = now();
    let schema = args.schema.as_deref().map(SchemaFile::open).transpose()?;
    let queue = create(db)?;
    let stated = cx.config.register(&Register::of(key));
    let listing = match (&args.remote, &cx.config.path) {
        (Some(file), _) => Some(listing(file)?),
        (None, Some(config)) if stated.is_some_and(|stated| stated.source.is_some()) => {
            let path = std::path::absolute(config)?;
            Some(Enrolled::Config(path).id().map_err(|error| in_listing(config, error.to_string()))?)
        }
        _ => None,
    };
    let timetable = args.timetable(at).or_else(|| stated.and_then(|stated| stated.schedule.clone()));
    let known = block_on(queue.connection(&key.connector)).map_err(jobs(db))?;
    let served = known.as_ref().is_some_and(|known| known.connection().orgs.contains_key(&key.org));
    if listing.is_none() && !served {
        return Err(Problem::NoListing { key: Register::of(key) }.into());
    }
    if let Some(schema) = schema {
        store(db, key, schema)?;
    }
    let edit = |known: Option<&Connection>| Some(edited(known, args, (key, listing.as_ref()), timetable.clone(), at));
    block_on(queue.edit_connection(&key.connector, at, edit)).map_err(|error| match error {
        ConnectError::Schedule(error) => Problem::Schedule(error.to_string()),
        error => Problem::Schedule(format!("{db}: {error}")),
    })?;
    let after = block_on(queue.connection(&key.connector)).map_err(jobs(db))?;
    let slot = block_on(queue.slot(key)).map_err(jobs(db))?;
    let told = declared(key, known.as_ref(), after.as_ref(), at);
    let waits = slot.filter(|_| args.off).and_then(|slot| still_wanted(&slot.state));
    if cx.console.json {
        let next = scheduled(key, after.as_ref());
        cx.console.print(json!({"key": key, "next": next, "told": told, "still_wanted": waits}));
    } else {
        cx.console.print(format!("{} {told}", Register::of(key)));
        if let Some(waits) = waits {
            cx.console.print(format!("{} {waits}", Register::of(key)));
        }
    }
    if let Some(file) = &args.remote {
        warn_unreadable(cx.console, file);
    }
    Ok(())
}

/// Keeps the schema of a key, with the match rules and guards beside it.
fn store(db: &Place, key: &SyncKey, schema: SchemaFile) -> Result<(), Problem> {
    let SchemaFile { schema, rules, guards } = schema;
    let stored = |error| Problem::Store { file: db.to_string(), error };
    let settings = Settings { schema, id_field: ID_FIELD.to_owned() };
    let database = Database::open(db, Access::Write).map_err(stored)?;
    let store = Store::of(Register::of(key), database, settings).map_err(stored)?;
    let store = store.matching(&rules).and_then(|store| store.guarded(&guards)).map_err(stored)?;
    store.settle().map_err(stored)
}

/// When a key runs next, if it does.
fn scheduled(key: &SyncKey, known: Option<&Enrolment>) -> Option<DateTime<Utc>> {
    let known = known.filter(|known| known.connection().scheduled_keys().any(|scheduled| scheduled == *key))?;
    known.due().ok().flatten()
}

/// What came of a declaration: when it runs next, what is the same, and what of it before still runs or no longer does.
fn declared(key: &SyncKey, before: Option<&Enrolment>, after: Option<&Enrolment>, at: DateTime<Utc>) -> String {
    let was = scheduled(key, before);
    let Some(next) = scheduled(key, after) else {
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
        console.warn(format!("warning: {} cannot be read: {error}; every run fails until it can be", file.display()));
    }
}

/// The connection as the command line wants it.
fn edited(
    known: Option<&Connection>,
    args: &ScheduleArgs,
    (key, listing): (&SyncKey, Option<&ExternalId>),
    timetable: Option<Schedule>,
    at: DateTime<Utc>,
) -> Connection {
    let enabled = args.enabled();
    let fresh = || Connection::new(key.connector.clone(), key.connector.as_str(), work::policy(None));
    let mut connection = known.cloned().unwrap_or_else(fresh);
    let nobody_runs = connection.orgs.values().all(|org| !org.scheduled);
    let known = connection.orgs.contains_key(&key.org);
    match (listing, connection.orgs.get_mut(&key.org)) {
        (Some(listing), Some(org)) => org.external = listing.clone(),
        (Some(listing), None) => connection = connection.org(key.org.clone(), listing.clone(), at),
        (None, _) => {}
    }
    if let Some(timetable) = timetable {
        connection.schedule = timetable;
    }
    if let Some(policy) = &args.policy {
        connection.policy = work::policy(Some(policy));
    }
    // The times of the source go on while they are anybody's; who is new begins, though all the others are off.
    connection.enabled = enabled == Some(true) || connection.enabled || (!known && nobody_runs);
    if let (Some(enabled), Some(org)) = (enabled, connection.orgs.get_mut(&key.org)) {
        org.scheduled = enabled;
    }
    connection.enabled &= connection.orgs.values().any(|org| org.scheduled);
    connection
}

/// The listing's path, as any process can open it.
fn listing(file: &Path) -> Result<ExternalId, Problem> {
    if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        return Err(in_listing(file, "it is no regular file; work reads it anew in each run".to_owned()));
    }
    let path = std::path::absolute(file).map_err(|error| in_listing(file, error.to_string()))?;
    Enrolled::File(path).id().map_err(|error| in_listing(file, error.to_string()))
}

fn in_listing(file: &Path, problem: String) -> Problem {
    Problem::Listing { file: file.display().to_string(), problem }
}
