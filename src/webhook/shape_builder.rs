//! Building a shape: everything is collected first, and checked once.

use std::collections::BTreeMap;

use super::event::EventKind;
use super::pointer::Pointer;
use super::shape::{Shape, ShapeError, Written};

impl Shape {
    /// A shape to build: where the type of an event and the record's id are, and what the types mean.
    ///
    /// [`Shape`] has an example.
    pub fn builder<'a>(kind: &str, id: &str, changes: impl IntoIterator<Item = (&'a str, EventKind)>) -> ShapeBuilder {
        let changes = changes.into_iter().map(|(name, change)| (name.to_owned(), change)).collect();
        let (kind, id) = (kind.to_owned(), id.to_owned());
        ShapeBuilder { kind, id, events: None, time: None, version: None, changes }
    }
}

/// A shape being built. The order of the setters does not count.
#[derive(Debug, Clone)]
#[must_use = "a shape reads nothing until it is built"]
pub struct ShapeBuilder {
    kind: String,
    id: String,
    events: Option<String>,
    time: Option<String>,
    version: Option<String>,
    changes: BTreeMap<String, EventKind>,
}

impl ShapeBuilder {
    /// Sets where the list of events is, for a body with several. The other pointers are then looked up in each event.
    ///
    /// ```
    /// use tripartite::webhook::{EventKind, Shape};
    /// let shape = Shape::builder("#/kind", "", [("update", EventKind::Updated)])
    ///     .events("/members")
    ///     .build()?;
    /// let message = shape.read(br#"{"kind": "update", "members": ["F-7", 8]}"#)?;
    /// assert_eq!(message.events.len(), 2); // the events are the ids themselves
    /// assert!(shape.read(br#"{"kind": "update"}"#).is_err()); // missing is not empty
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events(mut self, pointer: &str) -> Self {
        self.events = Some(pointer.to_owned());
        self
    }

    /// Sets where the time of an event is: RFC 3339, or whole seconds since 1970. The time may be missing.
    ///
    /// ```
    /// # use tripartite::webhook::{EventKind, Shape};
    /// let shape =
    ///     Shape::builder("/t", "/id", [("u", EventKind::Updated)]).time("/at").build()?;
    /// assert!(shape.read(br#"{"t": "u", "id": 7, "at": 1674087231}"#).is_ok());
    /// // milliseconds are not guessed
    /// assert!(shape.read(br#"{"t": "u", "id": 7, "at": 1674087231000}"#).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time(mut self, pointer: &str) -> Self {
        self.time = Some(pointer.to_owned());
        self
    }

    /// Sets where the version of the record is: a whole number, or a text of digits. The version may be missing.
    ///
    /// ```
    /// # use tripartite::webhook::{EventKind, Shape};
    /// let shape =
    ///     Shape::builder("/t", "/id", [("u", EventKind::Updated)]).version("/rev").build()?;
    /// let version = |body| shape.read(body).map(|message| message.events[0].order.version);
    /// assert_eq!(version(br#"{"t": "u", "id": 7, "rev": "12"}"#)?, Some(12));
    /// assert!(version(br#"{"t": "u", "id": 7, "rev": "12a"}"#).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn version(mut self, pointer: &str) -> Self {
        self.version = Some(pointer.to_owned());
        self
    }

    /// Checks everything and builds the shape.
    ///
    /// # Errors
    /// [`ShapeError`], the first that is found: a text that is no pointer, or no type that has a meaning.
    ///
    /// ```
    /// use tripartite::webhook::{EventKind, Shape};
    /// let deleted = [("contact.deleted", EventKind::Deleted)];
    /// let error = Shape::builder("/type", "/id", deleted).version("rev").build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "version: `rev` is not a pointer such as /data/id or #/type; \
    ///      write ~ as ~0, and / in a key as ~1"
    /// );
    /// ```
    pub fn build(self) -> Result<Shape, ShapeError> {
        let pointer = |part, text: &str| Pointer::new(text).map_err(|error| ShapeError::Pointer { part, error });
        let may_have = |part, text: Option<&String>| text.map(|text| pointer(part, text)).transpose();
        Shape::try_from(Written {
            events: may_have("events", self.events.as_ref())?,
            kind: pointer("type", &self.kind)?,
            id: pointer("id", &self.id)?,
            time: may_have("time", self.time.as_ref())?,
            version: may_have("version", self.version.as_ref())?,
            changes: self.changes,
        })
    }
}
