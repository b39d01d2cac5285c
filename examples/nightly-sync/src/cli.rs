//! The command line, read once, with an error that says what was expected.

mod decide;
mod guards;
mod report;
mod schema;
mod work;

use std::ffi::OsString;
use std::path::PathBuf;

use tripartite::id::ExternalId;
use tripartite::plan::PlanId;
use tripartite::schema::Strategy;

pub use self::decide::{
    Ask, ConflictsArgs, DecideArgs, Given, MatchArgs, PruneArgs, QuarantineArgs, RestoreArgs, Which,
};
pub use self::guards::GuardLimit;
pub use self::report::ReportArgs;
pub use self::schema::SchemaArgs;
pub use self::work::{HistoryArgs, KeyArgs, ScheduleArgs, StatusArgs, TriggerArgs, When, WorkArgs};
use crate::listing::Remote;
use crate::store::{FileError, Register, check_name};

/// What `--help` prints.
pub const HELP: &str = "\
nightly-sync keeps a table of members in SQLite in step with a federation's register.

usage:
  nightly-sync                    a demonstration on invented members
  nightly-sync run --db FILE --remote FILE.jsonl [options]
  nightly-sync plan --db FILE --remote FILE.jsonl --out PLAN.json [options]
  nightly-sync approve --db FILE --plan PLAN.json --id PLAN_ID [--key ORG/CONNECTOR] [--json]
  nightly-sync audit --db FILE [--key ORG/CONNECTOR] [--run ID] [--format jsonl|csv]
  nightly-sync conflicts --db FILE [--key ORG/CONNECTOR] [--field NAME] [--values] [--json]
  nightly-sync decide --db FILE --id ID --field NAME (--local | --remote | --value VALUE) [options]
  nightly-sync decide --db FILE --all [--field NAME] (--local | --remote | --value VALUE) [options]
  nightly-sync restore --db FILE --audit NUMBER [--key ORG/CONNECTOR] [--by NAME]
  nightly-sync quarantine --db FILE [--key ORG/CONNECTOR] [--json]
  nightly-sync matches --db FILE [--key ORG/CONNECTOR] [--json]
  nightly-sync link --db FILE --id ID --local LOCAL_ID [--double LOCAL_ID] [--key ORG/CONNECTOR] [--by NAME]
  nightly-sync unlike --db FILE --id ID --local LOCAL_ID [--key ORG/CONNECTOR] [--by NAME]
  nightly-sync prune-audit --db FILE --before DATE [--key ORG/CONNECTOR]
  nightly-sync report --db FILE [--key ORG/CONNECTOR] [--run ID] --html OUT.html
  nightly-sync schema --db FILE [--key ORG/CONNECTOR] [--remote FILE.jsonl [--add]]
  nightly-sync schedule --db FILE --key ORG/CONNECTOR --remote FILE.jsonl [options]
  nightly-sync trigger --db FILE --key ORG/CONNECTOR [--strategy NAME] [--force]
  nightly-sync work --db FILE [--until-idle] [options]
  nightly-sync status --db FILE [--org ORG] [--json]
  nightly-sync history --db FILE [--key ORG/CONNECTOR] [--format jsonl|csv]
  nightly-sync cancel|redrive|pause|resume|reset --db FILE --key ORG/CONNECTOR

run: syncs one listing, JSON lines, one member a line
  --db FILE             the SQLite database; created by the first import
  --key ORG/CONNECTOR   which of its registers: an organisation's records of one source; without it, the unnamed one
  --remote FILE.jsonl   the listing; - for standard input
  --schema FILE.json    the fields and their rules; else what the database holds, else inferred from the listing
  --id-field NAME       the field that holds the member's id; else what the database holds, else `id`
  --strategy NAME       how conflicts are decided where no field says otherwise: remote_wins, local_wins, merge,
                        enforced, local_owned, fill_only; it is stored with the schema, so later runs go by it, too
  --dry-run             says what would be done, and writes nothing
  --partial             the listing is not everything there is: nobody is missing
  --only ID             about this record alone: nobody else is looked at, and nobody is missing
  --missing-after N     who is not listed is inactive after N such runs in a row, 1 by default
  --approve PLAN_ID     lets exactly this plan pass the guards; of a run that was cut off, also what was left of it.
                        What the plan sets aside is not asked about again, until a whole listing has it in order
  --guards LIMITS       what this run may do unasked, NAME=LIMIT,NAME=LIMIT: a number, a percentage such as 5%, or none, of
                        deactivations, creations, links, updates, quarantined, emptied, names, changed or takeovers
  --json                the report as one JSON object on standard output

plan: says what a run would do, as run does, and puts the plan into a file; nothing else is written
  --out PLAN.json       the file

approve: carries out exactly the plan in a file, which a guard may have stopped; the listing is not read again
  --plan PLAN.json      the file
  --id PLAN_ID          the id that was printed; records that somebody edited since are planned anew, or skipped

audit: prints what was decided, entry by entry
  --db FILE             the database
  --key ORG/CONNECTOR   of which register; without it, the unnamed one
  --run ID              of this run alone
  --format jsonl|csv    jsonl by default

conflicts: lists what waits for a person, and why
  --field NAME          about this field or group alone
  --values              with the values: the base, the one here, the source's, and the one here now if it was edited
  --json                each as one JSON object a line

decide: answers open conflicts; an answer stands until the source moves
  --id ID               the record; with --all, some of them: ID,ID
  --field NAME          the field or group; --record instead: whether a record that was removed here is taken back
  --local, --remote     the value here is right, or the source's as the conflict has it
  --value VALUE         neither is, but this; JSON for sets, lists, objects and groups
  --by NAME             who decided, for the audit
  --all                 gives one answer to all conflicts that the filters mean
  --clash NAME          of these: NoBase, BothSet, BothChanged, LocalCleared, RemoteCleared
  --strategy NAME       that fall under this strategy

restore: brings back the value from before an entry of the audit, as a user's edit; a group as a whole
  --audit NUMBER        the entry's `seq`

quarantine: lists what the last run set aside, and why; it is looked at again in each run

matches: lists whom records of the source could be here, where no external id says it: what match rules propose, and what
they cannot tell; each is looked at again in each run, until somebody says which it is

link: says that a member is this record of the source, and gives it the id; the next run merges the two. A double that a
run created for the record, and that nobody edited, gives the id up and is marked inactive; it keeps its values.
unlike: says that it is not; nobody is asked about the two again, and if there is nobody else, the next run creates it
  --id ID               the record of the source
  --local LOCAL_ID      the member, by its local_id
  --double LOCAL_ID     link: the member who has the id now gives it up, also if it was edited, or entered by somebody
  --by NAME             who says so, for the audit

A schema file says by what members are found that have no external id, as those of a club before its first sync:
  \"match\": [{\"name\": \"e-mail\", \"fields\": [\"email\", \"born\"], \"trust\": \"trusted\"}]
A trusted rule links by itself, one without \"trust\" proposes. All its fields must be equal, whatever their spelling.
And what a run may do unasked, where that is not the default:
  \"guards\": {\"deactivations\": {\"percent\": 5, \"at_least\": 10}, \"fields\": {\"fax\": {\"emptied\": {\"absolute\": 3}}}}

prune-audit: forgets what the audit has from before a day, or a time in RFC 3339
  --before DATE         2026-01-31

A schema says of a sensitive field what the audit keeps: \"sensitive\": true, \"redacted\" or \"hashed\". Hashes need a key of
32 random bytes, in the file that NIGHTLY_SYNC_AUDIT_KEY_FILE names; without one, such values are redacted.

report: puts a run on one page, for people: questions first, then every change, before and after
  --html OUT.html       the page; it shows values of people, so others than its owner cannot read it on Unix
  --run ID              which run; without it, the last one

schema: prints the schema that the database holds, as --schema takes it
  --remote FILE.jsonl   with the fields that this listing has besides, and of what kind they seem to be
  --add                 and stores it, so that they are synced from the next run on

schedule: enrols an organisation with its listing; what is left out stays as it was, at first nightly at 02:15 UTC
  --key ORG/CONNECTOR   the organisation, and the source whose listing it is; all of one source run at the same times
  --remote FILE.jsonl   the listing, read anew in each run
  --schema FILE.json    the fields and their rules; else inferred in the first run
  --strategy NAME       what scheduled runs of this source go by; `schema`: as each register's schema says
  --at HH:MM            daily, at this time
  --every MINUTES       every so often
  --cron EXPRESSION     by a cron expression
  --zone NAME           the time zone of --at and --cron, such as Europe/Dublin; else UTC
  --off, --on           scheduled runs of this organisation are left out, or made again; the others keep theirs

trigger: asks for a run now; while one runs, for one more after it
  --only ID             about this record alone
  --strategy NAME       what this run goes by
  --force               does not wait for the end of a back-off

work: does what is due, in as many processes as you like; killed at any moment, it loses nothing. On SIGTERM and ctrl-c
it gives the job under way back, at no cost of an attempt, and ends; on a second one it ends at once
  --until-idle          ends when nothing runs, and nothing waits to
  --workers N           so many jobs at a time in this process, 1 by default
  --running N           so many jobs of one source at a time, of all processes together, 5 by default
  --spacing SECONDS     so far apart two jobs of one source begin, 60 by default
  --lease SECONDS       after so long a vanished worker's job is somebody else's, 300 by default
  --backoff SECONDS     so long after a failed attempt comes the next, then twice as long, and so on; 120 by default
  --json                each event as one JSON object a line

status: how each job stands; history: each finished attempt; cancel: what waits is not wanted, what runs is stopped;
redrive: what is dead is tried again; pause, resume: nothing is begun until then; reset: a source that was left alone
is asked again, and times that a clock far ahead has left behind are set right

exit status: 0 succeeded, 1 failed, 2 usage, 3 partial: some records were set aside, 4 blocked: a guard stopped it
";

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// The demonstration.
    Demo,
    /// The help.
    Help,
    /// A sync.
    Run(RunArgs),
    /// A plan that was made before is carried out.
    Approve(ApproveArgs),
    /// The audit.
    Audit(AuditArgs),
    /// Somebody asks what waits, or decides.
    Ask(Ask),
    /// A run as a page.
    Report(ReportArgs),
    /// The stored schema.
    Schema(SchemaArgs),
    /// An organisation is enrolled.
    Schedule(ScheduleArgs),
    /// A run is wanted.
    Trigger(TriggerArgs),
    /// What is due is done.
    Work(WorkArgs),
    /// How jobs stand.
    Status(StatusArgs),
    /// What was done.
    History(HistoryArgs),
    /// Something is done to one key.
    Key(KeyArgs),
}

/// How to sync.
#[derive(Debug)]
pub struct RunArgs {
    /// The database.
    pub db: PathBuf,
    /// Which of its registers.
    pub register: Register,
    /// The listing.
    pub remote: Remote,
    /// A file with the schema.
    pub schema: Option<PathBuf>,
    /// The field that holds the id.
    pub id_field: Option<String>,
    /// The strategy from now on.
    pub strategy: Option<Strategy>,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether the listing is not everything there is.
    pub partial: bool,
    /// The record it is about, if not all of them.
    pub only: Option<ExternalId>,
    /// How many complete listings in a row must not have a record before it is inactive.
    pub missing_after: Option<u32>,
    /// What it may do unasked, instead of what the schema says.
    pub guards: Vec<GuardLimit>,
    /// The plan that is approved.
    pub approve: Option<PlanId>,
    /// Whether the report is JSON.
    pub json: bool,
    /// Where the plan is put; then nothing else is written.
    pub out: Option<PathBuf>,
}

/// A plan to carry out.
#[derive(Debug)]
pub struct ApproveArgs {
    /// The database.
    pub db: PathBuf,
    /// Which of its registers.
    pub register: Register,
    /// The file with the plan.
    pub plan: PathBuf,
    /// Its id: what exactly is approved.
    pub id: PlanId,
    /// Whether the report is JSON.
    pub json: bool,
}

/// What of the audit to print.
#[derive(Debug)]
pub struct AuditArgs {
    /// The database.
    pub db: PathBuf,
    /// Which of its registers.
    pub register: Register,
    /// Of this run alone.
    pub run: Option<String>,
    /// How.
    pub format: Format,
}

/// How the audit is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object a line.
    Jsonl,
    /// A table, RFC 4180.
    Csv,
}

/// The command line says nothing that can be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

/// Reads a command line, without the program's name.
///
/// # Errors
/// [`UsageError`], which names the argument and what was expected.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut args = args.into_iter();
    let Some(command) = args.next() else { return Ok(Command::Demo) };
    let rest: Vec<OsString> = args.collect();
    if rest.iter().chain([&command]).any(|arg| arg == "--help" || arg == "-h") || command == "help" {
        return Ok(Command::Help);
    }
    match command.to_str() {
        Some("run") => run(rest).map(Command::Run),
        Some("plan") => plan_to(rest).map(Command::Run),
        Some("approve") => approve(rest).map(Command::Approve),
        Some("audit") => audit(rest).map(Command::Audit),
        Some(name) if let Some(name) = ASKS.iter().find(|ask| **ask == name) => {
            decide::ask(name, rest).map(Command::Ask)
        }
        Some("report") => report::report(rest).map(Command::Report),
        Some("schema") => schema::schema(rest).map(Command::Schema),
        Some("schedule") => work::schedule(rest).map(Command::Schedule),
        Some("trigger") => work::trigger(rest).map(Command::Trigger),
        Some("work") => work::work(rest).map(Command::Work),
        Some("status") => work::status(rest).map(Command::Status),
        Some("history") => work::history(rest).map(Command::History),
        Some(name @ ("cancel" | "redrive" | "pause" | "resume" | "reset")) => work::key(name, rest).map(Command::Key),
        _ => Err(UsageError(format!("there is no command `{}`; --help lists them", command.display()))),
    }
}

/// What people ask, and decide.
const ASKS: [&str; 8] = ["conflicts", "decide", "restore", "quarantine", "prune-audit", "matches", "link", "unlike"];

fn remote(from: OsString) -> Remote {
    if from == "-" { Remote::Stdin } else { Remote::File(from.into()) }
}

fn run(args: Vec<OsString>) -> Result<RunArgs, UsageError> {
    let mut args = Options::of("run", args, &["--dry-run", "--partial", "--json"])?;
    let dry_run = args.flag("--dry-run");
    let approve = args.text("--approve")?.map(|id| plan("--approve", &id)).transpose()?;
    Ok(RunArgs { dry_run, approve, ..listing(args, None)? })
}

fn plan_to(args: Vec<OsString>) -> Result<RunArgs, UsageError> {
    let mut args = Options::of("plan", args, &["--partial", "--json"])?;
    let out = args.needed("--out")?.into();
    Ok(RunArgs { dry_run: true, ..listing(args, Some(out))? })
}

/// What `run` and `plan` have in common.
fn listing(mut args: Options, out: Option<PathBuf>) -> Result<RunArgs, UsageError> {
    let run = RunArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        remote: remote(args.needed("--remote")?),
        schema: args.take("--schema").map(PathBuf::from),
        id_field: args.text("--id-field")?,
        strategy: args.text("--strategy")?.map(|name| strategy(&name)).transpose()?,
        dry_run: false,
        partial: args.flag("--partial"),
        only: only(args.text("--only")?)?,
        missing_after: args.text("--missing-after")?.map(|times| missing_after(&times)).transpose()?,
        guards: args.text("--guards")?.map(|text| guards::read(&text)).transpose()?.unwrap_or_default(),
        approve: None,
        json: args.flag("--json"),
        out,
    };
    args.finish()?;
    if run.id_field.as_deref() == Some("") {
        return Err(UsageError("--id-field: expected the name of a field, found nothing".to_owned()));
    }
    Ok(run)
}

fn approve(args: Vec<OsString>) -> Result<ApproveArgs, UsageError> {
    let mut args = Options::of("approve", args, &["--json"])?;
    let approve = ApproveArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        plan: args.needed("--plan")?.into(),
        id: match args.text("--id")? {
            Some(id) => plan("--id", &id)?,
            None => return args.needed("--id").and(Err(UsageError("approve: --id is missing".to_owned()))),
        },
        json: args.flag("--json"),
    };
    args.finish()?;
    Ok(approve)
}

fn audit(args: Vec<OsString>) -> Result<AuditArgs, UsageError> {
    let mut args = Options::of("audit", args, &[])?;
    let audit = AuditArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        run: args.text("--run")?,
        format: format(args.text("--format")?.as_deref())?,
    };
    args.finish()?;
    Ok(audit)
}

fn format(name: Option<&str>) -> Result<Format, UsageError> {
    match name {
        None | Some("jsonl") => Ok(Format::Jsonl),
        Some("csv") => Ok(Format::Csv),
        Some(other) => Err(UsageError(format!("--format: expected jsonl or csv, found `{other}`"))),
    }
}

fn register(key: Option<String>) -> Result<Register, UsageError> {
    let register = key.map(|key| key.parse()).transpose();
    register.map(Option::unwrap_or_default).map_err(|error| UsageError(format!("--key: {error}")))
}

fn only(id: Option<String>) -> Result<Option<ExternalId>, UsageError> {
    id.map(ExternalId::new).transpose().map_err(|error| UsageError(format!("--only: {error}")))
}

fn missing_after(times: &str) -> Result<u32, UsageError> {
    let expected = || UsageError(format!("--missing-after: expected a number of listings, 1 or more, found `{times}`"));
    times.parse().ok().filter(|&times| times > 0).ok_or_else(expected)
}

fn strategy(name: &str) -> Result<Strategy, UsageError> {
    match name {
        "newest_wins" | "custom" => {
            Err(UsageError(format!("--strategy: `{name}` has settings, so it can only be stated in a schema")))
        }
        _ => name.parse().map_err(|error| UsageError(format!("--strategy: {error}"))),
    }
}

fn plan(option: &str, id: &str) -> Result<PlanId, UsageError> {
    let expected = format!("{option}: expected the id of a plan, 64 hexadecimal digits, found `{id}`");
    id.parse().map_err(|_| UsageError(expected))
}

/// Options by their names, each at most once, as `--name VALUE` or `--name=VALUE`.
struct Options {
    command: String,
    given: Vec<(String, Option<OsString>)>,
}

impl Options {
    fn of(command: &str, args: Vec<OsString>, flags: &[&str]) -> Result<Self, UsageError> {
        let mut given: Vec<(String, Option<OsString>)> = Vec::new();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let (name, value) = match arg.to_str().filter(|arg| arg.starts_with("--")) {
                None => return Err(UsageError(format!("{command}: did not expect `{}`", arg.display()))),
                Some(arg) => match arg.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(OsString::from(value))),
                    None => (arg.to_owned(), None),
                },
            };
            if given.iter().any(|(other, _)| *other == name) {
                return Err(UsageError(format!("{name} is stated twice")));
            }
            let value = match (flags.contains(&name.as_str()), value) {
                (true, Some(_)) => return Err(UsageError(format!("{name} takes no value"))),
                (true, None) => None,
                (false, Some(value)) => Some(value),
                (false, None) => args.next(),
            };
            given.push((name, value));
        }
        Ok(Self { command: command.to_owned(), given })
    }

    fn entry(&mut self, name: &str) -> Option<(String, Option<OsString>)> {
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.remove(at))
    }

    fn flag(&mut self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    fn take(&mut self, name: &str) -> Option<OsString> {
        match self.entry(name)? {
            (_, Some(value)) => Some(value),
            (name, None) => {
                // Left for `finish` to complain about.
                self.given.push((name, None));
                None
            }
        }
    }

    fn needed(&mut self, name: &str) -> Result<OsString, UsageError> {
        match self.take(name) {
            Some(value) => Ok(value),
            None => {
                self.valueless()?;
                Err(UsageError(format!("{}: {name} is missing", self.command)))
            }
        }
    }

    /// The database. What names no file is refused, or nothing would be kept.
    fn db(&mut self) -> Result<PathBuf, UsageError> {
        let path = PathBuf::from(self.needed("--db")?);
        match check_name(&path) {
            Err(error @ FileError::NoFile(_)) => Err(UsageError(format!("--db: {error}"))),
            _ => Ok(path),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, UsageError> {
        let text = self.take(name).map(|value| value.into_string());
        text.transpose().map_err(|value| UsageError(format!("{name}: `{}` is not UTF-8", value.display())))
    }

    fn valueless(&self) -> Result<(), UsageError> {
        match self.given.iter().find(|(name, value)| value.is_none() && KNOWN.contains(&name.as_str())) {
            Some((name, _)) => Err(UsageError(format!("{name}: expected a value after it"))),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<(), UsageError> {
        self.valueless()?;
        match self.given.first() {
            None => Ok(()),
            Some((name, _)) => Err(UsageError(format!("{}: there is no option {name}", self.command))),
        }
    }
}

/// Options that take a value.
const KNOWN: [&str; 31] = [
    "--db",
    "--key",
    "--remote",
    "--schema",
    "--id-field",
    "--strategy",
    "--only",
    "--missing-after",
    "--approve",
    "--run",
    "--format",
    "--org",
    "--at",
    "--every",
    "--cron",
    "--zone",
    "--workers",
    "--running",
    "--spacing",
    "--lease",
    "--backoff",
    "--out",
    "--plan",
    "--id",
    "--field",
    "--value",
    "--by",
    "--clash",
    "--audit",
    "--before",
    "--html",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: &str) -> String {
        parse(line.split(' ').map(OsString::from)).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_line_is_a_precise_error() {
        assert_eq!(problem("sync"), "there is no command `sync`; --help lists them");
        assert_eq!(problem("run --remote x"), "run: --db is missing");
        assert_eq!(problem("run --db x --remote"), "--remote: expected a value after it");
        assert_eq!(problem("run --db x --remote y --jsn"), "run: there is no option --jsn");
        assert_eq!(problem("run --db x --db=y"), "--db is stated twice");
        assert_eq!(problem("run --db x --remote y z"), "run: did not expect `z`");
        assert_eq!(problem("run --db x --remote y --json=1"), "--json takes no value");
        assert!(problem("run --db x --remote y --strategy remote_win").contains("unknown strategy `remote_win`"));
        assert!(problem("run --db x --remote y --strategy newest_wins").contains("in a schema"));
        assert!(problem("run --db x --remote y --approve 12").contains("64 hexadecimal digits"));
        assert!(problem("run --db x --remote y --key z").contains("--key: expected ORG/CONNECTOR"));
        assert!(problem("run --db x --remote y --missing-after 0").contains("1 or more, found `0`"));
        assert_eq!(problem("run --db x --remote y --only"), "--only: expected a value after it");
        assert_eq!(problem("audit --db x --key"), "--key: expected a value after it");
        assert_eq!(problem("audit --db x --format xml"), "--format: expected jsonl or csv, found `xml`");
    }

    #[test]
    fn a_value_may_stand_behind_an_equals_sign() {
        let parsed = parse(["run", "--db=a=b", "--remote", "-", "--json", "--key=A=3db/c"].map(OsString::from));
        let Ok(Command::Run(run)) = parsed else { panic!("is a run") };
        assert_eq!(run.register.key().map(|key| key.org.as_str()), Some("A=b"));
        assert_eq!((run.db, run.remote, run.json), (PathBuf::from("a=b"), Remote::Stdin, true));
    }
}
