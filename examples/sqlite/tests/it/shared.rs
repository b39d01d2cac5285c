//! What the tests of both SQL stores say the same way.

use serde_json::Value;
use tripartite::audit::AuditEntry;
use tripartite::id::{ExternalId, RunId};
use tripartite::schema::Schema;
use tripartite::source::{Item, RemoteRecord};
use tripartite_sql::AuditRow;

/// What becomes of the unique values of three members in one night.
pub(crate) const HANDS: [([&str; 3], &str); 5] = [
    (["p2", "p1", "p3"], "a swap"),
    (["p2", "new", "p3"], "handed on to who is written before"),
    (["new", "p1", "p3"], "handed on to who is written after"),
    (["p2", "p3", "p1"], "a ring"),
    (["p3", "p1", "p2"], "the other way round"),
];

/// The records of JSON lines.
pub(crate) fn items(schema: &Schema, text: &str) -> Vec<Item> {
    let item = |line: &str| {
        let Value::Object(mut fields) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        let id = ExternalId::new(fields.remove("id").unwrap().as_str().unwrap()).unwrap();
        Item::Record(RemoteRecord::new(id, schema.record(&Value::Object(fields)).unwrap()))
    };
    text.lines().map(item).collect()
}

/// An entry, as the suite of the record stores wants it.
pub(crate) fn entry(row: AuditRow) -> (RunId, ExternalId, AuditEntry) {
    (RunId::new(row.run).unwrap(), ExternalId::new(row.external_id).unwrap(), row.entry)
}
