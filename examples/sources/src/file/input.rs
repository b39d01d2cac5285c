//! What a listing is read from: a file, standard input, or bytes that the program has.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use super::FileError;

/// Where a listing stands.
///
/// ```
/// use tripartite_sources::file::Input;
/// assert_eq!("-".parse(), Ok(Input::Stdin));
/// assert_eq!("members.csv".parse(), Ok(Input::File("members.csv".into())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file, or what can be read once, such as the pipe of a process substitution.
    File(PathBuf),
    /// A regular file and nothing else: for who reads it again and again, and waits for nobody who writes into a pipe.
    Regular(PathBuf),
    /// Standard input.
    Stdin,
}

impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "-" { Self::Stdin } else { Self::File(text.into()) })
    }
}

/// Bytes that can be read more than once. What can be read only once was copied to a file without a name.
pub(super) struct Raw {
    pub(super) name: String,
    bytes: Bytes,
}

enum Bytes {
    File { file: Arc<File>, kept: Option<State> },
    Memory(Arc<[u8]>),
}

/// What shows that somebody has written into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    length: u64,
    changed: Option<SystemTime>,
}

impl Raw {
    pub(super) fn open(input: &Input) -> Result<Self, FileError> {
        match input {
            Input::File(path) => Self::file(path),
            Input::Regular(path) => Self::regular(path),
            Input::Stdin => Self::copied("standard input", io::stdin().lock()),
        }
    }

    pub(super) fn memory(name: &str, bytes: Arc<[u8]>) -> Self {
        Self { name: name.to_owned(), bytes: Bytes::Memory(bytes) }
    }

    /// What can be read once is copied, to its end, into a file that only this process has, without a name and gone with
    /// it.
    pub(super) fn copied(name: &str, mut from: impl Read) -> Result<Self, FileError> {
        let mut copy = || {
            let mut file = tempfile::tempfile()?;
            io::copy(&mut from, &mut file)?;
            Ok(file)
        };
        let file = copy().map_err(|error| FileError::io(name, error))?;
        Ok(Self { name: name.to_owned(), bytes: Bytes::File { file: Arc::new(file), kept: None } })
    }

    fn file(path: &Path) -> Result<Self, FileError> {
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| match file.metadata()?.file_type() {
            kind if kind.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory")),
            kind => Ok((kind.is_file(), file)),
        });
        match opened {
            Ok((true, file)) => Self::over(name, file),
            Ok((false, file)) => Self::copied(&name, file),
            Err(error) => Err(FileError::io(&name, error)),
        }
    }

    fn regular(path: &Path) -> Result<Self, FileError> {
        let mut options = File::options();
        options.read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        let name = path.display().to_string();
        let opened = options.open(path).and_then(|file| Ok((file.metadata()?.is_file(), file)));
        match opened {
            Ok((true, file)) => Self::over(name, file),
            Ok((false, _)) => Err(FileError::NoFile { listing: name }),
            Err(error) => Err(FileError::io(&name, error)),
        }
    }

    fn over(name: String, file: File) -> Result<Self, FileError> {
        let kept = State::of(&file).map_err(|error| FileError::io(&name, error))?;
        Ok(Self { name, bytes: Bytes::File { file: Arc::new(file), kept: Some(kept) } })
    }

    /// A reader that begins at this byte. Each has a place of its own.
    pub(super) fn reader(&self, from: u64) -> Reader {
        match &self.bytes {
            Bytes::File { file, .. } => Reader::File { file: Arc::clone(file), at: from },
            Bytes::Memory(bytes) => {
                let mut bytes = io::Cursor::new(Arc::clone(bytes));
                bytes.set_position(from);
                Reader::Memory(bytes)
            }
        }
    }

    /// Whether somebody has written into the file since it was opened.
    pub(super) fn has_changed(&self) -> bool {
        match &self.bytes {
            Bytes::File { file, kept: Some(kept) } => State::of(file).ok().as_ref() != Some(kept),
            _ => false,
        }
    }
}

impl State {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { length: metadata.len(), changed: metadata.modified().ok() })
    }
}

/// A reader of the bytes as they stand there.
pub(super) enum Reader {
    File { file: Arc<File>, at: u64 },
    Memory(io::Cursor<Arc<[u8]>>),
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File { file, at } => {
                let read = read_at(file, buffer, *at)?;
                *at += read as u64;
                Ok(read)
            }
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(at))?;
    file.read(buffer)
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match (self, to) {
            (Self::Memory(bytes), to) => bytes.seek(to),
            (Self::File { at, .. }, SeekFrom::Start(to)) => {
                *at = to;
                Ok(to)
            }
            (Self::File { file, at }, SeekFrom::End(by)) => moved(at, file.metadata()?.len(), by),
            (Self::File { at, .. }, SeekFrom::Current(by)) => moved(at, *at, by),
        }
    }
}

fn moved(at: &mut u64, from: u64, by: i64) -> io::Result<u64> {
    *at = from.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(*at)
}
