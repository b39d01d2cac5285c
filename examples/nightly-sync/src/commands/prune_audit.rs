//! `prune-audit`: how long the audit remembers.

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde_json::json;

use crate::args::{self, Target};
use crate::context::{Answer, Context, SUCCEEDED};
use crate::desk::Desk;
use crate::store::Access;

/// What of the audit to forget.
#[derive(Debug, Clone, Args)]
pub struct PruneArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// Everything from before this day, such as 2026-01-31, or time in RFC 3339
    #[arg(long, value_name = "DATE", value_parser = args::day)]
    pub before: DateTime<Utc>,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &PruneArgs) -> Answer {
    let desk = Desk::open(&cx.db(&args.target)?, &cx.register(&args.target)?, Access::Write)?;
    let forgotten = desk.stored(desk.store().prune_audit(args.before))?;
    let before = args.before.to_rfc3339_opts(SecondsFormat::Secs, true);
    if cx.console.json {
        cx.console.print(json!({"forgotten": forgotten, "before": before}));
    }
    cx.console.report(format!("{forgotten} entries from before {before} forgotten"));
    Ok(SUCCEEDED)
}
