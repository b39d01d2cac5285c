//! Plans a record to which the source gave another id: its link and base move to the new id.

use super::missing::{plan_missing, plan_tombstone};
use super::record::{note, plan_linked, touch};
use crate::audit::{RecordReason, Situation};
use crate::id::ExternalId;
use crate::schema::Policy;
use crate::source::RemoteRecord;
use crate::store::{Loaded, Op, listings_without};

/// Plans a record to which the source gave another id, together with the record that it lists under the new id, if it
/// lists one. `loaded` is the record under its old id.
///
/// A count of listings without the record begins anew, because the source has spoken of it. A record that has left, or
/// whose activity a person has decided, stays so until it is listed.
///
/// ```
/// use tripartite::id::ExternalId;
/// use tripartite::plan::plan_rekeyed;
/// use tripartite::source::RemoteRecord;
/// use tripartite::store::Action;
/// # use tripartite::store::{Base, Loaded, Presence, Revision};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// # let policy = Policy::new(schema.clone());
/// # let loaded = Loaded::new(ExternalId::new("7")?, Revision(3), record("2")?)
/// #     .base(Base::new(record("1")?, schema.fingerprint()));
/// // The base is "1", and somebody here made it "2". The source now lists "1" under another
/// // id.
/// let to = ExternalId::new("IE-7")?;
/// let remote = RemoteRecord::new(to.clone(), record("1")?);
/// let op = plan_rekeyed(&policy, &to, Some(&remote), &loaded);
/// assert_eq!((op.id, op.rekeyed), (to, Some(loaded.id)));
/// // the base moved too, so the edit is recognised, and stays
/// assert_eq!(op.action, Action::Touch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_rekeyed(policy: &Policy, to: &ExternalId, remote: Option<&RemoteRecord>, loaded: &Loaded) -> Op {
    let in_step = || {
        let known = loaded.synced.filter(|at| at.revision == loaded.revision && at.policy == policy.fingerprint());
        let said = remote.map(|remote| remote.record.clone());
        // The source has spoken of the record, so a count of listings without it begins anew. What was decided about its
        // end stays decided until it is listed.
        let is_decided = listings_without(loaded.missed) != loaded.missed;
        let missed = if remote.is_none() && is_decided { loaded.missed } else { 0 };
        Op { seen: known.map(|synced| synced.seen), remote: said, missed, ..touch(to, loaded) }
    };
    let op = remote.and_then(|remote| plan_linked(policy, remote, loaded)).unwrap_or_else(in_step);
    moved(op, to, loaded)
}

/// Plans a record to which the source gave another id, and which it does not list under either id.
pub(crate) fn plan_rekeyed_missing(policy: &Policy, to: &ExternalId, loaded: &Loaded, after: u32) -> Op {
    match plan_missing(policy, loaded, after) {
        Some(op) => moved(op, to, loaded),
        None => plan_rekeyed(policy, to, None, loaded),
    }
}

/// Plans a record to which the source gave another id, and which is gone under the new id.
pub(crate) fn plan_rekeyed_gone(policy: &Policy, to: &ExternalId, loaded: &Loaded, version: Option<u64>) -> Op {
    match plan_tombstone(policy, loaded, version) {
        Some(op) => moved(op, to, loaded),
        None => plan_rekeyed(policy, to, None, loaded),
    }
}

fn moved(mut op: Op, to: &ExternalId, loaded: &Loaded) -> Op {
    op.id = to.clone();
    op.rekeyed = Some(loaded.id.clone());
    let why = RecordReason::Rekeyed { from: loaded.id.clone() };
    note(op, Situation::Rekeyed, &why)
}
