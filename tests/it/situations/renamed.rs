//! Records that come back under another id, when the source does not say so: one question, whichever way they are recognised.

use tripartite::decide::{part, rename};
use tripartite::matching::Match;
use tripartite::run::RunOutcome;
use tripartite::store::ConflictChange;

use super::matched::{Town, here, only, person};
use super::*;

const SEAN: &str = "FED-9";

fn aine() -> Json {
    person("Áine", "aine@example.org")
}

/// A town of two who are linked, of whom one gets a new id.
fn town() -> Town {
    let town = Town::new();
    let both = [town.item("FED-1", aine()), town.item(SEAN, person("Seán", "sean@example.org"))];
    assert_eq!(town.listed(&both).counts.created, 2);
    town
}

fn renamed_to(town: &Town, id: &str) -> Vec<Item> {
    vec![town.item(id, aine()), town.item(SEAN, person("Seán", "sean@example.org"))]
}

/// Nothing is created, nobody is deactivated, night after night, in any order and mode; and nothing is written.
#[test]
fn who_is_recognised_under_a_new_id_is_neither_created_nor_deactivated() {
    for (mode, page, turned) in
        [(Mode::Planned, 1, false), (Mode::Planned, 9, true), (Mode::Streaming, 1, false), (Mode::Streaming, 1, true)]
    {
        // By a match rule, and by an id that differs in its spelling alone.
        for id in ["FED-2", "fed-1"] {
            let town = town();
            let mut items = renamed_to(&town, id);
            if turned {
                items.reverse();
            }
            for _ in 0..2 {
                let told = town.store.audit().len();
                let report = town.drive(town.run().mode(mode), &Listing::new(items.clone()).pages_of(page));
                let counts = report.counts;
                assert_eq!((counts.created, counts.deactivated, counts.missing), (0, 0, 0), "{id}");
                assert_eq!((counts.quarantined, counts.proposed, report.outcome), (1, 1, RunOutcome::Partial));
                let aside = only(&report);
                assert_eq!((aside.situation, aside.is_proposal()), (Situation::Renamed, true));
                assert!(
                    matches!(&aside.matched, Some(Match::Renamed { was, .. }) if *was == ext("FED-1")),
                    "{aside:?}"
                );
                assert_eq!(town.store.get(&ext("FED-1")).unwrap().missed, 0, "it is not even counted");
                assert_eq!(town.store.audit().len(), told);
            }
        }
    }
}

/// Without any match rule, too: a club whose ids are written otherwise is asked about, one by one.
#[test]
fn ids_that_are_spelled_otherwise_are_recognised_without_a_rule() {
    for (was, is) in [("AB-1", "ab-1"), ("0040", "40"), ("7", " 7")] {
        let club = Club::of(&[was, "x"]);
        let items = [club.item(is, "Áine", "1"), club.item("x", "Áine", "1")];
        let report = club.listed(&items);
        assert_eq!(only(&report).situation, Situation::Renamed, "{was}");
        assert_eq!((report.counts.created, club.presence(was)), (0, Presence::Active), "{was}");
        let both = [club.item(was, "Áine", "1"), club.item(is, "Áine", "1"), club.item("x", "Áine", "1")];
        assert_eq!(club.listed(&both).counts.created, 1, "both are listed, so they are two: {was}");
    }
}

/// What a listing does not say, it does not ask: of a part, nobody knows who is no longer there.
#[test]
fn a_partial_listing_does_not_know_who_is_renamed() {
    let town = town();
    let report = town.drive(town.run(), &Listing::new(renamed_to(&town, "FED-2")).partial());
    assert_eq!((only(&report).situation, report.counts.created), (Situation::IdentityConflict, 0));
    let mut gone = renamed_to(&town, "FED-2");
    gone.push(tombstone("FED-1", None));
    let report = town.drive(town.run(), &Listing::new(gone).partial());
    assert_eq!((only(&report).situation, report.counts.deactivated), (Situation::Renamed, 0), "it says so itself");
    assert_eq!(report.held_ends, [ext("FED-1")], "what was told of it is not done yet");
}

/// "The same" moves link and base, and the next night merges as if the source had said so; also of one who had left.
#[test]
fn the_same_moves_link_and_base() {
    for left in [false, true] {
        for id in ["FED-2", "fed-1"] {
            let town = town();
            if left && id == "FED-2" {
                assert_eq!(town.listed(&renamed_to(&town, id)[1..]).counts.deactivated, 1);
            }
            town.store.edit(&ext("FED-1"), &json!({"phone": "2"})).unwrap();
            let items = renamed_to(&town, id);
            assert_eq!(only(&town.listed(&items)).situation, Situation::Renamed);
            let op = rename(&town.policy, &ext(id), &load(&town.store, "FED-1"), &nuala());
            assert!(matches!(commit(&town.policy, &town.store, op), OpOutcome::Applied { .. }));
            let report = town.listed(&items);
            assert_eq!((report.outcome, report.counts.created), (RunOutcome::Succeeded, 0), "{left} {id}");
            assert_eq!((town.linked(id).is_some(), town.linked("FED-1")), (true, None));
            assert_eq!(town.fields(id)["phone"], "2", "the edit is an edit, for the base moved along");
            assert_eq!(presence(&town.store, id), Presence::Active);
            assert_eq!(town.listed(&items).counts.unchanged, 2);
        }
    }
}

/// "Another" creates the one and makes the other missing: where a rule recognised it the rule is told, and where only the
/// ids are alike the other one ends.
#[test]
fn another_is_created_and_the_other_is_missing() {
    for id in ["FED-2", "fed-1"] {
        let town = town();
        let items = renamed_to(&town, id);
        town.listed(&items);
        town.store.change(&ext("FED-1"), |kept| kept.is_not.extend([ext(id)])).unwrap();
        if id == "fed-1" {
            let op = part(&town.policy, &load(&town.store, "FED-1"), &ext(id), &nuala()).unwrap();
            assert!(!op.conflicts.iter().any(|change| matches!(change, ConflictChange::Open(_))));
            assert!(matches!(commit(&town.policy, &town.store, op), OpOutcome::Applied { .. }));
        }
        let report = town.listed(&items);
        assert_eq!((report.counts.created, report.counts.quarantined), (1, 0), "{id}");
        assert_eq!(presence(&town.store, "FED-1"), Presence::Deactivated, "{id}");
        assert_eq!(town.listed(&items).counts.unchanged, 2, "and that is that");
    }
}

/// The question goes away when the source has the old id again.
#[test]
fn the_old_id_is_listed_again() {
    let town = town();
    town.listed(&renamed_to(&town, "FED-2"));
    let report = town.listed(&renamed_to(&town, "FED-1"));
    assert_eq!((report.outcome, report.counts.unchanged), (RunOutcome::Succeeded, 2));
}

/// Whoever it may be is not deactivated either where it may be several.
#[test]
fn nobody_whom_an_ambiguous_record_may_be_is_deactivated() {
    let town = town();
    town.enter("17", &aine());
    let report = town.listed(&renamed_to(&town, "FED-2"));
    assert_eq!((only(&report).situation, report.counts.deactivated), (Situation::Ambiguous, 0));
    assert!(town.store.free().contains_key(&here("17")));
}
