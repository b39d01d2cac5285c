//! Plans as files: put there by `plan`, carried out by `approve`.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use tripartite::drive::DriveError;
use tripartite::matching::RulesError;
use tripartite::plan::{Plan, PlanError, PlanId};
use tripartite::run::{Done, RunOutcome};
use tripartite::schema::Policy;

use super::{FAILED, failed, now, status, tell};
use crate::audit_key::{self, KeyError};
use crate::cli::{ApproveArgs, RunArgs};
use crate::listing::Remote;
use crate::output::{Inputs, Kind, Output, OutputError};
use crate::progress::{Progress, Style};
use crate::report::json;
use crate::store::{Access, Database, Store, StoreError};
use crate::sync;
use crate::term::Console;

/// Why a plan is not carried out, or not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("{file}: {error}")]
    File { file: String, error: io::Error },
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("the plan cannot be written: {0}")]
    Json(#[from] serde_json::Error),
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

/// Where a run may put its plan: none of the files that it reads.
pub(super) fn output(args: &RunArgs, out: &Path) -> Result<Output, OutputError> {
    let mut inputs = Inputs::of(&args.db);
    if let Remote::File(listing) = &args.remote {
        inputs = inputs.and("the listing", listing);
    }
    if let Some(schema) = &args.schema {
        inputs = inputs.and("the schema", schema);
    }
    Output::new(Kind::Plan, out, &inputs)
}

/// Puts a plan into a file. It holds every value that it would write.
pub(super) fn write(out: &Output, plan: &Plan) -> Result<(), Problem> {
    out.write(|file| Ok(serde_json::to_writer(file, plan)?))
}

pub(super) fn approve(console: &mut Console, args: &ApproveArgs) -> u8 {
    let carried_out = match carry_out(console, args) {
        Ok(carried_out) => carried_out,
        Err(error) => {
            if args.json {
                console.print(json::failure(&error.to_string()));
            }
            return failed(console, &error);
        }
    };
    let (store, done) = match carried_out {
        (store, Ok(done)) => (store, done),
        (store, Err(error)) => {
            let problem = error.to_string();
            if let DriveError::Store { done, .. } = &error {
                // Batches may have been written; their audit names this run.
                let _ = store.remember(&done.report);
            }
            console.say(format!("nightly-sync: {problem}"));
            return FAILED;
        }
    };
    if done.report.outcome != RunOutcome::Blocked
        && let Err(error) =
            store.settle().and_then(|()| store.approve_aside(&done.report)).and_then(|()| store.remember(&done.report))
    {
        console.say(format!("nightly-sync: the plan was carried out, but its report was not kept: {error}"));
    }
    if args.json {
        console.print(json::report(&done.report, None));
    } else if let Err(error) = tell(console, &args.db, &store, &done) {
        console.say(format!("nightly-sync: the plan was carried out, but its report cannot be printed: {error}"));
    }
    for reason in &done.report.blocked {
        console.say(format!("blocked: {reason}"));
    }
    status(done.report.outcome)
}

type Driven = Result<Done, DriveError<std::convert::Infallible, StoreError>>;

fn carry_out(console: &mut Console, args: &ApproveArgs) -> Result<(Store, Driven), Problem> {
    let db = || args.db.to_string();
    let stored = |error| Problem::Store { file: db(), error };
    let database = Database::open(&args.db, Access::Write).map_err(stored)?;
    let settings = database.required(&args.register).map_err(stored)?;
    let rules = database.rules(&args.register).map_err(stored)?;
    let plan = read(args, &settings.schema)?;
    // A plan reads no source.
    let source = tripartite::memory::Listing::new(Vec::new());
    let policy = Policy::new(settings.schema.clone());
    let key = audit_key::of(&settings.schema)?;
    let store = Store::of(args.register.clone(), database, settings).map_err(stored)?.audit_keyed(key);
    let at = now();
    let run = store.run(policy, at).map_err(stored)?.matching(rules);
    let newer = store.runs_since(plan.made_after()).map_err(stored)?;
    let step = run.map_err(|error| Problem::Match { file: db(), error })?.since(&newer).apply(plan);
    let style = if console.live { Style::Live } else { Style::Off };
    let done = sync::drive(step, &source, &store, None, &mut Progress::new(console, style));
    Ok((store, done))
}

fn read(args: &ApproveArgs, schema: &tripartite::schema::Schema) -> Result<Plan, Problem> {
    let file = || args.plan.display().to_string();
    let open = File::open(&args.plan).map_err(|error| Problem::File { file: file(), error })?;
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(open));
    let plan = Plan::read(schema, &mut json).map_err(|error| Problem::Plan { file: file(), error })?;
    match plan.id() {
        found if found == args.id => Ok(plan),
        found => Err(Problem::Other { file: file(), found, given: args.id }),
    }
}
