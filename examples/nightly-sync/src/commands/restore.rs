//! `restore`: a value comes back.

use clap::Args;
use serde_json::json;

use crate::args::{By, Target};
use crate::context::{Answer, Context, SUCCEEDED};
use crate::desk::Desk;
use crate::store::Access;

/// A value to bring back.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// The number of the audit's entry, its `seq`; a group comes back as a whole
    #[arg(long, value_name = "NUMBER")]
    pub audit: i64,
    /// Who says so.
    #[command(flatten)]
    pub by: By,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &RestoreArgs) -> Answer {
    let desk = Desk::open(&cx.db(&args.target)?, &cx.register(&args.target)?, Access::Write)?;
    let (id, fields) = desk.restore(args.audit, &args.by.by)?;
    if cx.console.json {
        cx.console.print(json!({"external_id": id, "restored": fields}));
    }
    cx.console.report(format!("{id}: restored {}", fields.join(", ")));
    Ok(SUCCEEDED)
}
