//! A club's secretary answers, and a stranger does not.

use std::fs;

use crate::club::{CLUBS, Club};
use crate::site::{Browser, DESKTOP, Site, in_browser};

fn site(club: &Club) -> Site {
    let (db, users) = (club.dir().join("club.db"), club.dir().join("users.json"));
    assert!(fs::exists(&users).unwrap());
    Site::serve(&["--db", db.to_str().unwrap(), "--users", users.to_str().unwrap(), "--workers", "1"])
}

fn card(id: &str) -> String {
    format!("article[data-id='{id}'][data-unit='email']")
}

#[test]
fn a_conflict_is_answered_each_way_and_one_that_moved_is_asked_anew() {
    in_browser("a secretary", || async {
        let (club, key) = (Club::new(), CLUBS[0]);
        let site = site(&club);
        let browser = Browser::open(&site, DESKTOP).await;
        browser.go("/questions").await;
        browser.has_no_barrier("log-in").await;
        browser.picture("login").await;
        browser.log_in("ciara").await;
        browser.has_no_barrier("questions").await;

        browser.click(&format!("{} button[value=local]", card("M1"))).await;
        browser.says("Answered: Email of Member 1").await;
        assert_eq!(club.email(key, "M1"), "own1@club.example");

        browser.click(&format!("{} button[value=remote]", card("M2"))).await;
        browser.says("Answered: Email of Member 2").await;
        assert_eq!(club.email(key, "M2"), "m2.2@example.org");
        browser.has_no_barrier("answered").await;
        browser.click(".flash button").await;
        browser.says("stands again").await;
        assert_eq!(club.email(key, "M2"), "own2@club.example");

        let own = card("M3");
        browser.click(&format!("{own} summary")).await;
        browser.type_into(&format!("{own} input[name=value]"), "nonsense").await;
        browser.click(&format!("{own} button[value=value]")).await;
        browser.says("cannot be read as an e-mail address").await;
        browser.has_no_barrier("refused").await;
        browser.picture("refused").await;
        browser.type_into("input[name=value]", "third@example.org").await;
        browser.click("button[value=value]").await;
        browser.says("Answered: Email of Member 3").await;
        assert_eq!(club.email(key, "M3"), "third@example.org");

        club.edit(&format!("UPDATE \"members/{key}\" SET email = 'newer@club.example' WHERE external_id = 'M4'"));
        browser.click(&format!("{} button[value=remote]", card("M4"))).await;
        browser.says("has changed since you saw it").await;
        browser.says("newer@club.example").await;
        browser.picture("moved").await;
        browser.click("button[value=remote]").await;
        browser.says("Answered: Email of Member 4").await;
        assert_eq!(club.email(key, "M4"), "m4.2@example.org");
        browser.close().await;
    });
}

#[test]
fn a_stranger_sees_nothing_and_a_keyboard_is_enough() {
    in_browser("a stranger", || async {
        let club = Club::new();
        let site = site(&club);
        let browser = Browser::open(&site, DESKTOP).await;
        browser.log_in("eoin").await;
        let text = browser.text().await;
        assert!(text.contains("dunmore/federation") && !text.contains("ballybeg"), "{text}");
        browser.go("/question?reg=ballybeg/federation&id=M1&unit=email").await;
        browser.says("There is nothing here, or it is not yours to see.").await;
        browser.has_no_barrier("not found").await;

        browser.go("/questions").await;
        let steps = "const stops = [...document.querySelectorAll('a[href], button, select, input:not([type=hidden]), summary')] \
                     .filter((it) => it.offsetParent !== null || it.className === 'skip'); \
                     return stops.every((it) => it.tabIndex === 0) && stops[0].className === 'skip'";
        assert_eq!(browser.run(steps).await, true);
        let button = "document.querySelector(\"article[data-id='M1'] button[value=local]\")";
        browser.run(&format!("{button}.focus()")).await;
        let focused = browser.client.active_element().await.unwrap();
        focused.send_keys("\u{e007}").await.unwrap();
        browser.says("Answered: Email of Member 1").await;
        assert_eq!(club.email(CLUBS[1], "M1"), "own1@club.example");
        assert_eq!(club.open_conflicts(CLUBS[0]), 10);
        browser.close().await;
    });
}

#[test]
fn many_are_answered_at_once() {
    in_browser("many at once", || async {
        let club = Club::new();
        let site = site(&club);
        let browser = Browser::open(&site, DESKTOP).await;
        browser.log_in("nuala").await;
        browser.go("/many?field=email&say=remote").await;
        browser.says("This answers 5 conflicts.").await;
        browser.has_no_barrier("many").await;
        browser.picture("many").await;
        browser.click("section.card button.primary").await;
        browser.says("5 conflicts answered, 0 left open.").await;
        assert_eq!(club.email(CLUBS[0], "M5"), "m5.2@example.org");
        browser.close().await;
    });
}
