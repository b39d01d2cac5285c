//! What of an entry a store is given: the values of a field as its [`Privacy`] has them.
//!
//! The values are replaced when a [`Batch`](crate::store::Batch) is built, before a store sees them, so that no store can forget it. Plans have
//! them as they are: they write them, and what was approved is told by them.

use super::{AuditEntry, FieldEntry};
use crate::schema::{Privacy, Schema};
use crate::value::Value;

/// Hashes under a key that the host keeps beside its database, never in it.
///
/// * **Must** be a keyed cryptographic hash: without the key, telephone numbers are found by trying them all.
/// * **Must** be a function of the key and the message: equal messages have equal hashes.
///
/// With the feature `audit-key`, `AuditKey` is one. [`Run::audit_key`](crate::run::Run::audit_key) and
/// [`decide::batch`](crate::decide::batch()) take it.
pub trait KeyedHash: Send + Sync {
    /// The hash of a message.
    fn hash(&self, message: &[u8]) -> [u8; 32];
}

/// What stands for a value that is not kept.
const REDACTED: &str = "(redacted)";

/// So many bytes of a hash are kept: enough that no two values of a register are taken for one.
const KEPT: usize = 16;

/// The entry with stand-ins for its values; `None` when they are kept as they are. Where a hash is asked for and there is
/// no key, the value is redacted. Hashes are of the canonical form, so two spellings of one number have one hash; two
/// fields never share one.
///
/// Verdict, decision and reason stay, and so do the paths at which an object collides: of an object whose *keys* are
/// personal, the audit names them.
pub(crate) fn hidden(schema: &Schema, key: Option<&dyn KeyedHash>, entry: &AuditEntry) -> Option<AuditEntry> {
    let AuditEntry::Field(entry) = entry else { return None };
    // A field that left the schema since is one that nobody vouches for; no policy is known to make such an entry.
    let position = schema.position(&entry.field)?;
    let privacy = schema.fields()[position].privacy();
    if privacy.is_plain() || !entry.kept.is_plain() {
        return None;
    }
    let key = key.filter(|_| privacy == Privacy::Hashed);
    let keep = |value: &Value| stand_in(schema, position, value, key);
    Some(AuditEntry::Field(FieldEntry {
        base: entry.base.as_ref().map(keep),
        local: keep(&entry.local),
        remote: entry.remote.as_ref().map(keep),
        result: keep(&entry.result),
        kept: if key.is_some() { Privacy::Hashed } else { Privacy::Redacted },
        ..entry.clone()
    }))
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
