//! The command line, read once, with an error that says what was expected.

mod audit;
mod decide;
mod guards;
mod options;
mod report;
mod run;
mod schema;
mod table;
mod work;

use std::ffi::OsString;

pub use self::audit::{AuditArgs, Format};
pub use self::decide::{
    Ask, ConflictsArgs, DecideArgs, Given, MatchArgs, PruneArgs, QuarantineArgs, RestoreArgs, Which,
};
pub use self::guards::GuardLimit;
pub use self::report::ReportArgs;
pub use self::run::{ApproveArgs, RunArgs};
pub use self::schema::SchemaArgs;
pub use self::table::TableArgs;
pub use self::work::{HistoryArgs, KeyArgs, ScheduleArgs, StatusArgs, TriggerArgs, When, WorkArgs};
use crate::store::Place;

/// What `--help` prints.
pub const HELP: &str = include_str!("cli/help.txt");

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
    /// A server gets its tables.
    Migrate(Place),
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
        Some("run") => run::run(rest).map(Command::Run),
        Some("plan") => run::plan_to(rest).map(Command::Run),
        Some("approve") => run::approve(rest).map(Command::Approve),
        Some("audit") => audit::audit(rest).map(Command::Audit),
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
        Some("migrate") => migrate(rest).map(Command::Migrate),
        Some(name @ ("cancel" | "redrive" | "pause" | "resume" | "reset")) => work::key(name, rest).map(Command::Key),
        _ => Err(UsageError(format!("there is no command `{}`; --help lists them", command.display()))),
    }
}

fn migrate(args: Vec<OsString>) -> Result<Place, UsageError> {
    let mut args = options::Options::of("migrate", args, &[])?;
    let db = args.db()?;
    args.finish()?;
    Ok(db)
}

/// What people ask, and decide.
const ASKS: [&str; 8] = ["conflicts", "decide", "restore", "quarantine", "prune-audit", "matches", "link", "unlike"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::Remote;

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
        assert_eq!((run.db, run.remote, run.json), (Place::File("a=b".into()), Remote::Stdin, true));
    }
}
