//! Loads: which records a load gives, and what it says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::world::{create, full, id, noted, record, update};
use super::{Fixture, probe::Probe, seen};
use crate::conformance::at_once::at_once;
use crate::id::{ExternalId, MAX_ID_LEN};
use crate::store::{Op, Revision};

/// How many edits are raced.
const EDITS: usize = 60;
/// How many read along.
const READERS: usize = 3;
/// More ids than a database takes in one list of parameters, if it is a careless one.
const MANY: usize = 2500;

/// Ids that a careless store takes for one another.
fn alike() -> Vec<ExternalId> {
    let long = "é".repeat(MAX_ID_LEN / 2 - 1);
    let names = [
        "a",
        "A",
        "á",
        "a\u{301}",
        "a ",
        " a",
        "1",
        "01",
        "1.0",
        "1e0",
        "+1",
        "%",
        "_",
        "*",
        "'",
        "\"",
        "a/b",
        "a\\b",
        "ß",
        "ss",
        "ſ",
        "s",
        "null",
        "NULL",
        "x'61'",
        "\u{feff}a",
        "a\u{200b}",
        "{id}",
        "$1",
        "?1",
        ":id",
        "--",
        "[\"a\"]",
    ];
    let names = names.map(id).into_iter();
    names.chain([id(&format!("{long}a")), id(&format!("{long}b")), id(&format!("{long}aa"))]).collect()
}

/// Reads for as long as the one who writes: the notes by their revisions.
fn read_along<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId, writing: &AtomicBool) -> BTreeSet<(Revision, String)> {
    let mut had = BTreeSet::new();
    while writing.load(Ordering::Acquire) {
        had.insert(pair(probe, of));
    }
    had
}

/// A record's revision and the note of it; both halves of an edit must be there.
fn pair<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId) -> (Revision, String) {
    let seen = probe.see(of);
    let (name, note) = (seen.field("name"), seen.field("note"));
    probe.holds(name == note, || format!("a name of {name} with a note of {note}, never written together"));
    (seen.revision, note.to_owned())
}

fn both(text: &str) -> crate::value::Record {
    record(&json!({"name": text, "note": text}))
}

/// Counts the writer out, also one that panics: readers must not wait for it.
struct Ending<'w>(&'w AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn edit_along<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId, writing: &AtomicBool) -> BTreeSet<(Revision, String)> {
    let _ending = Ending(writing);
    let mut had = BTreeSet::new();
    for edit in 0..EDITS {
        let text = format!("edit {edit}");
        probe.edit(of, &both(&text));
        had.insert(pair(probe, of));
    }
    had
}

promises! { $ __conformance_records_load in records::load:
    /// Give the fields and the revision of one moment for each record.
    fn load_of_one_moment(probe) {
        let one = id("1");
        probe.create(&one, &both("edit"));
        let first = pair(probe, &one);
        let writing = AtomicBool::new(true);
        let came = at_once(READERS + 1, |number| {
            if number == 0 { edit_along(probe, &one, &writing) } else { read_along(probe, &one, &writing) }
        });
        let mut known = BTreeMap::from([first]);
        for (revision, note) in came.into_iter().flatten() {
            let had = known.entry(revision).or_insert_with(|| note.clone());
            probe.holds(*had == note, || format!("{revision:?} with a note of {note}, and with one of {had}"));
        }
        probe.equal("how many revisions there were", &known.len(), &(EDITS + 1));
    }

    /// Leave out what is not linked.
    fn load_leaves_out(probe) {
        probe.equal("what a load of nothing gives", &probe.load(&[]).len(), &0);
        probe.create(&id("1"), &full(1));
        probe.fixture.enter(None, &full(2));
        for unknown in ["2", "12", "0"] {
            probe.equal(&format!("what stands under {unknown}"), &probe.find(&id(unknown)), &None);
        }
        let loaded = probe.load(&["0", "1", "2"].map(id));
        let ids: Vec<_> = loaded.iter().map(|loaded| loaded.id.as_str()).collect();
        probe.equal("what is loaded", &ids, &vec!["1"]);
    }

    /// Give each record that is asked for once, however many are asked for.
    fn load_many(probe) {
        let ids: Vec<_> = (0..MANY).map(|number| id(&format!("{number}"))).collect();
        let (there, _) = ids.split_at(MANY - 10);
        for some in there.chunks(500) {
            let op = |of: &ExternalId| Op { entries: vec![], ..create(of, &noted(of.as_str())) };
            probe.commit(some.iter().map(op).collect());
        }
        let mut notes = BTreeMap::new();
        for loaded in probe.load(&ids) {
            let note = loaded.local.field(1).text().map(str::to_owned);
            let twice = notes.insert(loaded.id.clone(), note).is_some();
            probe.holds(!twice, || format!("{} twice", loaded.id));
        }
        let promised = there.iter().map(|of| (of.clone(), Some(of.to_string()))).collect();
        probe.equal("how many are loaded", &notes.len(), &there.len());
        probe.equal("what is loaded", &notes, &promised);
    }

    /// Tell ids apart byte for byte, also long ones and those that differ in case.
    fn ids_apart(probe) {
        let all = alike();
        for (number, of) in all.iter().enumerate() {
            probe.applied(create(of, &noted(&format!("of {number}"))));
        }
        for (number, of) in all.iter().enumerate() {
            probe.equal("the note", &probe.see(of).field("note"), &&*seen::quoted(&format!("of {number}")));
        }
        let listed: BTreeSet<_> = probe.index().into_keys().collect();
        probe.equal("what is listed", &listed, &all.iter().cloned().collect());
        let changed = &all[0];
        let others = |probe: &Probe<'_, F>| all[1..].iter().map(|of| probe.see(of)).collect::<Vec<_>>();
        let before = others(probe);
        probe.applied(update(changed, probe.revision(changed), &noted("changed")));
        probe.equal("the others", &others(probe), &before);
    }
}
