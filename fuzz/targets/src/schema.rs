//! Schemas as JSON: nothing panics, what is read is written and read again as the same schema, and it works on records.
//!
//! The input is a schema as JSON; behind a line break a record for it may stand.

use tripartite::detect::{Sides, detect};
use tripartite::resolve::resolve;
use tripartite::schema::{Policy, Schema};

/// The body of the target.
pub fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (text, record) = data.split_at(end);
    let schema = match serde_json::from_slice::<Schema>(text) {
        Ok(schema) => schema,
        Err(error) => return assert!(!error.to_string().is_empty(), "what is refused is refused with a sentence"),
    };
    let written = serde_json::to_string(&schema).expect("a schema can be written");
    let again: Schema = serde_json::from_str(&written).expect("and read");
    assert_eq!(again.fingerprint(), schema.fingerprint(), "{written}");
    assert_eq!(serde_json::to_string(&again).expect("and written"), written);

    let Ok(json) = serde_json::from_slice::<serde_json::Value>(record) else { return };
    let Ok(record) = schema.record(&json) else { return };
    let nothing = schema.missing();
    let policy = Policy::new(schema.clone());
    for sides in [
        Sides { base: &record, local: &record, remote: &record },
        Sides { base: &nothing, local: &record, remote: &record },
        Sides { base: &record, local: &nothing, remote: &record },
        Sides { base: &record, local: &record, remote: &nothing },
    ] {
        let changes = detect(&schema, sides);
        let resolved = resolve(&policy, &changes, None);
        resolved.resolutions.iter().for_each(|resolution| drop(resolution.why(&schema)));
        assert_eq!(resolved.local().len(), schema.fields().len());
    }
}
