//! An operator: a blocked plan, who is who, and a job as it runs.

use crate::club::{CLUBS, Club, line};
use crate::site::{Browser, DESKTOP, Site, in_browser};

#[test]
fn a_plan_is_applied_a_match_confirmed_and_a_job_watched() {
    in_browser("an operator", || async {
        let (club, key) = (Club::new(), CLUBS[0]);
        club.edit(&format!("INSERT INTO \"members/{key}\"(name, born) VALUES ('Áine', '2001-05-04')"));
        club.list(
            key,
            &(line("M6", "Member 6", "m6.3@example.org", "1") + &line("F1", "Áine", "aine@example.org", "1")),
        );
        club.nightly(&["trigger", "--key", key]);
        club.nightly_any(&["work", "--until-idle", "--spacing", "0"]);
        let (db, users) = (club.dir().join("club.db"), club.dir().join("users.json"));
        let site = Site::serve(&["--db", db.to_str().unwrap(), "--users", users.to_str().unwrap(), "--workers", "0"]);
        let browser = Browser::open(&site, DESKTOP).await;
        browser.log_in("nuala").await;
        browser.says("A guard stopped this run").await;
        browser.has_no_barrier("a blocked plan").await;
        browser.picture("blocked").await;
        browser.click("button[value=apply]").await;
        browser.says("The plan was carried out.").await;
        let left =
            club.value(&format!("SELECT count(*) FROM \"members/{key}\" WHERE active AND external_id IS NOT NULL"));
        assert_eq!(left, "1");

        browser.go("/questions?kind=who").await;
        browser.has_no_barrier("who is who").await;
        browser.picture("match").await;
        browser.click("button[value=same]").await;
        browser.says("The next run merges the two.").await;
        assert_eq!(club.value(&format!("SELECT external_id FROM \"members/{key}\" WHERE name = 'Áine'")), "F1");

        browser.go("/jobs").await;
        browser.has_no_barrier("status").await;
        browser.picture("status").await;
        browser.says("waits since").await;
        // Another process does the job; the page is not loaded anew.
        browser.run("window.same = true").await;
        club.nightly_any(&["work", "--until-idle", "--spacing", "0"]);
        browser.says("idle").await;
        assert_eq!(browser.run("return window.same && !document.body.innerText.includes('waits since')").await, true);
        browser.click("button[value=pause]").await;
        browser.says("Done: Pause").await;
        browser.close().await;
    });
}
