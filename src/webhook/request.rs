//! A request as it arrived: its headers, its raw body, and the id of its message.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::rejection::{HeaderProblem, Rejection};

/// The most bytes of a message's id. The id is part of a key in the host's store.
const MAX_ID: usize = 256;

/// A request as it arrived, before anybody read it.
///
/// The body must be the bytes that were sent. A body that was parsed and written again has another signature.
///
/// ```
/// use tripartite::webhook::Request;
/// let headers: [(&str, &[u8]); 1] = [("Webhook-Id", b"msg_1")];
/// let request = Request::new(&headers, b"{}");
/// assert_eq!(request.header("webhook-id"), Ok(Some(&b"msg_1"[..]))); // names have no case
/// let twice = [headers[0], ("webhook-id", b"msg_2")];
/// // it is not known which of the two was signed
/// assert!(Request::new(&twice, b"").header("webhook-id").is_err());
/// // a body is personal data, so it is not printed
/// assert_eq!(format!("{request:?}"), "request of 1 headers and 2 bytes");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The headers with their values. A header that was sent twice is here twice.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The raw body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The headers and the raw body.
    ///
    /// ```
    /// use tripartite::webhook::Request;
    /// let request = Request::new(&[("content-type", b"application/json")], b"{}");
    /// assert_eq!(request.headers.len(), 1); // a header that was sent twice is here twice
    /// ```
    pub fn new(headers: &'a [(&'a str, &'a [u8])], body: &'a [u8]) -> Self {
        Self { headers, body }
    }

    /// The value of a header; `None` if it was not sent. The case of the name does not matter.
    ///
    /// # Errors
    /// [`Rejection::Header`], when it was sent more than once.
    pub fn header(&self, name: &str) -> Result<Option<&'a [u8]>, Rejection> {
        let mut values =
            self.headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Rejection::header(name, HeaderProblem::Twice)),
            (value, None) => Ok(value),
        }
    }

    /// Whether the body is encoded, for example with gzip.
    pub(super) fn is_encoded(&self) -> bool {
        let encodings = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
        encodings
            .map(|(_, value)| value.trim_ascii())
            .any(|value| !value.is_empty() && !value.eq_ignore_ascii_case(b"identity"))
    }

    /// The text of a required header.
    pub(super) fn required(&self, name: &str) -> Result<&'a str, Rejection> {
        let value = self.header(name)?.ok_or_else(|| Rejection::header(name, HeaderProblem::Missing))?;
        std::str::from_utf8(value).map_err(|_| Rejection::header(name, HeaderProblem::Form))
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request of {} headers and {} bytes", self.headers.len(), self.body.len())
    }
}

/// The sender's id of a message. Every delivery of the message has the same.
///
/// It is visible ASCII without a dot. The signed text is `id.timestamp.body`, so with a dot in the id one signature
/// would fit two messages.
///
/// ```
/// use tripartite::webhook::{MessageId, MessageIdError};
/// assert!(MessageId::new("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W").is_ok());
/// assert_eq!(MessageId::new("msg.1"), Err(MessageIdError::Character { at: 3 }));
/// assert_eq!(MessageId::new(""), Err(MessageIdError::Length { len: 0 }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MessageId(Box<str>);

/// Why a text cannot be a message's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageIdError {
    /// It is empty or too long.
    #[error("the id of a message has 1 to {MAX_ID} bytes, this one has {len}")]
    Length {
        /// Its length in bytes.
        len: usize,
    },
    /// It holds a dot, a space, or something that is not ASCII.
    #[error("the id of a message has visible ASCII characters and no dot, this one has another at byte {at}")]
    Character {
        /// The position of that byte.
        at: usize,
    },
}

impl MessageId {
    /// Checks a text and makes it an id.
    ///
    /// # Errors
    /// [`MessageIdError`] when it has not 1 to 256 bytes of visible ASCII, or has a dot.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, MessageIdError> {
        let text = text.into();
        if text.is_empty() || text.len() > MAX_ID {
            return Err(MessageIdError::Length { len: text.len() });
        }
        match text.bytes().position(|byte| !byte.is_ascii_graphic() || byte == b'.') {
            Some(at) => Err(MessageIdError::Character { at }),
            None => Ok(Self(text)),
        }
    }

    /// The id, as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
