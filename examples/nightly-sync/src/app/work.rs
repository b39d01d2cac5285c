//! The commands of the work column.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::gate::Shut;
use tripartite::history::{CSV_HEADER, Doing, EntryError, HistoryEntry, KeyStatus, Wait};
use tripartite::id::{ExternalId, IdError, PolicyRef, SyncKey};
use tripartite::jobs::LogPosition;
use tripartite::queue::{Attempt, Command as Ask, Ended, Outcome, Scope, Slot, State, Trigger};
use tripartite::registry::{Connection, Enrolment};
use tripartite::schedule::Schedule;
use tripartite::work::{ConnectError, Queue, WorkError};

use super::start::{StartError, read_schema};
use super::{BLOCKED, FAILED, Listen, PARTIAL, SUCCEEDED, now, status as status_of};
use crate::cli::{Command, Format, HistoryArgs, KeyArgs, ScheduleArgs, StatusArgs, TriggerArgs, When, WorkArgs};
use crate::jobs::{JobsError, SqliteJobStore};
use crate::schema_file::SchemaFile;
use crate::store::{Access, Database, ID_FIELD, Register, Settings, SqliteStore, StoreError};
use crate::term::Console;
use crate::work::{self, Bell, Commands, Shift, ShiftEvent};

/// How many history entries are read in one go.
const PAGE: usize = 500;

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
    HistoryEntry(#[from] EntryError),
}

pub(super) fn execute(console: &mut Console, command: &Command, listen: Listen) -> Result<u8, Problem> {
    match command {
        Command::Schedule(args) => schedule(console, args),
        Command::Trigger(args) => trigger(console, args),
        Command::Work(args) => work(console, args, listen),
        Command::Status(args) => status(console, args),
        Command::History(args) => history(console, args),
        Command::Key(args) => key(console, args),
        Command::Demo
        | Command::Help
        | Command::Run(_)
        | Command::Approve(_)
        | Command::Audit(_)
        | Command::Ask(_)
        | Command::Report(_)
        | Command::Schema(_) => Ok(SUCCEEDED),
    }
}

/// The queue of a database that is there.
fn open(db: &Path) -> Result<Queue<SqliteJobStore>, Problem> {
    match fs::metadata(db) {
        Ok(_) => create(db),
        Err(_) => Err(Problem::Missing { file: db.display().to_string() }),
    }
}

/// The queue of a database that is there, to read it only; none, when nobody was ever enrolled in it.
fn open_to_read(db: &Path) -> Result<Option<Queue<SqliteJobStore>>, Problem> {
    match fs::metadata(db) {
        Ok(_) => work::queue_to_read(db).map_err(|error| jobs(db)(WorkError::Store(error))),
        Err(_) => Err(Problem::Missing { file: db.display().to_string() }),
    }
}

fn create(db: &Path) -> Result<Queue<SqliteJobStore>, Problem> {
    work::queue(db).map_err(|error| jobs(db)(WorkError::Store(error)))
}

fn jobs(db: &Path) -> impl Fn(WorkError<JobsError>) -> Problem {
    move |error| Problem::Jobs { file: db.display().to_string(), error }
}

fn schedule(console: &mut Console, args: &ScheduleArgs) -> Result<u8, Problem> {
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
        let stored = |error| Problem::Store { file: db.display().to_string(), error };
        let settings = Settings { schema, id_field: ID_FIELD.to_owned() };
        let database = Database::open(db, Access::Write).map_err(stored)?;
        let store = SqliteStore::of(Register::of(key), database, settings).map_err(stored)?;
        let store = store.matching(&rules).and_then(|store| store.guarded(&guards)).map_err(stored)?;
        store.settle().map_err(stored)?;
    }
    let edit = |known: Option<&Connection>| Some(edited(known, args, listing.as_ref(), at));
    block_on(queue.edit_connection(&key.connector, at, edit)).map_err(|error| match error {
        ConnectError::Schedule(error) => Problem::Schedule(error.to_string()),
        error => Problem::Schedule(format!("{}: {error}", db.display())),
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
fn tell(
    console: &mut Console,
    queue: &Queue<SqliteJobStore>,
    db: &Path,
    key: &SyncKey,
    ask: Ask,
) -> Result<u8, Problem> {
    let applied = block_on(queue.apply(key, None, ask, now())).map_err(jobs(db))?;
    let refused = matches!(applied.outcome, Outcome::Refused(_));
    console.print(format!("{}: {}", Register::of(key), work::outcome(&applied.outcome)));
    Ok(if refused { FAILED } else { SUCCEEDED })
}

fn work(console: &mut Console, args: &WorkArgs, listen: Listen) -> Result<u8, Problem> {
    // Not created: a mistyped name would wait for ever.
    let queue = open(&args.db)?;
    let commands = Commands::new(&args.db, Some(&queue));
    let WorkArgs { db, until_idle, workers, settings, rules, json } = args;
    let (db, until_idle, workers, settings, rules) = (db.clone(), *until_idle, *workers, *settings, *rules);
    let bell = Arc::<Bell>::default();
    listen(&bell.asked()).map_err(Problem::Signals)?;
    let shift = Shift { db, workers, until_idle, settings, rules, bell, now };
    let mut worst = SUCCEEDED;
    shift
        .work(|told| {
            worst = worse(worst, &told);
            match (&told, json) {
                (ShiftEvent::Broken(..) | ShiftEvent::Trouble(_), false) => {
                    console.say(work::line(&told, now(), &commands))
                }
                (_, false) => console.print(work::line(&told, now(), &commands)),
                (_, true) => console.print(event(&told)),
            }
        })
        .map_err(jobs(&args.db))?;
    Ok(worst)
}

/// The status to end with, after one more event: that of the worst that came of anything, failed before blocked before
/// partial.
fn worse(so_far: u8, told: &ShiftEvent) -> u8 {
    let this = match told {
        ShiftEvent::Broken(..) => FAILED,
        ShiftEvent::Attempted(attempted) => match (&attempted.outcome, &attempted.report) {
            (Outcome::Died(_), _) => FAILED,
            (Outcome::Completed { .. } | Outcome::Blocked { .. }, Some(report)) => status_of(report.outcome),
            _ => SUCCEEDED,
        },
        _ => SUCCEEDED,
    };
    let rank = |status: u8| [SUCCEEDED, PARTIAL, BLOCKED, FAILED].iter().position(|known| *known == status);
    if rank(this) > rank(so_far) { this } else { so_far }
}

/// One event, for programs.
fn event(told: &ShiftEvent) -> Value {
    match told {
        ShiftEvent::Fired(key, outcome) => json!({"event": "fired", "key": key, "outcome": outcome}),
        ShiftEvent::Expired(key, outcome) => json!({"event": "expired", "key": key, "outcome": outcome}),
        ShiftEvent::Attempted(attempted) => json!({
            "event": "attempted",
            "key": attempted.key,
            "token": attempted.token,
            "attempt": attempted.attempt,
            "outcome": attempted.outcome,
            "report": attempted.report,
        }),
        ShiftEvent::Notice(notice) => json!({"event": "notice", "notice": notice}),
        ShiftEvent::Broken(key, problem) => json!({"event": "broken", "record": key, "problem": problem}),
        ShiftEvent::Trouble(error) => json!({"event": "trouble", "problem": error.to_string()}),
    }
}

fn status(console: &mut Console, args: &StatusArgs) -> Result<u8, Problem> {
    let Some(queue) = open_to_read(&args.db)? else {
        console.say(enrolled(&[]));
        return Ok(SUCCEEDED);
    };
    let known = work::known(&queue).map_err(|error| jobs(&args.db)(WorkError::Store(error)))?;
    let keys: Vec<_> = known.iter().filter(|key| args.org.as_ref().is_none_or(|org| key.org == *org)).collect();
    if let Some(org) = args.org.as_ref().filter(|_| keys.is_empty()) {
        console.say(format!("{org} is not enrolled; {}", enrolled(&known)));
    } else if keys.is_empty() && !args.json {
        console.say(enrolled(&known));
    }
    let mut ill = false;
    for key in keys {
        match block_on(queue.status(key)) {
            // Enrolled, and never asked for anything.
            Ok(status) => {
                let status = status.unwrap_or_else(|| KeyStatus::of(&Slot::new(now()), None, None));
                console.print(match args.json {
                    true => json!({"key": key, "status": status}).to_string(),
                    false => standing(key, &status, &Commands::new(&args.db, Some(&queue))),
                });
            }
            Err(error @ WorkError::Broken { .. }) => {
                ill = true;
                console.say(format!("nightly-sync: {error}"));
            }
            Err(error) => return Err(jobs(&args.db)(error)),
        }
    }
    Ok(if ill { FAILED } else { SUCCEEDED })
}

/// So many keys a message names.
const NAMED: usize = 5;

/// Who is enrolled or was ever asked for, for people.
fn enrolled(known: &[SyncKey]) -> String {
    let names = known.iter().take(NAMED).map(|key| Register::of(key).to_string()).collect::<Vec<_>>().join(", ");
    match known.len() {
        0 => "no organisation is enrolled; schedule enrols one".to_owned(),
        all if all <= NAMED => format!("there is {names}"),
        all => format!("there is {names} and {} more", all - NAMED),
    }
}

/// What a job waits for, as far as that is known.
fn waiting(wait: &Wait) -> String {
    let urgent = if wait.urgent { "; urgent: it goes before what a schedule wants" } else { "" };
    let gate = match wait.gate.filter(|shut| shut.until() > now()) {
        Some(Shut::Full { until }) => {
            format!("; as many runs of its source go on as may, the first of them until {} at the latest", time(until))
        }
        Some(Shut::TooSoon { until }) => format!("; the next run of its source may begin at {}", time(until)),
        None => String::new(),
    };
    format!("{urgent}{gate}")
}

/// How a key stands, for people: a line, and one more for each thing that matters.
fn standing(key: &SyncKey, status: &KeyStatus, commands: &Commands<'_>) -> String {
    let doing = match &status.doing {
        Doing::Idle if status.wanted == 0 => "idle, and never asked for anything".to_owned(),
        Doing::Idle => "idle".to_owned(),
        Doing::Pending { due_at } if status.attempt > 1 => {
            format!("waits for attempt {} at {}", status.attempt, time(*due_at))
        }
        Doing::Pending { due_at } if *due_at > now() => format!("waits until {}", time(*due_at)),
        Doing::Pending { due_at } => format!("waits since {}", time(*due_at)),
        Doing::Running { worker, lease_until, progress, stopping, .. } => {
            let stop = if *stopping { ", asked to stop" } else { "" };
            let lease = time(*lease_until);
            format!(
                "runs attempt {} by {worker}, {} records so far, lease until {lease}{stop}",
                status.attempt, progress.done
            )
        }
        Doing::Dead { reason, at } => format!("dead since {}: {reason}", time(*at)),
    };
    let mut text = format!("{}: {doing}", Register::of(key));
    if status.paused {
        text.push_str("; paused");
    }
    if let Some(wait) = &status.wait {
        text.push_str(&waiting(wait));
    }
    if let Some(ahead) = status.ahead(now()) {
        let (ahead, reset) = (time(ahead), commands.about("reset", key));
        text.push_str(&format!("; its times are from the future ({ahead}): a clock was ahead, {reset} sets them back"));
    }
    if status.wanted > status.covered {
        text.push_str(&format!("; {} of {} triggers are done", status.covered, status.wanted));
    }
    if let Some(held) = &status.held {
        let about = match &held.work.scope {
            Scope::All => "a run of all".to_owned(),
            Scope::Only(ids) => format!("a run of {} records", ids.len()),
        };
        text.push_str(&format!(
            "\n  held for you since {}: {about}: {}; {}; the next run of all then settles it, and cancel drops it",
            time(held.since),
            held.why,
            commands.pass(key, held)
        ));
    }
    if let (Some(last), Some(at)) = (&status.last, status.last_at) {
        text.push_str(&format!("\n  last attempt ended at {}: {}", time(at), ended(last)));
    }
    if let Some(health) = status.health.as_ref().filter(|health| health.failures > 0) {
        let word = serde_json::to_value(health.status).unwrap_or(Value::Null);
        let probe = health.next_probe.map(|at| format!(", asked again at {}", time(at)));
        let word = word.as_str().unwrap_or_default().replace('_', " ");
        text.push_str(&format!(
            "\n  source: {word}, {} failures in a row{}",
            health.failures,
            probe.unwrap_or_default()
        ));
    }
    text
}

fn ended(ended: &Ended) -> String {
    match ended {
        Ended::Completed { result: Some(run) } => format!("completed (run {run})"),
        Ended::Completed { result: None } => "completed".to_owned(),
        Ended::CompletedInPart { left, unanswered, .. } => {
            format!("completed in part, {}", work::left(*left, *unanswered))
        }
        Ended::Blocked { plan, why } => format!("blocked, nothing was written: {why} (plan {plan})"),
        Ended::Failed { message, .. } => format!("failed: {message}"),
        Ended::Died(death) => death.to_string(),
        Ended::Expired { .. } => "its worker vanished".to_owned(),
        Ended::Snoozed { why: Some(why), .. } => format!("given back: {why}"),
        Ended::Snoozed { why: None, .. } => "given back".to_owned(),
        Ended::Cancelled => "cancelled".to_owned(),
        _ => String::new(),
    }
}

fn history(console: &mut Console, args: &HistoryArgs) -> Result<u8, Problem> {
    if args.format == Format::Csv {
        console.print(CSV_HEADER.trim_end_matches('\n'));
    }
    let Some(queue) = open_to_read(&args.db)? else { return Ok(SUCCEEDED) };
    let keys = match &args.key {
        Some(key) => vec![key.clone()],
        None => work::keys(&queue).map_err(|error| jobs(&args.db)(WorkError::Store(error)))?,
    };
    if let Some(key) = &args.key {
        let known = work::known(&queue).map_err(|error| jobs(&args.db)(WorkError::Store(error)))?;
        if !known.contains(key) {
            console.say(format!("{} was never enrolled; {}", Register::of(key), enrolled(&known)));
        }
    }
    let mut ill = false;
    for key in keys {
        let unflushed = match block_on(queue.slot(&key)) {
            Ok(slot) => slot.map(|slot| slot.unflushed).unwrap_or_default(),
            // What is in the log can be read all the same.
            Err(error @ WorkError::Broken { .. }) => {
                ill = true;
                console.say(format!("nightly-sync: {error}"));
                Vec::new()
            }
            Err(error) => return Err(jobs(&args.db)(error)),
        };
        attempts(console, &queue, args, &key, unflushed)?;
    }
    Ok(if ill { FAILED } else { SUCCEEDED })
}

/// Prints a key's attempts in the order of their tokens: after a clock was set back, a newer one may have an earlier time.
fn attempts(
    console: &mut Console,
    queue: &Queue<SqliteJobStore>,
    args: &HistoryArgs,
    key: &SyncKey,
    unflushed: Vec<Attempt>,
) -> Result<(), Problem> {
    let mut entries: Vec<HistoryEntry> = Vec::new();
    loop {
        let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
        let after = entries.last().map(|last| LogPosition { at: last.at(), id: last.id() });
        let page = block_on(queue.history(key, all, after.as_ref(), PAGE)).map_err(jobs(&args.db))?;
        if page.is_empty() {
            break;
        }
        entries.extend(page);
    }
    // Those that are not appended yet.
    entries.extend(unflushed.into_iter().map(|attempt| HistoryEntry::new(key, attempt)));
    entries.sort_by_key(|entry| entry.attempt.token);
    entries.dedup_by_key(|entry| entry.attempt.token);
    print_entries(console, args.format, &entries)
}

fn print_entries(console: &mut Console, format: Format, entries: &[HistoryEntry]) -> Result<(), Problem> {
    let mut text = String::new();
    for entry in entries {
        match format {
            Format::Jsonl => entry.json_line(&mut text)?,
            Format::Csv => entry.csv_line(&mut text),
        }
    }
    if !text.is_empty() {
        // The console ends the line itself.
        console.print(text.trim_end_matches('\n'));
    }
    Ok(())
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
