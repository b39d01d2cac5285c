use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use tripartite::source::Cursor;

use super::{ListingError, MAX_LINE, Remote};

/// The lines of a listing.
pub struct Lines {
    name: String,
    from: Source,
    /// How many lines were read.
    pub(super) number: u64,
    /// How many bytes they had.
    offset: u64,
    /// What is told of the line that was read last, if it is no record.
    pub(super) last_unread: Option<String>,
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
            Remote::Stdin => Ok(Self::stream("standard input", io::stdin())),
        }
    }

    /// Of a text that is part of the program.
    pub fn text(name: &str, text: &'static str) -> Self {
        Self::of(name, Source::Text(io::Cursor::new(text.as_bytes())))
    }

    /// Of what can be read once, from its beginning to its end.
    pub fn stream(name: &str, from: impl Read + Send + 'static) -> Self {
        Self::of(name, Source::Stream(BufReader::new(Box::new(from))))
    }

    /// Opens a listing that is a file, for who reads it again and again. Nothing is waited for: a pipe is refused, and not
    /// opened until somebody writes into it.
    ///
    /// # Errors
    /// [`ListingError`], when it is no regular file, or cannot be read.
    pub fn open_file(path: &Path) -> Result<Self, ListingError> {
        let mut options = File::options();
        options.read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        let name = path.display().to_string();
        let opened = options.open(path).and_then(|file| Ok((file.metadata()?.is_file(), file)));
        match opened {
            Ok((true, file)) => Ok(Self::over(&name, file)),
            Ok((false, _)) => Err(ListingError::NoFile { listing: name }),
            Err(error) => Err(ListingError::Io { listing: name, error }),
        }
    }

    /// A file; or what can be read once, as the pipe of a process substitution.
    fn file(path: &Path) -> Result<Self, ListingError> {
        let name = path.display().to_string();
        let file = File::open(path).and_then(|file| match file.metadata()?.file_type() {
            kind if kind.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory")),
            kind => Ok((kind.is_file(), file)),
        });
        match file {
            Ok((true, file)) => Ok(Self::over(&name, file)),
            Ok((false, file)) => Ok(Self::stream(&name, file)),
            Err(error) => Err(ListingError::Io { listing: name, error }),
        }
    }

    fn over(name: &str, file: File) -> Self {
        Self::of(name, Source::File(BufReader::with_capacity(1 << 16, file)))
    }

    fn of(name: &str, from: Source) -> Self {
        Self { name: name.to_owned(), from, number: 0, offset: 0, last_unread: None }
    }

    /// The number of the line that was read last.
    pub(crate) fn number(&self) -> u64 {
        self.number
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

    /// The same, so that it can be read again: what can be read once is copied, to its end, into a file that only this
    /// process has, without a name and gone with it.
    ///
    /// # Errors
    /// [`ListingError`], when it cannot be read or there is no room for it.
    pub fn kept(self) -> Result<Self, ListingError> {
        let Source::Stream(mut stream) = self.from else { return Ok(self) };
        let mut copy = || {
            let mut file = tempfile::tempfile()?;
            io::copy(&mut stream, &mut file)?;
            file.rewind()?;
            Ok(file)
        };
        match copy() {
            Ok(file) => Ok(Self::of(&self.name, Source::File(BufReader::with_capacity(1 << 16, file)))),
            Err(error) => Err(ListingError::Io { listing: self.name, error }),
        }
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

    /// Where the next line begins, and what is told of the one before it: it may be the last.
    pub(super) fn cursor(&self) -> Cursor {
        let told = self.last_unread.as_ref().map(|told| format!(":{told}")).unwrap_or_default();
        Cursor(format!("{}:{}{told}", self.number, self.offset))
    }

    pub(super) fn go_to(&mut self, after: Option<&Cursor>) -> Result<(), ListingError> {
        let place = after.map_or(Some((0, 0, None)), |after| {
            let mut parts = after.0.splitn(3, ':');
            let mut number = || parts.next()?.parse().ok();
            Some((number()?, number()?, parts.next().map(str::to_owned)))
        });
        let Some((number, offset, last_unread)) = place else {
            return Err(ListingError::Rewind { listing: self.name.clone() });
        };
        if (number, offset) != (self.number, self.offset) {
            self.seek(number, offset)?;
        }
        self.last_unread = last_unread;
        Ok(())
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
