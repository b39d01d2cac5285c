//! A status field as a tombstone: the source lists who has left, and says so in a field.

use super::{Schema, SchemaError};
use crate::value::{Record, Value};

/// By which words of which field a listed record has left. It is then taken as a tombstone: what is linked to it is
/// missing, under the guards, and nothing is created for it.
///
/// A word is compared by the canonical form of the field's kind. A field that is left out, null, or cannot be read says
/// nothing of it.
///
/// ```
/// use tripartite::schema::{Field, Gone, Kind, Schema};
/// let schema = Schema::builder()
///     .field(Field::new("status", Kind::Code))
///     .gone(Gone::new("status", ["left", "expelled"]))
///     .build()?;
/// let says = |status: &str| schema.record(&serde_json::json!({"status": status}));
/// assert!(schema.says_gone(&says("LEFT")?));
/// assert!(!schema.says_gone(&says("left for lunch")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    pub(super) field: String,
    pub(super) is: Vec<Value>,
}

/// The field's position, and the words in their canonical form.
pub(super) struct Words {
    at: usize,
    is: Vec<Value>,
}

impl Gone {
    /// By these words of this field. They are checked when the schema is built.
    ///
    /// ```
    /// use tripartite::schema::{Field, Gone, Kind, Schema};
    /// let of_none = Schema::builder()
    ///     .field(Field::new("name", Kind::Name))
    ///     .gone(Gone::new("status", ["left"]));
    /// assert_eq!(
    ///     of_none.build().unwrap_err().to_string(),
    ///     "`gone`: there is no field `status`"
    /// );
    /// ```
    pub fn new<W: Into<Value>>(field: impl Into<String>, is: impl IntoIterator<Item = W>) -> Self {
        Self { field: field.into(), is: is.into_iter().map(Into::into).collect() }
    }
}

impl Schema {
    /// Whether a record of the source says that it has left.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("enabled", Kind::BOOLEAN)).build()?;
    /// let off = schema.record(&serde_json::json!({"enabled": false}))?;
    /// assert!(!schema.says_gone(&off)); // no field was declared to say it
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn says_gone(&self, record: &Record) -> bool {
        let Some(Words { at, is }) = &self.0.gone else { return false };
        let raw = record.field(*at);
        if raw.is_missing() || self.is_null(&self.fields()[*at], raw) {
            return false;
        }
        self.canonical(*at, raw).is_ok_and(|said| is.contains(&said))
    }

    pub(super) fn gone_words(&self) -> Result<Option<Words>, SchemaError> {
        let Some(Gone { field, is }) = &self.spec().gone else { return Ok(None) };
        let wrong = |problem: String| SchemaError::Setting { place: "`gone`".to_owned(), problem };
        let at = self.position(field).ok_or_else(|| wrong(format!("there is no field `{field}`")))?;
        if is.is_empty() {
            return Err(wrong("by which words does a record say that it has left?".to_owned()));
        }
        let form = |word: &Value| match self.canonical_of(&self.fields()[at], word) {
            Ok(Value::Null) => Err(wrong(format!("a word is null, and says nothing in `{field}`"))),
            Ok(form) => Ok(form),
            Err(problem) => Err(wrong(format!("a word {problem}, so `{field}` never says it"))),
        };
        Ok(Some(Words { at, is: is.iter().map(form).collect::<Result<_, _>>()? }))
    }
}
