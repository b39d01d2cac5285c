//! The signature scheme of Standard Webhooks 1.0.0: id, timestamp and body are signed, and old timestamps are rejected.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};

use super::mac::{Tag, any_equal, mac};
use super::rejection::{HeaderProblem, Rejection};
use super::request::{MessageId, Request};
use super::secret::{SecretError, SigningSecret};

/// The names of the three headers.
#[derive(Debug)]
struct Names {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

const STANDARD: Names = Names { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" };
const SVIX: Names = Names { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" };
/// HMAC-SHA256; `v1a` is ed25519, and skipped.
const VERSION: &str = "v1";
/// The tolerance of the specification's libraries. Clocks rarely differ more, and a replay passes for no longer.
const TOLERANCE: Duration = Duration::from_secs(300);
/// Room for about ninety signatures, far more than secrets are ever rotated at a time.
const MAX_SIGNATURE: usize = 4096;
/// Seconds with more digits are thousands of years away.
const MAX_TIMESTAMP: usize = 12;

/// Signatures of Standard Webhooks 1.0.0 with shared secrets: `v1`, HMAC-SHA256 over `id.timestamp.body`.
///
/// There are several secrets while one replaces another: any of them verifies, and signing signs with all. A signature
/// of another version is skipped.
///
/// Svix sends the same scheme under its own names, `svix-id`, `svix-timestamp` and `svix-signature`, unless its
/// customer pays for the others ([its documentation][svix]); these names are read if there is no `webhook-signature`.
/// The two kinds of names are never mixed.
///
/// [svix]: https://docs.svix.com/receiving/verifying-payloads/how-manual
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tripartite::registry::Secret;
/// use tripartite::webhook::{MessageId, Rejection, Request, SigningSecret, Standard};
/// let standard = Standard::new([SigningSecret::new(&Secret::new(
///     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
/// ))?])?;
/// let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap_or_default();
/// let body = br#"{"test": 2432232314}"#;
/// let signed = standard.sign(&MessageId::new("msg_p5jXN8AQM9LWM0D4loKWxJek")?, at, body);
/// assert_eq!(signed[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
///
/// let headers = signed.each_ref().map(|(name, value)| (*name, value.as_bytes()));
/// let verify = |body, after| {
///     standard.verify(&Request::new(&headers, body), at + TimeDelta::seconds(after))
/// };
/// assert!(verify(&body[..], 300).is_ok()); // exactly the tolerance passes
/// assert!(matches!(verify(&body[..], 301), Err(Rejection::Stale { .. })));
/// // the same JSON, other bytes
/// assert_eq!(verify(br#"{"test":2432232314}"#, 0), Err(Rejection::Signature));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Standard {
    secrets: Vec<SigningSecret>,
    tolerance: Duration,
}

impl Standard {
    /// Accepts signatures by any of these secrets, at most five minutes old or early.
    ///
    /// # Errors
    /// [`SecretError::None`], when there is no secret: no signature could be checked.
    pub fn new(secrets: impl IntoIterator<Item = SigningSecret>) -> Result<Self, SecretError> {
        let secrets: Vec<_> = secrets.into_iter().collect();
        if secrets.is_empty() { Err(SecretError::None) } else { Ok(Self { secrets, tolerance: TOLERANCE }) }
    }

    /// Sets how far the timestamp may be from now, in both directions. A timestamp exactly that far away passes.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use std::time::Duration;
    /// # use tripartite::registry::Secret;
    /// # use tripartite::webhook::{MessageId, Request, SigningSecret, Standard};
    /// # let secret = SigningSecret::new(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))?;
    /// let strict = Standard::new([secret])?.tolerance(Duration::from_secs(5));
    /// let sent = DateTime::UNIX_EPOCH;
    /// let signed = strict.sign(&MessageId::new("msg_1")?, sent, b"{}");
    /// let headers = signed.each_ref().map(|(name, value)| (*name, value.as_bytes()));
    /// let arrives = |seconds| {
    ///     strict.verify(&Request::new(&headers, b"{}"), sent + TimeDelta::seconds(seconds))
    /// };
    /// assert!(arrives(5).is_ok() && arrives(6).is_err());
    /// assert!(arrives(-6).is_err()); // a sender whose clock is ahead
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    pub(super) fn tolerated(&self) -> Duration {
        self.tolerance
    }

    /// Checks that one of the secrets signed a request, and that its timestamp is within the tolerance. Returns the
    /// message's id.
    ///
    /// The signature is checked before the timestamp, so only a sender that knows the secret learns that its time is
    /// wrong.
    ///
    /// # Errors
    /// [`Rejection::Header`] for a header that is missing, there twice or malformed, [`Rejection::Unsigned`],
    /// [`Rejection::Signature`], and [`Rejection::Stale`] for a timestamp that is too old or too early.
    pub fn verify(&self, request: &Request<'_>, now: DateTime<Utc>) -> Result<MessageId, Rejection> {
        let names = Names::of(request);
        let id = MessageId::new(request.required(names.id)?)
            .map_err(|_| Rejection::header(names.id, HeaderProblem::Form))?;
        let (stamp, seconds) = timestamp(request, names.timestamp)?;
        let sent = signatures(request, names.signature)?;
        let tags: Vec<Tag> = self.secrets.iter().map(|secret| tag(secret, &id, stamp, request.body)).collect();
        if !any_equal(&tags, &sent) {
            return Err(Rejection::Signature);
        }
        let apart = (i128::from(now.timestamp_micros()) - i128::from(seconds) * 1_000_000).unsigned_abs();
        if apart > self.tolerance.as_micros() { Err(Rejection::Stale { tolerance: self.tolerance }) } else { Ok(id) }
    }

    /// The headers to send a body with. A delivery that is sent again keeps its id and gets a new time.
    ///
    /// ```
    /// # use tripartite::registry::Secret;
    /// # use tripartite::webhook::{MessageId, SigningSecret, Standard};
    /// # let secret = |text: &str| SigningSecret::new(&Secret::new(text));
    /// let [old, new] =
    ///     ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
    /// let both = Standard::new([secret(old)?, secret(new)?])?;
    /// let headers = both.sign(&MessageId::new("msg_1")?, chrono::DateTime::UNIX_EPOCH, b"{}");
    /// // a receiver that knows one of the two secrets accepts it
    /// assert_eq!(headers[2].1.split(' ').count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign(&self, id: &MessageId, at: DateTime<Utc>, body: &[u8]) -> [(&'static str, String); 3] {
        let stamp = at.timestamp().to_string();
        let signed = self.secrets.iter().map(|secret| {
            let tag = tag(secret, id, &stamp, body);
            format!("{VERSION},{}", BASE64_STANDARD.encode(tag))
        });
        let signatures = signed.collect::<Vec<_>>().join(" ");
        [(STANDARD.id, id.to_string()), (STANDARD.timestamp, stamp), (STANDARD.signature, signatures)]
    }
}

impl Names {
    /// The names that the request's signature uses. All three headers are read under one kind of names, since they were
    /// signed together.
    fn of(request: &Request<'_>) -> &'static Self {
        let sent = |name: &str| request.headers.iter().any(|(sent, _)| sent.eq_ignore_ascii_case(name));
        if !sent(STANDARD.signature) && sent(SVIX.signature) { &SVIX } else { &STANDARD }
    }
}

fn tag(secret: &SigningSecret, id: &MessageId, stamp: &str, body: &[u8]) -> Tag {
    mac(secret.expose(), &[id.as_str().as_bytes(), b".", stamp.as_bytes(), b".", body])
}

/// The timestamp as text, as it was signed, and as seconds since 1970.
fn timestamp<'a>(request: &Request<'a>, name: &str) -> Result<(&'a str, i64), Rejection> {
    let stamp = request.required(name)?;
    let digits = stamp.len() <= MAX_TIMESTAMP && stamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = stamp.parse().ok().filter(|_| digits);
    Ok((stamp, seconds.ok_or_else(|| Rejection::header(name, HeaderProblem::Form))?))
}

/// The signatures of version `v1`. A malformed one can match nothing, so it is left out.
fn signatures(request: &Request<'_>, name: &str) -> Result<Vec<Tag>, Rejection> {
    let text = match request.required(name) {
        Err(Rejection::Header { problem: HeaderProblem::Missing, .. }) => return Err(Rejection::Unsigned),
        text => text?,
    };
    if text.len() > MAX_SIGNATURE {
        return Err(Rejection::header(name, HeaderProblem::Form));
    }
    let ours = text.split(' ').filter_map(|one| one.split_once(',')).filter(|(version, _)| *version == VERSION);
    Ok(ours.filter_map(|(_, code)| BASE64_STANDARD.decode(code).ok()?.try_into().ok()).collect())
}
