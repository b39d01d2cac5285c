//! Records that the source no longer has: missing from complete listings, or said to be gone.

use super::*;

fn seven(club: &Club) -> Item {
    club.item("7", "Áine", "1")
}

#[test]
fn missing() {
    let club = Club::of(&["7", "8"]);
    assert_eq!(club.listed(&[seven(&club)]).counts.deactivated, 1);
    assert_eq!((club.presence("8"), club.local("8")), (Presence::Deactivated, member("Áine", "1")), "its fields stay");
    assert_eq!(club.listed(&[seven(&club)]).counts.deactivated, 0, "once");
    assert_eq!(club.told().len(), 1);
}

#[test]
fn missing_from_a_partial_listing_is_nothing() {
    let club = Club::of(&["7", "8"]);
    let listing = Listing::new(vec![seven(&club)]).partial();
    for mode in [Mode::Planned, Mode::Streaming] {
        let counts = club.drive(club.run().mode(mode), &listing).counts;
        assert_eq!((counts.unchanged, counts.missing, counts.deactivated), (1, 0, 0));
        assert_eq!((club.presence("8"), club.told().len()), (Presence::Active, 0));
    }
}

/// Only complete listings in a row count; one that has it begins anew, one that is stopped or cannot be trusted is none.
#[test]
fn missing_is_inactive_after_so_many_listings() {
    for after in [0, 1, 2, 3] {
        let club = Club::of(&["7", "8"]);
        let night = |listing: &Listing| club.drive(club.run().missing_after(after), listing).counts;
        let without = Listing::new(vec![seven(&club)]);
        let with = Listing::new(vec![seven(&club), club.item("8", "Áine", "1")]);
        let unreadable = Malformed::new("line 2", "is no object");
        let doubtful = Listing::new(vec![seven(&club), Item::Malformed(unreadable)]);
        for round in 0..2 {
            for time in 1..after {
                let counts = night(&without);
                assert_eq!((counts.missing, counts.deactivated, counts.unchanged), (1, 0, 1), "{after}: {time}");
                night(&without.clone().partial());
                night(&doubtful);
                let guards = Guards::default().deactivations(Limit::NONE.absolute(0));
                club.drive(club.run().missing_after(1).guards(guards), &without);
                assert_eq!(club.store.get(&ext("8")).unwrap().missed, time, "{after}");
            }
            assert!(club.told().is_empty(), "what is only counted is not told");
            if round == 0 {
                night(&with);
                assert_eq!(club.store.get(&ext("8")).unwrap().missed, 0, "seen again");
            }
        }
        assert_eq!((night(&without).deactivated, club.presence("8")), (1, Presence::Deactivated));
        assert_eq!(night(&with).reactivated, 1);
        assert_eq!(club.store.get(&ext("8")).unwrap().missed, 0);
    }
}

/// What a user edited is marked inactive like everything else, and whether it stays so is an open question.
#[test]
fn delete_vs_edit() {
    for (edit, fields) in [
        (json!({"phone": "2"}), Some("phone")),
        (json!({"phone": null, "name": "Áine B"}), Some("name, phone")),
        (json!({"phone": " 1 "}), None),
        (json!({"shirt": "XL"}), None),
    ] {
        for gone in [false, true] {
            let club = Club::of(&["7", "8"]);
            club.edit("8", edit.clone());
            let mut items = vec![seven(&club)];
            items.extend(gone.then(|| tombstone("8", None)));
            let counts = club.listed(&items).counts;
            assert_eq!((counts.deactivated, club.presence("8")), (1, Presence::Deactivated));
            let flagged = u64::from(fields.is_some());
            assert_eq!((counts.conflicts_detected, counts.conflicts_resolved), (flagged, 0), "{edit}");
            assert_eq!((counts.conflicts_open, club.open("8").len() as u64), (flagged, flagged), "{edit}");
            let says = if gone {
                "The source says that this record is gone"
            } else {
                "The source's complete listing no longer has this record"
            };
            let told = match fields {
                None => (Situation::Missing, format!("{says}, so it was marked inactive.")),
                Some(fields) => {
                    let end = format!(
                        "edited {fields}; it was marked inactive, and whether it stays so is for a person to decide."
                    );
                    (Situation::DeleteVsEdit, format!("{says}, but somebody here {end}"))
                }
            };
            assert_eq!(club.told(), [told]);
            let marks = club.store.audit().into_iter().filter(|(_, _, entry)| matches!(entry, AuditEntry::Field(_)));
            assert_eq!(marks.count(), 0, "no field was decided");
        }
    }
}

/// The question stays as it is until a person answers it, takes the record back or removes it, or the source has it again.
#[test]
fn delete_vs_edit_is_a_question_until_it_is_answered() {
    let whole = vec![WHOLE_RECORD.to_owned()];
    for end in ["gone", "kept", "by hand", "removed", "listed"] {
        let club = Club::of(&["7", "8"]);
        club.edit("8", json!({"phone": "2"}));
        for _ in 0..3 {
            let report = club.listed(&[seven(&club)]);
            assert_eq!(
                (report.counts.conflicts_open, club.told().len(), club.open("8")),
                (1, 1, whole.clone()),
                "{end}"
            );
        }
        let told = explain(&club.policy, &load(&club.store, "8")).remove(0);
        assert_eq!(told.fields, ["phone"]);
        assert!(told.why.starts_with("Somebody here edited phone and the source no longer has this record;"));
        match end {
            "gone" => club.decides("8", Answer::TakeRemote),
            "kept" => club.decides("8", Answer::TakeLocal),
            "by hand" => club.take_back("8"),
            "removed" => club.remove("8"),
            _ => {}
        }
        let items = if end == "listed" { vec![seven(&club), club.item("8", "Áine", "1")] } else { vec![seven(&club)] };
        let before = club.told().len();
        for _ in 0..3 {
            let report = club.listed(&items);
            assert_eq!((report.counts.conflicts_open, report.counts.deactivated), (0, 0), "{end}");
            let news = usize::from(matches!(end, "by hand" | "listed"));
            assert_eq!(club.told().len(), before + news, "said once: {end}");
        }
        let is_active = matches!(end, "kept" | "by hand" | "listed");
        assert_eq!(club.presence("8") == Presence::Active, is_active, "{end}");
        assert_eq!(club.local("8")["phone"], "2", "the edit is there, whatever became of the record: {end}");
    }
}

/// Activity is three-way: who was deactivated by a sync and taken back by a user stays, however often the source is read,
/// and it is said once. Once it is listed and leaves again, it is missing anew.
#[test]
fn who_is_taken_back_while_the_source_does_not_list_it_stays_active() {
    for gone in [false, true] {
        let club = Club::of(&["7", "8"]);
        let mut without = vec![seven(&club)];
        without.extend(gone.then(|| tombstone("8", None)));
        for round in 0..2 {
            assert_eq!(club.listed(&without).counts.deactivated, 1, "{gone} {round}");
            club.take_back("8");
            let before = club.told().len();
            for mode in [Mode::Planned, Mode::Streaming, Mode::Planned] {
                let counts = club.drive(club.run().mode(mode), &Listing::new(without.clone())).counts;
                assert_eq!((counts.deactivated, counts.missing, counts.conflicts_open), (0, 0, 0));
                assert_eq!((club.presence("8"), club.told().len()), (Presence::Active, before + 1), "said once");
                club.edit("8", json!({"phone": "2"}));
            }
            assert_eq!(club.told()[before].0, Situation::KeptActive);
            club.edit("8", json!({"phone": "1"}));
            assert_eq!(club.listed(&[seven(&club), club.item("8", "Áine", "1")]).counts.unchanged, 2);
        }
    }
}

/// Only what is enforced is undone, and that is told each time.
#[test]
fn an_enforced_record_that_is_taken_back_is_deactivated_again() {
    let club = Club::of(&["7", "8"]);
    let night = |strategy: &str| {
        let policy = club.policy.clone().strategy(crate::support::strategy(strategy)).unwrap();
        let run = run(&policy, "night").guards(Guards::default().deactivations(Limit::NONE));
        club.drive(run, &Listing::new(vec![seven(&club)])).counts.deactivated
    };
    for round in 0..2 {
        assert_eq!(night("enforced"), 1, "{round}");
        club.take_back("8");
    }
    assert_eq!((night("local_wins"), night("remote_wins"), night("enforced")), (0, 0, 1));
    assert_eq!(club.told().len(), 4, "three ends, and that it stayed once");
}

/// A record that a user linked by hand was never the source's: it cannot be missing, but it can be gone.
#[test]
fn what_was_never_in_step_can_be_gone() {
    let club = Club::of(&["7"]);
    club.store.insert(ext("8"), record(club.policy.schema(), member("Nuala", "1")));
    assert_eq!(club.listed(&[seven(&club)]).counts.deactivated, 0);
    assert_eq!(club.listed(&[seven(&club), tombstone("8", Some(3))]).counts.deactivated, 1);
    assert_eq!(club.told()[0].0, Situation::DeleteVsEdit, "all of it was entered here");
}

/// A tombstone is believed in any listing, by itself, on every page, in both modes; and the next time it is no news.
#[test]
fn a_tombstone() {
    for (partial, mode) in [(false, Mode::Planned), (true, Mode::Planned), (false, Mode::Streaming)] {
        let club = Club::of(&["7", "8", "9"]);
        let items = vec![tombstone("8", None), seven(&club), tombstone("8", None)];
        let listing = Listing::new(items).pages_of(1);
        let listing = if partial { listing.partial() } else { listing };
        let counts = club.drive(club.run().mode(mode), &listing).counts;
        assert_eq!((counts.duplicates, counts.processed), (1, 1));
        assert_eq!(counts.deactivated, if partial { 1 } else { 2 }, "and 9 is missing from a complete one");
        assert_eq!(club.presence("8"), Presence::Deactivated);
        let told = club.told().len();
        let counts = club.drive(club.run().mode(mode), &listing).counts;
        assert_eq!((counts.deactivated, counts.ignored, club.told().len()), (0, 1, told));
    }
}

/// Of whom nobody here has heard, and of who is not active anyway, there is nothing to do.
#[test]
fn a_tombstone_of_nobody_is_ignored() {
    let club = Club::of(&["7", "8"]);
    club.remove("8");
    let listing = Listing::new(vec![tombstone("8", None), tombstone("who", None)]).partial();
    let report = club.night(&listing);
    assert_eq!((report.counts.ignored, report.counts.processed, report.counts.deactivated), (2, 0, 0));
    assert_eq!(club.presence("8"), Presence::Removed, "the user was first");
    assert!(club.store.get(&ext("who")).is_none() && club.told().is_empty());
}

/// The guards see what is gone as they see what is missing.
#[test]
fn the_guards_see_tombstones() {
    let club = Club::of(&["7", "8", "9"]);
    let gone = Listing::new(vec![tombstone("8", None), tombstone("9", None)]).partial();
    let one = Guards::default().deactivations(Limit::NONE.absolute(1));
    let run = || club.run().guards(one.clone());
    for run in [run(), run().mode(Mode::Streaming), run().only(["8", "9"].map(ext))] {
        let report = club.drive(run, &gone);
        assert_eq!((report.blocked.len(), report.counts.deactivated), (1, 2));
        assert_eq!(club.presence("8"), Presence::Active, "nothing was written");
    }
    let plan = club.drive(run(), &gone).plan_id;
    assert_eq!(club.drive(run().approve(plan), &gone).counts.deactivated, 2);
}

/// Versions say which of two statements is the newer, whichever comes first and on whatever page.
#[test]
fn a_record_beside_its_tombstone() {
    type Case = (&'static str, Option<u64>, Option<u64>, Presence, u64, u64);
    let cases: [Case; 6] = [
        ("the tombstone is newer", Some(6), Some(7), Presence::Deactivated, 0, 0),
        ("the record is newer", Some(7), Some(6), Presence::Active, 0, 1),
        ("neither is newer", Some(7), Some(7), Presence::Active, 1, 0),
        ("the record says nothing", None, Some(7), Presence::Active, 1, 0),
        ("the tombstone says nothing", Some(7), None, Presence::Active, 1, 0),
        ("neither says anything", None, None, Presence::Active, 1, 0),
    ];
    for (says, listed, gone, presence, quarantined, ignored) in cases {
        for (name, turned, page) in [("Áine", 0, 2), ("Áine B", 0, 2), ("Áine", 1, 1), ("Áine B", 1, 2)] {
            let club = Club::new();
            club.listed(&[club.of_version("8", "Áine", 5), seven(&club)]);
            let mut remote = said("8", record(club.policy.schema(), member(name, "1")));
            remote.version = listed;
            let mut items = vec![Item::Record(remote), tombstone("8", gone), seven(&club)];
            items.rotate_left(turned);
            let counts = club.night(&Listing::new(items).pages_of(page)).counts;
            let says = format!("{says}, {name}, {turned}");
            assert_eq!(club.presence("8"), presence, "{says}");
            assert_eq!((counts.quarantined, counts.ignored), (quarantined, ignored), "{says}");
            let moved = presence == Presence::Active && quarantined == 0 && name != "Áine";
            assert_eq!(club.local("8")["name"] == name, moved || name == "Áine", "{says}");
            let parts = counts.updated + counts.unchanged + counts.quarantined;
            assert_eq!(parts, counts.processed, "{says}: every listed record is one thing");
        }
    }
}

/// What is older than what was decided on changes nothing, on either side of a deletion.
#[test]
fn late_statements_about_an_end() {
    let club = Club::new();
    club.listed(&[club.of_version("8", "Áine", 5)]);
    let part = |item: Item| club.night(&Listing::new(vec![item]).partial()).counts;
    assert_eq!(part(tombstone("8", Some(4))).ignored, 1);
    assert_eq!(club.presence("8"), Presence::Active, "it was created again since");
    assert_eq!(part(tombstone("8", Some(7))).deactivated, 1);
    for _ in 0..2 {
        assert_eq!(part(club.of_version("8", "Áine B", 6)).reactivated, 0);
    }
    assert_eq!((club.presence("8"), club.local("8")["name"].clone()), (Presence::Deactivated, json!("Áine")));
    let stale = club.told().iter().filter(|(situation, _)| *situation == Situation::Stale).count();
    assert_eq!(stale, 1, "told once");
    assert_eq!(part(club.of_version("8", "Áine B", 8)).reactivated, 1);
}
