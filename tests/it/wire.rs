//! Names in JSON: those in the present form are read, and those in snake case, which a later version may write.

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tripartite::audit::Situation;
use tripartite::detect::{Clash, LocalChange, RemoteChange, Verdict};
use tripartite::resolve::Decision;

fn snake(name: &str) -> String {
    let apart = |(at, c): (usize, char)| {
        let line = (at > 0 && c.is_uppercase()).then_some('_');
        line.into_iter().chain(c.to_lowercase())
    };
    name.char_indices().flat_map(apart).collect()
}

fn both<T: DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug>(
    names: &str,
    json: impl Fn(&str) -> Json,
) {
    for name in names.split(' ') {
        let present: T = serde_json::from_value(json(name)).unwrap();
        assert_eq!(serde_json::to_value(&present).unwrap(), json(name));
        assert_eq!(serde_json::from_value::<T>(json(&snake(name))).unwrap(), present);
    }
}

#[test]
fn a_name_in_snake_case_is_the_same_name() {
    both::<Situation>(
        "Linked Unmatched Found Ambiguous Reappeared Missing LocalDeleted DeleteVsEdit KeptActive Rekeyed Renamed \
         IdentityConflict Replaced Stale DuplicateRemote Malformed",
        |name| json!(name),
    );
    both::<RemoteChange>("Filled Set Changed Cleared", |name| json!(name));
    both::<LocalChange>("Unbased Set Changed Cleared", |name| json!(name));
    both::<Clash>("NoBase BothSet BothChanged LocalCleared RemoteCleared", |name| json!(name));
    both::<Decision>("Nothing TookRemote KeptLocal Merged HeldOpen DriftReverted Entered", |name| json!(name));
    both::<Verdict>("InSync Adopted Converged NotReported", |name| json!({ "verdict": name }));
    both::<Verdict>("LocalOnly RemoteOnly", |name| json!({ "verdict": name, "detail": "Set" }));
    both::<Verdict>("Conflict", |name| json!({ "verdict": name, "detail": "NoBase" }));
}
