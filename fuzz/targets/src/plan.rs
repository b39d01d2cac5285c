//! Stored plans: nothing panics, what is read is written again with the id that it has, and a plan that says anything at all
//! is carried out to an end, twice.
//!
//! The input is a plan as JSON, under the schema below. A plan that was changed gets the id of what it says, as a forger would
//! write it.

use tripartite::drive::drive_blocking;
use tripartite::id::RunId;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Plan, PlanError};
use tripartite::run::{Run, RunOutcome};
use tripartite::schema::{Policy, Schema, SchemaBuilder};

const SCHEMA: &str =
    r#"{"fields": {"a": {"kind": "text"}, "b": {"kind": "map"}, "c": {"kind": "set", "of": "email"}}}"#;

/// The body of the target.
pub fn run(data: &[u8]) {
    let schema = serde_json::from_str::<SchemaBuilder>(SCHEMA).expect("a schema").build().expect("which fits");
    let Ok(mut stored) = serde_json::from_slice::<serde_json::Value>(data) else {
        let _ = read(&schema, data);
        return;
    };
    if let Some(plan) = stored.as_object_mut() {
        // What no input can guess.
        plan.insert("schema".to_owned(), schema.fingerprint().to_string().into());
        plan.insert("policy".to_owned(), Policy::new(schema.clone()).fingerprint().to_string().into());
    }
    let mut plan = read(&schema, stored.to_string().as_bytes());
    if let Err(PlanError::Altered { found, .. }) = plan {
        stored["id"] = found.to_string().into();
        plan = read(&schema, stored.to_string().as_bytes());
        assert!(!matches!(plan, Err(PlanError::Altered { .. })), "a plan has one id");
    }
    match plan {
        Ok(plan) => carry_out(&schema, &plan),
        Err(error) => assert!(error.to_string().len() < 4096),
    }
}

fn read(schema: &Schema, json: &[u8]) -> Result<Plan, PlanError> {
    Plan::read(schema, &mut serde_json::Deserializer::from_slice(json))
}

fn carry_out(schema: &Schema, plan: &Plan) {
    let written = serde_json::to_vec(plan).expect("a plan can be written");
    assert_eq!(read(schema, &written).expect("and read").id(), plan.id());
    let store = MemoryStore::new(schema.clone());
    let nobody = Listing::new(Vec::new());
    let run = || Run::new(Policy::new(schema.clone()), RunId::new("run").expect("an id"), chrono::DateTime::UNIX_EPOCH);
    for _ in 0..2 {
        let report = drive_blocking(run().apply(plan.clone()), &nobody, &store).expect("a store in memory").report;
        assert!(!matches!(report.outcome, RunOutcome::Failed), "a plan is carried out, or what is not is told");
    }
}
