//! Doubles: a record that was created for somebody who was here already.

use super::*;

/// A club whose run has created member 2 for F1, who is member 1 under another name.
fn doubled() -> (Bench, String) {
    let bench = club(RULES);
    bench.enter("Nuala", "nuala@club.example");
    let listing = line("F1", "Fionnuala", "fb@example.org");
    assert_eq!(counts(&bench.sync(&listing), ["created"]), [1]);
    (bench, listing)
}

const GIVEN_UP: &str = "1=F1 2=F1 (given up at revision) 1, record 2";

/// The member whom the club has had for years gets the id; the double is inactive, with all that it had.
#[test]
fn a_double_that_a_run_created_is_linked_afterwards() {
    let (bench, listing) = doubled();
    let ran = bench.people(&["link", "--id", "F1", "--local", "1", "--by", "Nuala"]);
    let told = "member 1 is F1; member 2, who was entered twice, gave the id up and is inactive; the next run merges the two\n";
    assert_eq!((ran.status, &*ran.stdout), (0, told), "{}", ran.stderr);
    let double = "SELECT active || ' ' || name || ' ' || email FROM members WHERE local_id = 2";
    for updated in [1, 0, 0] {
        assert_eq!(bench.links(), GIVEN_UP);
        assert_eq!(bench.value(double).as_deref(), Some("0 Fionnuala fb@example.org"));
        assert_eq!(counts(&bench.sync(&listing), ["updated", "created", "deactivated"]), [updated, 0, 0]);
    }
    let sql = "SELECT group_concat(decision || ' ' || json_extract(entry, '$.record.by'), ', ') FROM tripartite_audit \
               WHERE json_extract(entry, '$.record.by') IS NOT NULL";
    assert_eq!(bench.value(sql).as_deref(), Some("deactivate Nuala, link Nuala"));
    bench.edit("UPDATE members SET active = 1 WHERE local_id = 2");
    bench.sync(&listing);
    assert_eq!(bench.value(double).as_deref(), Some("1 Fionnuala fb@example.org"), "who is taken back, stays");
}

/// What somebody entered with the double would stay behind with it, so it is said first.
#[test]
fn a_double_that_was_edited_is_linked_only_if_the_person_says_so() {
    let (bench, listing) = doubled();
    bench.edit("UPDATE members SET email = 'new@club.example' WHERE local_id = 2");
    for _ in 0..2 {
        let ran = bench.people(&["link", "--id", "F1", "--local", "1"]);
        let why = "F1 is linked to member 2: it was edited here since it was created (email), and that would stay with the \
                   record that is marked inactive; say --double 2 if that is right";
        assert!(ran.status == 1 && ran.stderr.contains(why), "{}", ran.stderr);
        assert_eq!(bench.links(), "2=F1");
        bench.sync(&listing);
    }
    let wrong = bench.people(&["link", "--id", "F1", "--local", "1", "--double", "9"]);
    assert!(wrong.status == 1 && wrong.stderr.contains("--double: F1 is not linked to member 9"), "{}", wrong.stderr);
    assert_eq!(bench.people(&["unlike", "--id", "F1", "--local", "1", "--double", "2"]).status, 2);
    assert_eq!(bench.people(&["link", "--id", "F1", "--local", "1", "--double", "2"]).status, 0);
    assert_eq!(bench.value("SELECT email FROM members WHERE local_id = 2").as_deref(), Some("new@club.example"));
    assert!(bench.links().starts_with("1=F1 2=F1 (given up"), "{}", bench.links());
}

/// Whom somebody entered is no double of a run, unless the person names it; one that a user deleted is in nobody's way.
#[test]
fn whom_no_run_created_is_no_double_unless_it_is_named() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    bench.enter("Anna", "anna@club.example");
    let listing = line("F1", "Áine", "aine@example.org");
    assert_eq!(counts(&bench.sync(&listing), ["linked"]), [1]);
    let ran = bench.people(&["link", "--id", "F1", "--local", "2"]);
    assert!(ran.status == 1 && ran.stderr.contains("1, whom no run created for it"), "{}", ran.stderr);
    assert_eq!(bench.people(&["link", "--id", "F1", "--local", "2", "--double", "1"]).status, 0);
    assert!(bench.links().ends_with("2=F1"), "{}", bench.links());

    let (bench, listing) = doubled();
    bench.edit("DELETE FROM members WHERE local_id = 2");
    let ran = bench.people(&["link", "--id", "F1", "--local", "1"]);
    assert_eq!((ran.status, &*ran.stdout), (0, "member 1 is F1; the next run merges the two\n"), "{}", ran.stderr);
    assert_eq!(counts(&bench.sync(&listing), ["updated", "created"]), [1, 0]);
}

/// Both are written in one transaction: whatever stops the second leaves the double its id.
#[test]
fn a_link_that_cannot_be_written_leaves_the_double_as_it_is() {
    let (bench, listing) = doubled();
    bench.edit(
        "CREATE TRIGGER no BEFORE UPDATE OF external_id ON members WHEN OLD.local_id = 1
         BEGIN SELECT RAISE(ABORT, 'not this one'); END",
    );
    let before = bench.value("SELECT count(*) FROM tripartite_audit");
    let ran = bench.people(&["link", "--id", "F1", "--local", "1"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    let active = bench.value("SELECT active FROM members WHERE local_id = 2");
    assert_eq!((bench.links().as_str(), active.as_deref()), ("2=F1", Some("1")));
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_audit"), before);
    bench.edit("DROP TRIGGER no");
    assert_eq!(bench.people(&["link", "--id", "F1", "--local", "1"]).status, 0);
    assert_eq!((bench.links().as_str(), counts(&bench.sync(&listing), ["created"])), (GIVEN_UP, [0]));
}

/// Of two who could be one, of whom one is linked by a person, the other is asked about, and then is another.
#[test]
fn an_ambiguous_one_is_answered_in_two_steps() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    let listing = line("F1", "Áine", "aine@example.org") + &line("F2", "Anna", "aine@example.org");
    assert_eq!(counts(&bench.night(&listing), ["quarantined", "proposed"]), [2, 0]);
    bench.people(&["link", "--id", "F1", "--local", "1"]);
    let report = bench.night(&listing);
    assert_eq!(report["set_aside"][0]["situation"], "IdentityConflict");
    bench.people(&["unlike", "--id", "F2", "--local", "1"]);
    assert_eq!(counts(&bench.sync(&listing), ["created", "unchanged"]), [1, 1]);
}
