//! The answer to a request: the HTTP response, the verdict, and the effects that the host stores first.

use std::time::Duration;

use super::rejection::Rejection;
use super::seen::Seen;
use crate::id::{CommandId, SyncKey};
use crate::jobs::StoreKey;
use crate::queue::Command;
use crate::tombstone::Tombstones;

/// The HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in small letters.
    pub headers: Vec<(&'static str, String)>,
    /// A sentence for the sender's log. It names fields, and never their content.
    pub text: String,
}

impl HttpResponse {
    /// The answer when the host's store fails. It accepts nothing, so the sender tries again.
    ///
    /// ```
    /// use std::time::Duration;
    /// let answer = tripartite::webhook::HttpResponse::unavailable(Duration::from_millis(1500));
    /// assert_eq!((answer.status, answer.headers[0].1.as_str()), (503, "2")); // rounded up
    /// ```
    pub fn unavailable(retry_after: Duration) -> Self {
        Self::new(503, "not now").after(retry_after)
    }

    fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), text: text.into() }
    }

    /// Whole seconds, rounded up, so that the sender does not come too early.
    fn after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.headers.push(("retry-after", seconds.to_string()));
        self
    }
}

impl From<&Rejection> for HttpResponse {
    fn from(refusal: &Rejection) -> Self {
        let mut answer = Self::new(refusal.status(), refusal.to_string());
        match refusal {
            Rejection::Limited { retry_after } => answer.after(*retry_after),
            Rejection::Unsigned | Rejection::Signature | Rejection::Stale { .. } => {
                // RFC 9110, 15.5.2: a 401 says how to do better.
                answer.headers.push(("www-authenticate", "webhook-signature".to_owned()));
                answer
            }
            _ => answer,
        }
    }
}

/// The result of a request, for the host to count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reception {
    /// It is accepted.
    Accepted {
        /// How many of its events have a type that is synced.
        events: usize,
        /// How many of its events have another type.
        ignored: usize,
    },
    /// It was accepted before.
    Duplicate,
    /// None of its events has a type that is synced.
    Ignored {
        /// How many events it has.
        events: usize,
    },
    /// It is refused.
    Refused(Rejection),
}

/// What the host stores before it answers.
///
/// This enum is exhaustive: a host must store every effect before it answers.
#[derive(Debug, Clone, PartialEq)]
pub enum SideEffect {
    /// Stores tombstones, by compare-and-swap on those that [`StoreTombstones`](super::StoreTombstones) was given. On a
    /// conflict the host reads them again, and resumes the step again.
    Tombstone {
        /// The key of the tombstones.
        key: StoreKey,
        /// The tombstones to store.
        next: Tombstones,
    },
    /// Steps a slot, and stores it by compare-and-swap. On a conflict the host does so again.
    Trigger {
        /// The key of the slot.
        key: SyncKey,
        /// The id by which the slot recognises a second delivery. `None` if two messages can be equal.
        id: Option<CommandId>,
        /// The command.
        command: Command,
    },
    /// Creates a record, if there is none yet.
    Remember {
        /// The key of the record.
        key: StoreKey,
        /// The record. It is due when it may be deleted.
        seen: Seen,
    },
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an answer that is sent before its effects are stored promises what a crash then loses"]
#[non_exhaustive]
pub struct Received {
    /// The result, to count.
    pub verdict: Reception,
    /// The effects to store before the answer is sent: one after the other, in this order, each durable before the next
    /// begins. If one fails, the answer is [`HttpResponse::unavailable`], and the sender sends the message again.
    pub effects: Vec<SideEffect>,
    /// The answer to send then.
    pub answer: HttpResponse,
}

impl Received {
    /// The result of a request to an address without a connection: the connector is unknown or inactive. The request is
    /// not read.
    ///
    /// The sender then stops for good. To let events wait, pause the slot instead.
    ///
    /// ```
    /// let gone = tripartite::webhook::Received::gone();
    /// assert_eq!((gone.answer.status, gone.effects.len()), (410, 0));
    /// ```
    pub fn gone() -> Self {
        Self::refused(Rejection::Gone)
    }

    /// The result of a request that is refused, with the answer that says why and no effects: a server refuses what it
    /// has not read.
    ///
    /// ```
    /// use tripartite::webhook::{Received, Rejection};
    /// let large = Received::refused(Rejection::TooLarge { cap: 64 });
    /// assert_eq!((large.answer.status, large.effects.len()), (413, 0));
    /// ```
    pub fn refused(refusal: Rejection) -> Self {
        Self { answer: HttpResponse::from(&refusal), verdict: Reception::Refused(refusal), effects: Vec::new() }
    }

    pub(super) fn duplicate() -> Self {
        Self {
            verdict: Reception::Duplicate,
            effects: Vec::new(),
            answer: HttpResponse::new(200, "the message was accepted before"),
        }
    }

    pub(super) fn ignored(events: usize) -> Self {
        let answer = HttpResponse::new(200, "no event of the message has a type that is synced");
        Self { verdict: Reception::Ignored { events }, effects: Vec::new(), answer }
    }

    pub(super) fn accepted(events: usize, ignored: usize, effects: Vec<SideEffect>) -> Self {
        Self { verdict: Reception::Accepted { events, ignored }, effects, answer: HttpResponse::new(202, "taken in") }
    }
}
