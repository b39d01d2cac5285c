//! Listings in files: CSV, JSON in four forms, workbooks; in any encoding, packed or not; from standard input, too.
//!
//! [`Opened::open`] looks at all of a file once and finds by its content, never by its name:
//!
//! | what | how |
//! |---|---|
//! | compression | gzip and zstd, by their first bytes |
//! | encoding | a byte order mark; UTF-16 by its zeros; UTF-8 if the bytes are; else a guess from the letters, which is said |
//! | form | JSON lines, objects one after the other, an array, an array in an envelope, CSV with the sign between its columns, a workbook |
//! | what is no listing | vCards, LDIF, YAML, XML, web pages, PDF, archives, nothing: an error names it and says what to do |
//!
//! [`Found`] is all of that in a line, for a person to see. [`Reading`] states any of it instead.
//!
//! # When is a listing complete?
//!
//! Only a whole one shows who is missing. A text that is cut off anywhere inside a record is not whole:
//!
//! | form | whole is |
//! |---|---|
//! | JSON lines, objects | the last text that is not blank is a record |
//! | array, envelope | its brackets are closed, nothing follows, and there are as many records as the envelope states |
//! | envelope that names another page | never: it is a part of a listing ([`Next::Partial`](tripartite::source::Next::Partial)) |
//! | CSV | the last row has a line end: without one, its last cell may be half of itself. [`Reading::open_end`] is for programs that write none |
//! | workbook | the archive is whole |
//! | gzip, zstd | the stream has its end, besides |
//!
//! A file that was cut exactly between two lines cannot be told from a shorter one, and neither can one that was cut
//! inside the blank at its end. Guards are for that.
//!
//! # How much memory does it take?
//!
//! A page of records, and buffers. Nothing of the size of the file is held, but for what [`sheet`](Form::Sheet) says of
//! workbooks. What can be read only once, such as standard input, is copied to a file without a name first: so it can be
//! looked at, and a page can be asked for again.
//!
//! Errors and problems name lines, records and columns. They never hold what stands there.

mod csv;
mod encoding;
mod error;
mod form;
mod input;
mod json;
mod lines;
mod listing;
mod objects;
mod sheet;
mod table;
mod text;
mod unpack;
mod wrong;

use std::io;
use std::sync::Arc;

pub use encoding::{Encoded, Known};
pub use error::FileError;
pub use form::{Form, Found};
pub use input::Input;
pub use listing::FileListing;
pub(crate) use listing::OnePage;
pub use objects::Object;
use tripartite::source::Cursor;
pub use unpack::Compression;

use form::Parser;
use input::Raw;
use text::{Surveyed, Text};

/// How many records a page has, if nobody says otherwise.
pub const PAGE: usize = 1000;

/// What is stated of a listing instead of found.
///
/// ```
/// use tripartite_sources::file::{Form, Reading};
/// // A table from before Unicode, with a line of its own above the header.
/// let reading = Reading::default().form(Form::Delimited(';')).encoding("latin1")?.rows_before_header(1);
/// assert!(Reading::default().encoding("klingon").is_err());
/// # Ok::<(), tripartite_sources::file::UnknownEncoding>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    form: Option<Form>,
    encoding: Option<&'static encoding_rs::Encoding>,
    records: Option<String>,
    sheet: Option<String>,
    header: Option<Vec<String>>,
    rows_before_header: usize,
    open_end: bool,
    may_be_empty: bool,
}

/// There is no encoding of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no encoding `{0}`; names are those of the WHATWG, such as utf-8, windows-1252, utf-16le")]
pub struct UnknownEncoding(String);

impl Reading {
    /// States the form.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// States the encoding, by a [name of the WHATWG](https://encoding.spec.whatwg.org/#names-and-labels).
    ///
    /// # Errors
    /// [`UnknownEncoding`].
    pub fn encoding(mut self, name: &str) -> Result<Self, UnknownEncoding> {
        let encoding = encoding_rs::Encoding::for_label(name.as_bytes());
        self.encoding = Some(encoding.ok_or_else(|| UnknownEncoding(name.to_owned()))?);
        Ok(self)
    }

    /// States the JSON pointer of the list of records in an envelope: `/Resources`.
    #[must_use]
    pub fn records(mut self, pointer: impl Into<String>) -> Self {
        self.records = Some(pointer.into());
        self
    }

    /// States the sheet of a workbook.
    #[must_use]
    pub fn sheet(mut self, name: impl Into<String>) -> Self {
        self.sheet = Some(name.into());
        self
    }

    /// States the names of the columns of a table that has no header.
    #[must_use]
    pub fn header<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.header = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// States how many rows stand above the header of a table.
    #[must_use]
    pub fn rows_before_header(mut self, rows: usize) -> Self {
        self.rows_before_header = rows;
        self
    }

    /// States that the last row of a table has no line end although it is whole: Google Sheets writes so.
    #[must_use]
    pub fn open_end(mut self) -> Self {
        self.open_end = true;
        self
    }

    /// States that an empty file is a listing of nobody, which it is where a program writes JSON lines of nobody. A file
    /// that was cut off before its first byte is one, too.
    #[must_use]
    pub fn may_be_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }
}

/// Where a reader stands, beside its place in the text.
#[derive(Debug, Clone, Default)]
struct Step {
    /// How many of the items before have left.
    gone: u64,
    /// The last line that was begun or passed.
    line: u64,
    /// How many records were begun.
    count: u64,
    /// The line in which the record begins.
    begun: u64,
    /// A list of records was entered.
    is_inside: bool,
    /// What is told of the item that was read last, if it is no record.
    unread: Option<String>,
}

impl Step {
    /// Where a record of JSON stands.
    fn record(&self) -> String {
        format!("record {} (line {})", self.count, self.begun + 1)
    }
}

/// Why there is no next record.
enum Stop {
    End,
    /// The text is cut off, or of another form from here on.
    Torn(String),
    /// The text is of another form from its beginning.
    Wrong(String),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A file whose form is known: for a listing ([`Opened::listing`]), or for whoever looks at its objects first
/// ([`Opened::each`]).
///
/// ```
/// use tripartite::schema::{Field, Kind, Schema};
/// use tripartite::source::{Connector, Item, Next};
/// use tripartite_sources::file::{Form, Opened, Reading};
/// use tripartite_sources::records::Records;
///
/// let text = "id;name\n007;Áine\n7;Seán\n";
/// let opened = Opened::bytes("members", text.as_bytes(), &Reading::default(), "id")?;
/// assert_eq!(opened.found().form, Form::Delimited(';'));
/// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// let listing = opened.listing(Records::new(schema, "id"))?;
/// let page = tripartite::drive::block_on(listing.fetch(None))?;
/// let [Item::Record(first), Item::Record(_)] = &page.items[..] else { panic!("two records") };
/// assert_eq!(first.id.as_str(), "007"); // not 7: a table is text
/// assert_eq!(page.next, Next::Complete { total: None });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Opened {
    text: Text,
    parser: Parser,
    found: Found,
    reading: Reading,
    is_cut: bool,
}

impl Opened {
    /// Opens a listing, and finds its form. The id's name tells a record that has a list in it from an envelope.
    ///
    /// # Errors
    /// [`FileError`], if there is nothing to be read, or it is no listing.
    pub fn open(input: &Input, reading: &Reading, id_field: &str) -> Result<Self, FileError> {
        Self::of(Raw::open(input)?, reading, id_field)
    }

    /// A listing that the program has in memory; the name is for messages.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn bytes(
        name: &str,
        bytes: impl Into<Arc<[u8]>>,
        reading: &Reading,
        id_field: &str,
    ) -> Result<Self, FileError> {
        Self::of(Raw::memory(name, bytes.into()), reading, id_field)
    }

    /// A listing that can be read once, which is copied to a file without a name.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn stream(name: &str, from: impl io::Read, reading: &Reading, id_field: &str) -> Result<Self, FileError> {
        Self::of(Raw::copied(name, from)?, reading, id_field)
    }

    fn of(raw: Raw, reading: &Reading, id_field: &str) -> Result<Self, FileError> {
        let (mut text, Surveyed { lines, is_cut, length }) = Text::open(raw, reading.encoding)?;
        if length == 0 && (is_cut || !reading.may_be_empty) {
            return Err(form::empty(text.name()));
        }
        let (form, parser) = form::find(&mut text, reading, Some(id_field))?;
        let lines = if let Parser::Sheet(rows) = &parser { rows.count() } else { lines };
        let found = Found { form, packed: text.packed(), encoded: text.encoded(), lines };
        Ok(Self { text, parser, found, reading: reading.clone(), is_cut })
    }

    /// What was found, or stated.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// The name of the file, for messages.
    pub fn name(&self) -> &str {
        self.text.name()
    }
}

/// The place of a reader, as a cursor keeps it.
fn cursor(offset: u64, step: &Step) -> Cursor {
    let unread = step.unread.as_ref().map(|told| format!(":{told}")).unwrap_or_default();
    Cursor(format!("{offset}:{}:{}:{}{unread}", step.line, step.count, step.gone))
}

/// The place that a cursor keeps.
fn place_of(cursor: &Cursor) -> Option<(u64, Step)> {
    let mut parts = cursor.0.splitn(5, ':');
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (offset, line, count, gone) = (number()?, number()?, number()?, number()?);
    let unread = parts.next().map(str::to_owned);
    Some((offset, Step { line, count, gone, begun: line, is_inside: offset > 0, unread }))
}
