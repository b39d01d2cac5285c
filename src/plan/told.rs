//! Edits that stay, and whether the audit has them already.
//!
//! An edit that the source leaves alone is decided anew whenever its record is looked at: because another field moved, or
//! because the source spells the same in another way. Only a decision that is new is told.
//!
//! | since the last decision about the record | an edit that stays is |
//! |---|---|
//! | somebody here changed it, or the policy changed | told |
//! | the field's conflict was open, and the source took its value back | told |
//! | nothing of that | told before |
//! | nothing, but the source had not stated the field when the edit was found | told now, once it states it |
//!
//! For the last row such a field is marked in the base, as one more entry beside its fields.

use std::collections::{BTreeMap, BTreeSet};

use super::marks;
use crate::detect::{LocalChange, Verdict};
use crate::resolve::{Decision, Resolution, Resolved};
use crate::schema::{Policy, Schema};
use crate::store::Loaded;
use crate::value::Value;

/// The name of the entry: a list of the names of units.
const MARKS: &str = "tripartite:untold";

/// What the audit has of the edits of a record.
pub(super) struct Told<'l> {
    loaded: &'l Loaded,
    /// The host's record and the policy are those of the last decision.
    is_settled: bool,
    /// The units whose edits were found and not told.
    untold: BTreeSet<String>,
}

impl<'l> Told<'l> {
    pub(super) fn of(policy: &Policy, loaded: &'l Loaded) -> Self {
        let is_settled =
            loaded.synced.is_some_and(|at| at.revision == loaded.revision && at.policy == policy.fingerprint());
        let untold = loaded.base.iter().flat_map(|base| marks::read(&base.record, MARKS)).collect();
        Self { loaded, is_settled, untold }
    }

    /// Whether the audit has this edit, so that its decision is not new.
    pub(super) fn has(&self, schema: &Schema, resolution: &Resolution<'_>) -> bool {
        let unit = schema.unit_name(resolution.unit);
        self.is_settled
            && resolution.decision == Decision::Nothing
            // Without a base it is decided only once.
            && matches!(resolution.verdict, Verdict::LocalOnly(change) if change != LocalChange::Unbased)
            && !self.untold.contains(unit)
            && !self.loaded.open.iter().any(|conflict| conflict.unit == unit)
    }

    /// Marks the units whose edits are not told now, because the source stated nothing that could be read.
    pub(super) fn mark(&self, schema: &Schema, resolved: &Resolved<'_>, extra: &mut BTreeMap<String, Value>) {
        let is_unsaid = |resolution: &&Resolution<'_>| {
            matches!(resolution.verdict, Verdict::NotReported | Verdict::InvalidRemote(_))
                && (!self.is_settled || self.untold.contains(schema.unit_name(resolution.unit)))
                && is_edited(schema, resolved, resolution)
        };
        let unsaid = resolved.resolutions.iter().filter(is_unsaid);
        // In the order of the names: that of a schema's fields means nothing.
        let units: BTreeSet<_> = unsaid.map(|resolution| schema.unit_name(resolution.unit).to_owned()).collect();
        marks::write(extra, MARKS, units);
    }
}

/// Whether the host has another value than the base.
fn is_edited(schema: &Schema, resolved: &Resolved<'_>, resolution: &Resolution<'_>) -> bool {
    let (base, local) = (resolved.sides.base, resolved.sides.local);
    schema.members(&resolution.unit).iter().any(|&at| {
        let (base, local) = (base.field(at), local.field(at));
        !base.is_missing() && !schema.same(at, base, local)
    })
}
