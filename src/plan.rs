//! Planning: from decisions to the operations that carry them out, before anything is written.
//!
//! A [`Plan`] is pure, deterministic and serialisable: the same listing, the same host and the same policy give the
//! same plan with the same [id](Plan::id). A dry run returns this plan, and applying it carries out the same plan. A
//! record that is in step has no op. One of which only the base or its marks move has a silent one, which writes no field.
//!
//! Each op has everything that happens to one record, to be written together: the patch, the new base, the changes of
//! its open conflicts, its audit entries, and the revision it was computed from.
//!
//! | situation | op |
//! |---|---|
//! | [`Linked`], something to write | [`Update`] |
//! | Linked, nothing to write, but something to remember | [`Touch`] |
//! | [`Unmatched`] | [`Create`], base and link with it |
//! | [`Found`], by a rule that is trusted | [`Update`] or [`Touch`], [linked](crate::store::Op::links) with it |
//! | [`Reappeared`] | [`Reactivate`], merged like a linked one |
//! | [`Missing`] from a complete listing, or said to be gone | [`Deactivate`], never a delete |
//! | missing, but edited here: [`DeleteVsEdit`] | [`Deactivate`], and a conflict is held open |
//! | missing still, but made active again by a user: [`KeptActive`] | stays active, noted once in the audit |
//! | [`LocalDeleted`] | stays deleted |
//! | deleted here, but changed at the source: [`DeleteVsEdit`] | stays deleted, and a conflict is held open |
//! | [`Rekeyed`] | any of these, the link and base [moved](crate::store::Op::rekeyed) first |
//!
//! One night of a register of 1000 members, 940 of them listed:
//!
//! | what happened | op | what it expects |
//! |---|---|---|
//! | 870 are as they were last night on both sides | none | |
//! | 48 changed their phone number at the source | [`Update`] of that field | the revision that was read |
//! | 22 were edited here, and did not change at the source | [`Touch`] | the revision that was read |
//! | 5 are new | [`Create`] | that no record has this id |
//! | 60 are gone | [`Deactivate`] | the revision that was read |
//!
//! The [`Guards`] let the 60 of 1000 pass: 6 % are below the default limit of 20 %. At 250 they would have stopped the
//! plan, and nothing would have been written until a person approved it by its id.
//!
//! **When is a record not looked at?** When all of this holds: the source's record and its version have the
//! [fingerprint](crate::value::Fingerprint) of the last decision; the host's revision is the one after that decision; the policy
//! is the same; and the record was in the listing before this one. Then there is nothing to do. [`Synced`] holds the fingerprint of what was *seen*, not of the base. A record with a value that cannot be
//! read, or with fields left out, never equals its base and would be loaded every night.
//!
//! **Is an edit that stays told every night?** No. A source that spells a field in another way, or changes another one, has its
//! record looked at, and the same is decided of the edit once more. It has an audit entry when the record or the policy changed
//! since the last decision, when its conflict ends, and when the source states a field again that it had left out.
//!
//! **What if somebody edits a record between the plan and the write?** An op is a compare-and-set: it states the
//! revision it was computed from, and a host refuses it if the record has another one (optimistic concurrency control;
//! Kung and Robinson, *On Optimistic Methods for Concurrency Control*, ACM TODS 1981). The record is then loaded and
//! planned once more. If it changes again, it is left to the next night, and so is a record of which nothing was to be written.
//!
//! **What if a plan is old?** An op [states](crate::store::Op::made_from) what was remembered of the record when it was
//! planned. A run that applies a stored plan looks at each record first. If a sync or a person has decided on the
//! record since, the op is outdated: either its work is done already, or it is skipped and the report says so. It is
//! never planned once more, because the source may have changed since. So a plan that is applied twice does nothing the
//! second time.
//!
//! **Why is nothing ever deleted?** Because a listing can be wrong, and a record that is marked inactive can come back
//! with all its history. The host decides what happens to an inactive record.
//!
//! [`Linked`]: crate::audit::Situation::Linked
//! [`Unmatched`]: crate::audit::Situation::Unmatched
//! [`Found`]: crate::audit::Situation::Found
//! [`Reappeared`]: crate::audit::Situation::Reappeared
//! [`Missing`]: crate::audit::Situation::Missing
//! [`LocalDeleted`]: crate::audit::Situation::LocalDeleted
//! [`DeleteVsEdit`]: crate::audit::Situation::DeleteVsEdit
//! [`KeptActive`]: crate::audit::Situation::KeptActive
//! [`Rekeyed`]: crate::audit::Situation::Rekeyed
//! [`Update`]: crate::store::Action::Update
//! [`Touch`]: crate::store::Action::Touch
//! [`Create`]: crate::store::Action::Create
//! [`Reactivate`]: crate::store::Action::Reactivate
//! [`Deactivate`]: crate::store::Action::Deactivate
//! [`Synced`]: crate::store::Synced

mod conflict;
pub(crate) use self::conflict::same_in_dispute;
#[cfg(test)]
mod any_op;
mod approved_aside;
mod aside_reason;
mod create;
mod doc;
mod dropped;
mod entry;
mod figures;
mod found;
mod guard;
mod id;
mod marks;
mod missing;
mod op_doc;
mod packed;
mod parts;
mod quarantined;
mod record;
mod rekeyed;
mod told;

pub use approved_aside::ApprovedAside;
pub use aside_reason::AsideReason;
pub use doc::PlanError;
pub(crate) use dropped::mark_again;
pub(crate) use figures::Noted;
pub use figures::{FieldFigures, Figures, Tally};
pub use found::plan_found;
pub use guard::{Blocked, Excess, FieldLimits, Guards, Limit};
pub(crate) use id::PlanHash;
pub use id::{InvalidPlanId, PlanId};
pub use missing::{plan_missing, plan_tombstone};
pub(crate) use packed::{PackedOp, PackedOps, Packer, Unpacked};
pub use parts::PlanParts;
pub use quarantined::Quarantined;
pub(crate) use record::touch;
pub use record::{CreationRefusal, plan_creation, plan_linked};
pub use rekeyed::plan_rekeyed;
pub(crate) use rekeyed::{plan_rekeyed_gone, plan_rekeyed_missing};

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use self::dropped::Dropped;
use self::id::PlanFormat;

use crate::id::RunId;
use crate::schema::Schema;
use crate::store::Op;
use crate::value::Fingerprint;

/// The newest run of a register when a plan was made.
///
/// This enum is exhaustive: a plan was made after a run or before any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MadeAfter {
    /// There was none.
    NoRun,
    /// This one.
    Run(RunId),
}

/// The ops that a run would carry out, and what it sets aside.
#[derive(Debug, Clone)]
#[must_use = "a plan that is not applied changes nothing"]
pub struct Plan {
    pub(crate) schema: Schema,
    pub(crate) policy: Fingerprint,
    pub(crate) ops: PackedOps,
    pub(crate) quarantined: Vec<Quarantined>,
    pub(crate) made_after: Option<MadeAfter>,
    /// The format that it was stored in. A plan that was not stored has the latest.
    format: PlanFormat,
    /// The id, computed at the first question.
    id: OnceLock<PlanId>,
}

impl Plan {
    pub(crate) fn new(
        schema: Schema,
        policy: Fingerprint,
        ops: PackedOps,
        quarantined: Vec<Quarantined>,
        made_after: Option<MadeAfter>,
    ) -> Self {
        Self { schema, policy, ops, quarantined, made_after, format: PlanFormat::LATEST, id: OnceLock::new() }
    }

    /// Changes ops with some ids, and with them the plan's own id.
    pub(crate) fn mark(&mut self, dropped: &Dropped, reasons: &[Blocked]) {
        dropped.mark(&self.schema, &mut self.ops, reasons);
        self.id = OnceLock::new();
    }

    /// The id, if it was computed already.
    pub(crate) fn known_id(&self) -> Option<PlanId> {
        self.id.get().copied()
    }

    /// The schema it was made under.
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
    /// # let night = |policy: &Policy, name: &str| {
    /// #     let listing = Listing::of(&schema, [("7", serde_json::json!({ "name": name }))])?;
    /// #     let step = Run::new(policy.clone(), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry().start();
    /// #     let plan = drive_blocking(step, &listing, &store)?.plan.ok_or("a dry run hands out its plan")?;
    /// #     Ok::<_, Box<dyn std::error::Error>>(plan)
    /// # };
    /// let plan = night(&policy, "Áine")?; // the plan of a dry run, as in all these examples
    /// assert_eq!(plan.schema().fingerprint(), schema.fingerprint());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The policy it was made under.
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
    /// # let night = |policy: &Policy, name: &str| {
    /// #     let listing = Listing::of(&schema, [("7", serde_json::json!({ "name": name }))])?;
    /// #     let step = Run::new(policy.clone(), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry().start();
    /// #     let plan = drive_blocking(step, &listing, &store)?.plan.ok_or("a dry run hands out its plan")?;
    /// #     Ok::<_, Box<dyn std::error::Error>>(plan)
    /// # };
    /// # use tripartite::run::{RunOutcome, Step};
    /// # use tripartite::schema::Strategy;
    /// let plan = night(&policy, "Áine")?;
    /// assert_eq!(plan.policy(), policy.fingerprint());
    /// let other = Run::new(
    ///     policy.strategy(Strategy::MERGE)?,
    ///     RunId::new("run-2")?,
    ///     chrono::DateTime::UNIX_EPOCH,
    /// );
    /// // A run under another policy does not carry it out.
    /// let Step::Done(done) = other.apply(plan) else { panic!("it is carried out") };
    /// assert_eq!(done.report.outcome, RunOutcome::Blocked);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn policy(&self) -> Fingerprint {
        self.policy
    }

    /// All ops, silent ones included. A plan keeps its ops packed, so that a night on which everything changes fits in
    /// memory. The iterator makes each op, with its entries, when it is asked for.
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
    /// # let night = |policy: &Policy, name: &str| {
    /// #     let listing = Listing::of(&schema, [("7", serde_json::json!({ "name": name }))])?;
    /// #     let step = Run::new(policy.clone(), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry().start();
    /// #     let plan = drive_blocking(step, &listing, &store)?.plan.ok_or("a dry run hands out its plan")?;
    /// #     Ok::<_, Box<dyn std::error::Error>>(plan)
    /// # };
    /// # use tripartite::store::Action;
    /// let plan = night(&policy, "Áine")?;
    /// let Some(Action::Create(record)) = plan.ops().next().map(|op| op.action) else {
    ///     unreachable!()
    /// };
    /// assert_eq!(record.field(0).text(), Some("Áine"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ops(&self) -> impl ExactSizeIterator<Item = Op> {
        self.ops.iter()
    }

    /// The ops to show to a person: those that are not [silent](Op::is_silent).
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
    /// # let night = |policy: &Policy, name: &str| {
    /// #     let listing = Listing::of(&schema, [("7", serde_json::json!({ "name": name }))])?;
    /// #     let step = Run::new(policy.clone(), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry().start();
    /// #     let plan = drive_blocking(step, &listing, &store)?.plan.ok_or("a dry run hands out its plan")?;
    /// #     Ok::<_, Box<dyn std::error::Error>>(plan)
    /// # };
    /// # use tripartite::id::ExternalId;
    /// # let id = ExternalId::new("7")?;
    /// # store.insert(id.clone(), schema.record(&serde_json::json!({"name": "Áine"}))?);
    /// // The host has "Áine" already, but was never in step with the source.
    /// let plan = night(&policy, "Áine")?;
    /// assert_eq!((plan.ops().len(), plan.changes().count()), (1, 0)); // only a base is stored
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changes(&self) -> impl Iterator<Item = Op> {
        self.ops.iter().filter(|op| !op.is_silent())
    }

    /// The statements of the source that were set aside.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// use tripartite::audit::Situation;
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let twice = [
    ///     ("7", serde_json::json!({"name": "Áine"})),
    ///     ("7", serde_json::json!({"name": "Seán"})),
    /// ];
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry();
    /// # let done = drive_blocking(run.start(), &Listing::of(&schema, twice)?, &MemoryStore::new(schema.clone()))?;
    /// # let plan = done.plan.ok_or("a dry run hands out its plan")?;
    /// assert_eq!(plan.ops().len(), 0); // neither of the two is believed
    /// assert_eq!(plan.quarantined()[0].situation, Situation::DuplicateRemote);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    /// The newest run of the register when the plan was made, if the host [stated it](crate::run::Run::made_after). A
    /// host that applies the plan gives the reports of [newer runs](crate::run::Run::since).
    ///
    /// It is not part of the [id](Self::id), because it does not change what the plan would do: a second night without
    /// changes makes the same plan.
    ///
    /// ```
    /// # use tripartite::drive::drive_blocking;
    /// # use tripartite::id::RunId;
    /// # use tripartite::memory::{Listing, MemoryStore};
    /// # use tripartite::run::Run;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// use tripartite::plan::MadeAfter;
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry();
    /// # let store = MemoryStore::new(schema.clone());
    /// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
    /// let plan = |run: Run| drive_blocking(run.start(), &one, &store).map(|done| done.plan);
    /// let first = plan(run.clone().made_after(MadeAfter::NoRun))?.ok_or("a dry run has one")?;
    /// let second = plan(run)?.ok_or("a dry run has one")?;
    /// // the host did not say
    /// assert_eq!((first.made_after(), second.made_after()), (Some(&MadeAfter::NoRun), None));
    /// assert_eq!(first.id(), second.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn made_after(&self) -> Option<&MadeAfter> {
        self.made_after.as_ref()
    }

    /// The id. Two plans have the same id iff they were made under the same schema and policy, have the same ops, with all
    /// their parts, and set aside the same statements, in any order.
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
    /// # let night = |policy: &Policy, name: &str| {
    /// #     let listing = Listing::of(&schema, [("7", serde_json::json!({ "name": name }))])?;
    /// #     let step = Run::new(policy.clone(), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH).dry().start();
    /// #     let plan = drive_blocking(step, &listing, &store)?.plan.ok_or("a dry run hands out its plan")?;
    /// #     Ok::<_, Box<dyn std::error::Error>>(plan)
    /// # };
    /// // two runs make the same plan
    /// assert_eq!(night(&policy, "Áine")?.id(), night(&policy, "Áine")?.id());
    /// // the id depends on raw values, since these are written
    /// assert_ne!(night(&policy, "Áine")?.id(), night(&policy, "Áine ")?.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id(&self) -> PlanId {
        *self.id.get_or_init(|| {
            let mut sum = PlanHash::under(&self.schema, self.policy, self.format);
            self.ops.iter().for_each(|op| sum.add(&self.schema, &op));
            sum.id(&self.quarantined)
        })
    }
}
