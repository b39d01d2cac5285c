//! The id of a plan: a SHA-256 digest (FIPS 180-4) of its ops and of what it sets aside.
//!
//! | hashed | as |
//! |---|---|
//! | each op | SHA-256 of its JSON in the [stored plan](super::Plan), every field of it |
//! | what was set aside | SHA-256 of the JSON of each |
//! | the plan | SHA-256 of the form, the schema, the policy, how many were set aside, and these digests, sorted |
//!
//! Every part except the JSON has a fixed length, and a JSON text has only one reading, so two plans with one id have
//! the same content. A field that a later version adds to an op is in its JSON, and so in the id.
//!
//! **Why are the digests sorted?** Pages arrive in any order, and the plan is the same. Each op states its
//! precondition, so the order of the ops has no meaning.
//!
//! **Why not a sum of the digests?** An attacker can compute other ops with the same sum (Wagner, *A Generalized
//! Birthday Problem*, CRYPTO 2002). Sorted digests take 32 bytes an op.

use std::fmt;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{MadeAfter, Quarantined, doc};
use crate::schema::{Policy, Schema};
use crate::store::Op;
use crate::value::{Fingerprint, Record};

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

/// The id of a plan in the making, for a run that does not keep its ops.
#[derive(Debug, Clone)]
pub(crate) struct PlanHash {
    schema: Fingerprint,
    policy: Fingerprint,
    ops: Vec<[u8; 32]>,
    /// A buffer for the JSON of each op.
    json: Vec<u8>,
}

/// A record that is serialised already.
#[derive(Clone)]
struct Written(Rc<Box<RawValue>>);

impl Serialize for Written {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PlanHash {
    pub(crate) fn new(policy: &Policy) -> Self {
        Self::under(policy.schema(), policy.fingerprint())
    }

    pub(super) fn under(schema: &Schema, policy: Fingerprint) -> Self {
        Self { schema: schema.fingerprint(), policy, ops: Vec::new(), json: Vec::with_capacity(ROOM) }
    }

    pub(crate) fn add(&mut self, schema: &Schema, op: &Op) {
        self.ops.push(digest_in(&mut self.json, schema, op));
    }

    pub(crate) fn id(mut self, aside: &[Quarantined]) -> PlanId {
        let mut aside: Vec<[u8; 32]> = aside.iter().map(of_aside).collect();
        aside.sort_unstable();
        self.ops.sort_unstable();
        let mut sum = Sha256::new_with_prefix(b"tripartite plan 2\n");
        sum.update(self.schema.to_bytes());
        sum.update(self.policy.to_bytes());
        sum.update((aside.len() as u64).to_be_bytes());
        aside.iter().chain(&self.ops).for_each(|digest| sum.update(digest));
        PlanId(Form::Sha256(sum.finalize().into()))
    }
}

/// The digest of an op.
pub(super) fn of_op(schema: &Schema, op: &Op) -> [u8; 32] {
    digest_in(&mut Vec::with_capacity(ROOM), schema, op)
}

fn digest_in(json: &mut Vec<u8>, schema: &Schema, op: &Op) -> [u8; 32] {
    // The created record, its base and the source's record are mostly the same, so it is serialised once.
    let mut last: Option<(&Record, Written)> = None;
    let named = |record| match &last {
        Some((known, written)) if *known == record => written.clone(),
        _ => {
            let json = serde_json::value::to_raw_value(&schema.named(record)).expect(WRITTEN);
            let written = Written(Rc::new(json));
            last = Some((record, written.clone()));
            written
        }
    };
    json.clear();
    serde_json::to_writer(&mut *json, &doc::write(op, named)).expect(WRITTEN);
    Sha256::digest(json).into()
}

/// The digest of a record that was set aside.
pub(super) fn of_aside(aside: &Quarantined) -> [u8; 32] {
    digest(aside)
}

/// The digest of the run that a plan was made after, together with the plan's id.
pub(super) fn seal(id: PlanId, made_after: Option<&MadeAfter>) -> Option<PlanId> {
    made_after.map(|after| PlanId(Form::Sha256(digest(&("tripartite plan made after", id, after)))))
}

fn digest<T: Serialize>(part: &T) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(part).expect(WRITTEN)).into()
}

/// The JSON of most ops is shorter than this many bytes.
const ROOM: usize = 1 << 11;

/// Why serialising a plan cannot fail.
const WRITTEN: &str = "every key of an op is a text, and nothing in it refuses to be written";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::ExternalId;
    use crate::plan::plan_creation;
    use crate::schema::{Field, Kind};
    use crate::source::RemoteRecord;

    /// Whichever of an op's records are one, and also where a text has to be escaped.
    #[test]
    fn an_op_is_hashed_as_it_is_stored() {
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
        let record = |name: &str| schema.record(&json!({ "name": name })).unwrap();
        let (id, policy) = (ExternalId::new("7").unwrap(), Policy::new(schema.clone()));
        let remote = RemoteRecord { id, version: None, record: record("Áine \"Q\"\n") };
        let created = plan_creation(&policy, &remote).unwrap();
        assert_eq!(created.base, created.remote);
        let silent = Op { remote: None, ..created.clone() };
        let [moved, apart] = ["Anna", "Áine"].map(|name| Op { base: Some(record(name)), ..created.clone() });
        let back = Op { remote: Some(record("Anna")), ..moved.clone() };
        let more = schema.record(&json!({ "name": "Anna", "said": [null, 0.5, "\u{1}"] })).unwrap();
        let more = Op { remote: Some(more), ..moved.clone() };
        let ops = [created, silent, moved, apart, back, more];
        for op in &ops {
            let stored = serde_json::to_vec(&doc::write(op, |record| schema.named(record))).unwrap();
            assert_eq!(of_op(&schema, op), <[u8; 32]>::from(Sha256::digest(stored)));
        }
        let digests: std::collections::BTreeSet<_> = ops.iter().map(|op| of_op(&schema, op)).collect();
        assert_eq!(digests.len(), ops.len(), "they differ, and so do their digests");
    }
}
