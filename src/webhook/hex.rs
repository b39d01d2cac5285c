//! The older signature scheme: HMAC-SHA256 over the body alone, as hex digits in a header.

use std::fmt::Write;

use super::mac::{Tag, any_equal, mac};
use super::rejection::{HeaderProblem, Rejection};
use super::request::{MessageId, Request};
use super::secret::{self, SecretError};
use crate::registry::Secret;

/// What many senders write before the digits.
const PREFIX: &str = "sha256=";

/// Signatures of the older kind: HMAC-SHA256 over the raw body, as hex digits in a header of the sender's choice, with
/// or without `sha256=` before them.
///
/// Nothing but the body is signed, so a copied request is as good as the first: there is no time to tell how old it is.
/// The code itself serves as the message's id. So the same body is taken for the same message, for as long as ids are
/// kept; see [`repeating`](Self::repeating) for senders whose messages can be alike.
///
/// ```
/// use tripartite::registry::Secret;
/// use tripartite::webhook::{Hex, Rejection, Request};
/// let hex = Hex::new("X-Hub-Signature-256", [Secret::new("a secret of our own")])?;
/// let signed = hex.sign(b"{}");
/// let verify = |value: &str| {
///     let headers = [("x-hub-signature-256", value.as_bytes())];
///     hex.verify(&Request { headers: &headers, body: b"{}" })
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
    /// Signatures by any of these secrets, in this header. The bytes of a secret are the key, as they are.
    ///
    /// # Errors
    /// [`SecretError`], when there is no secret, one has fewer than 16 bytes, or the name is none of a header.
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

    /// Two messages may be alike to the byte, because neither an id nor a time is in them. Then none is taken for a
    /// second delivery: each is synced, and a replayed one costs a sync and changes nothing else, because what is so is
    /// read from the source.
    #[must_use]
    pub fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    pub(super) fn repeats(&self) -> bool {
        self.repeats
    }

    /// Finds out who sent a request: its code, which stands for the message, when one of the secrets signed it.
    ///
    /// The code is that of the first secret, so it is the same whichever of them signed.
    ///
    /// # Errors
    /// [`Rejection::Header`] when the header is there twice or is no text, [`Rejection::Unsigned`] and
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

    /// The value to send a body with, under the first secret, after `sha256=`.
    pub fn sign(&self, body: &[u8]) -> String {
        format!("{PREFIX}{}", encode(&mac(self.first.expose(), &[body])))
    }
}

fn encode(tag: &Tag) -> String {
    tag.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The code of 64 hex digits, in either case.
fn decode(text: &str) -> Option<Tag> {
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes().chunks_exact(2).map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?));
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
