//! Resolution against the model, and what sets, objects, tuples and resolvers come to.

mod dialled;
mod groups;
mod model;
mod nested;
mod objects;
mod resolvers;
mod sets;

use serde_json::{Value as Json, json};
use tripartite::schema::{Policy, Schema};
use tripartite::value::Record;

use crate::support::{canonical, record, schema, strategy};

/// A strategy of [`PLAIN`] as a schema file has it.
fn spec(name: &str) -> Json {
    serde_json::to_value(strategy(name)).unwrap()
}

fn map_policy(strategy: &str) -> Policy {
    Policy::new(schema(json!({"strategy": spec(strategy), "fields": {"f": {"kind": "map"}}})))
}

fn object(schema: &Schema, json: &Json) -> Record {
    record(schema, json!({ "f": json }))
}

fn now(schema: &Schema, record: &Record) -> Json {
    canonical(schema, 0, record.field(0))
}
