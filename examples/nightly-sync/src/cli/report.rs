//! The command line of the page.

use std::ffi::OsString;
use std::path::PathBuf;

use super::UsageError;
use super::options::{Options, register};
use crate::store::{Place, Register};

/// Which run to put on a page.
#[derive(Debug)]
pub struct ReportArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// Which run; without it, the last one.
    pub run: Option<String>,
    /// The page.
    pub html: PathBuf,
}

pub(super) fn report(args: Vec<OsString>) -> Result<ReportArgs, UsageError> {
    let mut args = Options::of("report", args, &[])?;
    let report = ReportArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        run: args.text("--run")?,
        html: args.needed("--html")?.into(),
    };
    args.finish()?;
    Ok(report)
}
