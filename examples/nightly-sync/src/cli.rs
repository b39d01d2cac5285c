//! The command line: its commands, and what stands beside all of them.

use std::ffi::OsString;
use std::iter::once;
use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Style};
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};

use crate::args::Target;
use crate::commands::{
    approve, audit, check, completions, conflicts, decide, history, hooks, init, link, man, plan, prune_audit, report,
    restore, run, schedule, schema, status, trigger, work,
};

/// What stands under the help.
const EXIT: &str = "\
Exit status: 0 succeeded, 1 failed, 2 usage, 3 partial: some records were set aside, 4 blocked: a guard stopped it.
A command alone shows no help: add --help to it. Without any command, a demonstration on invented members is shown.";

/// Keeps a table of members in SQLite or PostgreSQL in step with a register that somebody else owns
#[derive(Debug, Parser)]
#[command(name = "nightly-sync", version, after_help = EXIT, styles = styles(), max_term_width = 110)]
#[command(infer_long_args = false, disable_help_subcommand = true)]
pub struct Cli {
    /// What stands beside all commands.
    #[command(flatten)]
    pub everywhere: Everywhere,
    /// What is to be done; a demonstration, if nothing.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What stands beside all commands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Everywhere {
    /// The configuration; without it club.toml, if it is here
    #[arg(long, value_name = "FILE", global = true, env = "NIGHTLY_SYNC_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Results as JSON on standard output: one object, or one a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Says nothing but errors and what was asked for
    #[arg(short = 'q', global = true)]
    pub quiet: bool,
    /// Lists everything that is otherwise cut short; twice, also what is done step by step
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub verbose: u8,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes a configuration, club.toml, from a look at a listing
    Init(init::InitArgs),
    /// Says what is wrong with a configuration, with line and column
    Check(check::CheckArgs),
    /// Syncs one listing
    Run(Box<run::RunArgs>),
    /// Says what a run would do, and puts the plan into a file
    Plan(Box<plan::PlanArgs>),
    /// Carries out exactly the plan in a file, which a guard may have stopped
    Approve(approve::ApproveArgs),
    /// Lists what waits for a person, and why
    Conflicts(conflicts::ConflictsArgs),
    /// Answers open conflicts; an answer stands until the source moves
    Decide(decide::DecideArgs),
    /// Brings back the value from before an entry of the audit, as a user's edit
    Restore(restore::RestoreArgs),
    /// Lists what the last run set aside, and why
    Quarantine(Target),
    /// Lists who records of the source could be here, where no id says it
    Matches(Target),
    /// Says that a member is this record of the source; the next run merges the two
    Link(link::LinkArgs),
    /// Says that a member is not this record of the source; nobody is asked about the two again
    Unlike(link::PairArgs),
    /// Puts a run on one page for people: questions first, then every change, before and after
    Report(report::ReportArgs),
    /// Prints what was decided, entry by entry
    Audit(audit::AuditArgs),
    /// Forgets what the audit has from before a day
    PruneAudit(prune_audit::PruneArgs),
    /// Prints the stored schema, says how it differs from a listing or a file, and adds fields
    Schema(schema::SchemaArgs),
    /// Enrols an organisation with its listing, and says when it is synced
    Schedule(schedule::ScheduleArgs),
    /// Asks for a run now; while one runs, for one more after it
    Trigger(trigger::TriggerArgs),
    /// Does what is due, in as many processes as you like; killed at any moment, it loses nothing
    Work(work::WorkArgs),
    /// Says how each job stands
    Status(status::StatusArgs),
    /// Prints each finished attempt
    History(history::HistoryArgs),
    /// Drops what waits, and stops what runs
    Cancel(Target),
    /// Tries again what is dead
    Redrive(Target),
    /// Begins nothing of a key until it is resumed
    Pause(Target),
    /// Goes on with a key that was paused
    Resume(Target),
    /// Asks a source again that was left alone, and sets back times that a clock far ahead has left
    Reset(Target),
    /// Lists who is told when something needs a person, and what waits to be sent
    Hooks(hooks::HooksArgs),
    /// Makes the tables on a server of PostgreSQL, once for each version of this program
    Migrate(Target),
    /// Prints completions for a shell
    Completions(completions::CompletionsArgs),
    /// Writes manual pages, one for each command
    Man(man::ManArgs),
}

/// Reads a command line, without the program's name.
///
/// # Errors
/// What is wrong with it, or the help or version that it asks for.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(once(OsString::from("nightly-sync")).chain(args))
}

/// The commands as they are defined, for completions and manual pages.
pub fn definition() -> clap::Command {
    Cli::command()
}

fn styles() -> Styles {
    let heading = Style::new().bold();
    Styles::styled().header(heading).usage(heading).literal(AnsiColor::Cyan.on_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::Remote;
    use crate::store::Place;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        parse(line.split(' ').map(OsString::from)).map(|cli| cli.command.unwrap())
    }

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_line_is_a_precise_error() {
        for (line, problems) in [
            ("conflict --db x", &["unrecognized subcommand 'conflict'", "'conflicts'"][..]),
            ("run --db x --remote", &["'--remote <FILE>'"]),
            ("run --db x --jsn", &["'--jsn'", "'--json'"]),
            ("run --db x --db=y", &["'--db <DB>' cannot be used multiple times"]),
            ("run --db x z", &["unexpected argument 'z'"]),
            ("run --db x --json=1", &["'1'", "'--json'"]),
            ("run --db x --strategy remote_win", &["unknown strategy `remote_win`"]),
            ("run --db x --strategy newest_wins", &["in a schema"]),
            ("run --db x --approve 12", &["64 hexadecimal digits"]),
            ("run --db x --key z", &["expected ORG/CONNECTOR"]),
            ("run --db x --missing-after 0", &["'--missing-after <N>'"]),
            ("run --db x --columns a=b", &["--table <NAME>"]),
            ("audit --db x --format xml", &["jsonl", "csv"]),
            ("decide --db x --local --remote", &["cannot be used with"]),
            ("trigger --db x --key y", &["expected ORG/CONNECTOR, a slash"]),
            ("schedule --db x --key a/b --at 25:00", &["expected a time of day such as 02:15"]),
            ("schedule --db x --key a/b --at 02:15 --every 5", &["cannot be used with"]),
            ("schedule --db x --key a/b --on --off", &["cannot be used with"]),
            ("schedule --db x --key a/b --zone UTC", &["--at <HH:MM>", "--cron <EXPRESSION>"]),
            ("schedule --db x --key a/b --strategy mine", &["unknown strategy `mine`"]),
            ("work --db x --running 0", &["'--running <N>'"]),
            ("work --db x --lease 999999", &["expected 1 to 86400 seconds"]),
            ("work --db x --workers 0", &["'--workers <N>'", "64"]),
            ("work --db x --lease soon", &["expected a number of seconds"]),
            ("work --db x --metrics here", &["expected an address such as 127.0.0.1:9464"]),
            ("redrive --db x --key a/b --force", &["unexpected argument '--force'"]),
        ] {
            let error = parsed(line).unwrap_err().to_string();
            for problem in problems {
                assert!(error.contains(problem), "{line}: {error}");
            }
        }
    }

    #[test]
    fn a_value_may_stand_behind_an_equals_sign() {
        let Ok(Command::Run(run)) = parsed("run --db=a=b --remote - --key=A=3db/c") else { panic!("is a run") };
        assert_eq!(run.target.key.unwrap().key().map(|key| key.org.as_str()), Some("A=b"));
        assert_eq!((run.target.db, run.listing.remote), (Some(Place::File("a=b".into())), Some(Remote::Stdin)));
    }

    #[test]
    fn the_help_of_a_command_is_short_and_that_of_all_has_the_statuses() {
        let help = |line: &str| parsed(line).unwrap_err().to_string();
        assert!(help("conflicts --help").lines().count() < 40, "{}", help("conflicts --help"));
        assert!(help("--help").contains("4 blocked") && help("run --help").contains("4 blocked"));
    }
}
