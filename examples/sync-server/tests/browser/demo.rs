//! The demonstration, by mouse: its questions are answered, and the next run is quiet. Its pages are looked at on a desktop, a
//! phone, a very large screen and in the dark.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use nightly_sync::store::{Access, Database, Register};

use crate::site::{Browser, DARK, DESKTOP, PHONE, Site, WIDE, in_browser};

/// A copy of the demonstration's place of its own.
fn demonstration(name: &str) -> PathBuf {
    static SHOWN: OnceLock<PathBuf> = OnceLock::new();
    let shown = SHOWN.get_or_init(|| {
        assert_eq!(nightly_sync::app::execute([]), 0);
        let mine = format!("-{}", std::process::id());
        let all = fs::read_dir(std::env::temp_dir()).unwrap().map(|entry| entry.unwrap());
        let named = all.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
        let mut mine = named.filter(|(name, _)| name.starts_with("nightly-sync-demo-") && name.ends_with(&mine));
        mine.next().unwrap().1
    });
    let place = shown.with_file_name(format!("{}-{name}", shown.file_name().unwrap().to_str().unwrap()));
    fs::create_dir_all(&place).unwrap();
    for file in fs::read_dir(shown).unwrap().map(|entry| entry.unwrap()) {
        fs::copy(file.path(), place.join(file.file_name())).unwrap();
    }
    place
}

#[test]
fn every_question_is_answered_by_mouse_and_the_next_run_is_quiet() {
    in_browser("the demonstration", || async {
        let place = demonstration("mouse");
        let (db, listing) = (place.join("members.db"), place.join("night-2.jsonl"));
        let site = Site::serve(&["--db", db.to_str().unwrap(), "--workers", "0"]);
        let browser = Browser::open(&site, DESKTOP).await;
        browser.enter(&site).await;
        browser.says("7 open").await;
        browser.picture("desktop").await;
        for left in (0..7).rev() {
            let answer = if left % 2 == 0 { "remote" } else { "local" };
            browser.click(&format!("article:first-of-type button[value={answer}]")).await;
            browser.says(&format!("{left} open")).await;
        }
        browser.says("Nothing waits for you.").await;
        browser.has_no_barrier("nothing waits").await;
        let args = ["run", "--db", db.to_str().unwrap(), "--remote", listing.to_str().unwrap()];
        nightly_sync::app::execute(args.map(Into::into));
        let database = Database::open(&db.into(), Access::Read).unwrap();
        let counts = database.last_report(&Register::default()).unwrap().unwrap().counts;
        let written = counts.created + counts.updated + counts.deactivated + counts.reactivated;
        assert_eq!((written, counts.conflicts_open, counts.conflicts_detected), (0, 0, 0), "{counts:?}");
        browser.close().await;
        let _ = fs::remove_dir_all(place);
    });
}

#[test]
fn pages_have_no_barrier_on_a_desktop_a_phone_and_in_the_dark() {
    in_browser("the looks", || async {
        let place = demonstration("looks");
        let db = place.join("members.db");
        for (name, view) in [("desktop", DESKTOP), ("phone", PHONE), ("dark", DARK), ("wide", WIDE)] {
            let site = Site::serve(&["--db", db.to_str().unwrap(), "--workers", "0"]);
            let browser = Browser::open(&site, view).await;
            browser.enter(&site).await;
            browser.says("7 open").await;
            if name != "desktop" {
                browser.picture(name).await;
            }
            browser.run("document.querySelectorAll('details').forEach((it) => { it.open = true; })").await;
            browser.has_no_barrier(&format!("{name}: questions")).await;
            browser.fits("/questions").await;
            browser.go("/runs").await;
            let run =
                browser.run("return document.querySelector('tbody tr:nth-child(2) a').getAttribute('href')").await;
            for (page, path) in
                [("runs", "/runs"), ("run", run.as_str().unwrap()), ("many", "/many?say=remote"), ("jobs", "/jobs")]
            {
                browser.go(path).await;
                browser.has_no_barrier(&format!("{name}: {path}")).await;
                browser.fits(path).await;
                browser.picture(&format!("{name}-{page}")).await;
            }
            browser.close().await;
        }
        let _ = fs::remove_dir_all(place);
    });
}
