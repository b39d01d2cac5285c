//! The demonstration's questions, answered on the page: the next run is quiet.

use std::fs;

use nightly_sync::store::{Access, Database, Register};
use sync_server::web::Entry;

use crate::club::Club;

#[test]
fn the_questions_of_the_demonstration_are_answered_and_the_next_run_is_quiet() {
    assert_eq!(nightly_sync::app::execute([]), 0);
    let mine = format!("-{}", std::process::id());
    let places = fs::read_dir(std::env::temp_dir()).unwrap().map(|entry| entry.unwrap().path());
    let is_mine = |name: &str| name.starts_with("nightly-sync-demo-") && name.ends_with(&mine);
    let place =
        places.filter(|path| path.file_name().is_some_and(|name| is_mine(&name.to_string_lossy()))).max().unwrap();
    let entry = Entry::link().unwrap();
    let first = entry.first().unwrap();
    let club = Club::on(place.clone(), "members.db", entry);
    let visitor = club.visitor(club.get(None, &first).cookie().unwrap());
    let page = club.get(Some(&visitor), "/questions").text;
    let asked: Vec<(String, String)> = page
        .split("data-id=\"")
        .skip(1)
        .map(|rest| {
            let id = rest.split('"').next().unwrap().to_owned();
            (id, rest.split("data-unit=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        })
        .collect();
    assert_eq!(asked.len(), 7, "{asked:?}");
    for (at, (id, unit)) in asked.iter().enumerate() {
        let print = club.question(&visitor, "", id, unit).field("print").unwrap();
        let say = if at % 2 == 0 { "remote" } else { "local" };
        let fields = [("reg", ""), ("id", id), ("unit", unit), ("print", &print), ("say", say)];
        assert_eq!(club.post(&visitor, "/answer", &fields).location(), "/questions", "{id} {unit}");
    }
    assert!(club.get(Some(&visitor), "/questions").text.contains("Nothing waits for you."));
    let (db, listing) = (place.join("members.db"), place.join("night-2.jsonl"));
    let args = ["run", "--db", db.to_str().unwrap(), "--remote", listing.to_str().unwrap()];
    nightly_sync::app::execute(args.map(Into::into));
    let counts =
        Database::open(&db.into(), Access::Read).unwrap().last_report(&Register::default()).unwrap().unwrap().counts;
    assert_eq!(
        [
            counts.created,
            counts.updated,
            counts.deactivated,
            counts.reactivated,
            counts.conflicts_open,
            counts.conflicts_detected
        ],
        [0; 6],
        "{counts:?}"
    );
}
