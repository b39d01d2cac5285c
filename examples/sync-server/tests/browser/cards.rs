//! Every kind of card, in each language, on a desktop and on a phone.

use crate::club::{CLUBS, Club, line};
use crate::site::{Browser, DARK, DESKTOP, PHONE, Site, in_browser};

fn with_address(street: &str, town: &str, number: &str) -> String {
    let more = format!(
        r#""address":{{"street":"{street}","town":"{town}"}},"phones":[{{"type":"work","number":"{number}"}}],"id":"#
    );
    line("M6", "Member 6", "m6@example.org", "1").replace("\"id\":", &more)
}

/// A club that asks everything at once: conflicts, places, who is who, and a plan of a run by hand that a guard stopped.
fn asking() -> Club {
    let (club, key) = (Club::new(), CLUBS[0]);
    let night = |lines: &str, more: &[&str]| {
        club.list(key, lines);
        let listing = club.listing(key);
        club.nightly_any(&[&["run", "--key", key, "--remote", &listing], more].concat())
    };
    let other = line("M9", "Member 9", "m9@example.org", "1");
    night(&(with_address("Quay 1", "Cork", "1") + &other), &["--partial"]);
    club.edit(&format!(
        "UPDATE \"members/{key}\" SET address = '{{\"street\":\"Hill 2\",\"town\":\"Bray\"}}', \
         phones = '[{{\"type\":\"work\",\"number\":\"2\"}}]' WHERE external_id = 'M6'"
    ));
    night(&(with_address("Strand 3", "Galway", "3") + &other), &["--partial"]);
    club.edit(&format!("INSERT INTO \"members/{key}\"(name, born, phone) VALUES ('Áine', '2001-05-04', '12')"));
    let found = line("F1", "Áine", "aine@example.org", "1");
    assert_eq!(night(&(with_address("Strand 3", "Galway", "3") + &found), &[]), 4);
    club
}

const OPENED: &str = "document.querySelectorAll('details').forEach((it) => { it.open = true })";

#[test]
fn every_card_is_without_barriers_in_each_language() {
    in_browser("every card", || async {
        let (club, key) = (asking(), CLUBS[0]);
        let (db, users) = (club.dir().join("club.db"), club.dir().join("users.json"));
        let site = Site::serve(&["--db", db.to_str().unwrap(), "--users", users.to_str().unwrap(), "--workers", "0"]);
        let cards = [
            ("by-hand", "/questions?kind=plan".to_owned(), ["It was a run by hand.", "Es war ein Lauf von Hand."]),
            ("who", "/questions?kind=who".to_owned(), ["At the source", "In der Quelle"]),
            (
                "places",
                format!("/question?reg={key}&id=M6&unit=address"),
                ["Answer place by place", "Stelle für Stelle beantworten"],
            ),
            (
                "conflict",
                format!("/question?reg={key}&id=M1&unit=email"),
                ["Both sides changed it", "Beide Seiten haben es geändert"],
            ),
            (
                "many",
                "/many?field=email&say=remote".to_owned(),
                ["This answers 5 conflicts.", "Das beantwortet 5 Konflikte."],
            ),
        ];
        for (view, name) in [(DESKTOP, "desktop"), (PHONE, "phone"), (DARK, "dark")] {
            let browser = Browser::open(&site, view).await;
            browser.log_in("nuala").await;
            for (at, lang) in ["en", "de"].into_iter().enumerate() {
                if lang == "de" {
                    browser.click("form.languages button").await;
                    browser.says("Fragen").await;
                }
                for (card, path, says) in &cards {
                    browser.go(path).await;
                    browser.run(OPENED).await;
                    browser.says(says[at]).await;
                    browser.has_no_barrier(&format!("{card} {lang} {name}")).await;
                    browser.fits(&format!("{card} {lang} {name}")).await;
                    browser.picture(&format!("card-{card}-{lang}-{name}")).await;
                }
            }
            browser.close().await;
        }
        let browser = Browser::open(&site, DESKTOP).await;
        browser.log_in("nuala").await;
        browser.go("/many?field=email&say=remote").await;
        browser.click("section.card button.primary").await;
        browser.click("a[href^='/undo']").await;
        browser.says("This brings back 5 values.").await;
        browser.has_no_barrier("undo").await;
        browser.picture("card-undo-en-desktop").await;
        browser.click("section.card button.primary").await;
        browser.says("5 values stand again, 0 were left as they are.").await;
        assert_eq!(club.email(key, "M5"), "own5@club.example");
        browser.go("/questions?kind=plan").await;
        browser.click("button[value=drop]").await;
        browser.says("The plan was dropped.").await;
        browser.close().await;
    });
}
