//! What the audit keeps of sensitive fields, and that nothing shows a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, FieldEntry, KeyedHash};
use tripartite::decide::{Answer, batch, decide, explain, link, restore};
use tripartite::drive::drive_blocking;
use tripartite::id::LocalId;
use tripartite::memory::MemoryStore;
use tripartite::plan::{Guards, Limit, Plan};
use tripartite::run::{Mode, Step};
use tripartite::schema::{Dispute, Policy, Privacy, Schema};
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records, Revision};

use super::{at, commit, load, nuala, run_id};
use crate::support::world::{self, listing, night};
use crate::support::{self, ext, json as as_json, schema};

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

fn entry(field: &str, local: Json, remote: Json) -> AuditEntry {
    let of = |json: Json| serde_json::from_value(json).unwrap();
    let entry: FieldEntry = of(json!({
        "field": field, "verdict": "Conflict", "detail": "BothChanged", "decision": "TookRemote",
        "rule": "source: merge",
        "base": null, "local": local, "remote": remote, "result": remote, "why": "",
    }));
    AuditEntry::Field(entry)
}

/// The entry as a store is given it.
fn given(entry: &AuditEntry, key: Option<&dyn KeyedHash>) -> AuditEntry {
    let mut op = link(&ext("7"), &LocalId::new("17").unwrap(), Revision(1), &nuala());
    op.entries = vec![entry.clone()];
    batch(&Policy::new(members()), run_id("desk"), at(), vec![op], key).ops.remove(0).entries.remove(0)
}

fn kept(entry: &AuditEntry, key: Option<&dyn KeyedHash>) -> (Privacy, Json, Json) {
    match given(entry, key) {
        AuditEntry::Field(entry) => (entry.kept, as_json(&entry.local), as_json(&entry.remote.unwrap())),
        AuditEntry::Record(_) => panic!("is about a field"),
    }
}

#[test]
fn an_entry_is_given_as_its_field_asks() {
    let redacted = |local: Json| (Privacy::Redacted, local, json!("(redacted)"));
    assert_eq!(kept(&entry("name", json!("a"), json!("b")), None), (Privacy::Plain, json!("a"), json!("b")));
    let mail = entry("email", json!(" "), json!("a@example.org"));
    assert_eq!(kept(&mail, Some(&Sum)), redacted(Json::Null), "that it was empty may be known");
    assert_eq!(kept(&entry("prefers", json!({"a": 1}), json!({"a": 2})), None), redacted(json!("(redacted)")));
    let phone = |field| entry(field, json!("087 123 4567"), json!("+353 (0)87 123 4567"));
    assert_eq!(kept(&phone("phone"), None), redacted(json!("(redacted)")), "there is no key");
    let (how, local, remote) = kept(&phone("phone"), Some(&Sum));
    assert_eq!((how, &local), (Privacy::Hashed, &remote), "two spellings of one number have one hash");
    assert_ne!(local, kept(&phone("mobile"), Some(&Sum)).1, "two fields never share one");
    let text = local.as_str().unwrap();
    assert!(text.starts_with("hmac-sha256:") && text.len() == "hmac-sha256:".len() + 32, "{text}");
    let once = given(&phone("phone"), Some(&Sum));
    assert_eq!(given(&once, None), once, "what is not plain is not replaced again");
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
        let before = |at: usize| text[..at].char_indices().rev().nth(200).map_or(0, |(from, _)| from);
        let found = text.find(MARK).map(|at| &text[before(at)..at + MARK.len()]);
        assert_eq!(found, None);
    }
}

/// The same at every step of a run, of what is asked of a host and of what it answers, with who is new, gone, moved, said
/// twice or unreadable; and of all that a record goes through on its way.
#[test]
fn no_step_shows_a_value() {
    use tripartite::memory::Listing;
    use tripartite::source::{Item, Malformed, RemoteRecord};
    let schema = members();
    let policy = Policy::new(schema.clone());
    let store = MemoryStore::new(schema.clone());
    night(
        &policy,
        &store,
        &listing(&schema, &[("7", marked(1)), ("8", marked(2)), ("9", marked(3)), ("10", marked(4))]),
    );
    store.edit(&ext("7"), &marked(5)).unwrap();
    let remote = |id, n| RemoteRecord::new(ext(id), schema.record(&marked(n)).unwrap());
    let malformed = Malformed::new("line 9", "is no object").id(ext("12"));
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
    use tripartite::source::Connector;
    use tripartite::store::RecordStore;
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
        shown.push(format!("{:?}", Dispute::new(unit, "", None, &value, &value)));
    }
    for (position, field) in local.fields().enumerate() {
        shown.push(format!("{field:?} {:?} {:?}", field.to_value(), schema.canonical(position, field)));
        if let Err(problem) = schema.canonical(position, field) {
            shown.push(problem.to_string());
        }
    }
    let error = schema.read::<BTreeMap<String, u32>>(&local).unwrap_err();
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
        ("\"format\":3", "\"format\":\"mark\""),
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
        let AuditEntry::Field(entry) = entry else { continue };
        if entry.field == "name" || entry.kept == Privacy::Plain {
            continue;
        }
        kept += 1;
        assert!(!text.contains(MARK) && !text.contains("087"), "{text}");
    }
    assert!(kept >= 6, "{kept}");
    let plain = store.audit().into_iter().filter_map(|(.., entry)| match entry {
        AuditEntry::Field(entry) if entry.kept.is_plain() => Some(entry.field),
        _ => None,
    });
    assert!(plain.into_iter().all(|field| field == "name"));
}

/// Keeps the entries of every batch that a run gives to the store.
struct Reading<'s>(&'s MemoryStore, std::sync::Mutex<Vec<AuditEntry>>);

impl RecordStore for Reading<'_> {
    type Error = std::convert::Infallible;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Self::Error> {
        self.0.index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Self::Error> {
        self.0.load(wanted).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Self::Error> {
        self.1.lock().unwrap().extend(batch.ops.iter().flat_map(|op| op.entries.clone()));
        self.0.commit(batch).await
    }
}

#[track_caller]
fn no_plain_value(entry: &AuditEntry) {
    let AuditEntry::Field(field) = entry else { return };
    if field.field != "name" {
        assert!(!field.kept.is_plain(), "{} is kept plain", field.field);
        let text = serde_json::to_string(entry).unwrap();
        assert!(!text.contains(MARK) && !text.contains("087 1"), "{}", field.field);
    }
}

proptest! {
    #![proptest_config(support::cases(64))]

    /// Whatever is synced, streamed, planned again, decided or restored: no batch has a value in its entries that the
    /// audit may not keep, with a key and without.
    #[test]
    fn no_batch_has_a_plain_value_of_a_private_field(
        turns in proptest::collection::vec((0..4_u32, 0..4_u32, any::<bool>(), 0..4_u8), 1..6),
        keyed in any::<bool>(),
        streams in any::<bool>(),
    ) {
        let (schema, store) = (members(), MemoryStore::new(members()));
        let policy = Policy::new(schema.clone());
        let reading = Reading(&store, std::sync::Mutex::default());
        let mut overwritten = Vec::new();
        for (here, there, planned, answer) in turns {
            if store.get(&ext("7")).is_some() && here > 0 {
                store.edit(&ext("7"), &marked(here)).unwrap();
            }
            let source = listing(&schema, &[("7", marked(there * 10))]);
            let mut run = world::run(&policy, "night").mode(if streams { Mode::Streaming } else { Mode::Planned });
            if keyed {
                run = run.audit_key(Arc::new(Sum));
            }
            let step = if planned {
                let plan = drive_blocking(run.clone().dry().start(), &source, &store).unwrap().plan.unwrap();
                overwritten.extend(plan.ops().flat_map(|op| op.entries));
                run.apply(plan)
            } else {
                run.start()
            };
            drive_blocking(step, &source, &reading).unwrap();
            let loaded = load(&store, "7");
            let answers: Vec<_> = loaded.open.iter().map(|open| (open.unit.as_str(), match answer {
                0 => Answer::TakeRemote,
                1 => Answer::TakeLocal,
                _ => Answer::Value(super::value(json!(null))),
            })).collect();
            let decided = decide(&policy, &loaded, &answers, &nuala()).ok();
            let fields: Vec<FieldEntry> = overwritten.drain(..).filter_map(|entry| match entry {
                AuditEntry::Field(entry) => Some(entry),
                AuditEntry::Record(_) => None,
            }).collect();
            let restored = fields.iter().filter_map(|it| restore(&policy, &loaded, &[it], &nuala()).ok());
            let key = keyed.then_some(&Sum as &dyn KeyedHash);
            for op in restored.chain(decided).collect::<Vec<_>>() {
                drive_batch(&reading, &batch(&policy, run_id("desk"), at(), vec![op], key));
            }
        }
        for entry in reading.1.lock().unwrap().iter().chain(store.audit().iter().map(|(.., entry)| entry)) {
            no_plain_value(entry);
        }
    }
}

fn drive_batch(store: &Reading<'_>, batch: &Batch) {
    let Ok(_) = tripartite::drive::block_on(store.commit(batch));
}

/// A streamed run and a plan that is written whole have one id, and reports count what was planned, also where the store
/// is given stand-ins.
#[test]
fn a_plan_is_told_by_its_values_and_not_by_their_stand_ins() {
    let (schema, policy) = (members(), Policy::new(members()));
    let of = |mode| {
        let store = MemoryStore::new(schema.clone());
        store.insert(ext("7"), schema.record(&marked(1)).unwrap());
        let run = world::run(&policy, "night").mode(mode);
        let source = listing(&schema, &[("7", marked(2))]);
        let plan = drive_blocking(run.clone().dry().start(), &source, &store).unwrap().plan.unwrap();
        (plan.id(), drive_blocking(run.start(), &source, &store).unwrap().report.plan_id)
    };
    for mode in [Mode::Planned, Mode::Streaming] {
        let (planned, written) = of(mode);
        assert_eq!(planned, written);
    }
}
