//! `plan`: what a run would do, in a file.

use std::path::PathBuf;

use clap::Args;

use super::run::{self, STATUSES};
use super::start::Request;
use crate::args::{ListingArgs, Target};
use crate::context::{Answer, Context};

/// What to plan.
#[derive(Debug, Clone, Args)]
#[command(after_help = STATUSES)]
pub struct PlanArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// The listing.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// The file for the plan; nothing else is written
    #[arg(long, value_name = "PLAN.json")]
    pub out: PathBuf,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &PlanArgs) -> Answer {
    let PlanArgs { target, listing, out } = args;
    let request = Request { dry_run: true, out: Some(out.clone()), ..Request::of(cx, target, listing)? };
    run::carry_out(cx, &request)
}
