//! Webhooks: a signed push becomes a sync of that member. No message is lost, and no stranger gets in.
//!
//! This module needs the feature `webhook`.
//!
//! A change at the source arrives within seconds instead of in the next night. A message only says **which** records it
//! is about. A run of those records then reads their values from the source. So events that come late, twice or out of
//! order end in the right state, and a value has only one way in.
//!
//! Signatures are those of [Standard Webhooks 1.0.0][spec] ([`Standard`]), or the older [`Hex`] digits in a header. The
//! module does no IO and has no clock. An [`Endpoint`] is given a request, asks for stored records in typed steps, and
//! answers with data.
//!
//! | # | step | answer to a failure | reported as |
//! |---|---|---|---|
//! | 1 | the body is within the cap | 413 | [`TooLarge`](Rejection::TooLarge) |
//! | 1 | the body is as it was signed, without a content encoding | 415 | [`Encoded`](Rejection::Encoded) |
//! | 2 | each header is there once and well-formed | 400 | [`Header`](Rejection::Header) |
//! | 3 | a signature matches | 401 | [`Unsigned`](Rejection::Unsigned), [`Signature`](Rejection::Signature) |
//! | 4 | the timestamp is within the tolerance | 401 | [`Stale`](Rejection::Stale) |
//! | 5 | the message is new ([`Deduplicate`]) | 200 | [`Duplicate`](Reception::Duplicate) |
//! | 6 | the rate allows it ([`RateCheck`]) | 429, with `retry-after` | [`Limited`](Rejection::Limited) |
//! | 7 | the body has the agreed [`Shape`] | 400 | [`Malformed`](Rejection::Malformed) |
//! | 8 | one of its events has a type that is synced | 200 | [`Ignored`](Reception::Ignored) |
//! | 9 | its [`SideEffect`]s are stored ([`StoreTombstones`] for deletions) | 503 | [`HttpResponse::unavailable`] |
//! | | all of them | 202 | [`Accepted`](Reception::Accepted) |
//!
//! An address that nobody serves ([`serves`]) answers 410 ([`Received::gone`]). A sender then stops.
//!
//! ```
//! use chrono::{DateTime, TimeDelta, Utc};
//! use tripartite::id::{ConnectorId, OrgId, PolicyRef, SyncKey};
//! use tripartite::registry::Secret;
//! use tripartite::webhook::{
//!     Endpoint, EventKind, MessageId, ReceiveStep, Received, Request, Shape, SideEffect,
//!     SigningSecret, Standard,
//! };
//! let key =
//!     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
//! let standard = Standard::new([SigningSecret::new(&Secret::new(
//!     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
//! ))?])?;
//! let body = br#"{"type": "member.updated", "data": {"id": "FED-7"}}"#;
//! let signed = standard.sign(&MessageId::new("msg_1")?, DateTime::<Utc>::UNIX_EPOCH, body);
//! let headers = signed.each_ref().map(|(name, value)| (*name, value.as_bytes()));
//! let request = Request::new(&headers, body);
//!
//! let changes =
//!     [("member.updated", EventKind::Updated), ("member.deleted", EventKind::Deleted)];
//! let shape = Shape::builder("/type", "/data/id", changes).build()?;
//! let endpoint = Endpoint::new(key, PolicyRef::new("members")?, standard, shape);
//! let receive = |seconds| -> Received {
//!     let mut step =
//!         endpoint.receive(&request, DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds));
//!     loop {
//!         step = match step {
//!             ReceiveStep::RateCheck(check) => {
//!                 // read, charged and stored under check.key()
//!                 let (_rate, allowance) = check.take(None);
//!                 check.resume(allowance)
//!             }
//!             // read under lookup.key()
//!             ReceiveStep::Deduplicate(lookup) => lookup.resume(None),
//!             // read under gone.key()
//!             ReceiveStep::StoreTombstones(gone) => ReceiveStep::Done(gone.resume(None)),
//!             ReceiveStep::Done(received) => break received,
//!         }
//!     }
//! };
//! let received = receive(2);
//! // in this order
//! assert!(matches!(
//!     received.effects[..],
//!     [SideEffect::Trigger { .. }, SideEffect::Remember { .. }]
//! ));
//! assert_eq!(received.answer.status, 202);
//! assert_eq!(receive(301).answer.status, 401); // five minutes and a second later
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The order of what is stored
//!
//! An answer of 2xx is a promise, so all effects are durable before it is sent: first the tombstones, then the trigger,
//! then the record that the message was accepted. After a crash there is no answer, and the message comes again:
//!
//! | killed after | what the next delivery finds |
//! |---|---|
//! | nothing was stored | a new message |
//! | the tombstones | the same tombstones; they are replaced, and then the trigger follows |
//! | the trigger | a slot that knows the command by the message's id, so nothing is triggered twice |
//! | the message is remembered | a duplicate: 200 |
//!
//! In the opposite order, a message that is remembered but has triggered nothing would be lost. A slot remembers only
//! its last few commands. A later redelivery costs one more sync, which finds nothing to do.
//!
//! A deletion is stored as a [tombstone](crate::tombstone), and the run that is triggered for it decides.
//!
//! # Questions
//!
//! *Why is the rate charged after the signature is checked?* Otherwise anybody who knows the address could use up the
//! rate, and the sender would be refused. A signature that does not match costs only its check: no read, no write, and
//! no change of the connector's [health](crate::health), which strangers could otherwise bring down.
//!
//! *Why is only a new message charged?* Otherwise somebody who has copied a signed request could use up the rate with it,
//! for as long as its timestamp is near. A duplicate costs one read.
//!
//! *May two endpoints have one secret?* No. The signed text does not name the receiver, so each of them would accept
//! the messages of the other.
//!
//! *Does a webhook cut a back-off short?* No. It does not help a source in trouble to be asked more often.
//!
//! *Why is a body accepted as a whole or not at all?* A status is about the whole body. If half of it were accepted and
//! the answer were 400, the sender would send it again for days; if it were 202, the other half would be lost.
//!
//! *Why are ids kept for so much longer than twice the tolerance?* Twice the tolerance keeps replays out. But a sender
//! tries again for days, with a new timestamp and the same id, and each recognised delivery spares a sync.
//!
//! *How long are the keys?* The id of a message has at most 256 bytes. So `webhook/ORG/CONNECTOR/ID` stays within what
//! every store takes as long as organisation and connector have no more than 750 plain characters together; no more
//! than 250 where the sender's ids are full of characters that are escaped in a key.
//!
//! [spec]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

mod answer;
mod event;
mod hex;
mod mac;
mod pointer;
mod receive;
mod rejection;
mod request;
mod secret;
mod seen;
mod shape;
mod shape_builder;
mod standard;

pub use answer::{HttpResponse, Received, Reception, SideEffect};
pub use event::{Event, EventKind, MalformedMessage, Message};
pub use hex::Hex;
pub use pointer::{Pointer, PointerError};
pub use receive::{Deduplicate, Endpoint, RateCheck, ReceiveStep, StoreTombstones, Verifier, serves};
pub use rejection::{HeaderProblem, Rejection};
pub use request::{MessageId, MessageIdError, Request};
pub use secret::{SecretError, SigningSecret};
pub use seen::Seen;
pub use shape::{Shape, ShapeError};
pub use shape_builder::ShapeBuilder;
pub use standard::Standard;
