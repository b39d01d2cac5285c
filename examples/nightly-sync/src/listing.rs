//! The source: a listing in a file or from standard input, of any form that [`tripartite_sources::file`] reads, page by page.
//!
//! What a listing is, its content says: JSON lines, a JSON array or an envelope, CSV, a workbook, packed or not. A line that
//! cannot be read is set aside with its number, and what is told of it never holds anything that stood in it.
//!
//! **When is it whole?** When its last line that is not blank is a record, and its brackets are closed. A text that was cut off
//! inside a record ends with something else, whatever can still be read of it, and so does one with an error page behind
//! it: then nobody is missing. A text that ends between two lines that once were followed by others is whole, as far as
//! anybody can tell: JSON lines have no end marker. Guards and `--missing-after` are for that.
//!
//! A run of some records reads the whole listing and keeps what is theirs. Nothing in a listing says that a record is gone
//! or has another id. Who is not listed is missing from a complete listing, and is not looked at by a run of some records.

use std::path::Path;

use tripartite::schema::Schema;
pub use tripartite_sources::ahead::HELD;
use tripartite_sources::file::Reading;
pub use tripartite_sources::file::{FileError as ListingError, FileListing as Listing, Input as Remote, Opened, PAGE};
use tripartite_sources::records::Records;

/// A listing whose next pages are read while the run is busy.
pub type Ahead = tripartite_sources::ahead::Ahead<Listing>;

/// An empty file is a listing of nobody: a guard asks about it.
fn reading() -> Reading {
    Reading::default().may_be_empty()
}

/// Opens a listing, and finds its form.
///
/// # Errors
/// [`ListingError`], when there is none that can be read.
pub fn open(remote: &Remote, id_field: &str) -> Result<Opened, ListingError> {
    Opened::open(remote, &reading(), id_field)
}

/// Opens a listing that is a file, for who reads it again and again. Nothing is waited for: a pipe is refused, and not
/// opened until somebody writes into it.
///
/// # Errors
/// [`ListingError`], when it is no regular file, or cannot be read.
pub fn open_file(path: &Path, id_field: &str) -> Result<Opened, ListingError> {
    open(&Remote::Regular(path.to_owned()), id_field)
}

/// A text that is part of the program.
///
/// # Errors
/// [`ListingError`], when it is no listing.
pub fn text(name: &str, text: impl AsRef<[u8]>) -> Result<Opened, ListingError> {
    Opened::bytes(name, text.as_ref(), &reading(), "id")
}

/// The records of a listing.
///
/// # Errors
/// [`ListingError`], when it has no column of the ids.
pub fn records(opened: Opened, schema: Schema, id_field: &str) -> Result<Listing, ListingError> {
    opened.listing(Records::new(schema, id_field))
}
