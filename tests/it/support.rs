//! What the tests share: words with a known meaning, a naive model of the contract, and a small world to run in.

mod declared;
pub(crate) mod dice;
pub(crate) mod nested_oracle;
pub(crate) mod oracle;
#[cfg(feature = "conformance")]
pub(crate) mod suite;
pub(crate) mod tree;
pub(crate) mod words;
pub(crate) mod world;

use std::sync::Arc;

use serde_json::Value as Json;
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::id::{ExternalId, RunId};
use tripartite::memory::MemoryStore;
use tripartite::plan::plan_linked;
use tripartite::schema::{Policy, Schema, SchemaBuilder, Strategy};
use tripartite::source::RemoteRecord;
use tripartite::store::{Base, ConflictChange, Loaded, Op, OpenConflict, Revision};
use tripartite::value::{FieldRef, Record, RecordBuilder, Value};

/// The strategies that need no settings, by the names a configuration has.
pub(crate) const PLAIN: [&str; 8] =
    ["remote_wins", "local_wins", "merge", "merge:local", "merge:remote", "enforced", "local_owned", "fill_only"];

pub(crate) fn strategy(name: &str) -> Strategy {
    match name.split_once(':') {
        Some((name, fallback)) => {
            serde_json::from_value(serde_json::json!({ name: { "fallback": fallback } })).unwrap()
        }
        None => name.parse().unwrap(),
    }
}

/// A schema as a configuration file has it, with the host's own kind `eircode` and the resolver `judge`.
pub(crate) fn schema(json: Json) -> Schema {
    let builder: SchemaBuilder = serde_json::from_value(json).unwrap();
    builder.kind("eircode", words::eircode()).resolver("judge", Arc::new(oracle::Judge)).build().unwrap()
}

pub(crate) fn record(schema: &Schema, json: Json) -> Record {
    schema.record(&json).unwrap()
}

pub(crate) fn ext(id: &str) -> ExternalId {
    ExternalId::new(id).unwrap()
}

pub(crate) fn run_id(id: &str) -> RunId {
    RunId::new(id).unwrap()
}

pub(crate) fn at() -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

/// A raw value as JSON; `None` when it is missing.
pub(crate) fn raw(field: FieldRef<'_>) -> Option<Json> {
    (!field.is_missing()).then(|| json(&field.to_value()))
}

pub(crate) fn json(value: &Value) -> Json {
    serde_json::to_value(value).unwrap()
}

/// A record as the source sends it.
pub(crate) fn said(id: &str, record: Record) -> RemoteRecord {
    RemoteRecord::new(ext(id), record)
}

/// A linked record that was never decided on under this policy, so that it is looked at.
pub(crate) fn linked(schema: &Schema, base: Option<Record>, local: Record) -> Loaded {
    Loaded::new(ext("7"), Revision(1), local).base(base.map(|record| Base::new(record, schema.fingerprint())))
}

/// What a host has after it carried an op out, reckoned without the crate.
#[derive(Debug, Clone)]
pub(crate) struct After {
    pub(crate) op: Op,
    pub(crate) local: Record,
    pub(crate) base: Record,
    pub(crate) open: Vec<OpenConflict>,
}

/// Plans one linked record and carries the op out on paper.
pub(crate) fn decide(policy: &Policy, loaded: &Loaded, remote: &Record) -> After {
    let op =
        plan_linked(policy, &said("7", remote.clone()), loaded).expect("a record that was never in step is planned");
    carry_out(policy.schema(), loaded, op)
}

pub(crate) fn carry_out(schema: &Schema, loaded: &Loaded, op: Op) -> After {
    use tripartite::store::Action;
    let local = match &op.action {
        Action::Update(patch) | Action::Reactivate(patch) => patched(&loaded.local, patch),
        Action::Create(record) => record.clone(),
        _ => loaded.local.clone(),
    };
    let stored = loaded.base.as_ref().map_or_else(|| schema.missing(), |base| base.record.clone());
    let mut open = loaded.open.clone();
    for change in &op.conflicts {
        match change {
            ConflictChange::Open(conflict) | ConflictChange::Update(conflict) => {
                open.retain(|known| known.unit != conflict.unit);
                open.push(conflict.clone());
            }
            ConflictChange::Close { unit } => open.retain(|known| known.unit != *unit),
        }
    }
    After { base: op.base.clone().unwrap_or(stored), local, open, op }
}

fn patched(record: &Record, patch: &Record) -> Record {
    let mut row = RecordBuilder::new(record.len().max(patch.len()));
    for position in 0..row.len() {
        let field = if patch.field(position).is_missing() { record.field(position) } else { patch.field(position) };
        row.set_field(position, field).unwrap();
    }
    row.finish()
}

/// The canonical form of a field as JSON, missing and null alike; what has none is its own raw text, marked.
pub(crate) fn canonical(schema: &Schema, position: usize, field: FieldRef<'_>) -> Json {
    match schema.canonical(position, field) {
        Ok(canonical) => json(&canonical),
        Err(_) => serde_json::json!({ "invalid": json(&field.to_value()) }),
    }
}

/// So many cases, times `LAWS_TIMES` for a long night; what fails becomes a named test, never a file.
pub(crate) fn cases(cases: u32) -> proptest::test_runner::Config {
    let times = std::env::var("LAWS_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let cases = cases * times;
    proptest::test_runner::Config {
        cases,
        max_global_rejects: cases * 4,
        failure_persistence: None,
        ..Default::default()
    }
}

/// A persisted form is read as it was written, keeps the fields that a later version added, and comes back here as one whose
/// format is later.
pub(crate) fn of_later_version<T>(now: &T) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let mut json = serde_json::to_value(now).unwrap();
    let read = |json: &Json| serde_json::from_value::<T>(json.clone()).unwrap();
    assert_eq!(read(&json), *now);
    json["colour"] = "blue".into();
    assert_eq!(serde_json::to_value(read(&json)).unwrap(), json, "what a later version wrote survives");
    json["format"] = 2.into();
    read(&json)
}

/// What a store's audit has of fields, in the order of its entries.
pub(crate) fn audited_fields<T>(store: &MemoryStore, of: impl Fn(&FieldEntry) -> T) -> Vec<T> {
    let audit = store.audit();
    let fields = audit.iter().filter_map(|(_, _, entry)| match entry {
        AuditEntry::Field(entry) => Some(of(entry)),
        AuditEntry::Record(_) => None,
    });
    fields.collect()
}

/// A verdict, seen from the other side.
pub(crate) fn swapped(verdict: &str) -> String {
    match verdict {
        "RemoteOnly(Filled)" => "LocalOnly(Unbased)".into(),
        "LocalOnly(Unbased)" => "RemoteOnly(Filled)".into(),
        "Conflict(LocalCleared)" => "Conflict(RemoteCleared)".into(),
        "Conflict(RemoteCleared)" => "Conflict(LocalCleared)".into(),
        other => match (other.strip_prefix("RemoteOnly"), other.strip_prefix("LocalOnly")) {
            (Some(detail), _) => format!("LocalOnly{detail}"),
            (_, Some(detail)) => format!("RemoteOnly{detail}"),
            _ => other.to_owned(),
        },
    }
}
