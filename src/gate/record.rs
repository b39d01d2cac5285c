//! A gate, as it is stored: its tickets, its last start and the count of urgent starts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::ticket::Ticket;
use crate::failure::FormatError;
use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// The stored record of a gate: which runs it has admitted, and when the last one started.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use tripartite::gate::{Admission, Gate, Limits};
/// use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey};
/// let (limits, now) = (Limits::default(), DateTime::<Utc>::UNIX_EPOCH);
/// let key = |org| {
///     Ok::<_, tripartite::id::IdError>(SyncKey {
///         org: OrgId::new(org)?,
///         connector: ConnectorId::new("f")?,
///     })
/// };
/// let until = now + TimeDelta::minutes(10);
///
/// let first = Gate::new(now).admit(&limits, &key("a")?, &Nonce::new("n1")?, now, until);
/// assert_eq!(first.admission, Admission::Admitted { until });
/// let second = first.next.admit(&limits, &key("b")?, &Nonce::new("n2")?, now, until);
/// assert_eq!(second.admission, Admission::TooSoon { at: now + TimeDelta::seconds(60) });
/// assert_eq!(second.next, first.next); // a refusal changes nothing
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub(super) format: u32,
    pub(super) tickets: Vec<Ticket>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) started_at: Option<DateTime<Utc>>,
    /// How many urgent runs have started since the last scheduled one. It counts no further than the turn needs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) urgent: u8,
    /// The limits that the newest start was within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) limits: Option<Limits>,
    pub(super) updated_at: DateTime<Utc>,
    /// Fields that a later version of this crate wrote. They are kept.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// A stored gate that this version cannot read.
///
/// [`Gate::check`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidGate {
    /// A later version of this crate wrote it.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl Gate {
    /// A gate that has admitted no run yet.
    ///
    /// [`Gate`] has an example.
    pub fn new(at: DateTime<Utc>) -> Self {
        let (tickets, rest) = (Vec::new(), BTreeMap::new());
        Self { format: FORMAT, tickets, started_at: None, urgent: 0, limits: None, updated_at: at, rest }
    }

    /// Checks a gate that came back from storage.
    ///
    /// ```
    /// use tripartite::gate::{Gate, InvalidGate};
    /// let mut json = serde_json::to_value(Gate::new(chrono::DateTime::UNIX_EPOCH))?;
    /// json["format"] = 2.into();
    /// let later: Gate = serde_json::from_value(json)?;
    /// // it can be parsed, and may mean something else
    /// assert!(matches!(later.check(), Err(InvalidGate::Format(error)) if error.found == 2));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidGate`], when it is of a later format.
    pub fn check(&self) -> Result<(), InvalidGate> {
        FormatError::check("this gate has", self.format, FORMAT).map_err(InvalidGate::Format)
    }

    /// The tickets that end after a point in time, in the order in which they were given.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// let now = DateTime::<Utc>::UNIX_EPOCH;
    /// assert_eq!(tripartite::gate::Gate::new(now).running(now).count(), 0);
    /// ```
    pub fn running(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Ticket> {
        let now = now.max(self.updated_at);
        self.tickets.iter().filter(move |ticket| ticket.until > now)
    }
}
