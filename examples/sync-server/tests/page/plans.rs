//! Plans that a guard stopped, who is who, and commands to the jobs.

use axum::http::StatusCode;

use crate::club::{CLUBS, Club, line};

/// A listing that has lost nearly everybody.
fn lost(club: &Club) -> String {
    let key = CLUBS[0];
    club.list(key, &line("M6", "Member 6", "m6.3@example.org", "1"));
    club.nightly(&["trigger", "--key", key]);
    club.nightly_any(&["work", "--until-idle", "--spacing", "0"]);
    let nuala = club.log_in("nuala");
    let page = club.get(Some(&nuala), "/questions?kind=plan");
    assert!(page.text.contains("A guard stopped this run"), "{}", page.text);
    page.field("plan").unwrap()
}

fn active(club: &Club) -> String {
    club.value("SELECT count(*) FROM \"members/ballybeg/federation\" WHERE active")
}

#[test]
fn exactly_the_plan_that_was_seen_is_applied() {
    let club = Club::new();
    let plan = lost(&club);
    let nuala = club.log_in("nuala");
    let fields = |plan: &'static str| [("reg", CLUBS[0]), ("plan", plan), ("say", "apply")];
    assert_eq!(club.post(&nuala, "/plan", &fields("another")).status, StatusCode::SEE_OTHER);
    assert!(club.get(Some(&nuala), "/questions").text.contains("has changed since you saw it"));
    assert_eq!(active(&club), "6");
    // The listing has changed since: what would be done now is another plan.
    club.list(CLUBS[0], &line("M5", "Member 5", "m5.3@example.org", "1"));
    club.post(&nuala, "/plan", &[("reg", CLUBS[0]), ("plan", &plan), ("say", "apply")]);
    assert_eq!(active(&club), "6");
    club.list(CLUBS[0], &line("M6", "Member 6", "m6.3@example.org", "1"));
    club.post(&nuala, "/plan", &[("reg", CLUBS[0]), ("plan", &plan), ("say", "apply")]);
    assert!(club.get(Some(&nuala), "/questions").text.contains("The plan was carried out."));
    assert_eq!(active(&club), "1");
    club.nightly_any(&["work", "--until-idle", "--spacing", "0"]);
    assert!(!club.get(Some(&nuala), "/questions?kind=plan").text.contains("A guard stopped"), "the job is settled");
}

#[test]
fn a_plan_that_is_dropped_writes_nothing() {
    let club = Club::new();
    let plan = lost(&club);
    let nuala = club.log_in("nuala");
    club.post(&nuala, "/plan", &[("reg", CLUBS[0]), ("plan", &plan), ("say", "drop")]);
    let page = club.get(Some(&nuala), "/questions").text;
    assert!(page.contains("The plan was dropped.") && !page.contains("A guard stopped this run"), "{page}");
    assert_eq!(active(&club), "6");
}

/// A run by hand that lost nearly everybody.
fn lost_by_hand(club: &Club) -> String {
    let key = CLUBS[0];
    club.list(key, &line("M6", "Member 6", "m6.3@example.org", "1"));
    assert_eq!(club.nightly_any(&["run", "--key", key, "--remote", &club.listing(key)]), 4);
    let page = club.get(Some(&club.log_in("nuala")), "/questions?kind=plan");
    for text in ["A guard stopped this run", "It was a run by hand.", "would be deactivated", "Apply this plan"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    page.field("plan").unwrap()
}

#[test]
fn a_plan_of_a_run_by_hand_is_applied_as_it_is_stored() {
    let (club, key) = (Club::new(), CLUBS[0]);
    let plan = lost_by_hand(&club);
    let [nuala, ciara] = ["nuala", "ciara"].map(|name| club.log_in(name));
    let apply = |plan: &str| club.post(&nuala, "/plan", &[("reg", key), ("plan", plan), ("say", "apply")]);
    assert_eq!(apply("another").status, StatusCode::SEE_OTHER);
    assert!(club.get(Some(&nuala), "/questions").text.contains("no longer open"));
    let seen = club.get(Some(&ciara), "/questions?kind=plan").text;
    assert!(seen.contains("A guard stopped this run") && !seen.contains("Apply this plan"), "{seen}");
    assert_eq!(active(&club), "6");
    // The source is not read for it; what somebody edited since is not overwritten.
    std::fs::remove_file(club.listing(key)).unwrap();
    club.edit(&format!("UPDATE \"members/{key}\" SET email = 'now@club.example' WHERE external_id = 'M1'"));
    apply(&plan);
    let page = club.get(Some(&nuala), "/questions?kind=plan").text;
    assert!(page.contains("The plan was carried out.") && !page.contains("A guard stopped this run"), "{page}");
    assert_eq!(club.email(key, "M1"), "now@club.example");
    assert!(["1", "2"].contains(&&*active(&club)), "{}", active(&club));
    apply(&plan);
    assert!(club.get(Some(&nuala), "/questions").text.contains("no longer open"), "once");
}

#[test]
fn a_plan_of_a_run_by_hand_is_dropped_by_a_person_or_the_next_run() {
    let (club, key) = (Club::new(), CLUBS[0]);
    let nuala = club.log_in("nuala");
    let plan = lost_by_hand(&club);
    club.post(&nuala, "/plan", &[("reg", key), ("plan", &plan), ("say", "drop")]);
    let page = club.get(Some(&nuala), "/questions").text;
    assert!(page.contains("The plan was dropped.") && !page.contains("A guard stopped this run"), "{page}");
    lost_by_hand(&club);
    let all: String = (1..=6).map(|n| line(&format!("M{n}"), &format!("Member {n}"), "x@example.org", "1")).collect();
    club.list(key, &all);
    club.nightly_any(&["run", "--key", key, "--remote", &club.listing(key)]);
    assert!(!club.get(Some(&nuala), "/questions").text.contains("A guard stopped this run"));
    let kept = format!("SELECT count(*) FROM \"tripartite_meta/{key}\" WHERE key LIKE 'host:held%'");
    assert_eq!((active(&club), club.value(&kept)), ("6".to_owned(), "0".to_owned()));
}

#[test]
fn who_is_who_is_answered_once() {
    let club = Club::new();
    let (ciara, key) = (club.log_in("ciara"), CLUBS[0]);
    for name in ["Áine", "Seán"] {
        club.edit(&format!("INSERT INTO \"members/{key}\"(name, born) VALUES ('{name}', '2001-05-04')"));
    }
    let own = |name: &str| club.value(&format!("SELECT local_id FROM \"members/{key}\" WHERE name = '{name}'"));
    let (aine, sean) = (own("Áine"), own("Seán"));
    let lines = line("F1", "Áine", "aine@example.org", "1") + &line("F2", "Seán", "sean@example.org", "1");
    club.list(key, &lines);
    club.nightly_any(&["run", "--key", key, "--remote", &club.listing(key), "--partial"]);
    let page = club.get(Some(&ciara), "/questions?kind=who").text;
    let both = ["Áine", "Seán", "At the source", "Here: Member", "aine@example.org", "sean@example.org"];
    for text in ["A match rule (birthday)", "The same person", "Another person"].iter().chain(&both) {
        assert!(page.contains(text), "{text}: {page}");
    }
    // What is sensitive is the source's, too.
    let seen = club.get(Some(&club.log_in("sile")), "/questions?kind=who").text;
    assert!(seen.contains("Áine") && !seen.contains("aine@example.org"), "{seen}");
    let say = |id: &str, local: &str, say: &str| {
        club.post(&ciara, "/match", &[("reg", key), ("id", id), ("local", local), ("say", say)]);
        club.get(Some(&ciara), "/questions").text
    };
    assert!(say("F1", &sean, "same").contains("no longer open"), "nobody asks about these two");
    assert!(say("F1", &aine, "same").contains("The next run merges the two."));
    assert!(say("F1", &aine, "same").contains("no longer open"));
    assert!(say("F2", &sean, "another").contains("Nobody is asked about the two again."));
    assert_eq!(club.value(&format!("SELECT external_id FROM \"members/{key}\" WHERE name = 'Áine'")), "F1");
    assert!(!club.get(Some(&ciara), "/questions?kind=who").text.contains("birthday"));
}

#[test]
fn an_operator_runs_the_jobs() {
    let club = Club::new();
    let nuala = club.log_in("nuala");
    let tell = |what: &str| {
        let page = club.post(&nuala, "/jobs", &[("reg", CLUBS[0]), ("do", what)]);
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/jobs"), "{what}");
        club.get(Some(&nuala), "/jobs").text
    };
    assert!(tell("pause").contains("Done: Pause"));
    assert!(tell("trigger").contains("paused"));
    assert!(tell("resume").contains("Done: Resume"));
    assert!(tell("cancel").contains("Done: Cancel"));
    assert!(tell("cancel").contains("not in a state for this"));
    assert!(tell("reset").contains("Done: Reset"));
}

#[test]
fn whoever_listens_hears_of_their_own_jobs_until_they_log_out() {
    let club = Club::new();
    let nuala = club.log_in("nuala");
    let first = |heard: &str| heard.contains("ballybeg/federation");
    let mut listening = club.listen(&nuala);
    let heard = listening.until(&club, first);
    assert!(heard.contains("\"text\":\"idle\"") && !heard.contains("dunmore"), "{heard}");
    // As another process would do it.
    club.nightly(&["trigger", "--key", CLUBS[0]]);
    club.nightly(&["trigger", "--key", CLUBS[1]]);
    let heard = listening.until(&club, first);
    assert!(heard.contains("waits since") && !heard.contains("dunmore"), "{heard}");
    club.post(&nuala, "/logout", &[]);
    assert_eq!(listening.until(&club, |_| false), "", "it ends");
}
