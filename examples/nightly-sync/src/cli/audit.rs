//! `audit`.

use std::ffi::OsString;

use super::UsageError;
use super::options::{Options, format, register};
use crate::store::{Place, Register};

/// What of the audit to print.
#[derive(Debug)]
pub struct AuditArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// Of this run alone.
    pub run: Option<String>,
    /// How.
    pub format: Format,
}

/// How the audit is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object a line.
    Jsonl,
    /// A table, RFC 4180.
    Csv,
}

pub(super) fn audit(args: Vec<OsString>) -> Result<AuditArgs, UsageError> {
    let mut args = Options::of("audit", args, &[])?;
    let audit = AuditArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        run: args.text("--run")?,
        format: format(args.text("--format")?.as_deref())?,
    };
    args.finish()?;
    Ok(audit)
}
