//! The events in a message, and which event of a record is the latest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;
use crate::tombstone::Order;

/// What happened to a record, according to the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// It is new.
    Created,
    /// It has changed.
    Updated,
    /// It is gone.
    Deleted,
}

/// One event of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The record.
    pub id: ExternalId,
    /// What happened to it.
    pub change: EventKind,
    /// Its order among the events of this record.
    pub order: Order,
}

/// The events in a body.
///
/// [`Shape::read`](super::Shape::read) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The events, in the order of the body.
    pub events: Vec<Event>,
    /// How many events have a type that is not synced.
    pub ignored: usize,
}

impl Message {
    /// The latest event of each record. If the order of two events is not known, the later one in the body counts.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::webhook::{EventKind, Shape};
    /// let types = [
    ///     ("gone", EventKind::Deleted),
    ///     ("new", EventKind::Created),
    ///     ("edit", EventKind::Updated),
    /// ];
    /// let shape = Shape::builder("/t", "/id", types).events("/all").version("/rev").build()?;
    /// let message = shape.read(
    ///     br#"{"all": [
    ///         {"t": "gone", "id": 7, "rev": 5},
    ///         {"t": "new", "id": 7, "rev": 6},
    ///         {"t": "edit", "id": 7, "rev": 4}
    ///     ]}"#,
    /// )?;
    /// let id = ExternalId::new("7")?;
    /// assert_eq!(message.latest()[&id].change, EventKind::Created); // created again
    /// # Ok::<(), Box<dyn std::error::Error>>(())
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
    /// It cannot be read as JSON, or an object has a key twice.
    #[error("the body cannot be read as JSON, from line {line}, column {column} on")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: usize,
    },
    /// There is no list of events at the pointer of the shape.
    #[error("{pointer} must be a list of events; this is {found}")]
    Events {
        /// The pointer.
        pointer: String,
        /// The type that was found.
        found: &'static str,
    },
    /// A field of an event is missing, or has the wrong type.
    #[error("event {event}: {pointer} must be {expected}; this is {found}")]
    Field {
        /// The number of the event, from 1.
        event: usize,
        /// The pointer in the event.
        pointer: String,
        /// The expected type.
        expected: &'static str,
        /// The type that was found; `null` also if nothing is there.
        found: &'static str,
    },
}
