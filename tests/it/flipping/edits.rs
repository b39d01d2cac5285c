//! That an edit stays is told once, on however many nights its record is looked at.

use serde_json::{Value as Json, json};
use tripartite::drive::drive_blocking;
use tripartite::memory::Listing;
use tripartite::run::{Mode, Run};
use tripartite::schema::Strategy;
use tripartite::source::{Item, RemoteRecord};

use super::{Case, NIGHTS, Register, of_fields};
use crate::support::{at, ext, record, run_id, said};

fn case() -> Case {
    let fields = json!({"name": "text", "phone": "text", "visits": "integer", "mails": mails()});
    of_fields("edits", fields, vec![])
}

fn mails() -> Json {
    json!({"kind": "set_of_records", "key": ["type"], "fields": {"type": "code", "value": "text"}})
}

/// As the source spells the record on this night.
fn spelled(night: usize) -> Json {
    let (name, mails) = match night % 2 {
        0 => ("Áine", json!([{"type": "work", "value": "a"}, {"type": "home", "value": "b"}])),
        _ => ("A\u{301}ine ", json!([{"type": "HOME", "value": "b "}, {"value": "a", "type": "Work"}])),
    };
    json!({"name": name, "phone": "1", "visits": 1, "mails": mails})
}

fn edited(mut record: Json) -> Json {
    record["phone"] = json!("2");
    record["mails"][0]["value"] = json!("c");
    record
}

/// The register after a night and an edit.
fn register(way: &str) -> Register {
    let register = Register::new(&case(), way);
    register.night(&("7", spelled(0)));
    register.store.edit(&ext("7"), &edited(spelled(0))).unwrap();
    register
}

/// Whatever the source spells anew, and whatever else it changes, is no news of the edit; every night it is seen, and none
/// of its counts changes.
#[test]
fn an_edit_that_stays_is_told_once() {
    for way in ["remote_wins", "local_wins", "merge", "merge:remote"] {
        for is_news in [false, true] {
            let register = register(way);
            for night in 1..=NIGHTS {
                let mut said = spelled(night);
                said["visits"] = json!(if is_news { night + 1 } else { 1 });
                let counts = register.night(&("7", said)).counts;
                assert_eq!((counts.updated, counts.unchanged), (is_news.into(), (!is_news).into()), "{way} {night}");
            }
            assert_eq!(register.edits(), ["mails", "phone"], "{way}, other news: {is_news}");
        }
    }
}

/// What is new of it is told: another edit, the source's value in between, and another policy.
#[test]
fn what_is_new_of_an_edit_is_told() {
    let mut register = register("merge");
    let nights = |register: &Register| (0..3).for_each(|night| drop(register.night(&("7", spelled(night)))));
    nights(&register);
    let mut other = edited(spelled(0));
    other["phone"] = json!("3");
    register.store.edit(&ext("7"), &other).unwrap();
    nights(&register);
    assert_eq!(register.edits(), ["mails", "phone", "mails", "phone"], "another edit of the record");
    let mut moved = spelled(0);
    moved["phone"] = json!("4");
    assert_eq!(register.night(&("7", moved)).counts.conflicts_open, 1);
    nights(&register);
    assert_eq!(register.edits()[4..], ["phone"], "the source took its value back");
    register.policy = register.policy.strategy(Strategy::LocalWins).unwrap();
    nights(&register);
    assert_eq!(register.edits()[5..], ["mails", "phone"], "another policy");
}

/// A field that the source left out, or that cannot be read, is told of once it is stated.
#[test]
fn an_edit_of_what_was_not_stated_is_told_when_it_is() {
    for otherwise in [json!(null), json!("many")] {
        let register = Register::new(&case(), "remote_wins");
        register.night(&("7", spelled(0)));
        let mut edited = spelled(0);
        edited["visits"] = json!(5);
        register.store.edit(&ext("7"), &edited).unwrap();
        for night in 1..=NIGHTS {
            let mut said = spelled(night);
            if otherwise.is_null() {
                said.as_object_mut().unwrap().remove("visits");
            } else {
                said["visits"] = otherwise.clone();
            }
            register.night(&("7", said));
            assert!(register.edits().is_empty(), "{otherwise} {night}");
        }
        (0..NIGHTS).for_each(|night| drop(register.night(&("7", spelled(night)))));
        assert_eq!(register.edits(), ["visits"], "{otherwise}");
    }
}

/// An older version decides nothing, and the edit is told at once.
#[test]
fn an_edit_beside_an_older_version_is_told_once() {
    let register = Register::new(&case(), "remote_wins");
    let version = |night: usize, version: u64| {
        let record = record(register.policy.schema(), spelled(night));
        RemoteRecord::new(ext("7"), record).version(version)
    };
    register.listed(version(0, 9));
    register.store.edit(&ext("7"), &edited(spelled(0))).unwrap();
    for night in 0..NIGHTS {
        register.listed(version(night, if night % 3 == 2 { 9 } else { 8 }));
    }
    assert_eq!(register.edits(), ["mails", "phone"]);
}

/// The same where every page is written as it comes, and where a plan is made and judged first.
#[test]
fn it_is_told_once_in_either_mode() {
    for mode in [Mode::Planned, Mode::Streaming] {
        let register = register("remote_wins");
        for night in 1..=NIGHTS {
            let remote = said("7", record(register.policy.schema(), spelled(night)));
            let run = Run::new(register.policy.clone(), run_id("night"), at()).mode(mode);
            let listing = Listing::new(vec![Item::Record(remote)]);
            let report = drive_blocking(run.start(), &listing, &register.store).unwrap().report;
            assert_eq!(report.counts.unchanged, 1);
        }
        assert_eq!(register.edits(), ["mails", "phone"], "{mode:?}");
    }
}
