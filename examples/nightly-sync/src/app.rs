//! The program: what each command does, and the status it ends with.

mod decide;
mod migrate;
mod plan;
mod report;
mod schema;
mod start;
mod work;

use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, Utc};
use tripartite::drive::DriveError;
use tripartite::plan::PlanId;
use tripartite::run::{Done, Report, RunOutcome};

pub use self::start::StartError;
use self::start::{Started, start};
use crate::cli::{self, AuditArgs, Command, RunArgs};
use crate::listing::{ListingError, Remote};
use crate::output::Output;
use crate::progress::{Progress, Style};
use crate::report::{self as told, Story, json};
use crate::shell::{options, quoted};
use crate::store::{Place, Store, StoreError};
use crate::term::Console;
use crate::work::Approval;
use crate::{audit, demo, signals, sync, telemetry};

/// Everything went well.
pub const SUCCEEDED: u8 = 0;
/// It could not be done.
pub const FAILED: u8 = 1;
/// The command line says nothing that can be done.
pub const USAGE: u8 = 2;
/// Some records were set aside, skipped or failed.
pub const PARTIAL: u8 = 3;
/// A guard stopped the run.
pub const BLOCKED: u8 = 4;

/// What sets a flag once the process is asked to end.
type Listen = fn(&Arc<AtomicBool>) -> io::Result<()>;

/// Does what a command line says, without the program's name, and answers with the exit status. A process that does this
/// alone is a [`program`].
pub fn execute(args: impl IntoIterator<Item = OsString>) -> u8 {
    carry_out(args, |_| Ok(()))
}

/// As [`execute`], for a process that does nothing else: work ends in order on SIGTERM and ctrl-c, and at once on a
/// second one.
pub fn program(args: impl IntoIterator<Item = OsString>) -> u8 {
    carry_out(args, signals::set)
}

fn carry_out(args: impl IntoIterator<Item = OsString>, listen: Listen) -> u8 {
    telemetry::log();
    let mut console = Console::std();
    let status = command(&mut console, args, listen);
    match console.finish() {
        Ok(()) => status,
        Err(error) => {
            console.say(format!("nightly-sync: the result cannot be printed: {error}"));
            if status == SUCCEEDED { FAILED } else { status }
        }
    }
}

fn command(console: &mut Console, args: impl IntoIterator<Item = OsString>, listen: Listen) -> u8 {
    match cli::parse(args) {
        Ok(Command::Help) => {
            console.print(cli::HELP.trim_end());
            SUCCEEDED
        }
        Ok(Command::Demo) => match demo::show(console) {
            Ok(_) => SUCCEEDED,
            Err(error) => failed(console, &error),
        },
        Ok(Command::Run(args)) => run(console, &args),
        Ok(Command::Approve(args)) => plan::approve(console, &args),
        Ok(Command::Report(args)) => report::write(console, &args),
        Ok(Command::Schema(args)) => schema::show(console, &args),
        Ok(Command::Migrate(db)) => migrate::migrate(console, &db),
        Ok(Command::Audit(args)) => print_audit(console, &args),
        Ok(Command::Ask(ask)) => match decide::answer_to(console, &ask) {
            Ok(status) => status,
            Err(error) => failed(console, &error),
        },
        Ok(command) => match work::execute(console, &command, listen) {
            Ok(status) => status,
            Err(error) => failed(console, &error),
        },
        Err(error) => {
            console.say(format!("nightly-sync: {error}"));
            console.say("try nightly-sync --help");
            USAGE
        }
    }
}

/// Now. The only place that asks the clock.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The exit status of an outcome.
pub fn status(outcome: RunOutcome) -> u8 {
    match outcome {
        RunOutcome::Succeeded => SUCCEEDED,
        RunOutcome::Partial => PARTIAL,
        RunOutcome::Blocked => BLOCKED,
        RunOutcome::Failed => FAILED,
    }
}

fn failed(console: &mut Console, error: &dyn std::error::Error) -> u8 {
    console.say(format!("nightly-sync: {error}"));
    FAILED
}

fn print_audit(console: &mut Console, args: &AuditArgs) -> u8 {
    match audit::print(args, io::stdout().lock()) {
        Ok(()) => SUCCEEDED,
        Err(error) => {
            console.say(format!("nightly-sync: {}: {error}", args.db));
            FAILED
        }
    }
}

fn run(console: &mut Console, args: &RunArgs) -> u8 {
    let out = match args.out.as_deref().map(|out| plan::output(args, out)).transpose() {
        Ok(out) => out,
        Err(error) => {
            if args.json {
                console.print(json::failure(&error.to_string()));
            }
            return failed(console, &error);
        }
    };
    let started = match start(console, args) {
        Ok(started) => started,
        Err(error) => {
            if args.json {
                console.print(json::failure(&error.to_string()));
            }
            return failed(console, &error);
        }
    };
    let style = if console.live { Style::Live } else { Style::Off };
    let Started { step, source, store, lines } = started;
    let mut approval = Approval::Unused;
    let done = sync::drive_approved(step, &source, &store, lines, &mut Progress::new(console, style), |stopped| {
        if let Some(id) = args.approve {
            approval = Approval::of(&store, id, stopped, args.dry_run)?;
        }
        Ok(approval.passes())
    });
    if let Some(told) = args.approve.and_then(|id| approval.told(id)) {
        console.say(told);
    }
    match done {
        Ok(done) if approval.passes() && done.plan.is_none() => {
            let kept = store.approve_aside(&done.report);
            let status = finish(console, args, out.as_ref(), &store, done);
            kept.map_or_else(|error| failed(console, &error), |()| status)
        }
        Ok(done) => finish(console, args, out.as_ref(), &store, done),
        Err(error) => stopped(console, args, &store, error),
    }
}

fn finish(console: &mut Console, args: &RunArgs, out: Option<&Output>, store: &Store, done: Done) -> u8 {
    let written = done.plan.is_none();
    if let (Some(out), Some(plan)) = (out, &done.plan)
        && let Err(error) = plan::write(out, plan)
    {
        return failed(console, &error);
    }
    if written && let Err(error) = store.settle().and_then(|()| store.remember(&done.report)) {
        console.say(format!("nightly-sync: the run was carried out, but its report was not kept: {error}"));
    }
    if args.json {
        console.print(json::report(&done.report, None));
    } else if let Err(error) = tell(console, &args.db, store, &done) {
        console.say(format!("nightly-sync: the run was carried out, but its report cannot be printed: {error}"));
    }
    if done.report.outcome == RunOutcome::Blocked && !args.json {
        told::print_blocked(console, &done.report, &approval(args, done.report.plan_id));
    } else if done.report.outcome == RunOutcome::Blocked {
        told::print_blocked(&mut Console::std().all_on_stderr(), &done.report, &approval(args, done.report.plan_id));
    }
    if let (false, Some(out), RunOutcome::Succeeded | RunOutcome::Partial) = (args.json, &args.out, done.report.outcome)
    {
        console.print(format!(
            "plan {}; it is carried out by\n  {}",
            out.display(),
            approval(args, done.report.plan_id)
        ));
    }
    if !args.json && written {
        let register = args.register.key().map(|_| format!(", register {}", args.register)).unwrap_or_default();
        console.print(format!("database {}{register}", args.db));
    }
    status(done.report.outcome)
}

fn tell(console: &mut Console, db: &Place, store: &Store, done: &Done) -> Result<(), StoreError> {
    let story = match &done.plan {
        Some(plan) => Story::of_plan(store, plan)?,
        None => Story::of_run(store, &done.report)?,
    };
    told::print(console, &done.report, &story, done.plan.as_ref());
    told::print_answers(console, &done.report, &story, store, &options(db, store.register()))
}

fn stopped(console: &mut Console, args: &RunArgs, store: &Store, error: DriveError<ListingError, StoreError>) -> u8 {
    let problem = error.to_string();
    let report: &Report = match &error {
        DriveError::Connector { done, .. } | DriveError::Store { done, .. } => &done.report,
        _ => return failed(console, &error),
    };
    if let DriveError::Connector { .. } = error
        && !report.dry_run
    {
        // Batches may have been written; their audit names this run.
        let _ = store.remember(report);
    }
    console.say(format!("nightly-sync: {problem}"));
    if args.json {
        console.print(json::report(report, Some(&problem)));
    }
    FAILED
}

/// The command that approves what a run was started with, as a shell reads it.
fn approval(args: &RunArgs, id: PlanId) -> String {
    let key = || args.register.key().map(|_| shell(&args.register));
    if let Some(out) = &args.out {
        let key = key().map(|key| format!(" --key {key}")).unwrap_or_default();
        return format!("nightly-sync approve --db {} --plan {} --id {id}{key}", shell(&args.db), shell(out.display()));
    }
    let mut command = format!("nightly-sync run --db {}", shell(&args.db));
    match &args.remote {
        Remote::File(file) | Remote::Regular(file) => command.push_str(&format!(" --remote {}", shell(file.display()))),
        Remote::Stdin => command.push_str(" --remote -"),
    }
    let values = [
        ("--key", key()),
        ("--schema", args.schema.as_ref().map(|schema| shell(schema.display()))),
        ("--id-field", args.id_field.as_ref().map(shell)),
        ("--strategy", args.strategy.as_ref().map(|strategy| strategy.name().to_owned())),
        ("--only", args.only.as_ref().map(shell)),
        ("--missing-after", args.missing_after.map(|times| times.to_string())),
    ];
    let table = args.table.iter().flat_map(|table| table.options()).map(|(name, value)| (name, Some(quoted(&value))));
    for (name, value) in values.into_iter().chain(table) {
        if let Some(value) = value {
            command.push_str(&format!(" {name} {value}"));
        }
    }
    format!("{command} --approve {id}")
}

fn shell(word: impl Display) -> String {
    quoted(&word.to_string())
}
