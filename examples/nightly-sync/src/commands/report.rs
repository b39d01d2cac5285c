//! `report`: a run as a page.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::args::Target;
use crate::context::{Answer, Context, SUCCEEDED};
use crate::output::{Inputs, Kind, Output, OutputError};
use crate::report::html::{self, Asked, HtmlError};
use crate::store::{Access, Database, Place, Register, Store, StoreError};

/// Which run to put on a page.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// Which run; without it, the last one
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// The page; it shows values of people, so others than its owner cannot read it on Unix
    #[arg(long, value_name = "OUT.html")]
    pub html: PathBuf,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{file}: {error}")]
    Page { file: String, error: HtmlError },
    #[error(transparent)]
    Output(#[from] OutputError),
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &ReportArgs) -> Answer {
    let (db, register) = (cx.db(&args.target)?, cx.register(&args.target)?);
    put(args, &db, register)?;
    if cx.console.json {
        cx.console.print(json!({"page": args.html}));
    }
    cx.console.report(format!("report {}; it shows values of people", args.html.display()));
    Ok(SUCCEEDED)
}

fn put(args: &ReportArgs, db: &Place, register: Register) -> Result<(), Problem> {
    let read = |error: HtmlError| Problem::Page { file: db.to_string(), error };
    let store = open(db, register).map_err(|error| read(error.into()))?;
    let output = Output::new(Kind::Page, &args.html, &Inputs::of(db))?;
    let asked = Asked { run: args.run.clone(), db: db.to_string() };
    output.write(|file| match html::write(&store, &asked, file) {
        Ok(_) => Ok(()),
        Err(HtmlError::Io(error)) => Err(OutputError::Io { file: args.html.display().to_string(), error }.into()),
        Err(error) => Err(read(error)),
    })
}

fn open(db: &Place, register: Register) -> Result<Store, StoreError> {
    let database = Database::open(db, Access::Read)?;
    let settings = database.required(&register)?;
    Store::of(register, database, settings)
}
