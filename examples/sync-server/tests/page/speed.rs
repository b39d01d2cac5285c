//! How long pages of a large register, and of many registers, take. `PAGE_MEMBERS` says how many members it has, usually 2,000; measured with
//! `PAGE_MEMBERS=1000000 cargo test --release -p sync-server --test page -- --nocapture large_register`.

use std::io::Write;
use std::time::Duration;

use crate::club::{CLUBS, Club, Visitor, line};

/// So many times each page is asked for; the median counts.
const TIMES: usize = 9;

#[test]
fn pages_of_a_large_register_take_no_longer() {
    let members: u32 = std::env::var("PAGE_MEMBERS").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let disputed = (members / 100).min(5000);
    let (club, key) = (Club::new(), CLUBS[0]);
    let lines = |phone: &str| -> String {
        (1..=members)
            .map(|n| line(&format!("P{n:07}"), &format!("Person {n}"), &format!("p{n}@example.org"), phone))
            .collect()
    };
    club.list(key, &lines("1"));
    let run = |more: &[&str]| {
        let listing = club.listing(key);
        let args = [&["run", "--key", key, "--remote", &listing, "--partial"], more].concat();
        assert!([0, 3].contains(&club.nightly_any(&args)), "{args:?}");
    };
    run(&["--guards", "creations=none"]);
    let first = club.value("SELECT run FROM \"tripartite_runs/ballybeg/federation\" ORDER BY seq DESC LIMIT 1");
    club.edit(&format!(
        "UPDATE \"members/{key}\" SET phone = '2' WHERE external_id > 'P' AND external_id <= 'P{disputed:07}'"
    ));
    let mut changed: String = (1..=disputed)
        .map(|n| line(&format!("P{n:07}"), &format!("Person {n}"), &format!("p{n}@example.org"), "3"))
        .collect();
    changed.push_str(&line("P0000000", "Nobody", "p@example.org", "1"));
    club.list(key, &changed);
    run(&["--guards", "creations=none,changed=none,updates=none"]);
    let last = club.value("SELECT run FROM \"tripartite_runs/ballybeg/federation\" ORDER BY seq DESC LIMIT 1");
    let nuala = club.log_in("nuala");
    let middle = format!("P{:07}", disputed / 2);
    for path in [
        "/questions".to_owned(),
        format!("/questions?reg={key}&at=conflict&id={middle}&unit=phone"),
        format!("/question?reg={key}&id={middle}&unit=phone"),
        "/runs".to_owned(),
        format!("/run?reg={key}&run={first}"),
        format!("/run?reg={key}&run={last}"),
        "/jobs".to_owned(),
    ] {
        let median = median(&club, &nuala, &path);
        let _ = writeln!(std::io::stdout(), "{members} members, {disputed} disputed: {median:>9.2?} {path}");
        let most = if cfg!(debug_assertions) { Duration::from_secs(20) } else { Duration::from_millis(50) };
        assert!(median < most, "{path} took {median:?}");
    }
}

/// Fifty registers, none of which asks anything, so that all are looked at.
#[test]
fn pages_over_many_registers_take_no_longer() {
    let club = Club::new();
    let schema = club.dir().join("schema.json").display().to_string();
    for n in 0..50 {
        let key = format!("club{n:02}/federation");
        club.list(&key, &line("M1", "Member 1", "m1@example.org", "1"));
        club.nightly(&["run", "--key", &key, "--remote", &club.listing(&key), "--schema", &schema]);
    }
    let root = club.log_in("root");
    for path in ["/questions?kind=plan", "/questions?kind=who", "/questions", "/runs", "/jobs"] {
        let median = median(&club, &root, path);
        let _ = writeln!(std::io::stdout(), "52 registers: {median:>9.2?} {path}");
        let most = if cfg!(debug_assertions) { Duration::from_secs(20) } else { Duration::from_millis(50) };
        assert!(median < most, "{path} took {median:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures by the clock")]
fn median(club: &Club, visitor: &Visitor, path: &str) -> Duration {
    let mut took: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let begun = std::time::Instant::now();
            assert_eq!(club.get(Some(visitor), path).status.as_u16(), 200, "{path}");
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[TIMES / 2]
}
