//! Where a number was read as dialled, and which field said so, is told with what was decided about it.

use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::{Answer, explain};
use tripartite::resolve::Reason;
use tripartite::schema::Policy;
use tripartite::store::Action;
use tripartite::value::Record;

use crate::decide::nuala;
use crate::support::{carry_out, decide, linked, record, schema};

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

/// A number that is taken beside another country here, or while the country is in dispute, is written with its own, and so
/// is its base. The same again is no news.
#[test]
fn a_number_that_is_taken_stays_the_number_that_the_source_means() {
    let policy = policy(json!({"kind": "code"}));
    let of = |country: &str, phone: &str| record(policy.schema(), json!({"country": country, "phone": phone}));
    for (remote, number, base) in [
        (of("IE", "087 765 4321"), "+353877654321", "087 765 4321"),
        (of("BE", "0470 12 34 56"), "+32470123456", "+32470123456"),
        (of("GB", "020 7946 0222"), "020 7946 0222", "020 7946 0222"),
    ] {
        let loaded = linked(policy.schema(), Some(of("IE", "087 123 4567")), of("GB", "+353 87 123 4567"));
        let mut after = decide(&policy, &loaded, &remote);
        for night in 0..3 {
            let phone = |side: &Record| side.field(1).text().map(str::to_owned);
            assert_eq!(phone(&after.local).as_deref(), Some(number), "night {night}");
            assert_eq!(phone(&after.base).as_deref(), Some(base), "night {night}");
            let mut next = linked(policy.schema(), Some(after.base.clone()), after.local.clone());
            next.open = after.open.clone();
            after = decide(&policy, &next, &remote);
            assert!(!matches!(after.op.action, Action::Update(_)), "night {night}");
        }
    }
}

/// So does a number that a person takes from a conflict.
#[test]
fn a_number_that_a_person_takes_is_the_number_that_the_source_means() {
    let policy = policy(json!({"kind": "code"}));
    let of = |country: &str, phone: &str| record(policy.schema(), json!({"country": country, "phone": phone}));
    let loaded = linked(policy.schema(), Some(of("IE", "087 123 4567")), of("GB", "020 7946 0111"));
    let night = decide(&policy, &loaded, &of("IE", "087 765 4321"));
    let mut open = linked(policy.schema(), Some(night.base.clone()), night.local.clone());
    open.open = night.open;
    let op = tripartite::decide::decide(&policy, &open, &[("phone", Answer::TakeRemote)], &nuala()).unwrap();
    let after = carry_out(policy.schema(), &open, op);
    assert_eq!((after.local.field(0).text(), after.local.field(1).text()), (Some("GB"), Some("+353877654321")));
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
