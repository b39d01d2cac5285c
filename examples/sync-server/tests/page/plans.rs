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
    for text in ["A match rule (birthday)", "Áine", "Seán", "The same person", "Another person"] {
        assert!(page.contains(text), "{text}: {page}");
    }
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
