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
//! A number of more than 64 bits is read as JSON readers do, as the nearest double; a source that means every digit sends
//! a text. What is told of a line never holds anything that stood in it.

mod line;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tripartite::exchange::{Cursor, Next, Page};
use tripartite::failure::{Classify, Failure};
use tripartite::host::Connector;
use tripartite::schema::Schema;

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
            Self::Io { error, .. } if error.kind() == io::ErrorKind::NotFound => Failure::Gone,
            Self::Io { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => Failure::Denied,
            Self::Io { .. } => Failure::Retry { after: None },
            Self::Rewind { .. } => Failure::Fatal,
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

    fn page(&self, after: Option<&Cursor>) -> Result<Page, ListingError> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.go_to(after)?;
        let mut items = Vec::new();
        let mut buffer = Vec::new();
        for _ in 0..self.page {
            match lines.next(&mut buffer)? {
                Taken::End => {
                    let next = if self.complete { Next::Complete { total: None } } else { Next::Partial };
                    return Ok(Page { items, next });
                }
                Taken::Line => items.extend(line::read(&self.schema, &self.id_field, &buffer, lines.number)),
                Taken::TooLong => items.push(line::too_long(&self.id_field, &buffer, lines.number)),
            }
        }
        Ok(Page { items, next: Next::More(lines.cursor()) })
    }
}

impl Connector for JsonLines {
    type Error = ListingError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, ListingError> {
        self.page(after)
    }
}

/// The lines of a listing.
pub struct Lines {
    name: String,
    from: Source,
    /// How many lines were read.
    number: u64,
    /// How many bytes they had.
    offset: u64,
}

enum Source {
    File(BufReader<File>),
    Text(io::Cursor<&'static [u8]>),
    Stream(BufReader<Box<dyn Read + Send>>),
}

/// What came of reading one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A line.
    Line,
    /// The beginning of one that is too long.
    TooLong,
    /// There is none.
    End,
}

impl Lines {
    /// Opens a listing.
    ///
    /// # Errors
    /// [`ListingError`], when there is none that can be read.
    pub fn open(remote: &Remote) -> Result<Self, ListingError> {
        match remote {
            Remote::File(path) => Self::file(path),
            Remote::Stdin => Ok(Self::of("standard input", Source::Stream(BufReader::new(Box::new(io::stdin()))))),
        }
    }

    /// Of a text that is part of the program.
    pub fn text(name: &str, text: &'static str) -> Self {
        Self::of(name, Source::Text(io::Cursor::new(text.as_bytes())))
    }

    fn file(path: &Path) -> Result<Self, ListingError> {
        let name = path.display().to_string();
        let file = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory")),
            false => Ok(file),
        });
        match file {
            Ok(file) => Ok(Self::of(&name, Source::File(BufReader::with_capacity(1 << 16, file)))),
            Err(error) => Err(ListingError::Io { listing: name, error }),
        }
    }

    fn of(name: &str, from: Source) -> Self {
        Self { name: name.to_owned(), from, number: 0, offset: 0 }
    }

    /// Its name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many lines there are, and back to the beginning; `None` when they can only be read once.
    ///
    /// # Errors
    /// [`ListingError`], when they cannot be read.
    pub fn count(&mut self) -> Result<Option<u64>, ListingError> {
        if matches!(self.from, Source::Stream(_)) {
            return Ok(None);
        }
        let (mut count, mut open) = (0, false);
        loop {
            let read = self.from.reader().fill_buf();
            let chunk = read.map_err(|error| ListingError::Io { listing: self.name.clone(), error })?;
            if chunk.is_empty() {
                break;
            }
            count += chunk.iter().filter(|&&byte| byte == b'\n').count() as u64;
            open = chunk.last() != Some(&b'\n');
            let read = chunk.len();
            self.from.reader().consume(read);
        }
        self.rewind()?;
        Ok(Some(count + u64::from(open)))
    }

    /// Reads the next line that is not blank, without its end.
    pub(crate) fn next(&mut self, line: &mut Vec<u8>) -> Result<Taken, ListingError> {
        loop {
            line.clear();
            let read = self.read_line(line).map_err(|error| ListingError::Io { listing: self.name.clone(), error })?;
            if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            let end = line.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
            line.truncate(line.len() - end);
            if read != Taken::Line || !line.is_empty() {
                return Ok(read);
            }
        }
    }

    fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<Taken> {
        let limit = MAX_LINE as u64 + 1;
        let mut read = self.from.reader().take(limit).read_until(b'\n', line)? as u64;
        if read == 0 {
            return Ok(Taken::End);
        }
        self.number += 1;
        let ended = line.last() == Some(&b'\n');
        let outcome = if read == limit && !ended { Taken::TooLong } else { Taken::Line };
        if outcome == Taken::TooLong {
            read += skip_line(self.from.reader())?;
        }
        self.offset += read;
        Ok(outcome)
    }

    /// Where the next line begins.
    fn cursor(&self) -> Cursor {
        Cursor(format!("{}:{}", self.number, self.offset))
    }

    fn go_to(&mut self, after: Option<&Cursor>) -> Result<(), ListingError> {
        let place = after.map_or(Some((0, 0)), |after| {
            let (number, offset) = after.0.split_once(':')?;
            Some((number.parse().ok()?, offset.parse().ok()?))
        });
        match place {
            Some(place) if place == (self.number, self.offset) => Ok(()),
            Some((number, offset)) => self.seek(number, offset),
            None => Err(ListingError::Rewind { listing: self.name.clone() }),
        }
    }

    pub(crate) fn rewind(&mut self) -> Result<(), ListingError> {
        self.seek(0, 0)
    }

    fn seek(&mut self, number: u64, offset: u64) -> Result<(), ListingError> {
        let sought = match &mut self.from {
            Source::File(file) => file.seek(SeekFrom::Start(offset)),
            Source::Text(text) => text.seek(SeekFrom::Start(offset)),
            Source::Stream(_) => return Err(ListingError::Rewind { listing: self.name.clone() }),
        };
        sought.map_err(|error| ListingError::Io { listing: self.name.clone(), error })?;
        (self.number, self.offset) = (number, offset);
        Ok(())
    }
}

impl Source {
    fn reader(&mut self) -> &mut dyn BufRead {
        match self {
            Self::File(file) => file,
            Self::Text(text) => text,
            Self::Stream(stream) => stream,
        }
    }
}

fn skip_line(reader: &mut dyn BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let chunk = reader.fill_buf()?;
        let (ends, read) = match chunk.iter().position(|&byte| byte == b'\n') {
            Some(at) => (true, at + 1),
            None => (chunk.is_empty(), chunk.len()),
        };
        reader.consume(read);
        skipped += read as u64;
        if ends {
            return Ok(skipped);
        }
    }
}
