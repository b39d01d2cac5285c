//! One field of a record.

use std::fmt;

use super::Value;
use super::codec::{Tag, decode, keys, within};

/// One field of a record: a view of the row. Two are equal iff the raw values are the same.
#[derive(Clone, Copy)]
pub struct FieldRef<'a> {
    pub(super) tag: Tag,
    /// Whether every double in it is what was stated.
    pub(super) exact: bool,
    pub(super) bytes: &'a [u8],
}

impl PartialEq for FieldRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag && self.bytes == other.bytes
    }
}

impl Eq for FieldRef<'_> {}

impl<'a> FieldRef<'a> {
    /// The missing field.
    pub const MISSING: FieldRef<'static> = FieldRef { tag: Tag::Missing, exact: true, bytes: &[] };
    /// The null field.
    pub const NULL: FieldRef<'static> = FieldRef { tag: Tag::Null, exact: true, bytes: &[] };

    /// Whether nothing was said.
    ///
    /// ```
    /// use tripartite::value::FieldRef;
    /// assert!(FieldRef::MISSING.is_missing());
    /// assert!(!FieldRef::NULL.is_missing()); // "it is empty" was said
    /// ```
    pub fn is_missing(self) -> bool {
        self.tag == Tag::Missing
    }

    /// Whether it is explicitly null.
    ///
    /// ```
    /// use tripartite::value::FieldRef;
    /// assert!(FieldRef::NULL.is_null());
    /// assert!(!FieldRef::MISSING.is_null()); // nothing was said
    /// ```
    pub fn is_null(self) -> bool {
        self.tag == Tag::Null
    }

    /// The keys of a map, in their order; of all else, none. Nothing is allocated.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let record = schema.record(
    ///     &serde_json::json!({"name": "Áine", "shoe": 43, "belt": {"colour": "red"}}),
    /// )?;
    /// // of the map itself, not within
    /// assert_eq!(record.extra().keys().collect::<Vec<_>>(), ["belt", "shoe"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keys(self) -> impl Iterator<Item = &'a str> {
        keys(if self.tag == Tag::Map { self.bytes } else { &[] })
    }

    /// Whether it is a list or a map.
    ///
    /// ```
    /// use tripartite::value::{RecordBuilder, Value};
    /// let mut row = RecordBuilder::new(2);
    /// row.set(0, &Value::List(vec![]))?;
    /// row.set_text(1, "[]")?;
    /// let row = row.finish();
    /// // JSON in a text is a text
    /// assert!(row.field(0).is_composite() && !row.field(1).is_composite());
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn is_composite(self) -> bool {
        matches!(self.tag, Tag::List | Tag::Map)
    }

    /// A quick yes to whether it is a text that begins, but for spaces, with something to read: visible ASCII but for a
    /// comma, or a character from U+00C0 to U+02FF.
    #[inline]
    pub(crate) fn begins_with_a_word(self) -> bool {
        let visible = |&byte: &u8| byte != b',' && (byte.is_ascii_graphic() || matches!(byte, 0xC3..=0xCB));
        self.tag == Tag::Text && self.bytes.iter().find(|&&byte| byte != b' ').is_some_and(visible)
    }

    /// The bytes of the text, if it is one.
    pub(crate) fn text_bytes(self) -> Option<&'a [u8]> {
        (self.tag == Tag::Text).then_some(self.bytes)
    }

    /// Whether it is a list.
    pub(crate) fn is_list(self) -> bool {
        self.tag == Tag::List
    }

    /// The elements of a list; of all else, none. Nothing is allocated.
    pub(crate) fn elements(self) -> impl Iterator<Item = FieldRef<'a>> {
        let bytes = if self.tag == Tag::List { self.bytes } else { &[] };
        within(self.tag, bytes).map(move |(tag, bytes)| FieldRef { tag, exact: self.exact, bytes })
    }

    /// Whether it is a text. This is quicker than [`text`](Self::text).
    ///
    /// ```
    /// use tripartite::value::{FieldRef, RecordBuilder};
    /// let mut row = RecordBuilder::new(1);
    /// row.set_text(0, "")?;
    /// assert!(row.finish().field(0).is_text()); // an empty text is one
    /// assert!(!FieldRef::NULL.is_text());
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn is_text(self) -> bool {
        self.tag == Tag::Text
    }

    /// The text, if it is one.
    ///
    /// ```
    /// use tripartite::value::{RecordBuilder, Value};
    /// let mut row = RecordBuilder::new(1);
    /// row.set(0, &Value::from(42))?;
    /// assert_eq!(row.finish().field(0).text(), None); // a number; see `to_value`
    /// # Ok::<(), tripartite::value::RecordError>(())
    /// ```
    pub fn text(self) -> Option<&'a str> {
        match self.tag {
            Tag::Text => std::str::from_utf8(self.bytes).ok(),
            _ => None,
        }
    }

    /// An owned copy; a missing field becomes [`Value::Null`].
    ///
    /// ```
    /// use tripartite::value::{FieldRef, Value};
    /// // ask `is_missing` first where it matters
    /// assert_eq!(FieldRef::MISSING.to_value(), Value::Null);
    /// ```
    pub fn to_value(self) -> Value {
        decode(self.tag, self.bytes)
    }
}

impl fmt::Debug for FieldRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_missing() { f.write_str("missing") } else { self.to_value().fmt(f) }
    }
}
