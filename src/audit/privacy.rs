//! Replaces the values in an audit entry by stand-ins, as the [`Privacy`] of each field says.
//!
//! The values are replaced when a [`Batch`](crate::store::Batch) is built, before a store sees them, so no store can
//! forget to do it. A plan holds the plain values: it writes them, and its id is computed from them.

use super::{AuditEntry, FieldEntry};
use crate::resolve::Collision;
use crate::schema::{Privacy, Schema, told_place};
use crate::value::Value;

/// Hashes under a key that the host keeps beside its database, never in it.
///
/// * **Must** be a keyed cryptographic hash: without the key, telephone numbers are found by trying them all.
/// * **Must** be a function of the key and the message: equal messages have equal hashes.
///
/// With the feature `audit-key`, `AuditKey` implements it. [`Run::audit_key`](crate::run::Run::audit_key) and
/// [`decide::batch`](crate::decide::batch()) take it.
pub trait KeyedHash: Send + Sync {
    /// The hash of a message.
    fn hash(&self, message: &[u8]) -> [u8; 32];
}

/// The stand-in for a redacted value.
const REDACTED: &str = "(redacted)";

/// How many bytes of a hash are kept. So many are enough that two values of a register never have the same stand-in.
const KEPT: usize = 16;

/// The entry with stand-ins for its values; `None` when all values are kept. If a field is hashed and there is no key,
/// its value is redacted. A hash is computed from the canonical form, so two spellings of one number have the same
/// hash. Two fields never share a hash.
///
/// Verdict, decision and reason stay, and so do the paths at which an object collides. If the *keys* of an object are
/// personal, the audit still names them. The record of a set is told by the fields of its key, without what they are.
pub(crate) fn hidden(schema: &Schema, key: Option<&dyn KeyedHash>, entry: &AuditEntry) -> Option<AuditEntry> {
    let AuditEntry::Field(entry) = entry else { return None };
    // A field that has left the schema has no privacy setting, so its values stay. No plan is known to make such an
    // entry.
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
        collisions: entry.collisions.iter().map(|collision| told(schema, position, collision)).collect(),
        ..entry.clone()
    }))
}

fn told(schema: &Schema, position: usize, collision: &Collision) -> Collision {
    Collision { path: told_place(schema.fields()[position].kind(), &collision.path), ..collision.clone() }
}

fn stand_in(schema: &Schema, position: usize, value: &Value, key: Option<&dyn KeyedHash>) -> Value {
    let field = &schema.fields()[position];
    if schema.same_value(field, value, &Value::Null) {
        return Value::Null;
    }
    let Some(key) = key else { return Value::from(REDACTED) };
    let text = |value: &Value| serde_json::to_string(value).unwrap_or_default();
    let form = match schema.canonical_of(field, value) {
        Ok(canonical) => format!("is {}", text(&canonical)),
        Err(_) => format!("raw {}", text(value)),
    };
    let hash = key.hash(format!("{}:{} {form}", field.name().len(), field.name()).as_bytes());
    let digits: String = hash[..KEPT].iter().map(|byte| format!("{byte:02x}")).collect();
    Value::Text(format!("hmac-sha256:{digits}"))
}
