//! What the program shows without arguments: a register of invented members over two nights, in a database that is left
//! for the reader to look at.

mod edits;
mod tale;

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use tripartite::drive::DriveError;
use tripartite::run::Done;
use tripartite::schema::{Policy, Schema};
use tripartite_sql::Settings;
use tripartite_sqlite::store::{Access, Database, SqliteStore, StoreError};

use crate::context::now;
use crate::listing::{self, ListingError};
use crate::progress::Progress;
use crate::report;
use crate::sync::drive;
use crate::term::{Console, bold, cyan, green, wrapped};

const SCHEMA: &str = include_str!("../demo/schema.json");
const NIGHT_1: &str = include_str!("../demo/night-1.jsonl");
const NIGHT_2: &str = include_str!("../demo/night-2.jsonl");

/// What the listing of the second night is called, beside the database.
pub const LISTING: &str = "night-2.jsonl";

/// Small pages, so that the bar moves.
const PAGE: usize = 20;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A night did not go well.
    #[error(transparent)]
    Night(#[from] Box<DriveError<ListingError, StoreError>>),
    /// There is no place for the database.
    #[error("{path}: {error}")]
    Place {
        /// Where.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// What the program brings with it is broken.
    #[error("the demonstration's own schema: {0}")]
    Schema(serde_json::Error),
}

/// Shows everything, and answers with the database. The listing of the second night is beside it: [`LISTING`].
///
/// # Errors
/// [`DemoError`], when the database cannot be written.
pub fn show(console: &mut Console) -> Result<PathBuf, DemoError> {
    let schema: Schema = serde_json::from_str(SCHEMA).map_err(DemoError::Schema)?;
    let place = place()?;
    let db = place.join("members.db");
    let settings = Settings { schema, id_field: "id".to_owned() };
    let store = SqliteStore::new(Database::open(&db, Access::Write)?, settings)?;

    title(console, "nightly-sync", "a club's member table, kept in step with its federation. Everybody is invented.");

    chapter(console, 1, "the first night", "The federation lists everybody; the club's table is still empty.");
    let done = night(console, &store, "night-1.jsonl", NIGHT_1)?;
    summary(console, &done);

    chapter(console, 2, "the day after", "People at the club edit the table, with any SQL client they like.");
    edits::apply(console, &store)?;

    chapter(console, 3, "the second night", "The federation lists everybody again. It moved on, too.");
    let done = night(console, &store, "night-2.jsonl", NIGHT_2)?;
    summary(console, &done);
    tale::tell(console, &store, &done.report)?;

    chapter(console, 4, "the same listing once more", "What was decided is not decided again.");
    let again = night(console, &store, "night-2.jsonl", NIGHT_2)?;
    same(console, &again);

    hints(console, &place, &db, done.report.run.as_str());
    Ok(db)
}

/// A directory of its own, so that nobody's file is overwritten; the second night's listing is put there, too.
fn place() -> Result<PathBuf, DemoError> {
    let name = format!("nightly-sync-demo-{}-{}", now().format("%Y%m%d-%H%M%S"), process::id());
    let place = env::temp_dir().join(name);
    let failed = |error| DemoError::Place { path: place.display().to_string(), error };
    fs::create_dir_all(env::temp_dir()).map_err(failed)?;
    fs::create_dir(&place).map_err(failed)?;
    fs::write(place.join(LISTING), NIGHT_2).map_err(failed)?;
    Ok(place)
}

fn night(console: &mut Console, store: &SqliteStore, name: &str, text: &'static str) -> Result<Done, DemoError> {
    let place =
        |error: ListingError| DemoError::Place { path: name.to_owned(), error: io::Error::other(error.to_string()) };
    let opened = listing::text(name, text).map_err(place)?;
    let count = opened.found().map(|found| found.lines);
    let at = now();
    let schema = store.schema().clone();
    let step = store.run(Policy::new(schema.clone()), at)?.start();
    let source = listing::records(opened, schema, "id").map_err(place)?.pages_of(PAGE);
    let mut progress = Progress::of(console).indented("  ");
    let done = drive(step, &source, store, count, &mut progress).map_err(Box::new)?;
    drop(progress);
    store.remember(&done.report)?;
    Ok(done)
}

fn title(console: &mut Console, name: &str, line: &str) {
    console.print(format!("{}: {line}", bold(name)));
}

fn chapter(console: &mut Console, number: u8, name: &str, line: &str) {
    console.print("");
    console.print(format!("{} {}", cyan(format!("{number} ·")), bold(name)));
    console.print(format!("  {line}"));
    console.print("");
}

fn summary(console: &mut Console, done: &Done) {
    console.print("");
    for line in report::figures(&done.report.counts).to_string().lines() {
        console.print(format!("  {line}"));
    }
    console.print(format!("  {}", report::outcome(done.report.outcome)));
}

fn same(console: &mut Console, done: &Done) {
    let counts = &done.report.counts;
    let writes = counts.created + counts.updated + counts.deactivated + counts.reactivated;
    let line = format!(
        "{writes} rows written, {} unchanged, {} new conflicts; the {} questions and the {} records set aside are still \
         there.",
        counts.unchanged, counts.conflicts_detected, counts.conflicts_open, counts.quarantined
    );
    console.print("");
    for line in wrapped(&line, 96) {
        console.print(format!("  {line}"));
    }
}

fn hints(console: &mut Console, place: &Path, db: &Path, run: &str) {
    let program = env::args_os().next().map_or_else(|| "nightly-sync".into(), PathBuf::from);
    let (program, db) = (program.display(), db.display());
    console.print("");
    console.print(format!("{} {}", bold("the database is"), green(&db)));
    console.print("");
    console.print("  Edit a row, and sync again:");
    console.print(format!(
        "    sqlite3 {db} \"UPDATE members SET phone = '085 555 0111' WHERE external_id = 'FED-10003'\""
    ));
    console.print(format!("    {program} run --db {db} --remote {}", place.join(LISTING).display()));
    console.print("  Read what the second night decided, and why:");
    console.print(format!("    {program} audit --db {db} --run {run} --format csv"));
    console.print("  See what a listing that lost its members would do, and why it does not:");
    console.print(format!("    {program} run --db {db} --remote /dev/null"));
}
