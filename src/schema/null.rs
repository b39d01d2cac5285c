//! What counts as null, and what a source means by it.

use serde::{Deserialize, Serialize};

use super::compare::is_hollow;
use super::{Field, Kind, Reading, Schema};
use crate::normalize::{address, text};
use crate::value::{FieldRef, Value};

/// What a source means by null: that a field is empty, or that it has nothing to say.
///
/// ```
/// use tripartite::detect::{Sides, Verdict, detect};
/// use tripartite::schema::{Field, Kind, NullMeans, Schema};
/// let schema = Schema::builder()
///     .field(Field::new("team", Kind::Text).null_means(NullMeans::NoOpinion))
///     .build()?;
/// let base = schema.record(&serde_json::json!({"team": "Boats"}))?;
/// // blank is null, too
/// let remote = schema.record(&serde_json::json!({"team": " "}))?;
/// let found = detect(&schema, Sides { base: &base, local: &base, remote: &remote });
/// assert_eq!(found.changes()[0].verdict, Verdict::NotReported);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NullMeans {
    /// The field is empty: what was there is cleared.
    #[default]
    Cleared,
    /// Nothing: the field is not filled in there, and stays as it is here.
    NoOpinion,
}

impl Schema {
    /// What the source means by null in this field.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, NullMeans, Schema};
    /// let schema = Schema::builder()
    ///     .null_means(NullMeans::NoOpinion)
    ///     .field(Field::new("team", Kind::Text))
    ///     .field(Field::new("left_on", Kind::DATE).null_means(NullMeans::Cleared))
    ///     .build()?;
    /// assert_eq!(
    ///     (schema.null_means(0), schema.null_means(1)),
    ///     (NullMeans::NoOpinion, NullMeans::Cleared)
    /// );
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn null_means(&self, position: usize) -> NullMeans {
        self.fields().get(position).and_then(|field| field.null_means).unwrap_or(self.spec().null_means)
    }

    /// Whether a field's raw value counts as null: missing, null, a declared null, blank text, a text that names no
    /// element of a set, or, where an empty value means null, a list or an object that holds nothing.
    pub(crate) fn is_null(&self, field: &Field, raw: FieldRef<'_>) -> bool {
        if raw.begins_with_a_word() {
            // Nearly every value of nearly every field ends here.
            return !field.is_plain_word() && self.is_null_word(field, raw);
        }
        if raw.is_missing() || raw.is_null() {
            return true;
        }
        match raw.text() {
            // Of an address commas are white space, too.
            Some(raw) if field.kind == Kind::Address && address::same(raw, "") => true,
            Some(_) => self.is_null_word(field, raw),
            None if raw.is_composite() => field.reads_empty_as_null() && self.holds_nothing(field, &raw.to_value()),
            None => field.reading().is_declared_null(&raw.to_value()),
        }
    }

    fn is_null_word(&self, field: &Field, raw: FieldRef<'_>) -> bool {
        let Some(word) = raw.text() else { return false };
        if field.reading().declares(word) {
            return true;
        }
        match &field.kind {
            Kind::Set { delimiter: Some(_), .. } => self.holds_nothing(field, &Value::from(word)),
            Kind::Set { .. } => text::is_blank(word),
            kind => kind.is_scalar() && text::is_blank(word),
        }
    }

    /// Whether a field's raw value says nothing: null, or a list or an object that holds nothing, also where that is a
    /// value of its own.
    pub(crate) fn says_nothing(&self, position: usize, raw: FieldRef<'_>) -> bool {
        let Some(field) = self.fields().get(position) else { return raw.is_missing() || raw.is_null() };
        self.is_null(field, raw) || raw.is_composite() && self.holds_nothing(field, &raw.to_value())
    }

    /// Whether a list or an object has nothing but blanks and nulls in it, however deep.
    fn holds_nothing(&self, field: &Field, raw: &Value) -> bool {
        self.is_nothing(field, raw)
    }

    /// Whether a value, or a part of one, is null, or has nothing but blanks and nulls in it.
    pub(crate) fn is_nothing<'k>(&self, reading: impl Into<Reading<'k>>, raw: &Value) -> bool {
        is_hollow(raw) || self.canonical_of(reading, raw).is_ok_and(|canonical| is_hollow(&canonical))
    }
}

impl Field {
    /// Whether three texts tell all there is to know of three versions.
    pub(crate) fn is_told_by_words(&self) -> bool {
        self.nulls.is_empty() && self.region_from.is_none()
    }

    /// Whether a text that begins with a word cannot be null to it.
    fn is_plain_word(&self) -> bool {
        self.nulls.is_empty() && !matches!(self.kind, Kind::Set { .. })
    }
}
