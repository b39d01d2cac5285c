//! What a schema declares of whole records: by which words one has left, and what does not count in ids.

use tripartite::run::RunOutcome;

use super::*;

/// A register whose schema declares something, and its source.
struct Declared(Club);

impl Declared {
    fn new(spec: Json) -> Self {
        let policy = Policy::new(schema(spec));
        Self(Club { store: MemoryStore::new(policy.schema().clone()), policy })
    }

    fn listed(&self, lines: &[(&str, Json)]) -> Report {
        let item = |(id, fields): &(&str, Json)| Item::Record(said(id, record(self.0.policy.schema(), fields.clone())));
        self.0.night(&Listing::new(lines.iter().map(item).collect()))
    }

    fn presence(&self, id: &str) -> Presence {
        self.0.store.get(&ext(id)).unwrap().presence
    }
}

fn of_status() -> Declared {
    Declared::new(json!({
        "gone": {"field": "status", "is": ["left", "expelled"]},
        "fields": {"name": {"kind": "text"}, "status": {"kind": "code"}},
    }))
}

fn status(status: &str) -> Json {
    json!({"name": "Áine", "status": status})
}

/// Who says that they have left is deactivated once, is never created, and comes back as anybody does.
#[test]
fn a_status_that_means_gone_is_a_tombstone() {
    let club = of_status();
    assert_eq!(club.listed(&[("1", status("active")), ("2", status("active"))]).counts.created, 2);
    for night in 0..3 {
        let counts = club.listed(&[("1", status("LEFT ")), ("2", status("active")), ("3", status("expelled"))]).counts;
        assert_eq!((counts.deactivated, counts.created), (u64::from(night == 0), 0), "night {night}");
    }
    assert_eq!((club.presence("1"), club.presence("2")), (Presence::Deactivated, Presence::Active));
    assert_eq!(club.listed(&[("1", status("active")), ("2", status("active"))]).counts.reactivated, 1);
    // What cannot be read, or is not said, says nothing of it.
    let counts =
        club.listed(&[("1", json!({"name": "Áine", "status": ["left"]})), ("2", json!({"name": "Áine"}))]).counts;
    assert_eq!((counts.deactivated, club.presence("1")), (0, Presence::Active));
}

fn of_ids() -> Declared {
    Declared::new(json!({"ids": ["trim", "case", "leading_zeros"], "fields": {"name": {"kind": "name"}}}))
}

/// Ten nights of two spellings of every id: nothing is written after the first.
#[test]
fn an_id_that_is_spelled_otherwise_is_the_same_record() {
    let club = of_ids();
    let name = || json!({"name": "Áine"});
    assert_eq!(club.listed(&[("AB-1", name()), ("0042", name())]).counts.created, 2);
    for night in 0..10 {
        let ids = [["AB-1", "0042"], ["ab-1", "42"], [" Ab-1", "042 "]][night % 3];
        let report = club.listed(&ids.map(|id| (id, name())));
        let counts = report.counts;
        assert_eq!((counts.created, counts.deactivated, counts.quarantined, counts.updated), (0, 0, 0, 0), "{ids:?}");
        assert_eq!(report.outcome, RunOutcome::Succeeded);
    }
    assert_eq!(club.listed(&[("ab-1", json!({"name": "Nuala"})), ("42", name())]).counts.updated, 1);
}

/// Two ids that become one: nobody knows which record is meant.
#[test]
fn two_ids_that_become_one_are_ambiguous() {
    let club = of_ids();
    assert_eq!(club.listed(&[("AB-1", json!({"name": "Áine"}))]).counts.created, 1);
    for names in [["Áine", "Nuala"], ["Áine", "Áine"]] {
        let report = club.listed(&[("AB-1", json!({"name": names[0]})), ("ab-1", json!({"name": names[1]}))]);
        assert_eq!((report.counts.created, report.counts.updated, report.counts.deactivated), (0, 0, 0));
        assert_eq!(report.set_aside[0].situation, Situation::Ambiguous);
        assert_eq!(club.presence("AB-1"), Presence::Active);
    }
}
