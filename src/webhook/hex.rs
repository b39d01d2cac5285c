//! The older signature scheme: HMAC-SHA256 over the body alone, as hex digits in a header.

use std::fmt::Write;

use super::mac::{Tag, any_equal, mac};
use super::rejection::{HeaderProblem, Rejection};
use super::request::{MessageId, Request};
use super::secret::{self, SecretError};
use crate::registry::Secret;

/// The prefix that many senders write before the digits.
const PREFIX: &str = "sha256=";

/// The older signature scheme: HMAC-SHA256 over the raw body, as hex digits in a header of the sender's choice, with or
/// without `sha256=` before them.
///
/// Only the body is signed, so a copied request passes again: it has no time that shows its age. The signature itself
/// is the message's id. So a body that comes again counts as the same message, for as long as ids are kept. See
/// [`repeating`](Self::repeating) for senders whose messages can be equal.
///
/// ```
/// use tripartite::registry::Secret;
/// use tripartite::webhook::{Hex, Rejection, Request};
/// let hex = Hex::new("X-Hub-Signature-256", [Secret::new("a secret of our own")])?;
/// let signed = hex.sign(b"{}");
/// let verify = |value: &str| {
///     let headers = [("x-hub-signature-256", value.as_bytes())];
///     hex.verify(&Request::new(&headers, b"{}"))
/// };
/// assert!(verify(&signed).is_ok());
/// assert!(verify(signed.trim_start_matches("sha256=")).is_ok());
/// assert_eq!(verify(&signed.replacen("sha256=", "sha1=", 1)), Err(Rejection::Signature));
/// # Ok::<(), tripartite::webhook::SecretError>(())
/// ```
#[derive(Debug)]
pub struct Hex {
    header: String,
    first: Secret,
    others: Vec<Secret>,
    repeats: bool,
}

impl Hex {
    /// Accepts signatures by any of these secrets, in this header. The bytes of a secret are the key, without decoding.
    ///
    /// # Errors
    /// [`SecretError`], when there is no secret, one has fewer than 16 bytes, or the name cannot be the name of a
    /// header.
    pub fn new(header: &str, secrets: impl IntoIterator<Item = Secret>) -> Result<Self, SecretError> {
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if header.is_empty() || !header.bytes().all(named) {
            return Err(SecretError::Header);
        }
        let mut secrets = secrets.into_iter();
        let first = secret::raw(secrets.next().ok_or(SecretError::None)?)?;
        let others = secrets.map(secret::raw).collect::<Result<_, _>>()?;
        Ok(Self { header: header.to_ascii_lowercase(), first, others, repeats: false })
    }

    /// For a sender whose messages have neither an id nor a time, so that two of them can be equal to the byte. No
    /// message then counts as a second delivery, and each is synced. A replayed message costs a sync and changes
    /// nothing, because the values are read from the source.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::registry::Secret;
    /// # use tripartite::webhook::{Endpoint, EventKind, Hex, ReceiveStep, Request, Shape};
    /// let hex = || Hex::new("x-signature", [Secret::new("a secret of our own")]);
    /// let is_looked_up = |hex: Hex| -> Result<bool, Box<dyn std::error::Error>> {
    ///     let signed = hex.sign(b"{}");
    ///     let shape = Shape::builder("/type", "/id", [("member", EventKind::Updated)]).build()?;
    ///     let endpoint =
    ///         Endpoint::new("ballybeg/federation".parse()?, "members".parse()?, hex, shape);
    ///     let headers = [("x-signature", signed.as_bytes())];
    ///     let step = endpoint.receive(&Request::new(&headers, b"{}"), DateTime::UNIX_EPOCH);
    ///     Ok(matches!(step, ReceiveStep::Deduplicate(_)))
    /// };
    /// assert!(is_looked_up(hex()?)?);
    /// assert!(!is_looked_up(hex()?.repeating())?); // the same body may be another message
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    pub(super) fn repeats(&self) -> bool {
        self.repeats
    }

    /// Checks that one of the secrets signed a request. Returns the message's id, which is the signature.
    ///
    /// The id is the signature by the first secret, so it does not depend on the secret that signed.
    ///
    /// # Errors
    /// [`Rejection::Header`] when the header is there twice or is not text, [`Rejection::Unsigned`] and
    /// [`Rejection::Signature`].
    pub fn verify(&self, request: &Request<'_>) -> Result<MessageId, Rejection> {
        let text = match request.required(&self.header) {
            Err(Rejection::Header { problem: HeaderProblem::Missing, .. }) => return Err(Rejection::Unsigned),
            text => text?,
        };
        let sent = decode(text.strip_prefix(PREFIX).unwrap_or(text));
        let first = mac(self.first.expose(), &[request.body]);
        let others = self.others.iter().map(|secret| mac(secret.expose(), &[request.body]));
        let tags: Vec<Tag> = others.chain([first]).collect();
        if any_equal(&tags, sent.as_slice()) {
            MessageId::new(encode(&first)).map_err(|_| Rejection::Signature)
        } else {
            Err(Rejection::Signature)
        }
    }

    /// The value of the header for a body: `sha256=` and the signature by the first secret.
    pub fn sign(&self, body: &[u8]) -> String {
        format!("{PREFIX}{}", encode(&mac(self.first.expose(), &[body])))
    }
}

fn encode(tag: &Tag) -> String {
    tag.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The code that 64 hex digits of either case stand for.
fn decode(text: &str) -> Option<Tag> {
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes().chunks_exact(2).map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?));
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
