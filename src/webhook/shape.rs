//! The shape of a sender's bodies: where the type, the id, the version and the time of an event stand.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind, MalformedMessage, Message};
use super::pointer::{Pointer, PointerError};
use crate::id::ExternalId;
use crate::tombstone::Order;
use crate::value::{Value, exact_numbers};

/// The end of the year 9999 in seconds. A larger number is probably a time in milliseconds.
const LATEST: i64 = 253_402_300_799;
/// The expected types, for error texts.
const ID: &str = "an id (text, or a whole number)";
const VERSION: &str = "a version (a whole number from 0)";
const TIME: &str = "a time (RFC 3339, or whole seconds since 1970)";

/// The form of a sender's messages: where the parts of an event are, and which types mean created, updated and deleted.
///
/// | body | type | id | and |
/// |---|---|---|---|
/// | `{"type": "contact.created", "at": 1667507170, "data": {"id": 7}}` | `/type` | `/data/id` | time `/at` |
/// | `{"kind": "update", "members": [{"no": 7}, {"no": 8}]}` | `#/kind` | `/no` | events `/members` |
/// | `[{"op": "D", "id": 7, "rev": 12}]` | `/op` | `/id` | events `#`, version `/rev` |
///
/// An event of any other type is ignored and counted, and the rest of it is not read: senders add types at any time,
/// and the specification counts every 2xx as delivered. A type that is only in a header is not signed, so a shape
/// cannot name a header.
///
/// ```
/// use tripartite::webhook::{EventKind, Shape};
/// let shape =
///     Shape::builder("/type", "/data/id", [("contact.updated", EventKind::Updated)]).build()?;
/// let message = shape.read(br#"{"type": "contact.updated", "data": {"id": 42}}"#)?;
/// assert_eq!(message.events[0].id.as_str(), "42"); // an id may be a whole number
/// assert_eq!(shape.read(br#"{"type": "ping"}"#)?.ignored, 1);
/// let error = shape
///     .read(br#"{"type": "contact.updated", "data": {}}"#)
///     .map_err(|error| error.to_string());
/// assert_eq!(
///     error.err().as_deref(),
///     Some("event 1: /data/id must be an id (text, or a whole number); this is null")
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Shape(Written);

/// The serialised form of a shape, in which every pointer is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<Pointer>,
    #[serde(rename = "type")]
    pub(super) kind: Pointer,
    pub(super) id: Pointer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<Pointer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Pointer>,
    pub(super) changes: BTreeMap<String, EventKind>,
}

/// Why a shape cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A text is not a pointer.
    #[error("{part}: {error}")]
    Pointer {
        /// What the pointer is for, as a configuration names it: `events`, `type`, `id`, `time` or `version`.
        part: &'static str,
        /// What is wrong with it.
        error: PointerError,
    },
    /// No type has a meaning, so every event would be ignored.
    #[error("a shape names at least one type of event")]
    NoChanges,
}

impl TryFrom<Written> for Shape {
    type Error = ShapeError;

    fn try_from(written: Written) -> Result<Self, ShapeError> {
        if written.changes.is_empty() { Err(ShapeError::NoChanges) } else { Ok(Self(written)) }
    }
}

impl From<Shape> for Written {
    fn from(shape: Shape) -> Self {
        shape.0
    }
}

impl Shape {
    /// Reads a body, all of it or nothing. A status answers for the whole body, so "accepted" must not mean a part.
    ///
    /// # Errors
    /// [`MalformedMessage`], which states the place of the problem and never a value.
    pub fn read(&self, body: &[u8]) -> Result<Message, MalformedMessage> {
        let body = json(body)?;
        let events = match &self.0.events {
            None => std::slice::from_ref(&body),
            Some(pointer) => match pointer.find(&body, &body) {
                Value::List(list) => list.as_slice(),
                other => return Err(MalformedMessage::Events { pointer: pointer.to_string(), found: other.shape() }),
            },
        };
        let mut message = Message { events: Vec::new(), ignored: 0 };
        for (at, value) in events.iter().enumerate() {
            match self.event(&At { body: &body, event: value, number: at + 1 })? {
                Some(event) => message.events.push(event),
                None => message.ignored += 1,
            }
        }
        Ok(message)
    }

    /// Reads an event; `None` if its type is not synced.
    fn event(&self, at: &At<'_>) -> Result<Option<Event>, MalformedMessage> {
        let kind = at.needs(&self.0.kind, "a text", Value::as_text)?;
        let Some(change) = self.0.changes.get(kind) else {
            return Ok(None);
        };
        let id = at.needs(&self.0.id, ID, id)?;
        let version = at.may_have(self.0.version.as_ref(), VERSION, version)?;
        let at = at.may_have(self.0.time.as_ref(), TIME, time)?;
        Ok(Some(Event { id, change: *change, order: Order { version, at } }))
    }
}

/// An event in a body.
struct At<'v> {
    body: &'v Value,
    event: &'v Value,
    number: usize,
}

impl<'v> At<'v> {
    fn needs<T>(
        &self,
        pointer: &Pointer,
        expected: &'static str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<T, MalformedMessage> {
        let value = pointer.find(self.body, self.event);
        read(value).ok_or_else(|| MalformedMessage::Field {
            event: self.number,
            pointer: pointer.to_string(),
            expected,
            found: value.shape(),
        })
    }

    fn may_have<T>(
        &self,
        pointer: Option<&Pointer>,
        expected: &'static str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, MalformedMessage> {
        let there = pointer.filter(|pointer| !pointer.find(self.body, self.event).is_null());
        there.map(|pointer| self.needs(pointer, expected, read)).transpose()
    }
}

/// Parses a body with all digits of its numbers. The line and column of an error are those of the bytes as sent.
fn json(body: &[u8]) -> Result<Value, MalformedMessage> {
    serde_json::from_slice(&exact_numbers(body)).map_err(|error| {
        let error = serde_json::from_slice::<Value>(body).err().unwrap_or(error);
        MalformedMessage::Json { line: error.line(), column: error.column() }
    })
}

/// An id: a text, or the digits of a whole number.
fn id(value: &Value) -> Option<ExternalId> {
    match value {
        Value::Text(text) => ExternalId::new(text.as_str()).ok(),
        Value::Int(int) => ExternalId::new(int.to_string()).ok(),
        _ => None,
    }
}

fn version(value: &Value) -> Option<u64> {
    match value {
        Value::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Int(int) => u64::try_from(*int).ok(),
        _ => None,
    }
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::Text(text) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
        Value::Int(int) => {
            let seconds = i64::try_from(*int).ok().filter(|seconds| (0..=LATEST).contains(seconds));
            seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        }
        _ => None,
    }
}
