//! What the audit keeps of sensitive fields, and that nothing shows a value.

use serde_json::{Value as Json, json};
use tripartite::decide::{Answer, decide, explain};
use tripartite::exchange::{Entry, FieldEntry, KeyedHash};
use tripartite::memory::MemoryStore;
use tripartite::plan::{Guards, Limit, Plan};
use tripartite::run::Step;
use tripartite::schema::{Dispute, Policy, Privacy, Schema};

use super::{commit, load, nuala};
use crate::support::world::{self, listing, night};
use crate::support::{ext, json as as_json, schema};

fn members() -> Schema {
    schema(json!({"strategy": "merge", "fields": {
        "name": {"kind": "text", "sensitive": true},
        "phone": {"kind": {"phone": {"region": "IE"}}, "sensitive": "hashed"},
        "mobile": {"kind": {"phone": {"region": "IE"}}, "sensitive": "hashed"},
        "email": {"kind": "email", "sensitive": "redacted"},
        "prefers": {"kind": "map", "sensitive": "redacted"},
    }}))
}

#[test]
fn the_choice_is_part_of_the_schema() {
    let schema = members();
    let kept: Vec<Privacy> = schema.fields().iter().map(|field| field.privacy()).collect();
    use Privacy::{Hashed, Plain, Redacted};
    assert_eq!(kept, [Redacted, Hashed, Plain, Hashed, Redacted], "of e-mail, mobile, name, phone and preferences");
    let text = serde_json::to_value(&schema).unwrap();
    assert_eq!(
        (&text["fields"]["name"]["sensitive"], &text["fields"]["email"]["sensitive"]),
        (&json!(true), &json!("redacted"))
    );
    assert_eq!(serde_json::from_value::<Schema>(text).unwrap().fingerprint(), schema.fingerprint());
    let of = |sensitive: Json| {
        serde_json::from_value::<Schema>(json!({"fields": {"x": {"kind": "text", "sensitive": sensitive}}}))
    };
    let print = |sensitive| of(sensitive).unwrap().fingerprint();
    assert_eq!(print(json!(true)), print(json!("plain")));
    assert_eq!(print(json!(false)), print(Json::Null));
    assert_ne!(print(json!(true)), print(json!("hashed")));
    let error = of(json!("secret")).unwrap_err().to_string();
    assert!(error.contains("field `x`: `sensitive`") && error.contains("redacted"), "{error}");
}

/// Tells apart what was hashed, and nothing more.
struct Sum;

impl KeyedHash for Sum {
    fn hash(&self, message: &[u8]) -> [u8; 32] {
        let mut hash = [0_u8; 32];
        for (at, byte) in message.iter().enumerate() {
            hash[at % 16] = hash[at % 16].wrapping_mul(31).wrapping_add(*byte);
        }
        hash
    }
}

fn entry(field: &str, local: Json, remote: Json) -> Entry {
    let of = |json: Json| serde_json::from_value(json).unwrap();
    let entry: FieldEntry = of(json!({
        "field": field, "verdict": "Conflict", "detail": "BothChanged", "decision": "TookRemote",
        "rule": "source: merge",
        "base": null, "local": local, "remote": remote, "result": remote, "why": "",
    }));
    Entry::Field(entry)
}

fn stored(entry: &Entry, key: Option<&dyn KeyedHash>) -> (Privacy, Json, Json) {
    match entry.stored(&members(), key).into_owned() {
        Entry::Field(entry) => (entry.kept, as_json(&entry.local), as_json(&entry.remote.unwrap())),
        Entry::Record(_) => panic!("is about a field"),
    }
}

#[test]
fn an_entry_is_kept_as_its_field_asks() {
    let redacted = |local: Json| (Privacy::Redacted, local, json!("(redacted)"));
    assert_eq!(stored(&entry("name", json!("a"), json!("b")), None), (Privacy::Plain, json!("a"), json!("b")));
    let mail = entry("email", json!(" "), json!("a@example.org"));
    assert_eq!(stored(&mail, Some(&Sum)), redacted(Json::Null), "that it was empty may be known");
    assert_eq!(stored(&entry("prefers", json!({"a": 1}), json!({"a": 2})), None), redacted(json!("(redacted)")));
    let phone = |field| entry(field, json!("087 123 4567"), json!("+353 (0)87 123 4567"));
    assert_eq!(stored(&phone("phone"), None), redacted(json!("(redacted)")), "there is no key");
    let (kept, local, remote) = stored(&phone("phone"), Some(&Sum));
    assert_eq!((kept, &local), (Privacy::Hashed, &remote), "two spellings of one number have one hash");
    assert_ne!(local, stored(&phone("mobile"), Some(&Sum)).1, "two fields never share one");
    let text = local.as_str().unwrap();
    assert!(text.starts_with("hmac-sha256:") && text.len() == "hmac-sha256:".len() + 32, "{text}");
    let once = phone("phone").stored(&members(), Some(&Sum)).into_owned();
    assert_eq!(once.stored(&members(), None).into_owned(), once, "what is not plain is not replaced again");
}

/// Every value holds it, and no name of a field does.
const MARK: &str = "mark";

fn marked(n: u32) -> Json {
    json!({
        "name": format!("mark{n}"), "phone": format!("087 {}", 1_000_000 + n), "mobile": "mark, no number",
        "email": format!("mark{n}@mark.example"), "prefers": {"sms": format!("mark{n}")},
    })
}

/// Runs, plans, decisions and their errors over marked values: none is in what `Debug` and `Display` print.
#[test]
fn nothing_shows_a_value() {
    let schema = members();
    let policy = Policy::new(schema.clone());
    let store = MemoryStore::new(schema.clone());
    let mut shown = Vec::new();
    for (turn, edit) in [None, Some(2), None, Some(4)].into_iter().enumerate() {
        if let Some(n) = edit {
            store.edit(&ext("7"), &marked(n)).unwrap();
        }
        let listing = listing(&schema, &[("7", marked(turn as u32 * 10)), ("8", marked(9))]);
        let done = night(&policy, &store, &listing);
        shown.push(format!("{done:?} {done:#?} {listing:?}"));
        shown.push(serde_json::to_string(&done.report).unwrap());
    }
    let loaded = load(&store, "7");
    assert!(!loaded.open.is_empty());
    shown.push(format!("{loaded:?} {:?} {:?}", store.get(&ext("7")), store.records()));
    shown.push(format!("{:?} {store:?} {policy:?} {schema:?}", store.audit()));
    for told in explain(&policy, &loaded) {
        shown.push(format!("{told:?} {} {}", told.why, told.rule));
    }
    let own = Answer::Value(super::value(json!("mark of a person")));
    shown.push(format!("{own:?}"));
    for conflict in &loaded.open {
        match decide(&policy, &loaded, &[(conflict.unit.as_str(), own.clone())], &nuala()) {
            Ok(op) => shown.push(format!("{op:?} {op:#?}")),
            Err(refusal) => shown.push(format!("{refusal} {refusal:?}")),
        }
    }
    let wrong = schema.record(&json!("mark, no record")).unwrap_err();
    shown.push(format!("{wrong} {wrong:?}"));
    for text in shown {
        let found = text.find(MARK).map(|at| &text[at.saturating_sub(200)..(at + 40).min(text.len())]);
        assert_eq!(found, None);
        assert!(!text.contains("1000002") && !text.contains("1000010"), "a number is shown");
    }
}

#[track_caller]
fn no_mark(shown: &[String]) {
    for text in shown.iter().map(|text| text.replace("marked inactive", "")) {
        let found = text.find(MARK).map(|at| &text[text.floor_char_boundary(at.saturating_sub(200))..at + MARK.len()]);
        assert_eq!(found, None);
    }
}

/// The same at every step of a run, of what is asked of a host and of what it answers, with who is new, gone, moved, said
/// twice or unreadable; and of all that a record goes through on its way.
#[test]
fn no_step_shows_a_value() {
    use tripartite::exchange::{Item, Malformed, RemoteRecord};
    use tripartite::memory::Listing;
    let schema = members();
    let policy = Policy::new(schema.clone());
    let store = MemoryStore::new(schema.clone());
    night(
        &policy,
        &store,
        &listing(&schema, &[("7", marked(1)), ("8", marked(2)), ("9", marked(3)), ("10", marked(4))]),
    );
    store.edit(&ext("7"), &marked(5)).unwrap();
    let remote = |id, n| RemoteRecord { id: ext(id), version: None, record: schema.record(&marked(n)).unwrap() };
    let malformed = Malformed { place: "line 9".into(), id: Some(ext("12")), problem: "is no object".into() };
    let items = vec![
        Item::Record(remote("7", 6)),
        Item::Record(remote("11", 7)),
        Item::Record(remote("13", 8)),
        Item::Record(remote("13", 9)),
        Item::Tombstone { id: ext("8"), version: None },
        Item::Rekeyed { from: ext("9"), to: ext("14") },
        Item::Record(remote("14", 3)),
        Item::Malformed(malformed),
    ];
    let mut shown = Vec::new();
    for guarded in [true, false] {
        let limit = if guarded { Limit::NONE.absolute(0) } else { Limit::NONE };
        let run = world::run(&policy, "night").guards(Guards::default().deactivations(limit).quarantined(Limit::NONE));
        shown.push(format!("{run:?}"));
        let listing = Listing::new(items.clone()).pages_of(3);
        let end = world::by_hand(run.start(), &listing, &store, |step| shown.push(requested(step, &store, &listing)));
        shown.push(format!("{end:?} {end:#?}"));
        if let Step::Stopped(stopped) = end {
            shown.extend(stopped.reasons().iter().map(|reason| format!("{reason} {reason:?}")));
            let done = stopped.finish();
            shown.push(format!("{done:?} {done:#?} {}", serde_json::to_string(&done.report).unwrap()));
        }
    }
    assert!(shown.len() > 12, "{}", shown.len());
    no_mark(&shown);
}

/// A step, what it asks for, and what the host answers.
fn requested(step: &Step, store: &MemoryStore, listing: &tripartite::memory::Listing) -> String {
    use tripartite::drive::block_on;
    use tripartite::host::{Connector, RecordStore};
    let asked = match step {
        Step::Indexing(s) => format!("{:?} {:?}", s.request(), block_on(store.index(s.request()))),
        Step::Fetching(s) => format!("{:?} {:?}", s.request(), block_on(listing.fetch(s.request()))),
        Step::Committing(s) => format!("{:?} {:#?}", s.request(), s.request()),
        _ => String::new(),
    };
    format!("{step:?} {step:#?} {asked}")
}

#[test]
fn nothing_that_a_record_goes_through_shows_a_value() {
    let schema = members();
    let policy = Policy::new(schema.clone());
    let [base, local, remote] = [1, 2, 3].map(|n| schema.record(&marked(n)).unwrap());
    let sides = tripartite::detect::Sides { base: &base, local: &local, remote: &remote };
    let changes = tripartite::detect::detect(&schema, sides);
    let resolved = tripartite::resolve::resolve(&policy, &changes, None);
    let mut shown = vec![format!("{sides:?} {changes:?} {changes:#?} {resolved:?} {resolved:#?}")];
    for resolution in &resolved.resolutions {
        shown.push(format!("{} {} {}", resolution.verdict, resolution.rule, resolution.why(&schema)));
        let (unit, value) = (schema.unit_name(resolution.unit), local.field(0).to_value());
        shown.push(format!("{:?}", Dispute { unit, path: "", base: None, local: &value, remote: &value }));
    }
    for (position, field) in local.fields().enumerate() {
        shown.push(format!("{field:?} {:?} {:?}", field.to_value(), schema.canonical(position, field)));
        if let Err(problem) = schema.canonical(position, field) {
            shown.push(problem.to_string());
        }
    }
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "it cannot be read")]
    struct Wrong {
        name: u32,
    }
    let error = schema.read::<Wrong>(&local).unwrap_err();
    shown.push(format!("{error} {error:?} {local:?}"));
    no_mark(&shown);
}

/// A plan holds values, for it writes them; when it is damaged, the error says where and not what.
#[test]
fn a_damaged_plan_shows_no_value() {
    let schema = members();
    let policy = Policy::new(schema.clone());
    let store = MemoryStore::new(schema.clone());
    let listing = listing(&schema, &[("7", marked(1))]);
    let dry = tripartite::drive::drive_blocking(world::run(&policy, "night").dry().start(), &listing, &store).unwrap();
    let text = serde_json::to_string(&dry.plan.unwrap()).unwrap();
    assert!(text.contains(MARK));
    for (whole, damaged) in [
        ("\"situation\":\"Unmatched\"", "\"situation\":\"mark\""),
        ("\"unlinked\"", "\"mark\""),
        ("\"format\":1", "\"format\":\"mark\""),
        ("\"create\"", "\"mark\""),
        ("\"ops\":[", "\"ops\":[\"mark `1\\\"\","),
    ] {
        assert!(text.contains(whole), "{whole} in {text}");
        let damaged = text.replacen(whole, damaged, 1);
        let error = Plan::read(&schema, &mut serde_json::Deserializer::from_str(&damaged)).unwrap_err();
        no_mark(&[error.to_string(), format!("{error:?}")]);
        assert!(error.to_string().contains("at line 1 column "), "{error}");
    }
}

#[test]
fn the_store_keeps_no_more_than_it_may() {
    let schema = members();
    let policy = Policy::new(schema.clone());
    let store = MemoryStore::new(schema.clone());
    let night = |n| night(&policy, &store, &listing(&schema, &[("7", marked(n))]));
    night(1);
    store.edit(&ext("7"), &marked(2)).unwrap();
    night(3);
    for conflict in load(&store, "7").open {
        let op =
            decide(&policy, &load(&store, "7"), &[(conflict.unit.as_str(), Answer::TakeRemote)], &nuala()).unwrap();
        commit(&policy, &store, op);
    }
    let mut kept = 0;
    for (.., entry) in store.audit() {
        let text = serde_json::to_string(&entry).unwrap();
        let Entry::Field(entry) = entry else { continue };
        if entry.field == "name" || entry.kept == Privacy::Plain {
            continue;
        }
        kept += 1;
        assert!(!text.contains(MARK) && !text.contains("087"), "{text}");
    }
    assert!(kept >= 6, "{kept}");
    let plain = store.audit().into_iter().filter_map(|(.., entry)| match entry {
        Entry::Field(entry) if entry.kept.is_plain() => Some(entry.field),
        _ => None,
    });
    assert!(plain.into_iter().all(|field| field == "name"));
}
