//! What of an entry is stored: the values of a field as its [`Privacy`] has them.

use std::borrow::Cow;

use super::{Entry, FieldEntry};
use crate::schema::{Privacy, Schema};
use crate::value::Value;

/// Hashes under a key that the host keeps beside its database, never in it.
///
/// * **Must** be a keyed cryptographic hash: without the key, telephone numbers are found by trying them all.
/// * **Must** be a function of the key and the message: equal messages have equal hashes.
///
/// With the feature `audit-key`, `AuditKey` is one.
pub trait KeyedHash {
    /// The hash of a message.
    fn hash(&self, message: &[u8]) -> [u8; 32];
}

/// What stands for a value that is not kept.
const REDACTED: &str = "(redacted)";

/// So many bytes of a hash are kept: enough that no two values of a register are taken for one.
const KEPT: usize = 16;

impl Entry {
    /// The entry as a store keeps it: the values of a redacted or hashed field are replaced. Where a hash is asked for
    /// and there is no key, the value is redacted. Hashes are of the canonical form, so two spellings of one number
    /// have one hash; two fields never share one.
    ///
    /// Verdict, decision and reason stay, and so do the paths at which an object collides: of an object whose *keys*
    /// are personal, the audit names them.
    ///
    /// ```
    /// use tripartite::exchange::{Entry, FieldEntry};
    /// # use tripartite::detect::{LocalChange, Verdict};
    /// # use tripartite::resolve::Decision;
    /// # use tripartite::value::Value;
    /// use tripartite::schema::{Field, Kind, Privacy, Schema};
    /// let phone = Field::new("phone", Kind::Text).sensitive_as(Privacy::Redacted);
    /// let schema = Schema::builder().field(phone).build()?;
    /// # let entry = Entry::Field(FieldEntry {
    /// #     field: "phone".to_owned(), group: None, verdict: Verdict::LocalOnly(LocalChange::Set),
    /// #     decision: Decision::Nothing, rule: "source: merge".to_owned(), base: Some(Value::Null),
    /// #     local: Value::from("087 123 4567"), remote: Some(Value::Null), result: Value::from("087 123 4567"),
    /// #     collisions: vec![], why: String::new(), by: None, kept: Privacy::Plain,
    /// # });
    /// // Somebody entered "087 123 4567" where the source has nothing.
    /// let stored = entry.stored(&schema, None).into_owned();
    /// let Entry::Field(FieldEntry { local, remote, kept, .. }) = stored else { unreachable!() };
    /// assert_eq!((local.as_text(), remote, kept), (Some("(redacted)"), Some(Value::Null), Privacy::Redacted));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stored(&self, schema: &Schema, key: Option<&dyn KeyedHash>) -> Cow<'_, Self> {
        let Self::Field(entry) = self else { return Cow::Borrowed(self) };
        // A field that left the schema since is one that nobody vouches for; no policy is known to make such an entry.
        let Some(position) = schema.position(&entry.field) else { return Cow::Borrowed(self) };
        let privacy = schema.fields()[position].privacy();
        if privacy.is_plain() || !entry.kept.is_plain() {
            return Cow::Borrowed(self);
        }
        let key = key.filter(|_| privacy == Privacy::Hashed);
        let keep = |value: &Value| stand_in(schema, position, value, key);
        Cow::Owned(Self::Field(FieldEntry {
            base: entry.base.as_ref().map(keep),
            local: keep(&entry.local),
            remote: entry.remote.as_ref().map(keep),
            result: keep(&entry.result),
            kept: if key.is_some() { Privacy::Hashed } else { Privacy::Redacted },
            ..entry.clone()
        }))
    }
}

fn stand_in(schema: &Schema, position: usize, value: &Value, key: Option<&dyn KeyedHash>) -> Value {
    let field = &schema.fields()[position];
    if schema.same_value(field.kind(), value, &Value::Null) {
        return Value::Null;
    }
    let Some(key) = key else { return Value::from(REDACTED) };
    let text = |value: &Value| serde_json::to_string(value).unwrap_or_default();
    let form = match schema.canonical_of(field.kind(), value) {
        Ok(canonical) => format!("is {}", text(&canonical)),
        Err(_) => format!("raw {}", text(value)),
    };
    let hash = key.hash(format!("{}:{} {form}", field.name().len(), field.name()).as_bytes());
    let digits: String = hash[..KEPT].iter().map(|byte| format!("{byte:02x}")).collect();
    Value::Text(format!("hmac-sha256:{digits}"))
}
