//! The parts of an approved plan, so that a later run may carry on with the rest of it.

use super::{Plan, id};
use crate::value::Fingerprint;

/// How many bytes of a part's SHA-256 are kept. Finding another part with the same ones takes 2^128 tries.
const KEPT: usize = 16;

/// A part: its first bytes.
type Part = [u8; KEPT];

/// The content of a plan, part by part: each op, and each record that was set aside. A host that keeps them beside an
/// approval knows later whether another plan is the rest of the approved one.
///
/// If an approved run is cut off between two batches, the next run makes a smaller plan with another id. The op of a
/// record that has not changed since is the same.
///
/// ```
/// # use tripartite::drive::drive_blocking;
/// # use tripartite::id::RunId;
/// # use tripartite::memory::{Listing, MemoryStore};
/// # use tripartite::run::Run;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// # let policy = Policy::new(schema.clone());
/// # let store = MemoryStore::new(schema.clone());
/// # let plan = |ids: &[&str]| {
/// #     let listing = Listing::of(
/// #         &schema,
/// #         ids.iter().map(|id| (*id, serde_json::json!({"name": "Áine"}))),
/// #     )?;
/// #     let run = Run::new(policy.clone(), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
/// #     let done = drive_blocking(run.dry().start(), &listing, &store)?;
/// #     Ok::<_, Box<dyn std::error::Error>>(done.plan.ok_or("a dry run hands out its plan")?)
/// # };
/// use tripartite::plan::PlanParts;
/// let parts = PlanParts::of(&plan(&["7", "8"])?);
/// assert!(parts.cover(&plan(&["8"])?)); // 7 was written before the run was cut off
/// assert!(!parts.cover(&plan(&["8", "9"])?)); // 9 was not approved
/// assert_eq!(PlanParts::from_bytes(&parts.to_bytes()), Some(parts));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanParts {
    /// The fingerprints of the schema and the policy, since the same ops mean something else under others.
    under: [[u8; KEPT]; 2],
    /// Sorted. A statement that is set aside several times is here as often.
    parts: Vec<Part>,
}

impl PlanParts {
    /// The parts of a plan.
    ///
    /// [`PlanParts`] has an example.
    pub fn of(plan: &Plan) -> Self {
        let under = [plan.schema.fingerprint(), plan.policy].map(Fingerprint::to_bytes);
        Self { under, parts: parts(plan) }
    }

    /// Whether every part of a plan is a part of this one, under the same policy.
    ///
    /// [`PlanParts`] has an example.
    pub fn cover(&self, rest: &Plan) -> bool {
        let under = [rest.schema.fingerprint(), rest.policy].map(Fingerprint::to_bytes);
        let mut known = self.parts.iter();
        self.under == under && parts(rest).iter().all(|part| known.any(|known| known == part))
    }

    /// The parts as bytes: 16 for each part, and 32 more.
    ///
    /// [`PlanParts`] has an example.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.under.iter().chain(&self.parts).flatten().copied().collect()
    }

    /// Reads such bytes; `None` if their length is wrong.
    ///
    /// ```
    /// use tripartite::plan::PlanParts;
    /// assert_eq!(PlanParts::from_bytes(&[0; 33]), None); // cut off
    /// assert!(PlanParts::from_bytes(&[0; 32]).is_some()); // the parts of an empty plan
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, []) = bytes.as_chunks::<KEPT>() else { return None };
        let ([schema, policy], parts) = chunks.split_first_chunk()?;
        let mut parts = parts.to_vec();
        parts.sort_unstable();
        Some(Self { under: [*schema, *policy], parts })
    }
}

/// The parts, sorted.
fn parts(plan: &Plan) -> Vec<Part> {
    let kept = |digest: [u8; 32]| std::array::from_fn(|at| digest[at]);
    let ops = id::of_ops(&plan.schema, plan.ops.iter());
    let mut parts: Vec<Part> = ops.chain(plan.quarantined.iter().map(id::of_aside)).map(kept).collect();
    parts.sort_unstable();
    parts
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::PlanParts;
    use crate::drive::drive_blocking;
    use crate::id::RunId;
    use crate::memory::{Listing, MemoryStore};
    use crate::plan::Plan;
    use crate::run::Run;
    use crate::schema::{Field, Kind, Policy, Schema};
    use crate::source::{Item, Malformed, RemoteRecord};

    /// The plan of a listing of which so many items cannot be read, all said to be so in the same words.
    fn unreadable(count: usize) -> Plan {
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
        let torn = || Malformed { id: None, place: "page 3".to_owned(), problem: "it is torn".to_owned() };
        let sound = RemoteRecord { id: "7".parse().unwrap(), version: None, record: schema.missing() };
        let torn = (0..count).map(|_| Item::Malformed(torn()));
        let listing = Listing::new(torn.chain([Item::Record(sound)]).collect());
        let store = MemoryStore::new(schema.clone());
        let run = Run::new(Policy::new(schema), RunId::new("run-1").unwrap(), DateTime::UNIX_EPOCH);
        drive_blocking(run.dry().start(), &listing, &store).unwrap().plan.unwrap()
    }

    #[test]
    fn what_is_set_aside_in_the_same_words_is_counted() {
        let two = PlanParts::of(&unreadable(2));
        let covered = [0, 1, 2, 3].map(|count| two.cover(&unreadable(count)));
        assert_eq!(covered, [true, true, true, false]);
        assert_eq!(PlanParts::from_bytes(&two.to_bytes()), Some(two));
    }
}
