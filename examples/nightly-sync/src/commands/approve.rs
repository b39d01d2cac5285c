//! `approve`: a plan in a file is carried out.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;

use clap::Args;
use tripartite::drive::DriveError;
use tripartite::plan::{Plan, PlanError, PlanId};
use tripartite::run::RunOutcome;
use tripartite::schema::Schema;

use super::run::{STATUSES, tell};
use crate::args::{self, Target};
use crate::context::{Answer, Context, FAILED, now, status};
use crate::hooks::{Standing, after_run};
use crate::kept::{self, Driven, HeldError};
use crate::progress::Progress;
use crate::report::json;
use crate::store::{Place, Register, Store};
use crate::term::Console;

/// A plan to carry out.
#[derive(Debug, Clone, Args)]
#[command(after_help = STATUSES)]
pub struct ApproveArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// The file with the plan
    #[arg(long, value_name = "PLAN.json")]
    pub plan: PathBuf,
    /// The id that was printed: what exactly is approved. Records that somebody edited since are planned anew, or skipped
    #[arg(long, value_name = "PLAN_ID", value_parser = args::plan)]
    pub id: PlanId,
}

/// Why a plan is not carried out.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{file}: {error}")]
    File { file: String, error: io::Error },
    #[error("{file}: {error}")]
    Plan { file: String, error: PlanError },
    #[error("{file}: {error}")]
    Held { file: String, error: HeldError },
    #[error("{file} holds plan {found}, and {given} was approved")]
    Other { file: String, found: PlanId, given: PlanId },
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &ApproveArgs) -> Answer {
    let (db, register) = (cx.db(&args.target)?, cx.register(&args.target)?);
    let console = &mut *cx.console;
    let (store, done) = match carry_out(console, args, (&db, &register))? {
        (store, Ok(done)) => (store, done),
        (store, Err(error)) => {
            if let DriveError::Store { done, .. } = &error {
                // Batches may have been written; their audit names this run.
                let _ = store.remember(&done.report);
            }
            console.warn(format!("nightly-sync: {error}"));
            return Ok(FAILED);
        }
    };
    if done.report.outcome != RunOutcome::Blocked
        && let Err(error) = store
            .settle()
            .and_then(|()| store.approve_aside(&done.report))
            .and_then(|()| store.remember(&done.report))
            .and_then(|()| kept::drop_held(&store))
    {
        console.warn(format!("nightly-sync: the plan was carried out, but its report was not kept: {error}"));
    }
    if console.json {
        console.print(json::report(&done.report, None));
    } else if let Err(error) = tell(console, &db, &store, &done) {
        console.warn(format!("nightly-sync: the plan was carried out, but its report cannot be printed: {error}"));
    }
    for reason in &done.report.blocked {
        console.warn(format!("blocked: {reason}"));
    }
    if !cx.config.hooks.is_empty() {
        match after_run((&db, &register), &cx.config.hooks, &Standing::of_report(&done.report), now) {
            Ok(unheard) => unheard.iter().for_each(|problem| console.warn(format!("nightly-sync: {problem}"))),
            Err(error) => console.warn(format!("nightly-sync: the hooks: {error}")),
        }
    }
    Ok(status(done.report.outcome))
}

fn carry_out(
    console: &mut Console,
    args: &ApproveArgs,
    (place, register): (&Place, &Register),
) -> Result<(Store, Driven), Problem> {
    let held = |error| Problem::Held { file: place.to_string(), error };
    let store = kept::open(place, register).map_err(held)?;
    let plan = read(args, store.schema())?;
    let done = kept::carry_out(place, &store, plan, now(), &mut Progress::of(console)).map_err(held)?;
    Ok((store, done))
}

fn read(args: &ApproveArgs, schema: &Schema) -> Result<Plan, Problem> {
    let file = || args.plan.display().to_string();
    let open = File::open(&args.plan).map_err(|error| Problem::File { file: file(), error })?;
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(open));
    let plan = Plan::read(schema, &mut json).map_err(|error| Problem::Plan { file: file(), error })?;
    match plan.id() {
        found if found == args.id => Ok(plan),
        found => Err(Problem::Other { file: file(), found, given: args.id }),
    }
}
