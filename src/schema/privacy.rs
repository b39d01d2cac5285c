//! The privacy setting of a field: whether the audit keeps its values plain, hashed or not at all.

use serde::{Deserialize, Serialize};

/// What the audit keeps of a field's values.
///
/// | privacy | `087 123 4567` is kept as | can it be restored? | can two entries be compared? |
/// |---|---|---|---|
/// | plain | `087 123 4567` | yes | yes |
/// | redacted | `(redacted)` | no | no |
/// | hashed | `hmac-sha256:` and 32 hexadecimal digits | no | yes, with the same key |
///
/// An empty value stays empty in all three: that somebody cleared a field says nothing about what stood there.
///
/// ```
/// use tripartite::schema::{Privacy, Schema};
/// let schema: Schema = serde_json::from_value(serde_json::json!({"fields": {
///     "name": {"kind": "name", "sensitive": true},
///     "phone": {"kind": "text", "sensitive": "redacted"},
/// }}))?;
/// let kept: Vec<Privacy> = schema.fields().iter().map(|field| field.privacy()).collect();
/// assert_eq!(kept, [Privacy::Plain, Privacy::Redacted]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Privacy {
    /// As they are, so that an overwritten one can be restored.
    #[default]
    Plain,
    /// Not at all.
    Redacted,
    /// As their keyed hash: equal values can be told, none can be read.
    Hashed,
}

impl Privacy {
    /// Whether values are kept as they are.
    ///
    /// ```
    /// use tripartite::schema::Privacy;
    /// assert!(Privacy::Plain.is_plain() && !Privacy::Hashed.is_plain());
    /// ```
    pub fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}
