//! Plans a record that the source no longer has: missing from a complete listing, or gone by a tombstone.

use super::conflict::{ended_record, is_whole_record};
use super::record::{is_older, note, touch};
use crate::audit::{RecordReason, Situation};
use crate::detect::{Sides, Verdict, detect};
use crate::schema::{Policy, Strategy};
use crate::store::{Action, ConflictChange, KEPT, LEFT, Loaded, Op, Presence, has_left, is_kept, listings_without};

/// Plans a record that a complete listing no longer has: it is marked inactive once it was missing `after` times in a
/// row (0 counts as 1). If a user edited it, a conflict is opened. If a user made it active again after a sync
/// deactivated it, it stays active. `None` means that there is nothing to do: the record is not active, or an earlier
/// run already reported that it stays active.
///
/// ```
/// use tripartite::audit::Situation;
/// use tripartite::plan::plan_missing;
/// use tripartite::store::{Action, LEFT};
/// # use tripartite::store::{Base, Loaded, Presence, Revision};
/// # use tripartite::source::RemoteRecord;
/// # use tripartite::id::ExternalId;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// # let policy = Policy::new(schema.clone());
/// # let mut loaded = Loaded::new(ExternalId::new("7")?, Revision(3), record("1")?)
/// #     .base(Base::new(record("1")?, schema.fingerprint()));
/// let action =
///     |loaded, after| plan_missing(&policy, loaded, after).map(|op| (op.action, op.missed));
/// assert_eq!(action(&loaded, 1), Some((Action::Deactivate, LEFT | 1))); // its fields stay
/// // the first of two times is only remembered
/// assert_eq!(action(&loaded, 2), Some((Action::Touch, 1)));
/// loaded.local = record("2")?; // a user's edit is not lost: a person is asked
/// let op = plan_missing(&policy, &loaded, 1).ok_or("it is active")?;
/// assert_eq!((op.action, op.situation), (Action::Deactivate, Situation::DeleteVsEdit));
/// // a sync deactivated it, and a user made it active again: it stays active
/// loaded.missed = op.missed;
/// assert_eq!(
///     plan_missing(&policy, &loaded, 1).map(|op| op.situation),
///     Some(Situation::KeptActive)
/// );
/// loaded.presence = Presence::Removed; // a user removed it first
/// assert!(plan_missing(&policy, &loaded, 1).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_missing(policy: &Policy, loaded: &Loaded, after: u32) -> Option<Op> {
    let count = listings_without(loaded.missed).saturating_add(1).min(KEPT - 1);
    gone(policy, loaded, Said::Nothing, Missed { count, now: count >= after })
}

/// Plans a record that the source says is gone: it is marked inactive at once. `None` means that there is nothing to
/// do: the record is not active, or the tombstone has an older version than the last decision.
///
/// ```
/// use tripartite::plan::plan_tombstone;
/// use tripartite::store::Action;
/// # use tripartite::store::{Base, Loaded, Presence, Revision};
/// # use tripartite::source::RemoteRecord;
/// # use tripartite::id::ExternalId;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// # let policy = Policy::new(schema.clone());
/// # let loaded = Loaded::new(ExternalId::new("7")?, Revision(3), record("1")?)
/// #     .base(Base::new(record("1")?, schema.fingerprint()).version(Some(5)));
/// // The base is of version 5. the record was created again since
/// assert!(plan_tombstone(&policy, &loaded, Some(4)).is_none());
/// let op = plan_tombstone(&policy, &loaded, Some(6)).ok_or("it is active")?;
/// // so a late version 5 does not bring it back
/// assert_eq!((op.action, op.version), (Action::Deactivate, Some(6)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_tombstone(policy: &Policy, loaded: &Loaded, version: Option<u64>) -> Option<Op> {
    if is_older(version, loaded) {
        return None;
    }
    let mut op = gone(policy, loaded, Said::Gone, Missed { count: 0, now: true })?;
    if let Some(stored) = loaded.base.as_ref().filter(|stored| version > stored.version) {
        op.version = version;
        op.base = Some(stored.accepted(policy.schema()));
    }
    Some(op)
}

/// What the source says of a record that it no longer has.
#[derive(Clone, Copy)]
enum Said {
    /// Its complete listing does not have it.
    Nothing,
    /// That it is gone.
    Gone,
}

/// In how many complete listings in a row a record is missing, and whether it is marked inactive `now`. A tombstone is
/// not a listing, so its count is 0.
struct Missed {
    count: u32,
    now: bool,
}

fn gone(policy: &Policy, loaded: &Loaded, says: Said, missed: Missed) -> Option<Op> {
    let op = Op { situation: Situation::Missing, missed: loaded.missed, ..touch(&loaded.id, loaded) };
    match loaded.presence {
        Presence::Active if stays(policy, loaded) => kept(op, loaded),
        Presence::Active if !missed.now => Some(Op { missed: missed.count, ..op }),
        Presence::Active => Some(ended(policy, Op { missed: LEFT | missed.count, ..op }, loaded, says)),
        // Now neither side has the record, so the question about it is closed.
        Presence::Removed => {
            let unit = loaded.open.iter().find(|conflict| is_whole_record(conflict)).map(|open| open.unit.clone())?;
            Some(Op { conflicts: vec![ConflictChange::Close { unit }], ..op })
        }
        Presence::Deactivated => None,
    }
}

/// Whether the record stays active because a user made it active again after a sync deactivated it. Only the strategy
/// `Enforced` deactivates it once more.
fn stays(policy: &Policy, loaded: &Loaded) -> bool {
    let taken_back = has_left(loaded.missed) || is_kept(loaded.missed);
    taken_back && *policy.of_record(loaded.strategy.as_ref()) != Strategy::Enforced
}

/// Notes once that a record stays active, and closes the question that the user has answered by making it active again.
fn kept(op: Op, loaded: &Loaded) -> Option<Op> {
    if is_kept(loaded.missed) {
        return None;
    }
    let asked = loaded.open.iter().filter(|conflict| is_whole_record(conflict));
    let conflicts = asked.map(|open| ConflictChange::Close { unit: open.unit.clone() }).collect();
    let op = Op { missed: KEPT | listings_without(loaded.missed), conflicts, ..op };
    Some(note(op, Situation::KeptActive, &RecordReason::KeptActive))
}

/// Marks a record inactive. If a user edited it, a conflict asks whether it stays inactive.
fn ended(policy: &Policy, mut op: Op, loaded: &Loaded, says: Said) -> Op {
    op.action = Action::Deactivate;
    let mut edited = edited(policy, loaded);
    if edited.is_empty() {
        // An open question whether the id means another person is answered: the source no longer has the id.
        let asked = loaded.open.iter().filter(|conflict| is_whole_record(conflict));
        op.conflicts.extend(asked.map(|open| ConflictChange::Close { unit: open.unit.clone() }));
        let why = match says {
            Said::Nothing => RecordReason::Missing,
            Said::Gone => RecordReason::Gone,
        };
        return note(op, Situation::Missing, &why);
    }
    op.conflicts.extend(ended_record(policy.schema(), loaded, &edited));
    edited.sort_unstable();
    let fields = edited.into_iter().map(str::to_owned).collect();
    let why = match says {
        Said::Nothing => RecordReason::MissingEdited { fields },
        Said::Gone => RecordReason::GoneEdited { fields },
    };
    note(op, Situation::DeleteVsEdit, &why)
}

/// The fields and groups that a user edited, without those whose strategy lets them differ. If the record was never in
/// step, these are all its filled fields.
fn edited<'p>(policy: &'p Policy, loaded: &Loaded) -> Vec<&'p str> {
    let schema = policy.schema();
    let Some(base) = &loaded.base else {
        let filled = schema.fields().iter().zip(loaded.local.fields());
        return filled.filter(|(field, value)| !schema.is_null(field, *value)).map(|(field, _)| field.name()).collect();
    };
    let base = base.accepted(schema);
    let changes = detect(schema, Sides { base: &base, local: &loaded.local, remote: &base });
    let edited = changes.changes().iter().filter(|change| {
        let rule = policy.rule(change.unit, loaded.strategy.as_ref());
        let own = matches!(rule.strategy, Strategy::LocalOwned | Strategy::FillOnly);
        matches!(change.verdict, Verdict::LocalOnly(_)) && !own
    });
    edited.map(|change| schema.unit_name(change.unit)).collect()
}
