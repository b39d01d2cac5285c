//! Why a listing cannot be read.

use std::io;

use tripartite::failure::{Classify, Failure};

/// Why a listing in a file cannot be read. Nothing in a message is content of the listing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be opened, or cannot be read on.
    #[error("{listing} cannot be read: {error}")]
    Io {
        /// Its name.
        listing: String,
        /// Why.
        error: io::Error,
    },
    /// It is a pipe, a device or a directory, and only a regular file was asked for.
    #[error("{listing} is no regular file; it is read anew in each run, and nobody waits for a writer")]
    NoFile {
        /// Its name.
        listing: String,
    },
    /// It is no listing.
    #[error("{listing} {is}; {remedy}")]
    Wrong {
        /// Its name.
        listing: String,
        /// What it is.
        is: String,
        /// What to do.
        remedy: String,
    },
    /// It is a listing, but a setting does not fit it.
    #[error("{listing}: {problem}")]
    Setting {
        /// Its name.
        listing: String,
        /// What does not fit.
        problem: String,
    },
    /// Its compression is damaged, so that none of it can be believed.
    #[error("{listing} is damaged: {problem}; get it once more")]
    Damaged {
        /// Its name.
        listing: String,
        /// Where and how.
        problem: String,
    },
    /// Somebody asks for a page that this listing never had.
    #[error("{listing} has no page `{cursor}`")]
    NoPage {
        /// Its name.
        listing: String,
        /// The cursor.
        cursor: String,
    },
}

impl FileError {
    pub(super) fn io(listing: &str, error: io::Error) -> Self {
        Self::Io { listing: listing.to_owned(), error }
    }

    pub(super) fn wrong(listing: &str, is: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Wrong { listing: listing.to_owned(), is: is.into(), remedy: remedy.into() }
    }

    pub(super) fn setting(listing: &str, problem: impl Into<String>) -> Self {
        Self::Setting { listing: listing.to_owned(), problem: problem.into() }
    }
}

impl Classify for FileError {
    fn failure(&self) -> Failure {
        match self {
            Self::Io { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => Failure::Denied,
            // A wrong file may be an error page or half an upload: the next one may be right.
            Self::Io { .. } | Self::Damaged { .. } | Self::Wrong { .. } => Failure::Retry { after: None },
            Self::NoFile { .. } | Self::Setting { .. } | Self::NoPage { .. } => Failure::Fatal,
        }
    }
}
