//! Decisions by people: open conflicts as work, and values brought back from the audit.
//!
//! A conflict that no policy decides waits for a person, with the three versions it is about. A decision is an [`Op`]
//! like those of a plan: it states the revision it was made for, and a host that finds another answers
//! [`Stale`](crate::store::OpOutcome::Stale); the record is loaded and decided once more.
//!
//! Of a phone number that was 1, that somebody here made 2 and the source 3:
//!
//! | answer | local | base | when the source says 3 again | when it says 4 |
//! |---|---|---|---|---|
//! | [`TakeLocal`](Answer::TakeLocal) | 2 | 3 | nothing moved: 2 stays | both moved: a new conflict |
//! | [`TakeRemote`](Answer::TakeRemote) | 3 | 3 | in sync | 4 is taken |
//! | [`Value(5)`](Answer::Value) | 5 | 3 | nothing moved: 5 stays | both moved: a new conflict |
//!
//! ```
//! use tripartite::decide::{Answer, batch, decide, explain};
//! use tripartite::drive::{block_on, drive_blocking};
//! use tripartite::id::{ExternalId, PersonId, RunId};
//! use tripartite::memory::{Listing, MemoryStore};
//! use tripartite::run::Run;
//! use tripartite::schema::{Field, Kind, Policy, Schema, Strategy};
//! use tripartite::store::{LoadRequest, RecordStore};
//!
//! let schema = Schema::builder()
//!     .strategy(Strategy::MERGE)
//!     .field(Field::new("phone", Kind::Text))
//!     .build()?;
//! let policy = Policy::new(schema.clone());
//! let (store, at) = (MemoryStore::new(schema.clone()), chrono::DateTime::UNIX_EPOCH);
//! let night = |run: &str, phone: &str| -> Result<_, Box<dyn std::error::Error>> {
//!     let listing = Listing::of(&schema, [("7", serde_json::json!({ "phone": phone }))])?;
//!     Ok(drive_blocking(
//!         Run::new(policy.clone(), RunId::new(run)?, at).start(),
//!         &listing,
//!         &store,
//!     )?
//!     .report)
//! };
//! night("first", "1")?;
//! let id = ExternalId::new("7")?;
//! store.edit(&id, &serde_json::json!({"phone": "2"}))?;
//! assert_eq!(night("second", "3")?.counts.conflicts_open, 1);
//!
//! let loaded = block_on(store.load(&LoadRequest::of([id.clone()])))?.linked.remove(0);
//! let told = &explain(&policy, &loaded)[0];
//! assert!(told.why.starts_with("Both sides changed phone, differently; by the rule"));
//! let op =
//!     decide(&policy, &loaded, &[("phone", Answer::TakeLocal)], &PersonId::new("Nuala")?)?;
//! block_on(store.commit(&batch(&policy, RunId::new("desk")?, at, vec![op], None)))?;
//!
//! // and never again for this value of the source
//! assert_eq!(night("third", "3")?.counts.conflicts_open, 0);
//! assert_eq!(
//!     store
//!         .get(&id)
//!         .and_then(|kept| kept.local.field(0).text().map(str::to_owned))
//!         .as_deref(),
//!     Some("2")
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Why does the base advance to what the conflict saw, and not to what the source says now?** Because that is what
//! the person judged. If the source moved on since, the next sync asks again, about the new value.
//!
//! What match rules only propose waits for a person, too: [`link`] says that a record here is one of the source's, and
//! [`reject_match`] that it is not.
//!
//! **Why is an answer refused where the field is enforced?** Because the next sync would undo it, silently for the
//! person who gave it.
//!
//! **Why does a restored value leave the base alone?** It is an edit like any other: it stands as long as the source
//! stays, and is in conflict when the source moves.

mod double;
mod error;
mod explain;
mod link;
mod many;
mod places;
mod record_conflict;
mod restore;
mod unit;

use chrono::{DateTime, Utc};

pub use self::double::{Double, link_double};
pub use self::error::DecideError;
pub use self::explain::{Explained, explain};
pub use self::link::{link, part, reject_match, rename};
pub use self::many::{Decided, Filter, Refused, decide_many};
use self::places::{asked, by_conflict};
pub use self::restore::restore;
use self::unit::{Answered, Settled, Step, settle};
use crate::audit::{AuditEntry, FieldEntry, KeyedHash, Situation};
use crate::detect::Verdict;
use crate::id::{PersonId, RunId};
use crate::plan;
use crate::resolve::{Collision, Decision};
use crate::schema::{Policy, Privacy, Schema, Strategy, Unit};
use crate::store::{Action, Batch, Loaded, Op, OpenConflict, Presence, WHOLE_RECORD, hide};
use crate::value::{Record, RecordBuilder, Value};

/// What a person says about an open conflict.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// The value here is right.
    TakeLocal,
    /// The source's value is right, as the conflict has it.
    TakeRemote,
    /// Neither: this is. Of a group, a map by the fields' names; what it does not name stays.
    Value(Value),
}

impl Answer {
    /// The name, as the audit's rule has it.
    ///
    /// ```
    /// use tripartite::decide::Answer;
    /// assert_eq!(Answer::TakeRemote.name(), "take_remote");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Self::TakeLocal => "take_local",
            Self::TakeRemote => "take_remote",
            Self::Value(_) => "value",
        }
    }

    fn decision(&self) -> Decision {
        match self {
            Self::TakeLocal => Decision::KeptLocal,
            Self::TakeRemote => Decision::TookRemote,
            Self::Value(_) => Decision::Entered,
        }
    }
}

/// Decides open conflicts of one record, each by its field's or group's name: all of them, or none. A record as a whole is
/// decided by the name [`WHOLE_RECORD`], alone:
///
/// | the record | [`Answer::TakeLocal`] | [`Answer::TakeRemote`] |
/// |---|---|---|
/// | was removed here, and the source changed it | stays removed | is active again, as the source has it |
/// | has an id by which the source means somebody else | gives its id up, for another one to be created | is the same one, and takes what the source says |
/// | was edited here, and the source no longer has it | is active again, as it is here | stays inactive |
///
/// A conflict inside an object or a set of records may be answered place by place: the name is then the field's and the
/// place, `emails/type=work/value`. The rest of it stays open.
///
/// The op closes each,
/// advances its base to the source's value that the conflict saw, writes what the answer comes to, and notes all of it
/// in the audit with who decided.
///
/// # Errors
/// [`DecideError`], when an answer cannot be carried out.
pub fn decide(policy: &Policy, loaded: &Loaded, answers: &[(&str, Answer)], by: &PersonId) -> Result<Op, DecideError> {
    let schema = policy.schema();
    if answers.iter().any(|(name, _)| *name == WHOLE_RECORD) {
        let [(_, answer)] = answers else { return Err(DecideError::NotAlone) };
        let conflict = loaded.open.iter().find(|conflict| conflict.unit == WHOLE_RECORD);
        let conflict = conflict.ok_or_else(|| DecideError::NotOpen { unit: WHOLE_RECORD.to_owned() })?;
        return record_conflict::decide(policy, loaded, conflict, answer, by);
    }
    let base = known_base(schema, loaded);
    let mut op = touch(loaded);
    let mut patch = RecordBuilder::new(schema.fields().len());
    let mut advanced = RecordBuilder::new(schema.fields().len());
    for settled in all_settled(policy, loaded, &base, answers)? {
        if !settled.written.is_empty() && loaded.presence == Presence::Removed {
            return Err(DecideError::Removed);
        }
        settled.written.iter().for_each(|(position, value)| put(&mut patch, *position, value));
        settled.advanced.iter().for_each(|(position, value)| put(&mut advanced, *position, value));
        op.entries.extend(settled.steps.into_iter().map(|step| entry(schema, &base, step, by)));
        op.conflicts.push(settled.change);
    }
    if (0..patch.len()).any(|position| patch.is_set(position)) {
        op.action = Action::Update(patch.finish());
    }
    op.base = Some(completed(advanced, &base));
    Ok(op)
}

/// What the answers come to, conflict by conflict.
fn all_settled<'a>(
    policy: &Policy,
    loaded: &'a Loaded,
    base: &Record,
    answers: &'a [(&str, Answer)],
) -> Result<Vec<Settled<'a>>, DecideError> {
    let schema = policy.schema();
    let (mut all, mut by_place) = (Vec::new(), Vec::new());
    for (at, (name, answer)) in answers.iter().enumerate() {
        let named = || (*name).to_owned();
        let (conflict, place) = asked(&loaded.open, name).ok_or_else(|| DecideError::NotOpen { unit: named() })?;
        let is_again = |other: &str| other == *name || place.is_some() && other == conflict.unit;
        if answers[..at].iter().any(|(other, _)| is_again(other)) {
            return Err(DecideError::Twice { unit: named() });
        }
        let unit = unit_named(schema, &conflict.unit).ok_or_else(|| DecideError::NoSuchUnit { unit: named() })?;
        // The next sync would overwrite any other answer, so it is refused now instead of lost later.
        if *answer != Answer::TakeRemote && is_undone(policy, loaded, unit, conflict) {
            return Err(DecideError::Enforced { unit: named() });
        }
        match place {
            Some(place) => by_place.push((conflict, place, answer)),
            None => all.push(settle(Answered { schema, base, local: &loaded.local, conflict, answer }, unit)?),
        }
    }
    for asked in by_conflict(by_place).values() {
        if answers.iter().any(|(name, _)| *name == asked.conflict.unit) {
            return Err(DecideError::Twice { unit: asked.conflict.unit.clone() });
        }
        all.push(places::settle(schema, base, &loaded.local, asked)?);
    }
    Ok(all)
}

/// The batch that carries decisions out, for the store to commit: under a run of
/// their own, so that the audit tells them from a night's. The audit gets the values of sensitive fields as the schema
/// says; hashed ones need the `key`, without it they are redacted.
///
/// The new id of a record that [gives its id up](crate::audit::Situation::Replaced) contains the time, because the next
/// record that has the id may give it up at the same revision.
///
/// ```
/// use tripartite::audit::{AuditEntry, FieldEntry};
/// use tripartite::decide::batch;
/// # use tripartite::decide::restore;
/// # use tripartite::store::{Base, Loaded, Presence, Revision};
/// # use tripartite::id::{ExternalId, PersonId, RunId};
/// use tripartite::schema::{Field, Kind, Policy, Privacy, Schema};
/// let phone = Field::new("phone", Kind::Text).sensitive_as(Privacy::Redacted);
/// let schema = Schema::builder().field(phone).build()?;
/// # let entry: FieldEntry = serde_json::from_value(serde_json::json!({
/// #     "field": "phone", "verdict": "LocalOnly", "detail": "Set", "decision": "TookRemote",
/// #     "rule": "source: merge", "base": null, "local": "087 123 4567", "remote": null,
/// #     "result": null, "why": "",
/// # }))?;
/// # let local = schema.record(&serde_json::json!({ "phone": null }))?;
/// # let base = Some(Base::new(local.clone(), schema.fingerprint()));
/// # let loaded = Loaded::new(ExternalId::new("7")?, Revision(1), local).base(base);
/// # let policy = Policy::new(schema);
/// # let (run, at) = (RunId::new("desk")?, chrono::DateTime::UNIX_EPOCH);
/// // Somebody takes the number back that a sync has cleared:
/// let op = restore(&policy, &loaded, &[&entry], &PersonId::new("Nuala")?)?;
/// let batch = batch(&policy, run, at, vec![op], None);
/// let [AuditEntry::Field(FieldEntry { local, result, .. })] = &batch.ops[0].entries[..]
/// else {
///     unreachable!()
/// };
/// assert_eq!((local.is_null(), result.as_text()), (true, Some("(redacted)")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn batch(policy: &Policy, run: RunId, at: DateTime<Utc>, mut ops: Vec<Op>, key: Option<&dyn KeyedHash>) -> Batch {
    hide(policy.schema(), key, &mut ops);
    ops.iter_mut().for_each(|op| record_conflict::name_by_time(op, at));
    Batch { run, at, schema: policy.schema().fingerprint(), policy: policy.fingerprint(), ops }
}

/// An op that expects the record as it was loaded, and does nothing yet. It does not say that the source's record was
/// looked at, for it was not.
fn touch(loaded: &Loaded) -> Op {
    let removed = loaded.presence == Presence::Removed;
    let situation = if removed { Situation::LocalDeleted } else { Situation::Linked };
    Op { situation, missed: loaded.missed, ..plan::touch(&loaded.id, loaded) }
}

fn unit_named(schema: &Schema, name: &str) -> Option<Unit> {
    schema.units().iter().copied().find(|unit| schema.unit_name(*unit) == name)
}

fn is_enforced(policy: &Policy, loaded: &Loaded, unit: Unit) -> bool {
    *policy.deciding(unit, loaded.strategy.as_ref()).1 == Strategy::Enforced
}

/// Whether the next sync would undo what is answered: the unit is enforced, and what is in dispute has no other rule.
fn is_undone(policy: &Policy, loaded: &Loaded, unit: Unit, conflict: &OpenConflict) -> bool {
    let has_own = |path: &String| policy.schema().strategy_at(unit, path).is_some();
    let is_else = loaded.strategy.is_none() && !conflict.paths.is_empty() && conflict.paths.iter().all(has_own);
    is_enforced(policy, loaded, unit) && !is_else
}

/// The base under the present schema; of a record that has none, one that knows nothing.
fn known_base(schema: &Schema, loaded: &Loaded) -> Record {
    match &loaded.base {
        None => schema.missing(),
        Some(base) if base.schema == schema.fingerprint() => base.record.clone(),
        Some(base) => schema.accepted(&base.record),
    }
}

/// A row of values that came out of rows, or was read by a host; one beyond 256 MiB stays out, and is decided again.
fn put(row: &mut RecordBuilder, position: usize, value: &Value) {
    let _ = row.set(position, value);
}

/// The base with what was decided; the rest stays as it was.
fn completed(mut row: RecordBuilder, base: &Record) -> Record {
    for position in 0..row.len() {
        if !row.is_set(position) {
            let _ = row.set_field(position, base.field(position));
        }
    }
    if let Value::Map(extra) = base.extra().to_value() {
        let _ = row.set_extra(extra);
    }
    row.finish()
}

fn collisions(conflict: &OpenConflict, decision: Decision) -> Vec<Collision> {
    let collision = |path: &String| Collision { path: path.clone(), clash: conflict.clash, decision };
    conflict.paths.iter().map(collision).collect()
}

fn entry(schema: &Schema, base: &Record, step: Step<'_>, by: &PersonId) -> AuditEntry {
    let Step { unit, conflict, answer, position, local, result, remote } = step;
    let known = base.field(position);
    AuditEntry::Field(explained(
        schema,
        FieldEntry {
            field: schema.fields()[position].name().to_owned(),
            group: matches!(unit, Unit::Group(_)).then(|| conflict.unit.clone()),
            verdict: Verdict::Conflict(conflict.clash),
            decision: answer.decision(),
            rule: format!("person: {}", answer.name()),
            base: (!known.is_missing()).then(|| known.to_value()),
            result: result.unwrap_or_else(|| local.clone()),
            local,
            remote,
            collisions: collisions(&conflict, answer.decision()),
            dialled: None,
            why: String::new(),
            by: Some(by.clone()),
            kept: Privacy::Plain,
        },
    ))
}

/// The entry with its reason as a sentence.
fn explained(schema: &Schema, mut entry: FieldEntry) -> FieldEntry {
    entry.why = entry.reason(schema).said();
    entry
}
