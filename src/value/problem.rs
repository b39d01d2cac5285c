//! What can be wrong with a value. A problem travels into audits and logs, so it never holds what it is about.

use serde::{Deserialize, Serialize};

use super::pointer;

/// Why a value that was said cannot be read as its field's kind. Never holds the value itself.
///
/// ```
/// use tripartite::value::Problem;
/// let problem =
///     Problem::WrongType { expected: "a list".to_owned(), found: "text".to_owned() };
/// // put behind the field's name
/// assert_eq!(problem.to_string(), "should be a list, but is text");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    /// No e-mail address by the rule of [`normalize::email`](crate::normalize::email).
    #[error("is not an e-mail address")]
    NotAnEmail,
    /// No possible telephone number in the field's region.
    #[error("is not a phone number that can exist")]
    NotAPhoneNumber,
    /// No real calendar date in a declared format.
    #[error("is not a calendar date in a declared format")]
    NotADate,
    /// No RFC 3339 timestamp.
    #[error("is not an RFC 3339 timestamp")]
    NotATimestamp,
    /// No whole number.
    #[error("is not a whole number")]
    NotAnInteger,
    /// No decimal number.
    #[error("is not a decimal number")]
    NotADecimal,
    /// Neither true nor false.
    #[error("is not a truth value")]
    NotABoolean,
    /// Longer than the kind allows.
    #[error("is longer than {limit} characters")]
    TooLong {
        /// The most characters the kind allows.
        limit: usize,
    },
    /// Of another shape than the kind reads.
    #[error("should be {expected}, but is {found}")]
    WrongType {
        /// The shape the kind reads.
        expected: String,
        /// The shape that came.
        found: String,
    },
    /// A number that is infinite or not a number.
    #[error("is not a finite number")]
    NotFinite,
    /// A number with more digits than a double holds, so that it may have been rounded while it was read; see
    /// [`exact_numbers`](super::exact_numbers).
    #[error("is a number that cannot be read exactly; it should be sent as a text")]
    Inexact,
    /// Empty, where the schema requires a value.
    #[error("is empty, but required")]
    Required,
    /// Two records of a set have one key, so neither can be told from the other.
    #[error("has the key `{key}` twice, in its records {first} and {second}")]
    DuplicateKey {
        /// The fields of the key, separated by commas.
        key: String,
        /// The place of one record, counted from 0.
        first: usize,
        /// The place of the other.
        second: usize,
    },
    /// A problem with a part of a list or an object.
    #[error("at {place} {problem}")]
    Inside {
        /// Where, as a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) of places in lists and keys that
        /// the schema declares.
        place: String,
        /// The problem.
        problem: Box<Problem>,
    },
    /// What a host's own kind found.
    #[error("{0}")]
    Custom(String),
}

impl Problem {
    /// The problem as one of the object or list that has this part.
    pub(crate) fn inside(self, part: &str) -> Self {
        let part = pointer(&[part]);
        match self {
            Self::Inside { place, problem } => Self::Inside { place: part + &place, problem },
            problem => Self::Inside { place: part, problem: Box::new(problem) },
        }
    }
}
