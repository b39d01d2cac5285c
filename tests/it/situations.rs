//! Every situation that a record can be in between the source and the host, by its name; the contract's table of record
//! situations, row by row.

mod contested;
mod declared;
mod doubled;
mod drift;
mod ended;
mod matched;
mod moved;
mod renamed;
mod replaced;
mod scoped;

use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, Situation};
use tripartite::decide::{Answer, decide, explain};
use tripartite::drive::drive_blocking;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Guards, Limit};
use tripartite::run::{Mode, Report, Run};
use tripartite::schema::Policy;
use tripartite::source::{Item, Malformed};
use tripartite::store::{OpOutcome, Presence, WHOLE_RECORD};

use crate::decide::{commit, load, nuala};
use crate::reasons::{said_by_its_reason, set_aside_for_a_reason};
use crate::support::world::{local, presence, run};
use crate::support::{ext, record, said, schema};

fn members() -> Policy {
    let fields = json!({
        "name": {"kind": "name", "required": true},
        "phone": {"kind": "text", "strategy": "merge"},
        "shirt": {"kind": "text", "strategy": "local_owned"},
    });
    Policy::new(schema(json!({ "fields": fields })))
}

fn member(name: &str, phone: &str) -> Json {
    json!({"name": name, "phone": phone})
}

/// A club and its source.
struct Club {
    policy: Policy,
    store: MemoryStore,
}

impl Club {
    fn new() -> Self {
        let policy = members();
        Self { store: MemoryStore::new(policy.schema().clone()), policy }
    }

    /// After a first night with these.
    fn of(ids: &[&str]) -> Self {
        let club = Self::new();
        let items: Vec<Item> = ids.iter().map(|id| club.item(id, "Áine", "1")).collect();
        assert_eq!(club.night(&Listing::new(items)).counts.created, ids.len() as u64);
        club
    }

    fn item(&self, id: &str, name: &str, phone: &str) -> Item {
        Item::Record(said(id, record(self.policy.schema(), member(name, phone))))
    }

    fn of_version(&self, id: &str, name: &str, version: u64) -> Item {
        let mut remote = said(id, record(self.policy.schema(), member(name, "1")));
        remote.version = Some(version);
        Item::Record(remote)
    }

    fn run(&self) -> Run {
        let guards = Guards::default().deactivations(Limit::NONE).quarantined(Limit::NONE);
        run(&self.policy, "night").guards(guards.allow_empty())
    }

    fn night(&self, listing: &Listing) -> Report {
        self.drive(self.run(), listing)
    }

    fn drive(&self, run: Run, listing: &Listing) -> Report {
        let Ok(done) = drive_blocking(run.start(), listing, &self.store) else { panic!("nothing breaks") };
        self.store.audit().iter().for_each(|(_, _, entry)| said_by_its_reason(entry));
        done.report.set_aside.iter().for_each(set_aside_for_a_reason);
        done.report
    }

    /// A complete listing of these, and nothing else.
    fn listed(&self, items: &[Item]) -> Report {
        self.night(&Listing::new(items.to_vec()))
    }

    fn presence(&self, id: &str) -> Presence {
        presence(&self.store, id)
    }

    fn local(&self, id: &str) -> Json {
        local(self.policy.schema(), &self.store, id)
    }

    fn edit(&self, id: &str, fields: Json) {
        self.store.edit(&ext(id), &fields).unwrap();
    }

    fn remove(&self, id: &str) {
        self.store.change(&ext(id), |kept| kept.presence = Presence::Removed).unwrap();
    }

    fn take_back(&self, id: &str) {
        self.store.change(&ext(id), |kept| kept.presence = Presence::Active).unwrap();
    }

    /// A person answers the question about a record as a whole.
    fn decides(&self, id: &str, answer: Answer) {
        let op = decide(&self.policy, &load(&self.store, id), &[(WHOLE_RECORD, answer)], &nuala()).unwrap();
        op.entries.iter().for_each(said_by_its_reason);
        assert!(matches!(commit(&self.policy, &self.store, op), OpOutcome::Applied { .. }));
    }

    /// What the audit says of records as a whole, but for creations.
    fn told(&self) -> Vec<(Situation, String)> {
        let of = |(_, _, entry)| match entry {
            AuditEntry::Record(entry) if entry.situation != Situation::Unmatched => Some((entry.situation, entry.why)),
            _ => None,
        };
        self.store.audit().into_iter().filter_map(of).collect()
    }

    fn open(&self, id: &str) -> Vec<String> {
        self.store.get(&ext(id)).unwrap().open.into_keys().collect()
    }
}

fn tombstone(id: &str, version: Option<u64>) -> Item {
    Item::Tombstone { id: ext(id), version }
}

#[test]
fn linked() {
    let club = Club::of(&["7"]);
    club.edit("7", json!({"phone": "2"}));
    assert_eq!(club.listed(&[club.item("7", "Áine B", "1")]).counts.updated, 1);
    assert_eq!(club.local("7"), member("Áine B", "2"), "field by field");
}

#[test]
fn unmatched() {
    let club = Club::of(&["7"]);
    let kept = club.store.get(&ext("7")).unwrap();
    assert_eq!(kept.base.map(|base| base.record), Some(kept.local), "created, and its base with it");
    assert_eq!(kept.synced.map(|synced| synced.revision), Some(kept.revision));
}

#[test]
fn duplicate_remote() {
    let club = Club::of(&["7"]);
    let (same, other) = (club.item("7", "Áine", "1"), club.item("7", "Seán", "1"));
    for items in [[same.clone(), other.clone()], [other.clone(), same.clone()]] {
        for _ in 0..2 {
            let report = club.listed(&items);
            assert_eq!((report.counts.quarantined, report.set_aside[0].situation), (1, Situation::DuplicateRemote));
            assert_eq!((club.local("7"), club.presence("7")), (member("Áine", "1"), Presence::Active));
        }
    }
    assert_eq!(club.listed(&[same.clone(), same]).counts.duplicates, 1, "what says the same is one");
    assert_eq!(club.listed(&[other]).counts.updated, 1, "once the cause is gone, it is looked at as ever");
}

#[test]
fn malformed() {
    let club = Club::of(&["7"]);
    let before = club.store.get(&ext("7")).map(|kept| (kept.revision, kept.synced));
    let unreadable = |id: Option<&str>| {
        let problem = "ends within a text".to_owned();
        Item::Malformed(Malformed::new("line 1", problem).id(id.map(ext)))
    };
    for item in [unreadable(Some("7")), unreadable(None)] {
        for _ in 0..2 {
            let report = club.listed(std::slice::from_ref(&item));
            assert_eq!((report.counts.quarantined, report.set_aside[0].situation), (1, Situation::Malformed));
            assert_eq!(
                club.store.get(&ext("7")).map(|kept| (kept.revision, kept.synced)),
                before,
                "its base untouched"
            );
            assert_eq!(club.presence("7"), Presence::Active, "and not missing");
        }
    }
    assert_eq!(club.listed(&[club.item("7", "Áine", "2")]).counts.updated, 1, "looked at again in the next run");
}

/// What is set aside was not decided on: every run looks at it again, and it ends when its cause does.
#[test]
fn what_is_set_aside_is_looked_at_in_every_run() {
    for mode in [Mode::Planned, Mode::Streaming] {
        let club = Club::of(&["7"]);
        let nameless = Item::Record(said("8", record(club.policy.schema(), json!({"phone": "1"}))));
        let broken = Item::Malformed(Malformed::new("line 2", "-").id(ext("7")));
        for _ in 0..2 {
            let listing = Listing::new(vec![broken.clone(), nameless.clone()]);
            let report = club.drive(club.run().mode(mode), &listing);
            let situations: Vec<_> = report.set_aside.iter().map(|aside| aside.situation).collect();
            assert_eq!(situations, [Situation::Malformed, Situation::Malformed]);
            assert_eq!((club.presence("7"), report.counts.deactivated), (Presence::Active, 0), "it is not missing");
            assert!(club.store.get(&ext("8")).is_none());
        }
        let listing = Listing::new(vec![club.item("7", "Áine B", "1"), club.item("8", "Seán", "1")]);
        let counts = club.drive(club.run().mode(mode), &listing).counts;
        assert_eq!((counts.updated, counts.created, counts.quarantined), (1, 1, 0), "{mode:?}");
    }
}

#[test]
fn reappeared() {
    let club = Club::of(&["7", "8"]);
    club.listed(&[club.item("7", "Áine", "1")]);
    club.edit("8", json!({"phone": "2"}));
    let both = [club.item("7", "Áine", "1"), club.item("8", "Áine B", "1")];
    assert_eq!(club.listed(&both).counts.reactivated, 1);
    assert_eq!((club.presence("8"), club.local("8")), (Presence::Active, member("Áine B", "2")), "and merged");
    assert_eq!(club.listed(&both).counts.unchanged, 2);
}

/// A user removed it: while the source stands still, that is all. When it moves, there is one conflict about the record,
/// which follows the source, and ends when the source is as it was, has no such record either, or a user takes it back.
#[test]
fn local_deleted() {
    let still = |club: &Club| club.item("8", "Áine", "1");
    let seven = |club: &Club| club.item("7", "Áine", "1");
    for end in ["as it was", "missing", "gone", "taken back"] {
        let club = Club::of(&["7", "8"]);
        club.remove("8");
        assert_eq!(club.listed(&[seven(&club), still(&club)]).counts.conflicts_open, 0);
        assert!(club.told().is_empty() && club.open("8").is_empty(), "left alone");

        for (phone, told) in [("2", 1), ("2", 1), (" 2", 1), ("3", 2)] {
            let counts = club.listed(&[seven(&club), club.item("8", "Áine", phone)]).counts;
            assert_eq!((counts.conflicts_open, counts.reactivated, counts.updated), (1, 0, 0));
            assert_eq!((club.told().len(), club.open("8")), (told, vec![WHOLE_RECORD.to_owned()]), "{phone}");
        }
        assert_eq!(club.told()[0].0, Situation::DeleteVsEdit);
        let conflict = club.store.get(&ext("8")).unwrap().open.remove(WHOLE_RECORD).unwrap();
        let sides = [conflict.base.as_ref(), Some(&conflict.local), Some(&conflict.remote)];
        let json = sides.map(|side| side.map(crate::support::json));
        assert_eq!(json, [Some(json!({"phone": "1"})), Some(Json::Null), Some(json!({"phone": "3"}))]);
        assert_eq!((club.presence("8"), club.local("8")), (Presence::Removed, member("Áine", "1")));

        let items = match end {
            "as it was" => vec![seven(&club), still(&club)],
            "missing" => vec![seven(&club)],
            "gone" => vec![seven(&club), tombstone("8", None)],
            _ => {
                club.store.change(&ext("8"), |kept| kept.presence = Presence::Active).unwrap();
                vec![seven(&club), club.item("8", "Áine", "3")]
            }
        };
        let counts = club.listed(&items).counts;
        assert_eq!((counts.conflicts_open, counts.deactivated, counts.missing), (0, 0, 0), "{end}");
        assert!(club.open("8").is_empty(), "{end}");
        let back = end == "taken back";
        assert_eq!(club.presence("8") == Presence::Active, back, "{end}");
        assert_eq!(club.local("8")["phone"], if back { "3" } else { "1" }, "{end}");
    }
}
