//! Failures: how a host classifies what went wrong, in the four classes on which workers act.
//!
//! A host's errors stay the host's types. They implement [`Classify`], and the driver of a run learns from the
//! [`Failure`] alone whether another attempt makes sense.
//!
//! | what happened | class |
//! |---|---|
//! | a time-out, a 503, a locked database | [`Failure::Retry`] |
//! | a 429 with `Retry-After: 120` | [`Failure::Retry`] with `after` = 120 s |
//! | a 401, a revoked token | [`Failure::Denied`]: a person must renew the credential |
//! | the account was closed, a 410 | [`Failure::Gone`] |
//! | a bug, a full disk, data that makes no sense | [`Failure::Fatal`] |
//!
//! The numbers are HTTP status codes, as in [RFC 9110] and, for 429, [RFC 6585].
//!
//! **Why does the host classify, and not the crate?** Only the host knows what its source means: one answers 403 to a
//! revoked token, the next to a request too many.
//!
//! **Which class when in doubt?** [`Failure::Retry`]. A needless attempt costs one request; a failure taken for final
//! stops the sync until somebody notices.
//!
//! [RFC 6585]: https://www.rfc-editor.org/rfc/rfc6585
//! [RFC 9110]: https://www.rfc-editor.org/rfc/rfc9110

mod erased;
mod format;

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::erased::{DynError, DynFuture};
pub use self::format::FormatError;

/// What kind of failure an error is, for the decision whether and when to try again.
///
/// ```
/// use std::time::Duration;
/// use tripartite::failure::Failure;
/// let busy = Failure::Retry { after: Some(Duration::from_secs(120)) };
/// assert_eq!(busy.to_string(), "may succeed when tried again after 120 s");
/// ```
///
/// This enum is exhaustive: whoever tries again must know what each class asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// It may well succeed later; not before `after`, where the other side asked for that.
    Retry {
        /// The least delay the other side asked for, counted from its answer; `None` when it asked for none.
        after: Option<Duration>,
    },
    /// The credential was refused; trying again changes nothing until a person renews it.
    Denied,
    /// What was asked for is no longer there.
    Gone,
    /// It will fail the same way every time.
    Fatal,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { after: None } => f.write_str("may succeed when tried again"),
            Self::Retry { after: Some(after) } => write!(f, "may succeed when tried again after {} s", after.as_secs()),
            Self::Denied => f.write_str("the credential was refused"),
            Self::Gone => f.write_str("no longer there"),
            Self::Fatal => f.write_str("will not succeed when tried again"),
        }
    }
}

/// How a host's error says what kind of failure it is.
///
/// ```
/// use tripartite::failure::{Classify, Failure};
/// #[derive(Debug)]
/// struct Busy;
/// impl Classify for Busy {
///     fn failure(&self) -> Failure {
///         Failure::Retry { after: None }
///     }
/// }
/// assert_eq!(Busy.failure(), Failure::Retry { after: None });
/// ```
pub trait Classify {
    /// The class of this error.
    fn failure(&self) -> Failure;
}

impl Classify for Infallible {
    fn failure(&self) -> Failure {
        match *self {}
    }
}
