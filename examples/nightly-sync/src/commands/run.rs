//! `run`: a listing is synced, and what came of it is told.

use std::error::Error;
use std::fmt::Display;

use clap::Args;
use tripartite::drive::DriveError;
use tripartite::plan::PlanId;
use tripartite::run::{Done, Report, RunOutcome};

use super::plan_file;
use super::start::{Request, Started, start};
use crate::args::{self, ListingArgs, TableArgs, Target};
use crate::config::{Config, Event};
use crate::context::{Answer, Context, FAILED, now, status};
use crate::hooks::{HookError, Standing, Told, after_run, send};
use crate::kept;
use crate::listing::{ListingError, Remote};
use crate::output::Output;
use crate::progress::Progress;
use crate::report::{self as told, Story, json};
use crate::shell::{options, quoted};
use crate::store::{Place, Store, StoreError};
use crate::sync;
use crate::term::Console;
use crate::work::Approval;

/// How to sync.
#[derive(Debug, Clone, Args)]
#[command(after_help = STATUSES)]
pub struct RunArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// The listing.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Says what would be done, and writes nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Lets exactly this plan pass the guards; of a run that was cut off, also what was left of it. What the plan sets
    /// aside is not asked about again, until a whole listing has it in order
    #[arg(long, value_name = "PLAN_ID", value_parser = args::plan)]
    pub approve: Option<PlanId>,
    /// The club's own table, if it is to be attached.
    #[command(flatten)]
    pub table: TableArgs,
}

/// What stands under the help of a run.
pub(super) const STATUSES: &str = "\
Exit status: 0 succeeded, 1 failed, 2 usage, 3 partial: some records were set aside, 4 blocked: a guard stopped it";

pub(crate) fn execute(cx: &mut Context<'_>, args: &RunArgs) -> Answer {
    let RunArgs { target, listing, dry_run, approve, table } = args;
    let table = table.table.is_some().then(|| table.clone());
    let request = Request { dry_run: *dry_run, approve: *approve, table, ..Request::of(cx, target, listing)? };
    carry_out(cx, &request)
}

/// Makes the run that is asked for, or its plan, and tells whoever wants to hear of it.
pub(super) fn carry_out(cx: &mut Context<'_>, request: &Request) -> Answer {
    let made = made(cx.console, request);
    if !request.dry_run && !cx.config.hooks.is_empty() {
        let standing = match &made {
            Ok((_, report)) => {
                let mut standing = Standing::of_report(report);
                standing.commands = vec![(Event::Blocked, approval(request, report.plan_id))];
                standing
            }
            Err(error) => Standing { failing: Some(error.to_string()), ..Standing::default() },
        };
        match told(&cx.config, request, &standing) {
            Ok(unheard) => unheard.iter().for_each(|problem| cx.console.warn(format!("nightly-sync: {problem}"))),
            Err(error) => cx.console.warn(format!("nightly-sync: the hooks: {error}")),
        }
    }
    made.map(|(status, _)| status)
}

/// Notes how the register stands after a run, and sends what is to be sent.
fn told(config: &Config, request: &Request, standing: &Standing) -> Result<Vec<String>, HookError> {
    if !request.db.is_there() {
        // The first run of all failed, and there is no place to note it.
        let told = Told::default().observe(&request.register.to_string(), standing, &config.hooks, (now(), now()));
        let sent = told.pending.iter().flat_map(|message| {
            let hooks = config.hooks.iter().filter(|hook| message.left.contains(&hook.name));
            hooks.filter_map(|hook| send(&hook.target, message, now()).err()).collect::<Vec<_>>()
        });
        return Ok(sent.collect());
    }
    after_run((&request.db, &request.register), &config.hooks, standing, now)
}

/// What became of a run: its status, and its report.
type Made = Result<(u8, Report), Box<dyn Error>>;

fn made(console: &mut Console, args: &Request) -> Made {
    let out = args.out.as_deref().map(|out| plan_file::output(args, out)).transpose()?;
    let Started { step, source, store, lines } = start(console, args)?;
    let mut approval = Approval::Unused;
    let done = sync::drive_approved(step, &source, &store, lines, &mut Progress::of(console), |stopped| {
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
            kept?;
            status
        }
        Ok(done) => finish(console, args, out.as_ref(), &store, done),
        Err(error) => stopped(console, &store, error),
    }
}

fn finish(console: &mut Console, args: &Request, out: Option<&Output>, store: &Store, done: Done) -> Made {
    let written = done.plan.is_none();
    if let (Some(out), Some(plan)) = (out, &done.plan) {
        plan_file::write(out, plan)?;
    }
    let kept = match done.report.outcome {
        _ if args.dry_run => Ok(()),
        RunOutcome::Blocked => kept::keep_blocked(&args.db, store, &done),
        _ => kept::keep(store, &done),
    };
    if let Err(error) = kept {
        console.warn(format!("nightly-sync: the run has ended, but its report was not kept: {error}"));
    }
    if console.json {
        console.print(json::report(&done.report, None));
    } else if let Err(error) = tell(console, &args.db, store, &done) {
        console.warn(format!("nightly-sync: the run was carried out, but its report cannot be printed: {error}"));
    }
    let approval = || approval(args, done.report.plan_id);
    if done.report.outcome == RunOutcome::Blocked {
        told::print_blocked(console, &done.report, &approval());
    }
    if let (Some(out), RunOutcome::Succeeded | RunOutcome::Partial) = (&args.out, done.report.outcome) {
        console.report(format!("plan {}; it is carried out by\n  {}", out.display(), approval()));
    }
    if args.dry_run && args.out.is_none() && done.report.outcome != RunOutcome::Blocked {
        console.say("nothing was written; the same without --dry-run does it");
    }
    if written {
        let register = args.register.key().map(|_| format!(", register {}", args.register)).unwrap_or_default();
        console.report(format!("database {}{register}", args.db));
    }
    Ok((status(done.report.outcome), done.report))
}

pub(super) fn tell(console: &mut Console, db: &Place, store: &Store, done: &Done) -> Result<(), StoreError> {
    let story = match &done.plan {
        Some(plan) => Story::of_plan(store, plan)?,
        None => Story::of_run(store, &done.report)?,
    };
    told::print(console, &done.report, &story, done.plan.as_ref());
    told::print_answers(console, &done.report, &story, store, &options(db, store.register()))
}

fn stopped(console: &mut Console, store: &Store, error: DriveError<ListingError, StoreError>) -> Made {
    let problem = error.to_string();
    let report: &Report = match &error {
        DriveError::Connector { done, .. } | DriveError::Store { done, .. } => &done.report,
        _ => return Err(Box::new(error)),
    };
    if let DriveError::Connector { .. } = error
        && !report.dry_run
    {
        // Batches may have been written; their audit names this run.
        let _ = store.remember(report);
    }
    console.warn(format!("nightly-sync: {problem}"));
    if console.json {
        console.print(json::report(report, Some(&problem)));
    }
    Ok((FAILED, report.clone()))
}

/// The command that approves what a run was started with, as a shell reads it.
fn approval(args: &Request, id: PlanId) -> String {
    let key = || args.register.key().map(|_| shell(&args.register));
    if let Some(out) = &args.out {
        let key = key().map(|key| format!(" --key {key}")).unwrap_or_default();
        return format!("nightly-sync approve --db {} --plan {} --id {id}{key}", shell(&args.db), shell(out.display()));
    }
    let mut command = format!("nightly-sync run --db {}", shell(&args.db));
    match &args.remote {
        Some(Remote::File(file) | Remote::Regular(file)) => {
            command.push_str(&format!(" --remote {}", shell(file.display())));
        }
        Some(Remote::Stdin) => command.push_str(" --remote -"),
        None => {}
    }
    let said = &args.said;
    let values = [
        ("--config", args.config.as_ref().map(|file| shell(file.display()))),
        ("--key", key()),
        ("--schema", said.schema.as_ref().map(|schema| shell(schema.display()))),
        ("--id-field", said.id_field.as_ref().map(shell)),
        ("--strategy", said.strategy.as_ref().map(|strategy| strategy.name().to_owned())),
        ("--only", said.only.as_ref().map(shell)),
        ("--missing-after", said.missing_after.map(|times| times.to_string())),
    ];
    let given = values.into_iter().filter_map(|(name, value)| Some((name, Some(value?))));
    let table = args.table.iter().flat_map(|table| table.options());
    for (name, value) in given.chain(table.map(|(name, value)| (name, value.map(shell)))) {
        command.push_str(&format!(" {name}"));
        if let Some(value) = value {
            command.push_str(&format!(" {value}"));
        }
    }
    format!("{command} --approve {id}")
}

fn shell(word: impl Display) -> String {
    quoted(&word.to_string())
}
