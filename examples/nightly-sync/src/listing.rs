//! The source: a listing as JSON lines, one record a line, read page by page.
//!
//! | line | what becomes of it |
//! |---|---|
//! | an object with an id | a record |
//! | blank | skipped, and counted as a line |
//! | cut off, no object, not UTF-8, a key twice | set aside with its number, and with its id if that much can be read |
//! | without an id, or with one that is null or empty | set aside; it could be anybody's |
//!
//! Lines end with `\n` or `\r\n`, the last one with either or neither; a byte order mark before the first is ignored.
//! No number is rounded: one of more digits than JSON readers keep is read as the text of its digits
//! ([`exact_numbers`](tripartite::value::exact_numbers)), an id, too. What is told of a line never holds anything that
//! stood in it.
//!
//! **When is it whole?** When its last line that is not blank is a record. A text that was cut off inside a line ends with
//! something else, whatever can still be read of it, and so does one with an error page behind it: then nobody is missing.
//!
//! | the text ends | it is |
//! |---|---|
//! | with a record, and a line feed or none | whole: the object is closed |
//! | inside a record, wherever that is, also behind its id | broken off |
//! | with `<html>`, `{"error": "timeout"}`, zero bytes | broken off |
//! | between two lines that once were followed by others | whole, as far as anybody can tell: JSON lines have no end marker. Guards and `--missing-after` are for that |
//!
//! A run of some records reads the whole listing and keeps what is theirs. No line says that a record is gone or has
//! another id: a field that did would be a field that no schema could have. Who is not listed is missing from a complete
//! listing, and is not looked at by a run of some records.

mod ahead;
mod line;
mod lines;

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

pub use ahead::{Ahead, HELD};
pub use lines::Lines;
pub(crate) use lines::Taken;
use tripartite::failure::{Classify, Failure};
use tripartite::id::ExternalId;
use tripartite::schema::Schema;
use tripartite::source::{Connector, Cursor, Item, Next, Page};

/// How many lines a page has.
pub const PAGE: usize = 1000;

/// The most bytes a line may have; a longer one is set aside without being held in memory.
pub const MAX_LINE: usize = 16 << 20;

/// Where a listing is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// Why a listing cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// It cannot be read on.
    #[error("{listing} cannot be read: {error}")]
    Io {
        /// Its name.
        listing: String,
        /// Why.
        error: io::Error,
    },
    /// It is a pipe, a device or a directory, and it is read by somebody who cannot wait for one.
    #[error("{listing} is no regular file; work reads it anew in each run, and does not wait for a writer")]
    NoFile {
        /// Its name.
        listing: String,
    },
    /// Somebody asks for a page that is gone.
    #[error("{listing} can only be read once, from its beginning to its end")]
    Rewind {
        /// Its name.
        listing: String,
    },
}

impl Classify for ListingError {
    fn failure(&self) -> Failure {
        match self {
            Self::Io { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => Failure::Denied,
            Self::Io { .. } => Failure::Retry { after: None },
            Self::Rewind { .. } | Self::NoFile { .. } => Failure::Fatal,
        }
    }
}

/// A listing as JSON lines.
pub struct JsonLines {
    schema: Schema,
    id_field: String,
    complete: bool,
    page: usize,
    lines: Mutex<Lines>,
}

impl JsonLines {
    /// A listing that is everything the source has.
    pub fn new(lines: Lines, schema: Schema, id_field: impl Into<String>) -> Self {
        Self { schema, id_field: id_field.into(), complete: true, page: PAGE, lines: Mutex::new(lines) }
    }

    /// Not everything the source has.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.complete = false;
        self
    }

    /// How many lines a page has, at least one.
    #[must_use]
    pub fn pages_of(mut self, lines: usize) -> Self {
        self.page = lines.max(1);
        self
    }

    /// What the listing has of some records. It is read to its end, and only that is kept.
    fn of(&self, ids: &[ExternalId]) -> Result<Page, ListingError> {
        let mut found = Page::new(Vec::new(), Next::Partial);
        let mut after = None;
        loop {
            let page = self.page(after.as_ref())?;
            let next = page.next.clone();
            found.items.extend(page.only(ids).items);
            match next {
                Next::More(cursor) => after = Some(cursor),
                _ => return Ok(found),
            }
        }
    }

    /// What the end of the text says: a whole listing ends with a record.
    fn end(&self, lines: &Lines) -> Next {
        match &lines.last_unread {
            _ if !self.complete => Next::Partial,
            None => Next::Complete { total: None },
            Some(problem) => Next::BrokenOff { problem: problem.clone() },
        }
    }

    fn page(&self, after: Option<&Cursor>) -> Result<Page, ListingError> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.go_to(after)?;
        let mut items = Vec::new();
        let mut buffer = Vec::new();
        for _ in 0..self.page {
            match lines.next(&mut buffer)? {
                Taken::End => return Ok(Page::new(items, self.end(&lines))),
                Taken::Line => items.extend(line::read(&self.schema, &self.id_field, &buffer, lines.number)),
                Taken::TooLong => items.push(line::too_long(&self.id_field, &buffer, lines.number)),
            }
            lines.last_unread = items.last().and_then(unread);
        }
        Ok(Page::new(items, Next::More(lines.cursor())))
    }
}

/// What is told of a line that is no record.
fn unread(item: &Item) -> Option<String> {
    match item {
        Item::Malformed(malformed) => Some(format!("its last line, {}, {}", malformed.place, malformed.problem)),
        _ => None,
    }
}

impl Connector for JsonLines {
    type Error = ListingError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, ListingError> {
        self.page(after)
    }

    async fn fetch_only(&self, ids: &[ExternalId], _: Option<&Cursor>) -> Result<Page, ListingError> {
        self.of(ids)
    }
}
