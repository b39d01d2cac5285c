//! A run as a page.

use super::{SUCCEEDED, failed};
use crate::cli::ReportArgs;
use crate::output::{Inputs, Kind, Output, OutputError};
use crate::report::html::{self, Asked, HtmlError};
use crate::store::{Access, Database, Store, StoreError};
use crate::term::Console;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{file}: {error}")]
    Page { file: String, error: HtmlError },
    #[error(transparent)]
    Output(#[from] OutputError),
}

pub(super) fn write(console: &mut Console, args: &ReportArgs) -> u8 {
    match put(args) {
        Ok(()) => {
            console.print(format!("report {}; it shows values of people", args.html.display()));
            SUCCEEDED
        }
        Err(error) => failed(console, &error),
    }
}

fn put(args: &ReportArgs) -> Result<(), Problem> {
    let read = |error: HtmlError| Problem::Page { file: args.db.to_string(), error };
    let store = open(args).map_err(|error| read(error.into()))?;
    let output = Output::new(Kind::Page, &args.html, &Inputs::of(&args.db))?;
    let asked = Asked { run: args.run.clone(), db: args.db.to_string() };
    output.write(|file| match html::write(&store, &asked, file) {
        Ok(_) => Ok(()),
        Err(HtmlError::Io(error)) => Err(OutputError::Io { file: args.html.display().to_string(), error }.into()),
        Err(error) => Err(read(error)),
    })
}

fn open(args: &ReportArgs) -> Result<Store, StoreError> {
    let database = Database::open(&args.db, Access::Read)?;
    let settings = database.required(&args.register)?;
    Store::of(args.register.clone(), database, settings)
}
