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
    /// It was sent more than once, and only one of them can be what was signed.
    #[error("was sent more than once")]
    Twice,
    /// It does not have the form it must have.
    #[error("does not have its form")]
    Form,
}

/// Why a request is turned away. None says a word of what was in it.
///
/// ```
/// use tripartite::webhook::Rejection;
/// assert_eq!(
///     (Rejection::Signature.status(), Rejection::Signature.name()),
///     (401, "signature")
/// );
/// assert_eq!(
///     Rejection::TooLarge { cap: 1024 }.to_string(),
///     "a body has at most 1024 bytes here"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The body is larger than what is read here.
    #[error("a body has at most {cap} bytes here")]
    TooLarge {
        /// How much is.
        cap: usize,
    },
    /// The body is compressed. What is signed is what was sent, and nothing is unpacked here.
    #[error("the body has a content-encoding; it is taken only as it is, without one")]
    Encoded,
    /// A header cannot be used.
    #[error("header {name} {problem}")]
    Header {
        /// Its name, in small letters.
        name: String,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// There is no signature at all.
    #[error("the request is not signed")]
    Unsigned,
    /// No signature is one of ours.
    #[error("no signature matches")]
    Signature,
    /// It was signed too long ago, or in the future.
    #[error("the timestamp is more than {} s away", tolerance.as_secs())]
    Stale {
        /// How far away it may be.
        tolerance: Duration,
    },
    /// Too many came.
    #[error("too many requests")]
    Limited {
        /// After how long another may.
        retry_after: Duration,
    },
    /// The body is not what was agreed on.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    /// Nobody is interested any more, or ever was.
    #[error("there is nobody here")]
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

    /// The reason in one word, to count by.
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
