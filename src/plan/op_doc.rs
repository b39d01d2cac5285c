//! An op as it is stored: with names instead of positions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::audit::{AuditEntry, Situation};
use crate::id::ExternalId;
use crate::schema::{RecordingError, Schema};
use crate::store::{Action, ConflictChange, Op, Precondition};
use crate::value::{Fingerprint, Record, Value};

/// `R` is how a record is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct OpDoc<'a, R> {
    id: Cow<'a, ExternalId>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    rekeyed: Option<Cow<'a, ExternalId>>,
    situation: Situation,
    action: ActionDoc<R>,
    expect: Cow<'a, Precondition>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    made_from: Option<Fingerprint>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    base: Option<R>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    remote: Option<R>,
    /// Whether the source's doubles are known to be exact, if that matters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    exact_numbers: bool,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    seen: Option<Fingerprint>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    missed: Option<NonZeroU32>,
    #[serde(default = "nothing", skip_serializing_if = "is_empty")]
    conflicts: Cow<'a, [ConflictChange]>,
    #[serde(default = "nothing", skip_serializing_if = "is_empty")]
    entries: Cow<'a, [AuditEntry]>,
}

fn none<T>() -> Option<T> {
    None
}

fn nothing<'a, T: Clone>() -> Cow<'a, [T]> {
    Cow::Borrowed(&[])
}

fn is_empty<T: Clone>(list: &[T]) -> bool {
    list.is_empty()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActionDoc<R> {
    Create(R),
    Update(R),
    Reactivate(R),
    Deactivate,
    Touch,
}

/// A record by the names of its fields.
pub(super) type Fields = BTreeMap<String, Value>;

/// An op in its stored form. `named` writes each record.
pub(super) fn write<'a, R>(op: &'a Op, mut named: impl FnMut(&'a Record) -> R) -> OpDoc<'a, R> {
    // All fields are named, so that a new one is not forgotten: the id of a plan is computed from this form.
    let Op {
        id,
        rekeyed,
        situation,
        action,
        expect,
        made_from,
        base,
        version,
        remote,
        seen,
        missed,
        conflicts,
        entries,
    } = op;
    OpDoc {
        id: Cow::Borrowed(id),
        rekeyed: rekeyed.as_ref().map(Cow::Borrowed),
        situation: *situation,
        action: match action {
            Action::Create(record) => ActionDoc::Create(named(record)),
            Action::Update(record) => ActionDoc::Update(named(record)),
            Action::Reactivate(record) => ActionDoc::Reactivate(named(record)),
            Action::Deactivate => ActionDoc::Deactivate,
            Action::Touch => ActionDoc::Touch,
        },
        expect: Cow::Borrowed(expect),
        made_from: *made_from,
        base: base.as_ref().map(&mut named),
        version: *version,
        remote: remote.as_ref().map(&mut named),
        exact_numbers: remote.as_ref().is_some_and(Record::needs_exact_numbers),
        seen: *seen,
        missed: NonZeroU32::new(*missed),
        conflicts: Cow::Borrowed(conflicts),
        entries: Cow::Borrowed(entries),
    }
}

/// The op that was stored.
pub(super) fn read(schema: &Schema, doc: OpDoc<'_, Fields>) -> Result<Op, RecordingError> {
    let record = |fields: Fields| schema.record(&fields);
    let exact = doc.exact_numbers;
    let remote = |fields| record(fields).map(|said| if exact { said.with_exact_numbers() } else { said });
    Ok(Op {
        id: doc.id.into_owned(),
        rekeyed: doc.rekeyed.map(Cow::into_owned),
        situation: doc.situation,
        action: match doc.action {
            ActionDoc::Create(fields) => Action::Create(record(fields)?),
            ActionDoc::Update(fields) => Action::Update(record(fields)?),
            ActionDoc::Reactivate(fields) => Action::Reactivate(record(fields)?),
            ActionDoc::Deactivate => Action::Deactivate,
            ActionDoc::Touch => Action::Touch,
        },
        expect: doc.expect.into_owned(),
        made_from: doc.made_from,
        base: doc.base.map(record).transpose()?,
        version: doc.version,
        remote: doc.remote.map(remote).transpose()?,
        seen: doc.seen,
        missed: doc.missed.map_or(0, NonZeroU32::get),
        conflicts: doc.conflicts.into_owned(),
        entries: doc.entries.into_owned(),
    })
}
