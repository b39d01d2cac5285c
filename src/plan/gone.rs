//! Records that the source no longer has, or calls by another name.

use super::conflict::is_whole_record;
use super::record::{accepted, is_older, note, plan_linked, touch};
use crate::detect::{Sides, Verdict, detect};
use crate::exchange::{Action, ConflictChange, Loaded, Op, Presence, RemoteRecord, Situation};
use crate::id::ExternalId;
use crate::schema::{Policy, Strategy};

/// Plans a record that a complete listing no longer has: it is marked inactive once it was missed `after` times in a
/// row, 0 being 1. `None`: it is not active anyway.
///
/// ```
/// use tripartite::exchange::{Action, Situation};
/// use tripartite::plan::plan_missing;
/// # use tripartite::exchange::{Base, Loaded, Presence, RemoteRecord, Revision};
/// # use tripartite::id::ExternalId;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// # let policy = Policy::new(schema.clone());
/// # let mut loaded = Loaded {
/// #     id: ExternalId::new("7")?,
/// #     presence: Presence::Active,
/// #     revision: Revision(3),
/// #     local: record("1")?,
/// #     base: Some(Base { record: record("1")?, schema: schema.fingerprint(), version: None }),
/// #     synced: None,
/// #     open: vec![],
/// #     strategy: None,
/// #     missed: 0,
/// # };
/// let action = |loaded, after| plan_missing(&policy, loaded, after).map(|op| (op.action, op.missed));
/// assert_eq!(action(&loaded, 1), Some((Action::Deactivate, 1))); // its fields stay
/// assert_eq!(action(&loaded, 2), Some((Action::Touch, 1))); // the first of two times is only remembered
/// loaded.local = record("2")?; // a user's edit is not lost with it: somebody is to look
/// let op = plan_missing(&policy, &loaded, 1).ok_or("it is active")?;
/// assert_eq!((op.action, op.situation), (Action::Deactivate, Situation::DeleteVsEdit));
/// loaded.presence = Presence::Removed; // a user was first
/// assert!(plan_missing(&policy, &loaded, 1).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_missing(policy: &Policy, loaded: &Loaded, after: u32) -> Option<Op> {
    let missed = loaded.missed.saturating_add(1);
    let mut op = gone(policy, loaded, "The source's complete listing no longer has this record", missed >= after)?;
    op.missed = if loaded.presence == Presence::Active { missed } else { loaded.missed };
    Some(op)
}

/// Plans a record that the source says is gone: it is marked inactive at once. `None`: it is not active anyway, or the
/// tombstone is of an older version than what was decided on.
///
/// ```
/// use tripartite::exchange::Action;
/// use tripartite::plan::plan_tombstone;
/// # use tripartite::exchange::{Base, Loaded, Presence, RemoteRecord, Revision};
/// # use tripartite::id::ExternalId;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// # let policy = Policy::new(schema.clone());
/// # let loaded = Loaded {
/// #     id: ExternalId::new("7")?,
/// #     presence: Presence::Active,
/// #     revision: Revision(3),
/// #     local: record("1")?,
/// #     base: Some(Base { record: record("1")?, schema: schema.fingerprint(), version: Some(5) }),
/// #     synced: None,
/// #     open: vec![],
/// #     strategy: None,
/// #     missed: 0,
/// # };
/// // The base is of version 5.
/// assert!(plan_tombstone(&policy, &loaded, Some(4)).is_none()); // it was created again since
/// let op = plan_tombstone(&policy, &loaded, Some(6)).ok_or("it is active")?;
/// assert_eq!((op.action, op.version), (Action::Deactivate, Some(6))); // so a late version 5 does not bring it back
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_tombstone(policy: &Policy, loaded: &Loaded, version: Option<u64>) -> Option<Op> {
    if is_older(version, loaded) {
        return None;
    }
    let mut op = gone(policy, loaded, "The source says that this record is gone", true)?;
    if let Some(stored) = loaded.base.as_ref().filter(|stored| version > stored.version) {
        op.version = version;
        op.base = Some(accepted(policy.schema(), stored));
    }
    Some(op)
}

fn gone(policy: &Policy, loaded: &Loaded, says: &str, now: bool) -> Option<Op> {
    let mut op = Op { situation: Situation::Missing, ..touch(&loaded.id, loaded) };
    match loaded.presence {
        Presence::Active if !now => Some(op),
        Presence::Active => {
            op.action = Action::Deactivate;
            let mut edited = edited(policy, loaded);
            edited.sort_unstable();
            Some(match &edited[..] {
                [] => note(op, Situation::Missing, &format!("{says}, so it was marked inactive.")),
                fields => {
                    let fields = fields.join(", ");
                    let why = format!(
                        "{says}, but somebody here edited {fields}; it was marked inactive and should be looked at."
                    );
                    note(op, Situation::DeleteVsEdit, &why)
                }
            })
        }
        // Now neither side has it.
        Presence::Removed => {
            let unit = loaded.open.iter().find(|conflict| is_whole_record(conflict)).map(|open| open.unit.clone())?;
            op.conflicts.push(ConflictChange::Close { unit });
            Some(op)
        }
        Presence::Deactivated => None,
    }
}

/// The fields and groups that somebody here edited, but for those that may differ without anybody's edit. Of a record
/// that was never in step, all that is filled.
fn edited<'p>(policy: &'p Policy, loaded: &Loaded) -> Vec<&'p str> {
    let schema = policy.schema();
    let Some(base) = &loaded.base else {
        let filled = schema.fields().iter().zip(loaded.local.fields());
        return filled.filter(|(field, value)| !schema.is_null(field, *value)).map(|(field, _)| field.name()).collect();
    };
    let base = accepted(schema, base);
    let changes = detect(schema, Sides { base: &base, local: &loaded.local, remote: &base });
    let edited = changes.changes().iter().filter(|change| {
        let rule = policy.rule(change.unit, loaded.strategy.as_ref());
        let own = matches!(rule.strategy, Strategy::LocalOwned | Strategy::FillOnly);
        matches!(change.verdict, Verdict::LocalOnly(_)) && !own
    });
    edited.map(|change| schema.unit_name(change.unit)).collect()
}

/// Plans a record that the source calls by another id from now on, together with what it says of it under that id, if
/// it lists it. `loaded` is the record under its old id.
///
/// ```
/// use tripartite::exchange::{Action, RemoteRecord};
/// use tripartite::id::ExternalId;
/// use tripartite::plan::plan_rekeyed;
/// # use tripartite::exchange::{Base, Loaded, Presence, Revision};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
/// # let policy = Policy::new(schema.clone());
/// # let loaded = Loaded {
/// #     id: ExternalId::new("7")?,
/// #     presence: Presence::Active,
/// #     revision: Revision(3),
/// #     local: record("2")?,
/// #     base: Some(Base { record: record("1")?, schema: schema.fingerprint(), version: None }),
/// #     synced: None,
/// #     open: vec![],
/// #     strategy: None,
/// #     missed: 0,
/// # };
/// // The base is "1", and somebody here made it "2". The source now lists "1" under another id.
/// let to = ExternalId::new("IE-7")?;
/// let remote = RemoteRecord { id: to.clone(), version: None, record: record("1")? };
/// let op = plan_rekeyed(&policy, &to, Some(&remote), &loaded);
/// assert_eq!((op.id, op.rekeyed), (to, Some(loaded.id)));
/// assert_eq!(op.action, Action::Touch); // the base came along, so the edit is known to be one, and stays
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_rekeyed(policy: &Policy, to: &ExternalId, remote: Option<&RemoteRecord>, loaded: &Loaded) -> Op {
    let in_step = || {
        let known = loaded.synced.filter(|at| at.revision == loaded.revision && at.policy == policy.fingerprint());
        let said = remote.map(|remote| remote.record.clone());
        Op { seen: known.map(|synced| synced.seen), remote: said, ..touch(to, loaded) }
    };
    let op = remote.and_then(|remote| plan_linked(policy, remote, loaded)).unwrap_or_else(in_step);
    moved(op, to, loaded)
}

/// Plans a record that the source calls by another id from now on, and does not list under it either.
pub(crate) fn plan_rekeyed_missing(policy: &Policy, to: &ExternalId, loaded: &Loaded, after: u32) -> Op {
    match plan_missing(policy, loaded, after) {
        Some(op) => moved(op, to, loaded),
        None => plan_rekeyed(policy, to, None, loaded),
    }
}

/// Plans a record that the source calls by another id from now on, under which it is gone.
pub(crate) fn plan_rekeyed_gone(policy: &Policy, to: &ExternalId, loaded: &Loaded, version: Option<u64>) -> Op {
    match plan_tombstone(policy, loaded, version) {
        Some(op) => moved(op, to, loaded),
        None => plan_rekeyed(policy, to, None, loaded),
    }
}

fn moved(mut op: Op, to: &ExternalId, loaded: &Loaded) -> Op {
    op.id = to.clone();
    op.rekeyed = Some(loaded.id.clone());
    let why = format!("The source called this record {} before; its link and base moved with it.", loaded.id);
    note(op, Situation::Rekeyed, &why)
}
