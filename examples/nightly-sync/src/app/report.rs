//! A run as a page.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IntoInnerError};
use std::path::{Path, PathBuf};

use super::{SUCCEEDED, failed};
use crate::cli::ReportArgs;
use crate::report::html::{self, Asked, HtmlError};
use crate::store::{Access, Database, SqliteStore, StoreError};
use crate::term::Console;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{file}: {error}")]
    Page { file: String, error: HtmlError },
    #[error("{file}: {error}")]
    File { file: String, error: io::Error },
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

/// All of the page, or none: a page that was there before stays when this one cannot be written.
fn put(args: &ReportArgs) -> Result<(), Problem> {
    let stored = |error: HtmlError| Problem::Page { file: args.db.display().to_string(), error };
    let file = |error| Problem::File { file: args.html.display().to_string(), error };
    let store = open(args).map_err(|error| stored(error.into()))?;
    let mut beside: PathBuf = args.html.clone();
    beside.as_mut_os_string().push(".part");
    let asked = Asked { run: args.run.clone(), db: args.db.display().to_string() };
    let writer = BufWriter::new(create(&beside).map_err(file)?);
    let written = match html::write(&store, &asked, writer) {
        Ok(writer) => settle(writer, &beside, &args.html).map_err(file),
        Err(HtmlError::Io(error)) => Err(file(error)),
        Err(error) => Err(stored(error)),
    };
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn open(args: &ReportArgs) -> Result<SqliteStore, StoreError> {
    let database = Database::open(&args.db, Access::Read)?;
    // An unknown register is an error that names those that are there.
    database.audit(&args.register, Some(""), |_| false)?;
    let settings = database.settings(&args.register)?;
    let settings = settings.ok_or(StoreError::Missing)?;
    SqliteStore::of(args.register.clone(), database, settings)
}

fn settle(writer: BufWriter<File>, beside: &Path, out: &Path) -> io::Result<()> {
    writer.into_inner().map_err(IntoInnerError::into_error)?.sync_all()?;
    fs::rename(beside, out)
}

/// A file that only its owner can read, where the system knows owners.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
