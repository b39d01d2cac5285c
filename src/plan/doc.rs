//! A plan as a document, with names instead of positions and a version, so that it can wait in a file for its approval.

use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::{PlanFormat, seal};
use super::op_doc::{Fields, OpDoc, read, write};
use super::{MadeAfter, Plan, PlanId, Quarantined};
use crate::failure::FormatError;
use crate::schema::Schema;
use crate::value::Fingerprint;

/// Why a stored plan cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// It cannot be read as a plan. The text says where and why, without the value there.
    #[error("this is not a plan: {0}")]
    Unreadable(String),
    /// A later version of this crate wrote it.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// An earlier version of this crate wrote it, and its ops do not state what they were made from.
    #[error("this plan has format {found}, which does not state what it was made from: plan once more")]
    Outdated {
        /// Its format.
        found: u32,
    },
    /// It was changed: its stated id is not the id of its content.
    #[error("this plan was changed after it was made: it states the id {stated}, and what it says has the id {found}")]
    Altered {
        /// The id that it states.
        stated: PlanId,
        /// The id of its content.
        found: PlanId,
    },
    /// It was made under another schema.
    #[error("this plan was made under schema {found}, the present one is {expected}")]
    Schema {
        /// The present schema.
        expected: Fingerprint,
        /// The plan's.
        found: Fingerprint,
    },
}

#[derive(Serialize, Deserialize)]
struct PlanDoc<R, O> {
    format: u32,
    /// Only a plan of format 1 does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<PlanId>,
    schema: Fingerprint,
    policy: Fingerprint,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_after: Option<MadeAfter>,
    /// A digest of `made_after`. Like the id, it shows that a document was changed by mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_after_seal: Option<PlanId>,
    ops: O,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quarantined: Vec<Quarantined>,
    #[serde(skip)]
    records: std::marker::PhantomData<R>,
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PlanDoc {
            format: self.format.number(),
            id: Some(self.id()),
            schema: self.schema.fingerprint(),
            policy: self.policy,
            ops: Ops(self),
            made_after: self.made_after.clone(),
            made_after_seal: seal(self.id(), self.made_after.as_ref()),
            quarantined: self.quarantined.clone(),
            records: std::marker::PhantomData::<()>,
        }
        .serialize(serializer)
    }
}

struct Ops<'a>(&'a Plan);

impl Serialize for Ops<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ops = &self.0.ops;
        let mut written = serializer.serialize_seq(Some(ops.len()))?;
        for op in ops.iter() {
            written.serialize_element(&write(&op, |record| self.0.schema.named(record)))?;
        }
        written.end()
    }
}

impl Plan {
    /// Reads a stored plan, to be applied unchanged.
    ///
    /// # Errors
    /// [`PlanError`], when it is not a plan, has another format, was made under another schema, or was changed since.
    /// The document states its [id](Plan::id), but an attacker who changes a plan can write the new id into it. So
    /// compare the id with the one that the approving person was shown.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// use tripartite::plan::{Plan, PlanError};
    /// use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let listing = Listing::of(&schema, [("7", serde_json::json!({ "name": "Áine" }))])?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry();
    /// # let done = drive_blocking(run.start(), &listing, &MemoryStore::new(schema.clone()))?;
    /// # let plan = done.plan.ok_or("a dry run hands out its plan")?;
    /// let stored = serde_json::to_string(&plan)?; // a dry run that would create Áine
    /// let read =
    ///     |text: &str| Plan::read(&schema, &mut serde_json::Deserializer::from_str(text));
    /// assert_eq!(read(&stored)?.id(), plan.id());
    /// assert!(matches!(read(&stored.replace("Áine", "Seán")), Err(PlanError::Altered { .. })));
    /// assert!(matches!(
    ///     read(&stored.replace("\"format\":3", "\"format\":9")),
    ///     Err(PlanError::Format(error)) if error.found == 9
    /// ));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read<'de, D: Deserializer<'de>>(schema: &Schema, from: D) -> Result<Self, PlanError> {
        let unreadable = |error: &dyn std::fmt::Display| PlanError::Unreadable(unquoted(error.to_string()));
        let doc = PlanDoc::<(), Vec<OpDoc<'_, Fields>>>::deserialize(from).map_err(|error| unreadable(&error))?;
        FormatError::check("this plan has", doc.format, PlanFormat::LATEST.number())?;
        // Ops of format 1 did not state what they were made from, and its ids covered half of an op.
        let (Some(format), Some(stated)) = (PlanFormat::of(doc.format), doc.id) else {
            return Err(PlanError::Outdated { found: doc.format });
        };
        if doc.schema != schema.fingerprint() {
            return Err(PlanError::Schema { expected: schema.fingerprint(), found: doc.schema });
        }
        let ops = doc.ops.into_iter().map(|op| read(schema, op)).collect::<Result<_, _>>();
        let ops = ops.map_err(|error| unreadable(&error))?;
        let (made_after, quarantined) = (doc.made_after, doc.quarantined);
        let plan = Self { format, ..Self::new(schema.clone(), doc.policy, ops, quarantined, made_after) };
        match plan.id() {
            found if found == stated && seal(found, plan.made_after.as_ref()) != doc.made_after_seal => {
                Err(PlanError::Unreadable("what it was made after was changed".to_owned()))
            }
            found if found == stated => Ok(plan),
            found => Err(PlanError::Altered { stated, found }),
        }
    }
}

/// The message of a deserialiser without the text in quotation marks, which may be personal data from a damaged plan.
/// The name of a missing field is kept, since it is one of the format's own.
fn unquoted(text: String) -> String {
    let is_mark = |c: char| c == '"' || c == '`';
    match (text.find(is_mark), text.rfind(is_mark)) {
        (Some(first), Some(last)) if first < last && !text.starts_with("missing field") => {
            format!("{}…{}", &text[..first], &text[last + 1..])
        }
        _ => text,
    }
}
