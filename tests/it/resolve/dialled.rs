//! Where a number was read as dialled, and which field said so, is told with what was decided about it.

use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::explain;
use tripartite::resolve::Reason;
use tripartite::schema::Policy;

use crate::support::{decide, linked, record, schema};

fn policy(country: Json) -> Policy {
    let phone = json!({"kind": "phone", "region": "IE", "region_from": "country"});
    Policy::new(schema(json!({"strategy": "merge", "fields": {"country": country, "phone": phone}})))
}

/// The entry about the phone, and the audit's words for where it was dialled.
fn told(policy: &Policy, [base, local, remote]: [Json; 3]) -> (FieldEntry, String) {
    let of = |json: Json| record(policy.schema(), json);
    let entries = decide(policy, &linked(policy.schema(), Some(of(base)), of(local)), &of(remote)).op.entries;
    let of_phone = |entry| match entry {
        AuditEntry::Field(entry) if entry.field == "phone" => Some(entry),
        _ => None,
    };
    let entry = entries.into_iter().find_map(of_phone).unwrap();
    let words = entry.why.split_once(". ").map(|(_, words)| words.to_owned()).unwrap_or_default();
    (entry, words)
}

#[test]
fn the_region_of_a_number_and_who_said_it_are_told() {
    let policy = policy(json!({"kind": "code"}));
    let of = |country: Json, phone: &str| json!({"country": country, "phone": phone});
    let (gb, moved) = (of(json!("gb"), "020 7946 0958"), of(json!("GB"), "020 7946 0111"));
    let (entry, words) = told(&policy, [gb.clone(), gb.clone(), moved.clone()]);
    assert_eq!(words, "By country, both numbers were read as dialled in GB.");
    // It is kept with the audit, and told in the same words afterwards.
    let kept: FieldEntry = serde_json::from_value(serde_json::to_value(&entry).unwrap()).unwrap();
    assert_eq!((&kept, kept.reason(policy.schema()).to_string()), (&entry, entry.why.clone()));

    let other = of(json!("BE"), "0470 12 34 56");
    let (_, words) = told(&policy, [gb.clone(), gb.clone(), other.clone()]);
    assert_eq!(words, "By country, the number here was read as dialled in GB, and the source's in BE.");
    let (_, words) = told(&policy, [gb.clone(), of(json!(null), "087 123 4567"), gb.clone()]);
    let here = "IE, because country says none";
    assert_eq!(words, format!("By country, the number here was read as dialled in {here}, and the source's in GB."));
    // What the source leaves out it has said before.
    let (_, words) = told(&policy, [gb.clone(), gb.clone(), json!({"phone": "020 7946 0111"})]);
    assert_eq!(words, "By country, both numbers were read as dialled in GB.");
    // A number that cannot be read there is told with where it was tried.
    let (entry, words) = told(&policy, [gb.clone(), gb, of(json!("BE"), "020 7946 0111 2")]);
    assert_eq!(entry.verdict.name(), "InvalidRemote");
    assert_eq!(words, "By country, the number here was read as dialled in GB, and the source's in BE.");
}

/// A question to a person has it, as far as it is known: the rest of the source's record is not kept with it.
#[test]
fn an_open_conflict_tells_it_of_the_number_here() {
    let policy = policy(json!({"kind": "code"}));
    let of = |phone: &str| record(policy.schema(), json!({"country": "GB", "phone": phone}));
    let loaded = linked(policy.schema(), Some(of("020 7946 0111")), of("020 7946 0222"));
    let night = decide(&policy, &loaded, &of("020 7946 0333"));
    let mut open = linked(policy.schema(), Some(night.base), night.local);
    open.open = night.open;
    let explained = explain(&policy, &open).remove(0);
    assert!(explained.why.ends_with("By country, the number here is read as dialled in GB."), "{}", explained.why);
    let Reason::Unit(why) = explained.reason else { panic!("it is about a field") };
    assert!(why.dialled.is_some_and(|dialled| dialled.by == "country" && dialled.remote.is_none()));
}

/// What says the region may be nothing that the audit keeps. Then it is not told, and neither is it of other numbers.
#[test]
fn a_region_that_is_not_kept_plain_is_not_told() {
    let gb = |phone: &str| json!({"country": "GB", "phone": phone});
    let versions = || [gb("020 7946 0958"), gb("020 7946 0958"), gb("020 7946 0111")];
    let (entry, words) = told(&policy(json!({"kind": "code", "sensitive": "redacted"})), versions());
    assert_eq!((entry.dialled, words), (None, String::new()));
    let of_kind = schema(json!({"fields": {"country": {"kind": "code"}, "phone": {"kind": "phone", "region": "GB"}}}));
    assert_eq!(told(&Policy::new(of_kind), versions()).0.dialled, None);
}
