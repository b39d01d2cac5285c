//! Why a request is rejected, and the HTTP status of each reason.

use std::time::Duration;

use super::event::MalformedMessage;

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// It was not sent.
    #[error("is missing")]
    Missing,
    /// It was sent more than once, and only one value can be the signed one.
    #[error("was sent more than once")]
    Twice,
    /// It is malformed.
    #[error("is malformed")]
    Form,
}

/// Why a request is rejected. No reason repeats anything of the request.
///
/// ```
/// use tripartite::webhook::Rejection;
/// assert_eq!(
///     (Rejection::Signature.status(), Rejection::Signature.name()),
///     (401, "signature")
/// );
/// assert_eq!(
///     Rejection::TooLarge { cap: 1024 }.to_string(),
///     "the body is larger than 1024 bytes"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The body is larger than the cap.
    #[error("the body is larger than {cap} bytes")]
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
    /// The body is compressed. The signature is over the bytes as sent, and the endpoint unpacks nothing.
    #[error("the body has a content-encoding, and only a body without one is accepted")]
    Encoded,
    /// A header cannot be used.
    #[error("header {name} {problem}")]
    Header {
        /// Its name, in small letters.
        name: String,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// The request has no signature.
    #[error("the request is not signed")]
    Unsigned,
    /// No signature matches one of the secrets.
    #[error("no signature matches")]
    Signature,
    /// It was signed too long ago, or in the future.
    #[error("the timestamp is more than {} s away", tolerance.as_secs())]
    Stale {
        /// How far away the timestamp may be.
        tolerance: Duration,
    },
    /// Too many requests came.
    #[error("too many requests")]
    Limited {
        /// After how long the next request may come.
        retry_after: Duration,
    },
    /// The body does not have the agreed shape.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    /// No connection serves the address.
    #[error("no connection serves this address")]
    Gone,
}

impl Rejection {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Header { .. } | Self::Malformed(_) => 400,
            Self::Unsigned | Self::Signature | Self::Stale { .. } => 401,
            Self::Gone => 410,
            Self::TooLarge { .. } => 413,
            Self::Encoded => 415,
            Self::Limited { .. } => 429,
        }
    }

    /// The name of the reason, to count by.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Encoded => "encoded",
            Self::Header { .. } => "header",
            Self::Unsigned => "unsigned",
            Self::Signature => "signature",
            Self::Stale { .. } => "stale",
            Self::Limited { .. } => "limited",
            Self::Malformed(_) => "malformed",
            Self::Gone => "gone",
        }
    }

    pub(super) fn header(name: &str, problem: HeaderProblem) -> Self {
        Self::Header { name: name.to_ascii_lowercase(), problem }
    }
}
