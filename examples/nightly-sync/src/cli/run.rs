//! `run`, `plan` and `approve`.

use std::ffi::OsString;
use std::path::PathBuf;

use tripartite::id::ExternalId;
use tripartite::plan::PlanId;
use tripartite::schema::Strategy;

use super::UsageError;
use super::guards::{self, GuardLimit};
use super::options::{Options, only, plan, register, remote, strategy};
use super::table::{self, TableArgs};
use crate::listing::Remote;
use crate::store::{Place, Register};

/// How to sync.
#[derive(Debug)]
pub struct RunArgs {
    /// The database.
    pub db: Place,
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
    /// The club's own table, if it is to be attached.
    pub table: Option<Box<TableArgs>>,
}

/// A plan to carry out.
#[derive(Debug)]
pub struct ApproveArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// The file with the plan.
    pub plan: PathBuf,
    /// Its id: what exactly is approved.
    pub id: PlanId,
    /// Whether the report is JSON.
    pub json: bool,
}

pub(super) fn run(args: Vec<OsString>) -> Result<RunArgs, UsageError> {
    let mut args = Options::of("run", args, &["--dry-run", "--partial", "--json"])?;
    let dry_run = args.flag("--dry-run");
    let approve = args.text("--approve")?.map(|id| plan("--approve", &id)).transpose()?;
    let table = table::read(&mut args)?.map(Box::new);
    Ok(RunArgs { dry_run, approve, table, ..listing(args, None)? })
}

pub(super) fn plan_to(args: Vec<OsString>) -> Result<RunArgs, UsageError> {
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
        table: None,
    };
    args.finish()?;
    if run.id_field.as_deref() == Some("") {
        return Err(UsageError("--id-field: expected the name of a field, found nothing".to_owned()));
    }
    Ok(run)
}

pub(super) fn approve(args: Vec<OsString>) -> Result<ApproveArgs, UsageError> {
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

fn missing_after(times: &str) -> Result<u32, UsageError> {
    let expected = || UsageError(format!("--missing-after: expected a number of listings, 1 or more, found `{times}`"));
    times.parse().ok().filter(|&times| times > 0).ok_or_else(expected)
}
