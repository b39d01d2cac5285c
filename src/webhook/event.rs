//! The events in a message, and which event of a record is the latest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;
use crate::tombstone::Order;

/// What happened to a record, as the sender says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It is new.
    Created,
    /// It has changed.
    Updated,
    /// It is gone.
    Deleted,
}

/// One thing a sender says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// To which record.
    pub id: ExternalId,
    /// What.
    pub change: EventKind,
    /// Its order among the events of this record.
    pub order: Order,
}

/// The events in a body.
///
/// [`Shape::read`](super::Shape::read) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The events, in the order of the body.
    pub events: Vec<Event>,
    /// How many events are of a type that nobody asked for.
    pub ignored: usize,
}

impl Message {
    /// The latest event of each record. Of events without a known order it is the last one in the body.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::tombstone::Order;
    /// use tripartite::webhook::{Event, EventKind, Message};
    /// let id = ExternalId::new("7")?;
    /// let order = |version| Order { version: Some(version), at: None };
    /// let event = |change, version| Event { id: id.clone(), change, order: order(version) };
    /// let events = vec![
    ///     event(EventKind::Deleted, 5),
    ///     event(EventKind::Created, 6),
    ///     event(EventKind::Updated, 4),
    /// ];
    /// let message = Message { events, ignored: 0 };
    /// assert_eq!(message.latest()[&id].change, EventKind::Created); // it is there again
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn latest(&self) -> BTreeMap<ExternalId, &Event> {
        let mut latest: BTreeMap<ExternalId, &Event> = BTreeMap::new();
        for event in &self.events {
            let known = latest.entry(event.id.clone()).or_insert(event);
            if !event.order.before(&known.order) {
                *known = event;
            }
        }
        latest
    }
}

/// What is wrong with a body. It names the pointers of the shape, and never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedMessage {
    /// It cannot be read as JSON, or states a key of an object twice.
    #[error("the body cannot be read as JSON, from line {line}, column {column} on")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: usize,
    },
    /// There is no list of events where the shape says.
    #[error("{pointer} must be a list of events; this is {found}")]
    Events {
        /// Where.
        pointer: String,
        /// The shape of what is there.
        found: &'static str,
    },
    /// A field of an event is missing, or has the wrong type.
    #[error("event {event}: {pointer} must be {expected}; this is {found}")]
    Field {
        /// Which event, from 1.
        event: usize,
        /// Where in it.
        pointer: String,
        /// What should be there.
        expected: &'static str,
        /// The shape of what is there; `null` also when nothing is.
        found: &'static str,
    },
}
