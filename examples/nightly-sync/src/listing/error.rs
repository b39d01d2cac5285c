//! Why a listing cannot be read, wherever it is.

use tripartite::failure::{Classify, Failure};
use tripartite_sources::file::FileError;
use tripartite_sources::http::HttpError;

/// A listing cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// The file cannot be read, or is no listing.
    #[error(transparent)]
    File(#[from] FileError),
    /// The service does not answer as it should.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Classify for ListingError {
    fn failure(&self) -> Failure {
        match self {
            Self::File(error) => error.failure(),
            Self::Http(error) => error.failure(),
        }
    }
}
