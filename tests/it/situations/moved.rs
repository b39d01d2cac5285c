//! Records that the source calls by another id.

use tripartite::drive::block_on;
use tripartite::plan::Plan;
use tripartite::run::{RunOutcome, Step};

use super::*;
use crate::support::world::{by_hand, state};

fn moved(from: &str, to: &str) -> Item {
    Item::Rekeyed { from: ext(from), to: ext(to) }
}

/// A record with an edit, an open conflict and a base, as it is before it moves.
fn lived_in() -> Club {
    let club = Club::of(&["7", "8"]);
    club.edit("8", json!({"phone": "2", "shirt": "XL"}));
    club.listed(&[club.item("7", "Áine", "1"), club.item("8", "Áine", "3")]);
    assert_eq!(club.open("8"), ["phone"]);
    club
}

/// Link, base, conflicts and edits come along, in any order and on any page; and then there is nothing more to say.
#[test]
fn rekeyed() {
    for turn in 0..3 {
        for page in 1..4 {
            let club = lived_in();
            let mut items = vec![moved("8", "9"), club.item("9", "Áine B", "3"), club.item("7", "Áine", "1")];
            items.rotate_left(turn);
            let listing = Listing::new(items).pages_of(page);
            let counts = club.night(&listing).counts;
            assert_eq!((counts.rekeyed, counts.updated, counts.created, counts.deactivated), (1, 1, 0, 0));
            assert!(club.store.get(&ext("8")).is_none());
            let local = json!({"name": "Áine B", "phone": "2", "shirt": "XL"});
            assert_eq!((club.local("9"), club.open("9")), (local, vec!["phone".to_owned()]));
            let (told, before) = (club.told(), state(club.policy.schema(), &club.store));
            let why = "The source called this record 8 before; its link and base moved with it.";
            assert_eq!(told, [(Situation::Rekeyed, why.to_owned())]);
            let counts = club.night(&listing).counts;
            assert_eq!((counts.unchanged, counts.ignored, counts.rekeyed), (2, 1, 0), "no news");
            assert_eq!((club.told(), state(club.policy.schema(), &club.store)), (told, before));
        }
    }
}

/// Alone, on a partial listing or asked for by either id, a move is carried out as well.
#[test]
fn a_move_by_itself() {
    for (only, from_there) in [(None, false), (Some("8"), false), (Some("9"), false), (None, true)] {
        let club = lived_in();
        let mut items = vec![moved("8", "9"), moved("8", "9")];
        if from_there {
            items.push(tombstone("8", None)); // the old id is gone, says the source, and is right
        }
        let listing = Listing::new(items).partial();
        let run = only.map_or(club.run(), |id| club.run().only([ext(id)]));
        let counts = club.drive(run, &listing).counts;
        assert_eq!((counts.rekeyed, counts.deactivated, counts.duplicates), (1, 0, 1));
        assert_eq!((counts.processed, counts.unchanged, club.presence("9")), (0, 0, Presence::Active));
        let both = Listing::new(vec![club.item("7", "Áine", "1"), club.item("9", "Áine", "3")]);
        let counts = club.night(&both).counts;
        assert_eq!((counts.unchanged, counts.deactivated, counts.conflicts_open), (2, 0, 1), "it is in step");
    }
}

/// A source that gives a record another id has spoken of it, so a count of listings without it begins anew. A complete
/// listing that has it under neither id is one more without it.
#[test]
fn a_move_begins_the_count_of_listings_anew() {
    for (is_complete, missed) in [(false, 0), (true, 2)] {
        let club = Club::of(&["7", "8"]);
        let night = |listing: &Listing| club.drive(club.run().missing_after(3), listing).counts;
        let seven = club.item("7", "Áine", "1");
        assert_eq!(night(&Listing::new(vec![seven.clone()])).missing, 1);
        assert_eq!(club.store.get(&ext("8")).unwrap().missed, 1);
        let listing = Listing::new(vec![seven, moved("8", "9")]);
        let counts = night(&if is_complete { listing } else { listing.partial() });
        assert_eq!((counts.rekeyed, counts.deactivated), (1, 0));
        assert_eq!(club.store.get(&ext("9")).unwrap().missed, missed);
    }
}

/// Whether it is active or not is no matter of its id.
#[test]
fn who_is_not_active_moves_too() {
    let club = Club::of(&["7", "8"]);
    club.remove("8");
    club.listed(&[club.item("7", "Áine", "1"), moved("8", "9"), club.item("9", "Áine", "2")]);
    assert_eq!((club.presence("9"), club.open("9")), (Presence::Removed, vec![WHOLE_RECORD.to_owned()]));
    let club = Club::of(&["7", "8"]);
    club.listed(&[club.item("7", "Áine", "1")]);
    let counts = club.listed(&[club.item("7", "Áine", "1"), moved("8", "9"), club.item("9", "Áine", "2")]).counts;
    assert_eq!((counts.reactivated, counts.rekeyed, club.presence("9")), (1, 1, Presence::Active));
    assert_eq!(club.local("9")["phone"], "2");
}

/// Several moves of one record are one, as far as its last id.
#[test]
fn a_record_that_moved_twice() {
    let club = lived_in();
    let log = [club.item("7", "Áine", "1"), moved("a", "b"), moved("8", "9"), moved("9", "10")];
    let with = |item| log.iter().cloned().chain([item]).collect::<Vec<_>>();
    let counts = club.listed(&with(club.item("10", "Áine", "3"))).counts;
    assert_eq!((counts.rekeyed, counts.created, counts.ignored), (1, 0, 2), "nobody here is called a or 9");
    assert_eq!(club.open("10"), ["phone"]);
    let further = with(moved("10", "11"));
    assert_eq!(club.listed(&further).counts.rekeyed, 1, "the log grows, and its beginning is history");
    assert!(club.store.get(&ext("11")).is_some());
}

/// What cannot be so is nobody's: everyone it is about is set aside, nobody is created twice, and nobody is missing.
#[test]
fn identity_conflict() {
    let seven = |club: &Club| club.item("7", "Áine", "1");
    let club = Club::new();
    let named = |club: &Club, id: &str| club.item(id, "B", "1");
    let cases: [(&str, Vec<Item>, &[&str]); 6] = [
        ("somebody has the new id", vec![moved("8", "7"), named(&club, "7")], &["7"]),
        ("they changed places", vec![moved("8", "7"), moved("7", "8")], &["7", "8"]),
        ("the old id stays", vec![moved("8", "9"), named(&club, "8"), named(&club, "9"), seven(&club)], &["8", "9"]),
        ("two new ids", vec![moved("8", "9"), moved("8", "10"), named(&club, "9"), seven(&club)], &["8", "9"]),
        ("two old ids", vec![moved("8", "9"), moved("7", "9"), named(&club, "9")], &["7", "8", "9"]),
        ("in a circle", vec![moved("8", "9"), moved("9", "8"), seven(&club)], &["8"]),
    ];
    for (says, items, aside) in cases {
        let club = Club::of(&["7", "8"]);
        let before = state(club.policy.schema(), &club.store);
        for _ in 0..2 {
            let report = club.listed(&items);
            let mut ids: Vec<_> =
                report.set_aside.iter().filter_map(|aside| aside.id.as_ref()).map(|id| id.as_str()).collect();
            ids.sort_unstable();
            assert_eq!((ids, report.outcome), (aside.to_vec(), RunOutcome::Partial), "{says}");
            assert!(report.set_aside.iter().all(|aside| aside.situation == Situation::IdentityConflict), "{says}");
            assert_eq!(state(club.policy.schema(), &club.store), before, "{says}");
            let c = report.counts;
            let parts = c.created + c.updated + c.unchanged + c.reactivated + c.quarantined;
            assert_eq!(parts, c.processed, "{says}: every record is exactly one thing");
        }
        let counts = club.listed(&[seven(&club), club.item("8", "Áine", "1")]).counts;
        assert_eq!((counts.unchanged, counts.quarantined), (2, 0), "{says}: and it ends with its cause");
    }
}

/// As a first import streams, who has a new id is there under it before the move is known; the move is then set aside.
#[test]
fn a_move_after_its_record_in_streaming_mode() {
    let club = Club::of(&["7", "8"]);
    let items = vec![club.item("7", "Áine", "1"), club.item("9", "Áine", "1"), moved("8", "9")];
    let report = club.drive(club.run().mode(Mode::Streaming), &Listing::new(items));
    assert_eq!(report.set_aside[0].situation, Situation::IdentityConflict);
    assert_eq!(club.presence("8"), Presence::Active);
}

/// A plan with a move waits, is read back and carried out like any other, and has an id of its own.
#[test]
fn a_stored_plan_moves_a_record() {
    let club = lived_in();
    let dry = |items: Vec<Item>| {
        let listing = Listing::new(items).partial();
        let Ok(done) = drive_blocking(club.run().dry().start(), &listing, &club.store) else { panic!("-") };
        done.plan.unwrap()
    };
    let plan = dry(vec![moved("8", "9")]);
    assert_ne!(plan.id(), dry(vec![]).id());
    assert_ne!(plan.id(), dry(vec![moved("8", "10")]).id());
    let text = serde_json::to_string(&plan).unwrap();
    let stored = Plan::read(club.policy.schema(), &mut serde_json::Deserializer::from_str(&text)).unwrap();
    assert_eq!(stored.id(), plan.id());
    assert!(stored.ops().eq(plan.ops()));
    let nothing = Listing::new(vec![]);
    let Step::Done(done) = by_hand(club.run().apply(stored), &nothing, &club.store, |_| ()) else { panic!("-") };
    assert_eq!((done.report.counts.rekeyed, club.open("9")), (1, vec!["phone".to_owned()]));
}

/// What happens between load and commit: an edit comes along, and a new id that is taken meanwhile is left to the next
/// run.
#[test]
fn a_move_under_way() {
    for taken in [false, true] {
        let club = lived_in();
        let items = vec![moved("8", "9"), club.item("9", "Áine B", "3")];
        let listing = Listing::new(items).partial();
        let (mut step, mut disturbed) = (club.run().start(), false);
        let report = loop {
            if matches!(step, Step::Committing(_)) && !std::mem::replace(&mut disturbed, true) {
                match taken {
                    false => club.edit("8", json!({"shirt": "S"})),
                    true => club.store.insert(ext("9"), record(club.policy.schema(), member("Nuala", "1"))),
                }
            }
            step = match step {
                Step::Done(done) => break done.report,
                step => match block_on(tripartite::drive::advance(step, &listing, &club.store)) {
                    Ok(step) => step,
                    Err(_) => panic!("nothing breaks"),
                },
            };
        };
        if taken {
            assert_eq!((report.counts.skipped, report.counts.rekeyed), (1, 0));
            assert_eq!((club.local("9"), club.open("8")), (member("Nuala", "1"), vec!["phone".to_owned()]));
        } else {
            assert_eq!((report.counts.updated, report.counts.rekeyed), (1, 1));
            assert_eq!(club.local("9"), json!({"name": "Áine B", "phone": "2", "shirt": "S"}));
        }
    }
}
