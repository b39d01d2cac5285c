//! The audit: what was decided and why, with the values of all sides.
//!
//! A host stores the [`AuditEntry`]s that come with an [`Op`](crate::store::Op). An entry about a field holds the value that
//! was overwritten, so that [`restore`](crate::decide::restore()) can bring it back. A field that is redacted or hashed
//! ([`Privacy`]) has stand-ins instead of its values.

#[cfg(feature = "audit-key")]
mod key;
mod privacy;
mod record_reason;
mod sentences;
mod situation;

use serde::{Deserialize, Deserializer, Serialize};

#[cfg(feature = "audit-key")]
pub use key::{AuditKey, WeakKey};
pub use privacy::KeyedHash;
pub(crate) use privacy::hidden;
pub use record_reason::RecordReason;
pub(crate) use sentences::{Named, parts, sentences};
pub use situation::Situation;

use crate::detect::Verdict;
use crate::id::PersonId;
use crate::resolve::{Collision, Decision, Dialled, Reason, UnitReason, has_part_rules, told};
use crate::schema::{Privacy, Schema};
use crate::value::Value;

/// One line of the audit. The host stores it with the batch's run and time, and the op's external id.
///
/// This enum is exhaustive: a store must keep every kind of entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly all entries are about fields")]
pub enum AuditEntry {
    /// About one field that was not in sync. That an edit stays, or that a conflict is open, is told when it is new, and not
    /// again on each night on which the record is looked at.
    Field(FieldEntry),
    /// About the record as a whole.
    Record(RecordEntry),
}

/// What was decided about one field. It holds the values of all sides, so an overwritten value can be restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldEntry {
    /// The field.
    pub field: String,
    /// The atomic group it was decided with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Which side changed the field.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What was done.
    pub decision: Decision,
    /// The rule that decided.
    pub rule: String,
    /// The base; `None` when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub base: Option<Value>,
    /// The host's value before.
    pub local: Value,
    /// The source's value; `None` when it said nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub remote: Option<Value>,
    /// The host's value after.
    pub result: Value,
    /// Inside an object: where the sides collide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collisions: Vec<Collision>,
    /// Where its telephone numbers were dialled, if another field of the record says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialled: Option<Dialled>,
    /// Why, in an English sentence or two. [`reason`](Self::reason) has it as data.
    pub why: String,
    /// Who decided; `None` when a policy did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// How the values are kept. Unless this is plain, they are stand-ins, and nothing can be restored from them.
    #[serde(default, skip_serializing_if = "Privacy::is_plain")]
    pub kept: Privacy,
}

impl FieldEntry {
    /// Why it was decided, as data: for sentences in other words than those of [`why`](Self::why).
    ///
    /// Of a field that the schema no longer has, the places of collisions are not told: what in them is a name and what
    /// is a value is not known.
    ///
    /// ```
    /// use tripartite::audit::FieldEntry;
    /// use tripartite::resolve::Reason;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// let stored = r#"{"field": "phone", "verdict": "Conflict", "detail": "BothChanged",
    ///     "decision": "KeptLocal", "rule": "person: take_local", "base": "1", "local": "2",
    ///     "remote": "3", "result": "2", "why": "", "by": "aoife"}"#;
    /// let entry: FieldEntry = serde_json::from_str(stored)?;
    /// let Reason::Unit(why) = entry.reason(&schema) else { unreachable!() };
    /// assert_eq!((why.answer(), why.strategy()), (Some("take_local"), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reason(&self, schema: &Schema) -> Reason<'_> {
        let kind = schema.position(&self.field).map(|position| schema.fields()[position].kind());
        Reason::Unit(UnitReason {
            unit: self.group.as_deref().unwrap_or(&self.field).into(),
            is_group: self.group.is_some(),
            verdict: self.verdict.clone(),
            decision: self.decision,
            rule: (&*self.rule).into(),
            has_part_rules: self.group.is_none() && has_part_rules(kind),
            collisions: told(&self.collisions, kind),
            dialled: self.dialled.clone(),
        })
    }
}

/// What was decided about a record as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordEntry {
    /// The situation of the record.
    pub situation: Situation,
    /// The name of the action; `link` if a record here was linked.
    pub action: String,
    /// Why, in English. [`reason`](Self::reason) has it as data.
    pub why: String,
    /// Who decided; `None` when a policy did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
}

/// A present value was stated, also null. Only an absent one was not stated.
pub(crate) fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
