//! The files that this program writes, other than its database: plans and pages.
//!
//! | a file is | so that |
//! |---|---|
//! | written under a random name beside its place (`O_EXCL`), then renamed | it is there as a whole or not at all, and no link is followed |
//! | its owner's alone (0600) | nobody else reads the values of people in it |
//! | synced before it is renamed, and its directory after | a power cut loses no file that was reported |
//! | removed when it cannot be written | nothing is left behind |
//!
//! **What is never overwritten?** A file that the command reads, under whatever name: the database and its journals, the
//! listing, the schema, the audit's key. Nor is any other file, unless it is empty or an earlier one of the same kind.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::audit_key::AUDIT_KEY_FILE;
use crate::store::Place;
use crate::work;

/// What stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plan, as `plan --out` writes it.
    Plan,
    /// A page, as `report --html` writes it.
    Page,
}

impl Kind {
    fn option(self) -> &'static str {
        match self {
            Self::Plan => "--out",
            Self::Page => "--html",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Page => "page",
        }
    }

    /// Whether a file that begins like this is one of the kind.
    fn is_begun_by(self, text: &[u8]) -> bool {
        match self {
            Self::Plan => text.starts_with(b"{\"format\":") && text.windows(9).any(|part| part == b"\"schema\":"),
            Self::Page => text.starts_with(b"<!doctype html>\n"),
        }
    }
}

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// It is one that the command reads.
    #[error("{option} {file} is the same file as {input}, which is not overwritten; name another one")]
    IsRead {
        /// The option that names it.
        option: &'static str,
        /// The file.
        file: String,
        /// What it is to the command.
        input: String,
    },
    /// It is somebody else's.
    #[error(
        "{option} {file} is there already and is no {kind} of nightly-sync, so it is not overwritten; remove it or name another one"
    )]
    IsOther {
        /// The option that names it.
        option: &'static str,
        /// The file.
        file: String,
        /// What it should be.
        kind: &'static str,
    },
    /// It is a directory, a device or a pipe.
    #[error("{option} {file} is no regular file, so it cannot be replaced as a whole; name another one")]
    IsNoFile {
        /// The option that names it.
        option: &'static str,
        /// The file.
        file: String,
    },
    /// It cannot be written.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
}

/// The files that a command reads, each with what it is to the command.
#[derive(Debug, Default)]
pub struct Inputs(Vec<(String, PathBuf)>);

impl Inputs {
    /// Those of a database: itself, its journals, the key of its audit, and the listings that are scheduled in it.
    pub fn of(place: &Place) -> Self {
        let mut inputs = Self::default();
        if let Some(db) = place.file() {
            let real = fs::canonicalize(db).unwrap_or_else(|_| db.to_owned());
            for db in [db, &real] {
                inputs = inputs.and("the database", db);
                for end in ["-wal", "-shm", "-journal"] {
                    inputs = inputs.and("a journal of the database", beside(db, end));
                }
            }
        }
        if let Some(key) = std::env::var_os(AUDIT_KEY_FILE) {
            inputs = inputs.and("the key of the audit", key);
        }
        let queue = work::queue_to_read(place).ok().flatten();
        let listings = queue.and_then(|queue| work::listings(&queue).ok()).unwrap_or_default();
        listings.into_iter().fold(inputs, |inputs, listing| inputs.and("a listing that is scheduled", listing))
    }

    /// And one more.
    #[must_use]
    pub fn and(mut self, what: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        self.0.push((what.into(), file.into()));
        self
    }
}

/// A file that may be written.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
}

impl Output {
    /// A file of a kind. Nothing is written yet, so a command asks first and works then.
    ///
    /// # Errors
    /// [`OutputError`], when it is one of the inputs, or there already and no earlier file of this kind.
    ///
    /// ```
    /// use nightly_sync::output::{Inputs, Kind, Output, OutputError};
    /// let place = tempfile::tempdir()?;
    /// let [listing, plan] = ["listing.jsonl", "plan.json"].map(|name| place.path().join(name));
    /// std::fs::write(&listing, "{}")?;
    /// let inputs = Inputs::default().and("the listing", &listing);
    /// assert!(matches!(Output::new(Kind::Plan, &listing, &inputs), Err(OutputError::IsRead { .. })));
    /// assert!(Output::new(Kind::Plan, &plan, &inputs).is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(kind: Kind, path: &Path, inputs: &Inputs) -> Result<Self, OutputError> {
        let (option, file) = (kind.option(), path.display().to_string());
        if let Some((input, _)) = inputs.0.iter().find(|(_, input)| are_one(path, input)) {
            return Err(OutputError::IsRead { option, file, input: input.clone() });
        }
        match fs::metadata(path) {
            Ok(there) if !there.is_file() => Err(OutputError::IsNoFile { option, file }),
            Ok(there) if there.len() > 0 && !begins(path).is_ok_and(|text| kind.is_begun_by(&text)) => {
                Err(OutputError::IsOther { option, file, kind: kind.name() })
            }
            _ => Ok(Self { path: path.to_owned() }),
        }
    }

    /// Writes it: all of it, or none, and then what was there before stays.
    ///
    /// # Errors
    /// What the writing of its content ends with, or [`OutputError::Io`].
    pub fn write<E: From<OutputError>>(
        &self,
        content: impl FnOnce(&mut BufWriter<&File>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error| OutputError::Io { file: self.path.display().to_string(), error };
        let directory = directory(&self.path);
        // Created with O_EXCL and 0600 under a random name, and removed when it is dropped.
        let beside = tempfile::Builder::new().prefix(".nightly-sync-").tempfile_in(directory).map_err(failed)?;
        let mut writer = BufWriter::new(beside.as_file());
        content(&mut writer)?;
        writer.flush().map_err(failed)?;
        drop(writer);
        beside.as_file().sync_all().map_err(failed)?;
        beside.persist(&self.path).map_err(|error| failed(error.error))?;
        settle(directory).map_err(failed)?;
        Ok(())
    }
}

/// The directory that a file is in.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A rename is on the disk once its directory is.
fn settle(directory: &Path) -> io::Result<()> {
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // A directory that may be written and not read; and some systems sync none.
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput) => Ok(()),
        synced if cfg!(unix) => synced,
        _ => Ok(()),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// How a file begins.
fn begins(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(256).read_to_end(&mut text)?;
    Ok(text)
}

/// Whether two names are of one file, whatever links lead to it; also where it is not there yet.
fn are_one(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(a), Ok(b)) => is_same(&a, &b) || resolved(one) == resolved(other),
        _ => resolved(one) == resolved(other),
    }
}

#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false
}

/// A path without links, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| match (fs::canonicalize(directory(path)), path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path.to_owned(),
    })
}
