//! `audit`: what was decided, entry by entry.

use std::io;

use clap::Args;

use crate::args::Target;
use crate::audit::{self, Format};
use crate::context::{Answer, Context, SUCCEEDED, UsageError};

/// What of the audit to print.
#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// Of this run alone
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// JSON lines, or a table for a spreadsheet (RFC 4180)
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The audit cannot be printed.
#[derive(Debug, thiserror::Error)]
#[error("{db}: {error}")]
struct Problem {
    db: String,
    error: audit::AuditError,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &AuditArgs) -> Answer {
    let AuditArgs { target, run, format } = args;
    if cx.console.json && *format == Format::Csv {
        return Err(UsageError("--json and --format csv exclude each other".to_owned()).into());
    }
    let (db, register) = (cx.db(target)?, cx.register(target)?);
    audit::print((&db, &register), run.as_deref(), *format, io::stdout().lock())
        .map_err(|error| Problem { db: db.to_string(), error })?;
    Ok(SUCCEEDED)
}
