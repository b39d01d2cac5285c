//! Why a listing over HTTP cannot be read.

use std::time::Duration;

use tripartite::failure::{Classify, Failure};

use super::SecretError;
use crate::file::FileError;

/// Why a source over HTTP does not answer as it should. No message has a secret, a query or a body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// A setting cannot be right.
    #[error("{0}")]
    Setting(String),
    /// A secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// There is no whole answer: no connection, a time-out, a body that is cut off.
    #[error("{url} does not answer: {problem}")]
    NoAnswer {
        /// The address, without its query.
        url: String,
        /// What happened.
        problem: String,
    },
    /// The answer is a refusal.
    #[error("{url} answers {status}{}", .after.map(|after| format!(", and asks to wait for {} s", after.as_secs())).unwrap_or_default())]
    Status {
        /// The address, without its query.
        url: String,
        /// The status code of HTTP.
        status: u16,
        /// How long the source asks to wait.
        after: Option<Duration>,
        /// The status says too many requests, whatever its number is.
        is_limit: bool,
    },
    /// The answer names another server, which gets no credential.
    #[error("{url} points to {to}, which is another origin; state that address if it is right")]
    Origin {
        /// The address, without its query.
        url: String,
        /// The other origin.
        to: String,
    },
    /// The answer is larger than was allowed.
    #[error("{url} answers with more than {limit} bytes; ask for smaller pages, or state a larger limit")]
    TooLarge {
        /// The address, without its query.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The body is no listing.
    #[error(transparent)]
    Body(#[from] FileError),
    /// Somebody asks for a page that this listing never had.
    #[error("the listing has no such page")]
    NoPage,
}

impl Classify for HttpError {
    fn failure(&self) -> Failure {
        match self {
            Self::NoAnswer { .. } => Failure::Retry { after: None },
            Self::Status { status, after, is_limit, .. } => match status {
                _ if *is_limit => Failure::Retry { after: *after },
                401 | 403 | 407 => Failure::Denied,
                404 | 410 => Failure::Gone,
                408 | 409 | 423 | 425 | 429 | 500..=599 => Failure::Retry { after: *after },
                _ => Failure::Fatal,
            },
            Self::Secret(_) => Failure::Denied,
            Self::Body(error) => error.failure(),
            Self::Setting(_) | Self::Origin { .. } | Self::TooLarge { .. } | Self::NoPage => Failure::Fatal,
        }
    }
}
