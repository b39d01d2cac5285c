//! A run on one page, for the person who keeps the register: open questions first, then what was set aside, who came
//! and left, and every change, field by field, before and after.
//!
//! | section | out of |
//! |---|---|
//! | why it was stopped, or failed | the run's report |
//! | questions for a person | the open conflicts, as they stand now |
//! | set aside, not written | the run's report |
//! | new, left, came back | the audit's entries about whole records |
//! | the run in figures | the run's report, and those of the last runs |
//! | changes | the audit's entries about fields |
//!
//! **Does it show values?** Yes, unlike every other report, and says so at its top. Those of changes are what the audit
//! holds, those of questions what the open conflicts hold. Names beside ids come from the members' rows, out of fields
//! that are not sensitive.
//!
//! **Also those that the audit redacts or hashes?** No. A page is mailed around; whoever decides has the register, and is
//! told the command that shows both sides there.
//!
//! **What does the page need?** Nothing: no script or font or picture from anywhere, and its content security policy
//! forbids a browser to fetch any. The one script filters what is there; without it the page is whole.
//!
//! **How large does it get?** Every list has a bound, and says how many more there are. It is written as it is read, so
//! memory is bounded, too.

mod changes;
mod chart;
mod conflicts;
mod frame;
mod markup;
mod people;
mod value;
mod words;

use std::io::{self, Write};

use tripartite::decide::explain;
use tripartite::id::ExternalId;
use tripartite::schema::Policy;

pub use self::conflicts::{MASKED, disputed, masked, masked_unless};
use self::markup::Markup;
pub use self::value::{marked, shown};
use crate::shell;
use crate::store::{KnownRun, OpenRow, Snapshot, Store, StoreError, UnknownRun};

/// So many records are listed with their changes.
pub const MOST_RECORDS: usize = 500;

/// So many lines every other list has.
const MOST_LINES: usize = 200;

/// So many of the last runs are drawn.
const NIGHTS: usize = 30;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HtmlError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such run.
    #[error(transparent)]
    Run(#[from] UnknownRun),
    /// Nothing ran yet.
    #[error("there is no run of {register} yet, so there is nothing to report")]
    NoRuns {
        /// The register.
        register: String,
    },
    /// It cannot be written.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// What the page is about.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The run; without it, the last one.
    pub run: Option<String>,
    /// The database, as commands name it.
    pub db: String,
}

/// Writes the page of a run. It shows one moment of the database, whatever others write meanwhile.
///
/// # Errors
/// [`HtmlError`], when there is no such run, none at all, or the database cannot be read, or the page not written.
pub fn write<W: Write>(store: &Store, asked: &Asked, out: W) -> Result<W, HtmlError> {
    store.snapshot(|now| page(now, asked, out))?
}

fn page<W: Write>(now: &Snapshot<'_>, asked: &Asked, out: W) -> Result<W, HtmlError> {
    let mut open = Vec::new();
    let mut count = 0;
    now.open_conflicts(|row| {
        count += 1;
        if open.len() < MOST_LINES {
            open.push(row);
        }
        true
    })?;
    as_it_stands(now, &mut open)?;
    sections(now, asked, (&open, count), out)
}

/// Each conflict with the value that stands here now: what it holds may have been edited since, or written by an earlier
/// version before the run merged the rest.
fn as_it_stands(now: &Snapshot<'_>, open: &mut [OpenRow]) -> Result<(), StoreError> {
    let policy = Policy::new(now.schema().clone());
    for rows in open.chunk_by_mut(|a, b| a.external_id == b.external_id) {
        let id = rows.first().and_then(|row| ExternalId::new(&*row.external_id).ok());
        let Some(loaded) = id.map(|id| now.record(&id)).transpose()?.flatten() else { continue };
        for told in explain(&policy, &loaded) {
            if let Some(row) = rows.iter_mut().find(|row| row.conflict.unit == told.conflict.unit) {
                row.conflict.local = told.now;
                row.edited = told.edited.is_some();
            }
        }
    }
    Ok(())
}

/// The run that was asked for, or the last one.
fn known(now: &Snapshot<'_>, asked: Option<&str>) -> Result<KnownRun, HtmlError> {
    let last = now.last_run()?;
    let Some(run) = asked.map(str::to_owned).or_else(|| last.clone()) else {
        return Err(HtmlError::NoRuns { register: now.register().to_string() });
    };
    now.run(&run)?.ok_or_else(|| UnknownRun { run, last }.into())
}

fn sections<W: Write>(
    source: &Snapshot<'_>,
    asked: &Asked,
    (open, count): (&[OpenRow], usize),
    out: W,
) -> Result<W, HtmlError> {
    let known = known(source, asked.run.as_deref())?;
    let mut page = Markup::new(out);
    let options = shell::options(&asked.db, source.register());
    frame::head(&mut page, source, &known)?;
    if let Some(report) = &known.report {
        frame::stopped(&mut page, source, report, &options)?;
    }
    conflicts::write(&mut page, source, &known, (open, count), &options)?;
    if let Some(report) = &known.report {
        people::aside(&mut page, source, &known, report, &options)?;
    }
    people::moved(&mut page, source, &known)?;
    frame::figures(&mut page, source, &known)?;
    changes::write(&mut page, source, &known, &options)?;
    frame::foot(&mut page, &known, &options)?;
    Ok(page.finish()?)
}
