//! An endpoint, and the typed steps of a request: verify, deduplicate, charge the rate, store tombstones, answer.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::answer::{Received, SideEffect};
use super::event::{EventKind, Message};
use super::hex::Hex;
use super::rejection::Rejection;
use super::request::{MessageId, Request};
use super::seen::Seen;
use super::shape::Shape;
use super::standard::Standard;
use crate::id::{CommandId, OrgId, PolicyRef, SyncKey};
use crate::jobs::StoreKey;
use crate::queue::{Command, Scope, Trigger};
use crate::rate::{Allowance, Rate, RateLimit};
use crate::registry::{Connection, ConnectionStatus};
use crate::tombstone::{Added, Tombstone, Tombstones};

/// Far more than the 20 kB that the specification recommends, and still cheap to hash for a request that is rejected.
const CAP: usize = 256 * 1024;
/// Longer than senders retry: the specification's example schedule ends after three days and four hours.
const KEEP: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// Whether a connection accepts messages for an organisation: the organisation is connected, and the connection is not
/// inactive. Otherwise the answer is [`Received::gone`], and the sender stops for good.
///
/// A connection in error accepts messages: the error should end, and triggered jobs wait until then. A connection that
/// is not enabled accepts them, too: only its schedule is off.
///
/// ```
/// use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef};
/// use tripartite::registry::{Connection, ConnectionStatus};
/// use tripartite::webhook::serves;
/// let org = OrgId::new("ballybeg")?;
/// let mut connection = Connection::new(
///     ConnectorId::new("federation")?,
///     "The federation",
///     PolicyRef::new("members")?,
/// )
/// .org(org.clone(), ExternalId::new("F-17")?, chrono::DateTime::UNIX_EPOCH);
/// assert!(serves(&connection, &org) && !serves(&connection, &OrgId::new("kilmore")?));
/// connection.status = ConnectionStatus::Error;
/// assert!(serves(&connection, &org));
/// connection.enabled = false; // the schedule is off, and the endpoint works
/// assert!(serves(&connection, &org));
/// connection.status = ConnectionStatus::Inactive;
/// assert!(!serves(&connection, &org));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn serves(connection: &Connection, org: &OrgId) -> bool {
    connection.status != ConnectionStatus::Inactive && connection.orgs.contains_key(org)
}

/// The signature scheme of a sender.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verifier {
    /// By Standard Webhooks 1.0.0.
    Standard(Standard),
    /// By hex digits in a header.
    Hex(Hex),
}

impl From<Standard> for Verifier {
    fn from(standard: Standard) -> Self {
        Self::Standard(standard)
    }
}

impl From<Hex> for Verifier {
    fn from(hex: Hex) -> Self {
        Self::Hex(hex)
    }
}

impl Verifier {
    /// The message's id, by which a second delivery is recognised. `None` if two messages can be equal.
    fn verify(&self, request: &Request<'_>, now: DateTime<Utc>) -> Result<Option<MessageId>, Rejection> {
        match self {
            Self::Standard(standard) => standard.verify(request, now).map(Some),
            Self::Hex(hex) => hex.verify(request).map(|id| Some(id).filter(|_| !hex.repeats())),
        }
    }

    /// How long a copied request passes the check of its timestamp, so that messages are remembered for longer. A hex
    /// signature has no timestamp, so this is not known and counts as 0.
    fn replayable(&self) -> Duration {
        match self {
            // A request passes from one tolerance before its time to one after it. One second is added for rounding.
            Self::Standard(standard) => standard.tolerated().saturating_mul(2).saturating_add(Duration::from_secs(1)),
            Self::Hex(_) => Duration::ZERO,
        }
    }
}

/// The address to which a source sends its events. There is one for each organisation and connector.
///
/// The [module](super) has an example.
#[derive(Debug)]
pub struct Endpoint {
    key: SyncKey,
    policy: PolicyRef,
    verifier: Verifier,
    shape: Shape,
    limit: RateLimit,
    cap: usize,
    keep: Duration,
}

impl Endpoint {
    /// An endpoint with a limit of 100 messages a minute and bodies of 256 KiB. It remembers messages for four days.
    pub fn new(key: SyncKey, policy: PolicyRef, verifier: impl Into<Verifier>, shape: Shape) -> Self {
        Self { key, policy, verifier: verifier.into(), shape, limit: RateLimit::default(), cap: CAP, keep: KEEP }
    }

    /// How many messages it accepts.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use std::num::NonZeroU32;
    /// # use std::time::Duration;
    /// # use tripartite::rate::{Allowance, RateLimit};
    /// # use tripartite::registry::Secret;
    /// # use tripartite::webhook::{Endpoint, EventKind, Hex, ReceiveStep, Request, Shape};
    /// # let key = "ballybeg/federation".parse()?;
    /// # let hex = Hex::new("x-signature", [Secret::new("a secret of our own")])?.repeating();
    /// # let (body, now) = (b"{}", DateTime::UNIX_EPOCH);
    /// # let signed = hex.sign(body);
    /// # let headers = [("x-signature", signed.as_bytes())];
    /// # let shape = Shape::builder("/type", "/id", [("member", EventKind::Updated)]).build()?;
    /// # let endpoint = Endpoint::new(key, "members".parse()?, hex, shape);
    /// let one_an_hour = RateLimit::new(NonZeroU32::MIN, Duration::from_secs(60 * 60));
    /// let endpoint = endpoint.limit(one_an_hour);
    /// let ReceiveStep::RateCheck(check) = endpoint.receive(&Request::new(&headers, body), now) else {
    ///     panic!("a signed message that can repeat")
    /// };
    /// let (rate, first) = check.take(None);
    /// assert_eq!(first, Allowance::Allowed);
    /// assert!(matches!(check.take(Some(&rate)).1, Allowance::Limited { .. })); // in the same hour
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// The largest body, in bytes. A body of exactly that size passes. The host reads at most one byte more.
    ///
    /// [`receive`](Self::receive) has an example.
    #[must_use]
    pub fn cap(mut self, cap: usize) -> Self {
        self.cap = cap;
        self
    }

    /// How long messages are remembered. It is never less than twice the tolerance, since a message can be replayed for
    /// that long.
    ///
    /// ```
    /// # use chrono::{DateTime, TimeDelta};
    /// # use std::time::Duration;
    /// # use tripartite::rate::Allowance;
    /// # use tripartite::registry::Secret;
    /// # use tripartite::webhook::{Endpoint, EventKind, MessageId, ReceiveStep, Request, Shape, SideEffect, SigningSecret, Standard};
    /// # let secret = SigningSecret::new(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))?;
    /// # let standard = Standard::new([secret])?;
    /// # let (body, now) = (br#"{"type": "member", "id": 7}"#, DateTime::UNIX_EPOCH);
    /// # let signed = standard.sign(&MessageId::new("msg_1")?, now, body);
    /// # let headers = signed.each_ref().map(|(name, value)| (*name, value.as_bytes()));
    /// # let shape = Shape::builder("/type", "/id", [("member", EventKind::Updated)]).build()?;
    /// # let endpoint = Endpoint::new("ballybeg/federation".parse()?, "members".parse()?, standard, shape);
    /// let endpoint = endpoint.keep(Duration::ZERO);
    /// # let request = Request::new(&headers, body);
    /// # let ReceiveStep::Deduplicate(lookup) = endpoint.receive(&request, now) else { panic!("it is signed") };
    /// # let ReceiveStep::RateCheck(check) = lookup.resume(None) else { panic!("it is new") };
    /// # let ReceiveStep::Done(received) = check.resume(Allowance::Allowed) else { panic!("nothing is deleted") };
    /// let Some(SideEffect::Remember { seen, .. }) = received.effects.last() else {
    ///     panic!("it is remembered")
    /// };
    /// // The tolerance is five minutes, so a copy of the message passes for ten.
    /// assert!(seen.until() >= now + TimeDelta::minutes(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Receives a request. If the signature does not match, it reads neither the body nor the store.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::id::{ConnectorId, OrgId, PolicyRef, SyncKey};
    /// use tripartite::registry::Secret;
    /// use tripartite::webhook::{
    ///     Endpoint, EventKind, Hex, ReceiveStep, Reception, Rejection, Request, Shape,
    /// };
    /// let key =
    ///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
    /// let hex = Hex::new("x-signature", [Secret::new("a secret of our own")])?;
    /// let shape = Shape::builder("/type", "/id", [("member", EventKind::Updated)]).build()?;
    /// let endpoint = Endpoint::new(key, PolicyRef::new("members")?, hex, shape).cap(2);
    /// let now = DateTime::<Utc>::UNIX_EPOCH;
    /// let verdict = |body: &[u8]| match endpoint.receive(&Request::new(&[], body), now) {
    ///     ReceiveStep::Done(received) => Some(received.verdict),
    ///     _ => None,
    /// };
    /// assert_eq!(verdict(b"{}"), Some(Reception::Refused(Rejection::Unsigned)));
    /// // the body is not even hashed
    /// assert_eq!(verdict(b"{ }"), Some(Reception::Refused(Rejection::TooLarge { cap: 2 })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receive<'a>(&'a self, request: &Request<'a>, now: DateTime<Utc>) -> ReceiveStep<'a> {
        if request.body.len() > self.cap {
            return ReceiveStep::Done(Received::refused(Rejection::TooLarge { cap: self.cap }));
        }
        if request.is_encoded() {
            return ReceiveStep::Done(Received::refused(Rejection::Encoded));
        }
        match self.verifier.verify(request, now) {
            Ok(id) => Verified { endpoint: self, body: request.body, id, now }.deduplicate(),
            Err(refusal) => ReceiveStep::Done(Received::refused(refusal)),
        }
    }

    fn name(&self, kind: &str, id: Option<&str>) -> StoreKey {
        StoreKey::of(kind, [self.key.org.as_str(), self.key.connector.as_str()].into_iter().chain(id))
    }
}

/// The next step of a request.
///
/// This enum is exhaustive: a driver must carry out every step.
#[derive(Debug)]
#[must_use = "a request is not answered before it is done"]
pub enum ReceiveStep<'a> {
    /// Asks whether the message was accepted before.
    Deduplicate(Deduplicate<'a>),
    /// Charges the rate.
    RateCheck(RateCheck<'a>),
    /// Asks for the stored tombstones.
    StoreTombstones(StoreTombstones<'a>),
    /// Nothing is left to ask.
    Done(Received),
}

/// A request whose signature matches, and whose timestamp is near.
struct Verified<'a> {
    endpoint: &'a Endpoint,
    body: &'a [u8],
    id: Option<MessageId>,
    now: DateTime<Utc>,
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message of {} bytes for {}", self.body.len(), self.endpoint.key)
    }
}

/// A verified request that is new, before it is charged.
#[derive(Debug)]
pub struct RateCheck<'a> {
    at: Verified<'a>,
}

impl<'a> RateCheck<'a> {
    /// The key under which the rate is stored: `rate/ORG/CONNECTOR`.
    pub fn key(&self) -> StoreKey {
        self.at.endpoint.name("rate", None)
    }

    /// Charges the stored rate. The allowance holds once the returned rate is stored by compare-and-swap. On a conflict
    /// the host reads the rate again, and charges it again.
    #[must_use = "nothing has happened until the rate is stored"]
    pub fn take(&self, stored: Option<&Rate>) -> (Rate, Allowance) {
        let rate = stored.cloned().unwrap_or_else(|| Rate::new(self.at.now));
        rate.take(&self.at.endpoint.limit, self.at.now)
    }

    /// Goes on, once the rate is stored.
    pub fn resume(self, allowance: Allowance) -> ReceiveStep<'a> {
        match allowance {
            Allowance::Limited { retry_after } => {
                ReceiveStep::Done(Received::refused(Rejection::Limited { retry_after }))
            }
            Allowance::Allowed => self.at.read(),
        }
    }
}

/// A verified request that may have been accepted before. A duplicate is recognised before it is charged, so replayed
/// messages do not use up the sender's rate.
#[derive(Debug)]
pub struct Deduplicate<'a> {
    id: MessageId,
    at: Verified<'a>,
}

impl<'a> Deduplicate<'a> {
    /// The key under which the message is remembered: `webhook/ORG/CONNECTOR/ID`.
    pub fn key(&self) -> StoreKey {
        self.at.endpoint.name("webhook", Some(self.id.as_str()))
    }

    /// Goes on with the record that is stored there.
    pub fn resume(self, seen: Option<&Seen>) -> ReceiveStep<'a> {
        if seen.is_some() {
            ReceiveStep::Done(Received::duplicate())
        } else {
            ReceiveStep::RateCheck(RateCheck { at: self.at })
        }
    }
}

/// A message in which records are deleted.
#[derive(Debug)]
pub struct StoreTombstones<'a> {
    message: Message,
    at: Verified<'a>,
}

impl StoreTombstones<'_> {
    /// The key under which the tombstones are stored: `tombstones/ORG/CONNECTOR`.
    pub fn key(&self) -> StoreKey {
        self.at.endpoint.name("tombstones", None)
    }

    /// The result, given the stored tombstones. Its first effect stores the next tombstones. On a conflict the host
    /// reads them again, and calls this again.
    pub fn resume(&self, stored: Option<&Tombstones>) -> Received {
        let mut next = stored.cloned().unwrap_or_default();
        let mut scope = scope(&self.message);
        for (id, event) in self.message.latest().into_iter().filter(|(_, event)| event.change == EventKind::Deleted) {
            let tombstone = Tombstone { order: event.order, heard_at: self.at.now };
            if next.add(id, tombstone) == Added::Spilled {
                scope = Scope::All;
            }
        }
        self.at.accepted(&self.message, Some(SideEffect::Tombstone { key: self.key(), next }), scope)
    }
}

fn scope(message: &Message) -> Scope {
    Scope::only(message.events.iter().map(|event| event.id.clone()))
}

impl<'a> Verified<'a> {
    /// A message without an id is never a second delivery.
    fn deduplicate(self) -> ReceiveStep<'a> {
        match self.id.clone() {
            Some(id) => ReceiveStep::Deduplicate(Deduplicate { id, at: self }),
            None => ReceiveStep::RateCheck(RateCheck { at: self }),
        }
    }

    fn read(self) -> ReceiveStep<'a> {
        let message = match self.endpoint.shape.read(self.body) {
            Ok(message) => message,
            Err(malformed) => return ReceiveStep::Done(Received::refused(malformed.into())),
        };
        if message.events.is_empty() {
            ReceiveStep::Done(Received::ignored(message.ignored))
        } else if message.latest().values().any(|event| event.change == EventKind::Deleted) {
            ReceiveStep::StoreTombstones(StoreTombstones { message, at: self })
        } else {
            ReceiveStep::Done(self.accepted(&message, None, scope(&message)))
        }
    }

    /// The tombstones come before the trigger, since its run must find them. The trigger comes before the message is
    /// remembered, since a remembered message never triggers again.
    fn accepted(&self, message: &Message, tombstones: Option<SideEffect>, scope: Scope) -> Received {
        let Endpoint { key, policy, verifier, keep, .. } = self.endpoint;
        // The id is visible ASCII of at most 256 bytes, so it fits.
        let id = self.id.as_ref().and_then(|id| CommandId::new(format!("webhook/{id}")).ok());
        let command = Command::Trigger { by: Trigger::Webhook, scope, policy: Some(policy.clone()), force: false };
        let remember = self.id.as_ref().map(|id| SideEffect::Remember {
            key: self.endpoint.name("webhook", Some(id.as_str())),
            seen: Seen::new(self.now, verifier.replayable().max(*keep)),
        });
        let trigger = SideEffect::Trigger { key: key.clone(), id, command };
        let effects = tombstones.into_iter().chain([trigger]).chain(remember).collect();
        Received::accepted(message.events.len(), message.ignored, effects)
    }
}
