//! `approve`: a plan in a file is carried out.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;

use clap::Args;
use tripartite::drive::DriveError;
use tripartite::matching::RulesError;
use tripartite::plan::{Plan, PlanError, PlanId};
use tripartite::run::{Done, RunOutcome};
use tripartite::schema::{Policy, Schema};

use super::run::{STATUSES, tell};
use crate::args::{self, Target};
use crate::audit_key::{self, KeyError};
use crate::context::{Answer, Context, FAILED, now, status};
use crate::progress::Progress;
use crate::report::json;
use crate::store::{Access, Database, Place, Register, Store, StoreError};
use crate::sync;
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
    Store { file: String, error: StoreError },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("{file}: {error}")]
    Match { file: String, error: RulesError },
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
        && let Err(error) =
            store.settle().and_then(|()| store.approve_aside(&done.report)).and_then(|()| store.remember(&done.report))
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
    Ok(status(done.report.outcome))
}

type Driven = Result<Done, DriveError<std::convert::Infallible, StoreError>>;

fn carry_out(
    console: &mut Console,
    args: &ApproveArgs,
    (place, register): (&Place, &Register),
) -> Result<(Store, Driven), Problem> {
    let db = || place.to_string();
    let stored = |error| Problem::Store { file: db(), error };
    let database = Database::open(place, Access::Write).map_err(stored)?;
    let settings = database.required(register).map_err(stored)?;
    let rules = database.rules(register).map_err(stored)?;
    let plan = read(args, &settings.schema)?;
    // A plan reads no source.
    let source = tripartite::memory::Listing::new(Vec::new());
    let policy = Policy::new(settings.schema.clone());
    let key = audit_key::of(&settings.schema)?;
    let store = Store::of(register.clone(), database, settings).map_err(stored)?.audit_keyed(key);
    let at = now();
    let run = store.run(policy, at).map_err(stored)?.matching(rules);
    let newer = store.runs_since(plan.made_after()).map_err(stored)?;
    let step = run.map_err(|error| Problem::Match { file: db(), error })?.since(&newer).apply(plan);
    let done = sync::drive(step, &source, &store, None, &mut Progress::of(console));
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
