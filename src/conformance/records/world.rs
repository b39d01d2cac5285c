//! The world of the cases: a schema with every kind, records of it, and ops on them.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use crate::audit::{AuditEntry, FieldEntry, RecordEntry, Situation};
use crate::detect::{Clash, RemoteChange, Verdict};
use crate::id::{ExternalId, LocalId, RunId};
use crate::normalize::phone::Region;
use crate::resolve::Decision;
use crate::schema::{Field, Kind, Privacy, Schema};
use crate::store::{Action, Batch, ConflictChange, Op, OpenConflict, Precondition, Revision};
use crate::value::{Fingerprint, Record, Value};

/// The schema of the records that the suite works with: a field of every kind of the crate's own.
///
/// ```
/// use tripartite::conformance::records::schema;
/// let names: Vec<_> =
///     schema().fields().iter().map(|field| field.name().to_owned()).collect();
/// // each of them is a plain word in lower case, fit for a column
/// assert!(names.contains(&"born".to_owned()));
/// ```
pub fn schema() -> Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(build);
    SCHEMA.clone()
}

fn build() -> Schema {
    let place = Kind::record([("street", Kind::Address), ("town", Kind::Name)]);
    let fields = [
        ("name", Kind::Name),
        ("note", Kind::Text),
        ("email", Kind::Email),
        ("phone", Kind::Phone { region: region() }),
        ("born", Kind::DATE),
        ("seen_at", Kind::TIMESTAMP),
        ("visits", Kind::Integer),
        ("balance", Kind::DECIMAL),
        ("member", Kind::BOOLEAN),
        ("address", Kind::Address),
        ("tags", Kind::set(Kind::Text)),
        ("steps", Kind::List),
        ("place", place),
        ("extras", Kind::Map),
    ];
    let fields = fields.into_iter().map(|(name, kind)| Field::new(name, kind));
    fields
        .fold(Schema::builder(), |schema, field| schema.field(field))
        .build()
        .expect("names differ and kinds are known")
}

pub(super) fn region() -> Region {
    Region::new("IE").expect("Ireland is a region")
}

/// A record of what is stated; the rest is missing.
#[track_caller]
pub(super) fn record(json: &Json) -> Record {
    match schema().record(json) {
        Ok(record) => record,
        Err(error) => panic!("the suite states an object: {error}"),
    }
}

/// A record with a value in every field, each another one for each number below 28.
pub(super) fn full(number: usize) -> Record {
    record(&json!({
        "name": format!("Áine Ní Bhriain {number}"),
        "note": format!("plays on Tuesdays, team {number}"),
        "email": format!("aine{number}@example.org"),
        "phone": format!("087 123 45{number:02}"),
        "born": format!("1990-01-{:02}", number + 1),
        "seen_at": format!("2026-01-02T03:04:{number:02}Z"),
        "visits": number,
        "balance": format!("{number}.50"),
        "member": number.is_multiple_of(2),
        "address": format!("{number} Main Street, Ballybeg"),
        "tags": ["player", format!("team {number}")],
        "steps": [number, "then", null, true],
        "place": {"street": format!("{number} High Street"), "town": "Ballybeg"},
        "extras": {"shoe": number, "deep": {"er": [1.5, "x"]}},
    }))
}

/// A record of a note alone.
pub(super) fn noted(text: &str) -> Record {
    record(&json!({ "note": text }))
}

#[track_caller]
pub(in crate::conformance) fn id(text: &str) -> ExternalId {
    match ExternalId::new(text) {
        Ok(id) => id,
        Err(error) => panic!("the suite names an id: {error}"),
    }
}

pub(super) fn run(name: &str) -> RunId {
    RunId::new(name).expect("the suite names no empty run")
}

pub(super) fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000)
}

/// The policy that batches name.
pub(super) fn policy() -> Fingerprint {
    Fingerprint::of(b"the suite's policy")
}

pub(super) fn batch(ops: Vec<Op>) -> Batch {
    Batch { run: run("suite-1"), at: at(), schema: schema().fingerprint(), policy: policy(), ops }
}

/// An op with everything that an op can have.
fn op(id: &ExternalId, action: Action, expect: Precondition, remote: &Record) -> Op {
    let entries = vec![noticed(action.name()), decided(remote)];
    Op {
        rekeyed: None,
        missed: 0,
        id: id.clone(),
        situation: Situation::Linked,
        action,
        expect,
        made_from: None,
        base: Some(remote.clone()),
        version: Some(3),
        remote: Some(remote.clone()),
        seen: Some(remote.fingerprint()),
        conflicts: Vec::new(),
        entries,
    }
}

pub(super) fn create(id: &ExternalId, record: &Record) -> Op {
    Op { situation: Situation::Unmatched, ..op(id, Action::Create(record.clone()), Precondition::Unlinked, record) }
}

pub(super) fn update(id: &ExternalId, revision: Revision, patch: &Record) -> Op {
    op(id, Action::Update(patch.clone()), Precondition::Revision(revision), patch)
}

pub(super) fn reactivate(id: &ExternalId, revision: Revision, patch: &Record) -> Op {
    op(id, Action::Reactivate(patch.clone()), Precondition::Revision(revision), patch)
}

/// An op on a record that the source no longer has.
pub(super) fn deactivate(id: &ExternalId, revision: Revision) -> Op {
    let op = op(id, Action::Deactivate, Precondition::Revision(revision), &schema().missing());
    Op { situation: Situation::Missing, base: None, version: None, remote: None, seen: None, ..op }
}

/// An op that links a record here, with everything else that it can do.
pub(super) fn link(id: &ExternalId, local: &LocalId, revision: Revision, patch: &Record) -> Op {
    let expect = Precondition::Free { local: local.clone(), revision };
    Op { situation: Situation::Found, ..op(id, Action::Update(patch.clone()), expect, patch) }
}

/// An op on a record that has another id from now on.
pub(super) fn rekey(from: &ExternalId, to: &ExternalId, revision: Revision) -> Op {
    Op {
        situation: Situation::Rekeyed,
        rekeyed: Some(from.clone()),
        entries: vec![noticed("rekeyed")],
        ..touch(to, revision)
    }
}

/// An op that only remembers: by itself, nothing.
pub(super) fn touch(id: &ExternalId, revision: Revision) -> Op {
    let op = op(id, Action::Touch, Precondition::Revision(revision), &schema().missing());
    Op { base: None, version: None, seen: None, entries: Vec::new(), ..op }
}

/// A conflict about a field, at one of several moments.
pub(super) fn conflict(unit: &str, remote: Value) -> OpenConflict {
    OpenConflict {
        unit: unit.to_owned(),
        clash: Clash::BothChanged,
        paths: vec!["/deep/er".to_owned(), String::new()],
        base: Some(Value::Null),
        local: Value::from("e\u{301} 'here'"),
        remote,
    }
}

pub(super) fn opened(conflict: &OpenConflict) -> ConflictChange {
    ConflictChange::Open(conflict.clone())
}

/// An entry about a field whose values it does not have.
pub(super) fn stand_in(field: &str, kept: Privacy) -> AuditEntry {
    let stand_in = Value::from("(redacted)");
    match decided(&noted("x")) {
        AuditEntry::Field(entry) => AuditEntry::Field(FieldEntry {
            field: field.to_owned(),
            base: Some(Value::Null),
            local: stand_in.clone(),
            remote: Some(stand_in.clone()),
            result: stand_in,
            kept,
            ..entry
        }),
        entry => entry,
    }
}

/// An entry about the record as a whole.
pub(super) fn noticed(why: &str) -> AuditEntry {
    AuditEntry::Record(RecordEntry {
        situation: Situation::Linked,
        action: "touch".to_owned(),
        why: why.to_owned(),
        by: None,
    })
}

/// An entry about a field, with a base that is stated to be empty.
fn decided(remote: &Record) -> AuditEntry {
    AuditEntry::Field(FieldEntry {
        field: "note".to_owned(),
        group: None,
        verdict: Verdict::RemoteOnly(RemoteChange::Set),
        decision: Decision::TookRemote,
        rule: "remote_wins".to_owned(),
        base: Some(Value::Null),
        local: Value::Null,
        remote: Some(remote.field(1).to_value()),
        result: remote.field(1).to_value(),
        collisions: Vec::new(),
        dialled: None,
        why: "the source set it".to_owned(),
        by: None,
        kept: Privacy::Plain,
    })
}
