//! The command lines of the work column.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveTime;
use tripartite::id::{ExternalId, OrgId, SyncKey};
use tripartite::queue::QueueRules;
use tripartite::schema::Strategy;
use tripartite::work::Settings;

use super::options::{Options, format, only, register, strategy};
use super::{Format, UsageError};
use crate::store::Place;
use crate::work::backoff;

/// The longest lease: for so long a job of a worker that vanished is nobody's.
const LEASE: u64 = 24 * 60 * 60;

/// When scheduled runs are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Daily, at this time.
    At(NaiveTime),
    /// Every so often.
    Every(Duration),
    /// By a cron expression.
    Cron(String),
}

/// An organisation to enrol.
#[derive(Debug)]
pub struct ScheduleArgs {
    /// The database.
    pub db: Place,
    /// Whose listing, from which source.
    pub key: SyncKey,
    /// Where it is; it may be left out once it is known.
    pub remote: Option<PathBuf>,
    /// A file with the schema.
    pub schema: Option<PathBuf>,
    /// What scheduled runs go by: the name of a strategy, or `schema`.
    pub policy: Option<String>,
    /// When they are made.
    pub when: Option<When>,
    /// By which clock.
    pub zone: Option<String>,
    /// Whether they are made at all.
    pub enabled: Option<bool>,
}

/// A run that is wanted.
#[derive(Debug)]
pub struct TriggerArgs {
    /// The database.
    pub db: Place,
    /// Of whose records.
    pub key: SyncKey,
    /// The record it is about, if not all of them.
    pub only: Option<ExternalId>,
    /// What it goes by.
    pub strategy: Option<Strategy>,
    /// Whether it does not wait for the end of a back-off.
    pub force: bool,
}

/// How to work.
#[derive(Debug)]
pub struct WorkArgs {
    /// The database.
    pub db: Place,
    /// Whether to end when nothing runs, and nothing waits to.
    pub until_idle: bool,
    /// How many jobs at a time.
    pub workers: usize,
    /// What each worker keeps to.
    pub settings: Settings,
    /// How failures are tried again.
    pub rules: QueueRules,
    /// Whether events are told as JSON.
    pub json: bool,
    /// Where Prometheus may ask for metrics.
    pub metrics: Option<SocketAddr>,
}

/// Of what to print the status.
#[derive(Debug)]
pub struct StatusArgs {
    /// The database.
    pub db: Place,
    /// Of this organisation alone.
    pub org: Option<OrgId>,
    /// Whether as JSON.
    pub json: bool,
}

/// What of the history to print.
#[derive(Debug)]
pub struct HistoryArgs {
    /// The database.
    pub db: Place,
    /// Of this key alone.
    pub key: Option<SyncKey>,
    /// How.
    pub format: Format,
}

/// What to do to one key.
#[derive(Debug)]
pub struct KeyArgs {
    /// The database.
    pub db: Place,
    /// Which.
    pub key: SyncKey,
    /// What: `cancel`, `redrive`, `pause`, `resume` or `reset`.
    pub what: String,
}

pub(super) fn schedule(args: Vec<OsString>) -> Result<ScheduleArgs, UsageError> {
    let mut args = Options::of("schedule", args, &["--on", "--off"])?;
    let at = args.text("--at")?.map(|time| self::time(&time).map(When::At)).transpose()?;
    let every = number(&mut args, "--every", "a number of minutes")?;
    let every = every.map(|minutes| When::Every(Duration::from_secs(minutes.saturating_mul(60))));
    let cron = args.text("--cron")?.map(When::Cron);
    let mut when = [at, every, cron].into_iter().flatten();
    let (on, off) = (args.flag("--on"), args.flag("--off"));
    let schedule = ScheduleArgs {
        db: args.db()?,
        key: needed_key(&mut args)?,
        remote: args.take("--remote").map(PathBuf::from),
        schema: args.take("--schema").map(PathBuf::from),
        policy: args.text("--strategy")?.map(|name| policy(&name)).transpose()?,
        when: when.next(),
        zone: args.text("--zone")?,
        enabled: (on || off).then_some(on),
    };
    args.finish()?;
    if when.next().is_some() {
        return Err(UsageError("schedule: --at, --every and --cron exclude each other".to_owned()));
    }
    if on && off {
        return Err(UsageError("schedule: --on and --off exclude each other".to_owned()));
    }
    if schedule.zone.is_some() && !matches!(schedule.when, Some(When::At(_) | When::Cron(_))) {
        return Err(UsageError("schedule: --zone is the time zone of --at or --cron, and neither is given".to_owned()));
    }
    Ok(schedule)
}

pub(super) fn trigger(args: Vec<OsString>) -> Result<TriggerArgs, UsageError> {
    let mut args = Options::of("trigger", args, &["--force"])?;
    let trigger = TriggerArgs {
        db: args.db()?,
        key: needed_key(&mut args)?,
        only: only(args.text("--only")?)?,
        strategy: args.text("--strategy")?.map(|name| strategy(&name)).transpose()?,
        force: args.flag("--force"),
    };
    args.finish()?;
    Ok(trigger)
}

pub(super) fn work(args: Vec<OsString>) -> Result<WorkArgs, UsageError> {
    let mut args = Options::of("work", args, &["--until-idle", "--json"])?;
    let mut settings = Settings::default();
    if let Some(running) = number(&mut args, "--running", "a number of jobs")? {
        if running == 0 {
            return Err(UsageError("--running: expected at least 1; pause holds one key back".to_owned()));
        }
        settings.gate.running = usize::try_from(running).unwrap_or(usize::MAX);
    }
    if let Some(seconds) = number(&mut args, "--spacing", "a number of seconds")? {
        settings.gate.spacing = Duration::from_secs(seconds);
    }
    if let Some(seconds) = number(&mut args, "--lease", "a number of seconds")? {
        if !(1..=LEASE).contains(&seconds) {
            return Err(UsageError(format!("--lease: expected 1 to {LEASE} seconds, found {seconds}")));
        }
        settings.lease = Duration::from_secs(seconds);
    }
    let mut rules = QueueRules::default();
    if let Some(seconds) = number(&mut args, "--backoff", "a number of seconds")? {
        rules.backoff = backoff(seconds);
    }
    let workers = number(&mut args, "--workers", "a number of workers")?.unwrap_or(1);
    let work = WorkArgs {
        db: args.db()?,
        until_idle: args.flag("--until-idle"),
        workers: usize::try_from(workers).unwrap_or(usize::MAX),
        settings,
        rules,
        json: args.flag("--json"),
        metrics: args.text("--metrics")?.map(|text| metrics(&text)).transpose()?,
    };
    args.finish()?;
    match work.workers {
        1..=64 => Ok(work),
        other => Err(UsageError(format!("--workers: expected 1 to 64, found {other}"))),
    }
}

pub(super) fn status(args: Vec<OsString>) -> Result<StatusArgs, UsageError> {
    let mut args = Options::of("status", args, &["--json"])?;
    let org = args.text("--org")?.map(OrgId::new).transpose();
    let org = org.map_err(|error| UsageError(format!("--org: {error}")))?;
    let status = StatusArgs { db: args.db()?, org, json: args.flag("--json") };
    args.finish()?;
    Ok(status)
}

pub(super) fn history(args: Vec<OsString>) -> Result<HistoryArgs, UsageError> {
    let mut args = Options::of("history", args, &[])?;
    let history = HistoryArgs {
        db: args.db()?,
        key: register(args.text("--key")?)?.key().cloned(),
        format: format(args.text("--format")?.as_deref())?,
    };
    args.finish()?;
    Ok(history)
}

pub(super) fn key(what: &str, args: Vec<OsString>) -> Result<KeyArgs, UsageError> {
    let mut args = Options::of(what, args, &[])?;
    let key = KeyArgs { db: args.db()?, key: needed_key(&mut args)?, what: what.to_owned() };
    args.finish()?;
    Ok(key)
}

fn needed_key(args: &mut Options) -> Result<SyncKey, UsageError> {
    let key = args.text("--key")?;
    if key.is_none() {
        args.needed("--key")?;
    }
    register(key)?.key().cloned().ok_or_else(|| UsageError("--key: expected ORG/CONNECTOR".to_owned()))
}

fn policy(name: &str) -> Result<String, UsageError> {
    if name != crate::work::AS_THE_SCHEMA_SAYS {
        strategy(name)?;
    }
    Ok(name.to_owned())
}

fn metrics(text: &str) -> Result<SocketAddr, UsageError> {
    let expected = || UsageError(format!("--metrics: expected an address such as 127.0.0.1:9464, found `{text}`"));
    text.parse().map_err(|_| expected())
}

fn time(text: &str) -> Result<NaiveTime, UsageError> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S"));
    time.map_err(|_| UsageError(format!("--at: expected a time of day such as 02:15, found `{text}`")))
}

fn number(args: &mut Options, name: &str, what: &str) -> Result<Option<u64>, UsageError> {
    let number = args
        .text(name)?
        .map(|text| text.parse().map_err(|_| UsageError(format!("{name}: expected {what}, found `{text}`"))));
    number.transpose()
}

#[cfg(test)]
mod tests {
    use super::super::{Command, parse};
    use super::*;

    fn parsed(line: &str) -> Result<Command, UsageError> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn a_wrong_line_is_a_precise_error() {
        for (line, problem) in [
            ("trigger --db x", "trigger: --key is missing"),
            ("trigger --db x --key y", "--key: expected ORG/CONNECTOR, a slash"),
            ("trigger --key a/b", "trigger: --db is missing"),
            ("schedule --db x --key a/b --at 25:00", "--at: expected a time of day such as 02:15, found `25:00`"),
            ("schedule --db x --key a/b --at 02:15 --every 5", "--at, --every and --cron exclude each other"),
            ("schedule --db x --key a/b --on --off", "--on and --off exclude each other"),
            ("schedule --db x --key a/b --zone UTC", "--zone is the time zone of --at or --cron"),
            ("schedule --db x --key a/b --strategy mine", "--strategy: unknown strategy `mine`"),
            ("work --db x --running 0", "--running: expected at least 1"),
            ("work --db x --lease 999999", "--lease: expected 1 to 86400 seconds, found 999999"),
            ("work --db x --workers 0", "--workers: expected 1 to 64, found 0"),
            ("work --db x --lease soon", "--lease: expected a number of seconds, found `soon`"),
            ("work --db x --metrics here", "--metrics: expected an address such as 127.0.0.1:9464, found `here`"),
            ("status --db x --org", "--org: expected a value after it"),
            ("history --db x --format xml", "--format: expected jsonl or csv, found `xml`"),
            ("redrive --db x --key a/b --force", "redrive: there is no option --force"),
        ] {
            let error = parsed(line).unwrap_err().to_string();
            assert!(error.contains(problem), "{line}: {error}");
        }
    }

    #[test]
    fn a_schedule_says_when_and_by_which_clock() {
        let line = "schedule --db x --key a/b --remote y --at 02:15 --zone Europe/Dublin --strategy schema --off";
        let Ok(Command::Schedule(args)) = parsed(line) else { panic!("is a schedule") };
        assert_eq!(args.when, NaiveTime::from_hms_opt(2, 15, 0).map(When::At));
        assert_eq!((args.zone.as_deref(), args.enabled), (Some("Europe/Dublin"), Some(false)));
    }
}
