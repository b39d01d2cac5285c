//! The id of a plan: a SHA-256 digest (FIPS 180-4) of its ops and of what it sets aside.
//!
//! | hashed | as |
//! |---|---|
//! | each op | SHA-256 of the [form](form) of what its JSON in the [stored plan](super::Plan) says, every field of it |
//! | a record of an op | its [row](row), or the number of the earlier record of the op that it is equal to |
//! | what was set aside | SHA-256 of the form of each |
//! | the plan | SHA-256 of its format, the schema, the policy, how many were set aside, and these digests, sorted |
//!
//! Every part except the forms has a fixed length, and a form has only one reading, so two plans with one id have the
//! same content. The form is written by what writes the JSON, so a field that a later version adds to an op is in both.
//!
//! **Why is the JSON itself not hashed?** Writing it took a fifth of a first import. A plan of format 2 has such an id,
//! and keeps it, because a person may have approved it: it is read, applied and written as what it is.
//!
//! **Why are the digests sorted?** Pages arrive in any order, and the plan is the same. Each op states its
//! precondition, so the order of the ops has no meaning.
//!
//! **Why not a sum of the digests?** An attacker can compute other ops with the same sum (Wagner, *A Generalized
//! Birthday Problem*, CRYPTO 2002). Sorted digests take 32 bytes an op.

mod form;
mod row;

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::form::ToForm;
use self::row::Rows;
use super::op_doc::write;
use super::{MadeAfter, Quarantined};
use crate::schema::{Policy, Schema};
use crate::store::Op;
use crate::value::Fingerprint;

/// The id of a plan: a digest of its whole content. An approval of the id is for exactly that content.
///
/// It is written as 64 hexadecimal digits. In a report of an earlier version it has 32 digits. Such an id is read and
/// written unchanged, and no plan has it any more.
///
/// ```
/// use tripartite::plan::PlanId;
/// let id = "00".repeat(32).parse::<PlanId>()?;
/// assert_eq!(serde_json::to_string(&id)?.len(), 66); // a string
/// assert!("00".repeat(16).parse::<PlanId>().is_err()); // 32 digits approve no plan
/// // but an old report may have them
/// assert!(serde_json::from_value::<PlanId>("00".repeat(16).into()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanId(Form);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    Sha256([u8; 32]),
    /// An id in a report of an earlier version.
    Short(Fingerprint),
}

/// A text that is not the id of a plan.
///
/// ```
/// use tripartite::plan::{InvalidPlanId, PlanId};
/// assert_eq!("7".repeat(63).parse::<PlanId>(), Err(InvalidPlanId)); // cut off
/// assert_eq!(
///     "7".repeat(32).parse::<PlanId>().unwrap_err().to_string(),
///     "expected 64 hexadecimal digits"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {DIGITS} hexadecimal digits")]
pub struct InvalidPlanId;

const DIGITS: usize = 64;

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Sha256(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Form::Short(fingerprint) => fingerprint.fmt(f),
        }
    }
}

impl fmt::Debug for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlanId({self})")
    }
}

impl std::str::FromStr for PlanId {
    type Err = InvalidPlanId;

    fn from_str(text: &str) -> Result<Self, InvalidPlanId> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidPlanId);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| InvalidPlanId)?;
        }
        Ok(Self(Form::Sha256(bytes)))
    }
}

impl Serialize for PlanId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PlanId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse::<Fingerprint>() {
            Ok(short) => Ok(Self(Form::Short(short))),
            Err(_) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// The format of a stored plan. Both have the same JSON, and other ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanFormat {
    /// The JSON of each op was hashed.
    Second,
    Third,
}

impl PlanFormat {
    pub(super) const LATEST: Self = Self::Third;

    pub(super) fn number(self) -> u32 {
        match self {
            Self::Second => 2,
            Self::Third => 3,
        }
    }

    pub(super) fn of(number: u32) -> Option<Self> {
        [Self::Second, Self::Third].into_iter().find(|format| format.number() == number)
    }
}

/// The id of a plan in the making, for a run that does not keep its ops.
#[derive(Debug, Clone)]
pub(crate) struct PlanHash {
    format: PlanFormat,
    schema: Fingerprint,
    policy: Fingerprint,
    ops: Vec<Part>,
    /// A buffer for what is hashed of each op.
    bytes: Vec<u8>,
}

/// The digest of an op, or of what was set aside.
pub(super) type Part = [u8; 32];

impl PlanHash {
    pub(crate) fn new(policy: &Policy) -> Self {
        Self::under(policy.schema(), policy.fingerprint(), PlanFormat::LATEST)
    }

    pub(super) fn under(schema: &Schema, policy: Fingerprint, format: PlanFormat) -> Self {
        let (ops, bytes) = (Vec::new(), Vec::with_capacity(ROOM));
        Self { format, schema: schema.fingerprint(), policy, ops, bytes }
    }

    pub(crate) fn add(&mut self, schema: &Schema, op: &Op) {
        let part = match self.format {
            PlanFormat::Second => json(&mut self.bytes, &write(op, |record| schema.named(record))),
            PlanFormat::Third => op_in(&mut self.bytes, schema, op),
        };
        self.ops.push(part);
    }

    pub(crate) fn id(mut self, aside: &[Quarantined]) -> PlanId {
        let digest = match self.format {
            PlanFormat::Second => json,
            PlanFormat::Third => form,
        };
        let mut aside: Vec<Part> = aside.iter().map(|aside| digest(&mut self.bytes, aside)).collect();
        aside.sort_unstable();
        self.ops.sort_unstable();
        let mut sum = Sha256::new_with_prefix(format!("tripartite plan {}\n", self.format.number()));
        sum.update(self.schema.to_bytes());
        sum.update(self.policy.to_bytes());
        sum.update((aside.len() as u64).to_be_bytes());
        aside.iter().chain(&self.ops).for_each(|digest| sum.update(digest));
        PlanId(Form::Sha256(sum.finalize().into()))
    }
}

/// The digests of ops.
pub(super) fn of_ops(schema: &Schema, ops: impl Iterator<Item = Op>) -> impl Iterator<Item = Part> {
    let mut bytes = Vec::with_capacity(ROOM);
    ops.map(move |op| op_in(&mut bytes, schema, &op))
}

/// The digest of a record that was set aside.
pub(super) fn of_aside(aside: &Quarantined) -> Part {
    form(&mut Vec::new(), aside)
}

fn op_in(bytes: &mut Vec<u8>, schema: &Schema, op: &Op) -> Part {
    let mut rows = Rows::new(schema);
    form(bytes, &write(op, |record| rows.row(record)))
}

fn form<T: Serialize>(bytes: &mut Vec<u8>, part: &T) -> Part {
    bytes.clear();
    part.serialize(ToForm(bytes)).expect(WRITTEN);
    Sha256::digest(bytes).into()
}

fn json<T: Serialize>(bytes: &mut Vec<u8>, part: &T) -> Part {
    bytes.clear();
    serde_json::to_writer(&mut *bytes, part).expect(WRITTEN);
    Sha256::digest(bytes).into()
}

/// The digest of the run that a plan was made after, together with the plan's id.
pub(super) fn seal(id: PlanId, made_after: Option<&MadeAfter>) -> Option<PlanId> {
    made_after.map(|after| PlanId(Form::Sha256(json(&mut Vec::new(), &("tripartite plan made after", id, after)))))
}

/// The form of most ops is shorter than this many bytes.
const ROOM: usize = 1 << 11;

/// Why serialising a plan cannot fail.
const WRITTEN: &str = "every key of an op is a text, and nothing in it refuses to be written";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::any_op::{FIELDS, op};
    use crate::plan::op_doc::read;
    use crate::schema::{Field, Kind};

    fn schema() -> Schema {
        let fields = (0..FIELDS).map(|at| Field::new(format!("field {at}"), Kind::Text));
        fields.fold(Schema::builder(), |schema, field| schema.field(field)).build().unwrap()
    }

    fn json_of(schema: &Schema, op: &Op) -> String {
        serde_json::to_string(&write(op, |record| schema.named(record))).unwrap()
    }

    fn digest(schema: &Schema, op: &Op) -> Part {
        op_in(&mut Vec::new(), schema, op)
    }

    macro_rules! mixed {
        ($one:ident, $other:ident: $($part:ident)+) => {{
            // All parts are named, so that a new one is not forgotten.
            let Op { $($part),+ } = $other.clone();
            [$(Op { $part, ..$one.clone() }),+]
        }};
    }

    /// The first op with one part of the other, for each part.
    fn mixed(one: &Op, other: &Op) -> [Op; 13] {
        mixed! { one, other: id rekeyed situation action expect made_from base version remote seen missed conflicts entries }
    }

    proptest! {
        /// What the stored plan tells apart has different digests, and nothing else has.
        #[test]
        fn ops_have_one_digest_iff_they_have_one_json(one in op(), other in op()) {
            let schema = schema();
            let mut all = mixed(&one, &other).to_vec();
            all.extend([other, one]);
            let all: Vec<_> = all.iter().map(|op| (digest(&schema, op), json_of(&schema, op))).collect();
            for (one, json) in &all {
                for (other, other_json) in &all {
                    prop_assert_eq!(one == other, json == other_json, "{}\n{}", json, other_json);
                }
            }
        }

        #[test]
        fn an_op_that_was_stored_and_read_has_the_digest_that_it_had(op in op()) {
            // A field that the schema does not have is not stored, and may be what needs exact numbers.
            prop_assume!(op.remote.as_ref().is_none_or(|row| row.len() <= FIELDS));
            let schema = schema();
            let json = json_of(&schema, &op);
            let back = read(&schema, serde_json::from_str(&json).unwrap()).unwrap();
            prop_assert_eq!(digest(&schema, &back), digest(&schema, &op), "{}\n{}", json, json_of(&schema, &back));
        }
    }
}
