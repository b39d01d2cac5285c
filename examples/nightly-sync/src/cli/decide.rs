//! The command lines of people who decide.

use std::collections::BTreeSet;
use std::ffi::OsString;

use chrono::{DateTime, NaiveDate, Utc};
use tripartite::decide::Filter;
use tripartite::detect::Clash;
use tripartite::id::{ExternalId, LocalId, PersonId};
use tripartite::store::WHOLE_RECORD;

use super::UsageError;
use super::options::{Options, register, strategy};
use crate::store::{Place, Register};

/// What somebody asks, or decides.
#[derive(Debug)]
pub enum Ask {
    /// Open conflicts are listed.
    Conflicts(ConflictsArgs),
    /// Open conflicts are decided.
    Decide(DecideArgs),
    /// A value is brought back.
    Restore(RestoreArgs),
    /// What was set aside is listed.
    Quarantine(QuarantineArgs),
    /// Old entries of the audit are forgotten.
    Prune(PruneArgs),
    /// Whom records of the source could be, is listed.
    Matches(QuarantineArgs),
    /// A member is a record of the source.
    Link(MatchArgs),
    /// A member is not a record of the source.
    Unlike(MatchArgs),
}

/// Which member is, or is not, which record of the source.
#[derive(Debug)]
pub struct MatchArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// The record of the source.
    pub id: ExternalId,
    /// The member.
    pub local: LocalId,
    /// The member that a run created for it, who gives the id up even if it was edited.
    pub double: Option<LocalId>,
    /// Who says so.
    pub by: PersonId,
}

/// Which open conflicts to list.
#[derive(Debug)]
pub struct ConflictsArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// About this field or group alone.
    pub field: Option<String>,
    /// Whether the values are shown.
    pub values: bool,
    /// Whether each is a JSON object.
    pub json: bool,
}

/// What is answered. A value is read by its field's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// The value here.
    Local,
    /// The source's.
    Remote,
    /// Another.
    Value(String),
}

/// Which conflicts are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// One: the record, and the field or group; empty for the record as a whole.
    One(ExternalId, String),
    /// All that a filter means.
    All(Filter),
}

/// A decision.
#[derive(Debug)]
pub struct DecideArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// Of what.
    pub which: Which,
    /// What.
    pub given: Given,
    /// By whom.
    pub by: PersonId,
}

/// A value to bring back.
#[derive(Debug)]
pub struct RestoreArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// The number of the audit's entry.
    pub seq: i64,
    /// By whom.
    pub by: PersonId,
}

/// Whose quarantine to list.
#[derive(Debug)]
pub struct QuarantineArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// Whether each is a JSON object.
    pub json: bool,
}

/// What of the audit to forget.
#[derive(Debug)]
pub struct PruneArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// Everything from before this.
    pub before: DateTime<Utc>,
}

pub(super) fn ask(name: &'static str, args: Vec<OsString>) -> Result<Ask, UsageError> {
    match name {
        "conflicts" => conflicts(args).map(Ask::Conflicts),
        "decide" => decide(args).map(Ask::Decide),
        "restore" => restore(args).map(Ask::Restore),
        "quarantine" => quarantine(name, args).map(Ask::Quarantine),
        "matches" => quarantine(name, args).map(Ask::Matches),
        "link" => matched(name, args).map(Ask::Link),
        "unlike" => matched(name, args).map(Ask::Unlike),
        _ => prune(args).map(Ask::Prune),
    }
}

fn conflicts(args: Vec<OsString>) -> Result<ConflictsArgs, UsageError> {
    let mut args = Options::of("conflicts", args, &["--values", "--json"])?;
    let conflicts = ConflictsArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        field: args.text("--field")?,
        values: args.flag("--values"),
        json: args.flag("--json"),
    };
    args.finish()?;
    Ok(conflicts)
}

fn decide(args: Vec<OsString>) -> Result<DecideArgs, UsageError> {
    let mut args = Options::of("decide", args, &["--all", "--record", "--local", "--remote"])?;
    let decide = DecideArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        which: which(&mut args)?,
        given: given(&mut args)?,
        by: by(&mut args)?,
    };
    args.finish()?;
    Ok(decide)
}

fn which(args: &mut Options) -> Result<Which, UsageError> {
    let field = args.text("--field")?;
    let (record, id) = (args.flag("--record"), args.text("--id")?);
    if args.flag("--all") {
        if record {
            return Err(UsageError("decide: a record as a whole is decided by its --id, not with --all".to_owned()));
        }
        let ids: Option<BTreeSet<ExternalId>> = match id {
            None => None,
            Some(ids) => Some(ids.split(',').map(external).collect::<Result<_, _>>()?),
        };
        let strategy = args.text("--strategy")?.map(|name| strategy(&name)).transpose()?;
        let clash = args.text("--clash")?.map(|name| clash(&name)).transpose()?;
        return Ok(Which::All(Filter::default().field(field).clash(clash).ids(ids).strategy(strategy)));
    }
    let id = id.ok_or_else(|| UsageError("decide: --id or --all is missing".to_owned()))?;
    match (field, record) {
        (Some(_), true) => Err(UsageError("decide: --field and --record exclude each other".to_owned())),
        (Some(field), false) => Ok(Which::One(external(&id)?, field)),
        (None, true) => Ok(Which::One(external(&id)?, WHOLE_RECORD.to_owned())),
        (None, false) => Err(UsageError("decide: --field or --record is missing".to_owned())),
    }
}

fn given(args: &mut Options) -> Result<Given, UsageError> {
    let value = args.text("--value")?.map(Given::Value);
    let flags = [("--local", Given::Local), ("--remote", Given::Remote)];
    let mut all: Vec<Given> = flags.into_iter().filter(|(name, _)| args.flag(name)).map(|(_, given)| given).collect();
    all.extend(value);
    match (all.pop(), all.is_empty()) {
        (Some(given), true) => Ok(given),
        _ => {
            args.valueless()?;
            Err(UsageError("decide: expected one of --local, --remote and --value".to_owned()))
        }
    }
}

fn external(id: &str) -> Result<ExternalId, UsageError> {
    ExternalId::new(id).map_err(|error| UsageError(format!("--id: {error}")))
}

fn clash(name: &str) -> Result<Clash, UsageError> {
    let expected = "expected NoBase, BothSet, BothChanged, LocalCleared or RemoteCleared";
    serde_json::from_value(name.into()).map_err(|_| UsageError(format!("--clash: {expected}, found `{name}`")))
}

fn by(args: &mut Options) -> Result<PersonId, UsageError> {
    let name = args.text("--by")?.unwrap_or_else(|| "the command line".to_owned());
    PersonId::new(name).map_err(|error| UsageError(format!("--by: {error}")))
}

fn restore(args: Vec<OsString>) -> Result<RestoreArgs, UsageError> {
    let mut args = Options::of("restore", args, &[])?;
    let (db, register) = (args.db()?, register(args.text("--key")?)?);
    let seq = args.needed("--audit")?;
    let expected = || UsageError(format!("--audit: expected the number of an entry, found `{}`", seq.display()));
    let seq = seq.to_str().and_then(|seq| seq.parse().ok()).ok_or_else(expected)?;
    let restore = RestoreArgs { db, register, seq, by: by(&mut args)? };
    args.finish()?;
    Ok(restore)
}

fn matched(command: &'static str, args: Vec<OsString>) -> Result<MatchArgs, UsageError> {
    let mut args = Options::of(command, args, &[])?;
    let missing = |name| UsageError(format!("{command}: {name} is missing"));
    let (db, register) = (args.db()?, register(args.text("--key")?)?);
    let id = external(&args.text("--id")?.ok_or_else(|| missing("--id"))?)?;
    let local = member("--local", args.text("--local")?.ok_or_else(|| missing("--local"))?)?;
    let double = if command == "link" { args.text("--double")? } else { None };
    let double = double.map(|double| member("--double", double)).transpose()?;
    let by = by(&mut args)?;
    args.finish()?;
    Ok(MatchArgs { db, register, id, local, double, by })
}

fn member(option: &str, local: String) -> Result<LocalId, UsageError> {
    LocalId::new(local).map_err(|error| UsageError(format!("{option}: {error}")))
}

fn quarantine(command: &'static str, args: Vec<OsString>) -> Result<QuarantineArgs, UsageError> {
    let mut args = Options::of(command, args, &["--json"])?;
    let quarantine =
        QuarantineArgs { db: args.db()?, register: register(args.text("--key")?)?, json: args.flag("--json") };
    args.finish()?;
    Ok(quarantine)
}

fn prune(args: Vec<OsString>) -> Result<PruneArgs, UsageError> {
    let mut args = Options::of("prune-audit", args, &[])?;
    let (db, register) = (args.db()?, register(args.text("--key")?)?);
    let given = args.needed("--before")?;
    let time = given.to_str().and_then(time).ok_or_else(|| {
        UsageError(format!(
            "--before: expected a day such as 2026-01-31, or a time in RFC 3339, found `{}`",
            given.display()
        ))
    })?;
    args.finish()?;
    Ok(PruneArgs { db, register, before: time })
}

/// A point in time; a day is its first moment in UTC.
fn time(text: &str) -> Option<DateTime<Utc>> {
    match text.parse::<NaiveDate>() {
        Ok(day) => Some(day.and_hms_opt(0, 0, 0)?.and_utc()),
        Err(_) => Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc)),
    }
}
