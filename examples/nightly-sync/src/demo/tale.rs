//! What the second night came to, told with the values: everybody is invented, so nobody minds.

use tripartite::audit::{AuditEntry, FieldEntry, Situation};
use tripartite::detect::Verdict;
use tripartite::run::Report;
use tripartite::store::Action;
use tripartite::value::Value;
use tripartite_sqlite::store::{SqliteStore, StoreError};

use crate::report::Matter;
use crate::term::{Console, bold, cyan, dim, green, wrapped};

/// So many changes that were only the federation's are shown.
const EXAMPLES: usize = 4;

/// What is told together: a field, or the fields of a group.
struct Unit {
    id: String,
    name: String,
    entries: Vec<FieldEntry>,
}

pub(super) fn tell(console: &mut Console, store: &SqliteStore, report: &Report) -> Result<(), StoreError> {
    let units = units(store, report)?;
    for matter in [Matter::Decided, Matter::New, Matter::Reverted, Matter::Invalid] {
        let told: Vec<_> = units.iter().filter(|unit| Matter::of(unit.first()) == Some(matter)).collect();
        heading(console, matter.title(), told.len());
        for unit in told {
            explain(console, store, unit)?;
        }
    }
    let kept: Vec<_> = units.iter().filter(|unit| edit_kept(unit)).collect();
    heading(console, "edits that the federation did not touch, and so stay", kept.len());
    for unit in kept {
        explain(console, store, unit)?;
    }
    gone_and_new(console, store, report)?;
    let taken: Vec<_> = units.iter().filter(|unit| matches!(unit.first().verdict, Verdict::RemoteOnly(_))).collect();
    heading(console, "changes of the federation alone, taken as they came", taken.len());
    for unit in taken.iter().take(EXAMPLES) {
        let (before, after) = (unit.show(|entry| Some(&entry.local)), unit.show(|entry| Some(&entry.result)));
        console.print(format!("    {}  {before} → {after}", subject(store, unit)?));
    }
    console.print(format!("    … and {} more", taken.len().saturating_sub(EXAMPLES)));
    heading(console, "set aside, to be looked at again the next night", report.set_aside.len());
    for aside in &report.set_aside {
        let id = aside.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let place = aside.place.as_ref().map(|place| format!("{place} ")).unwrap_or_default();
        console.print(format!("    {}  {place}{}", cyan(id), aside.problem));
    }
    console.print("    Their rows stay as they are: somebody whose line is broken has not left the club.");
    Ok(())
}

fn gone_and_new(console: &mut Console, store: &SqliteStore, report: &Report) -> Result<(), StoreError> {
    let (mut new, mut gone) = (Vec::new(), Vec::new());
    store.audit_of(&report.run, |row| {
        match row.entry {
            AuditEntry::Record(entry) if entry.situation == Situation::Unmatched => new.push(row.external_id),
            AuditEntry::Record(entry) if entry.action == Action::Deactivate.name() => gone.push(row.external_id),
            _ => {}
        }
        true
    })?;
    let titles = ["members who are new", "members no longer listed: marked inactive, never deleted"];
    for (title, ids) in titles.into_iter().zip([new, gone]) {
        heading(console, title, ids.len());
        for id in ids {
            let name = member(store, &id)?;
            console.print(format!("    {} {name}", cyan(&id)));
        }
    }
    Ok(())
}

fn units(store: &SqliteStore, report: &Report) -> Result<Vec<Unit>, StoreError> {
    let mut units: Vec<Unit> = Vec::new();
    store.audit_of(&report.run, |row| {
        if let AuditEntry::Field(entry) = row.entry {
            let name = entry.group.clone().unwrap_or_else(|| entry.field.clone());
            match units.last_mut() {
                Some(last) if last.id == row.external_id && last.name == name => last.entries.push(entry),
                _ => units.push(Unit { id: row.external_id, name, entries: vec![entry] }),
            }
        }
        true
    })?;
    Ok(units)
}

fn edit_kept(unit: &Unit) -> bool {
    matches!(unit.first().verdict, Verdict::LocalOnly(_)) && Matter::of(unit.first()).is_none()
}

fn heading(console: &mut Console, title: &str, count: usize) {
    console.print("");
    console.print(format!("  {} ({count})", bold(title)));
}

fn explain(console: &mut Console, store: &SqliteStore, unit: &Unit) -> Result<(), StoreError> {
    console.print(format!("    {}", subject(store, unit)?));
    let sides = [
        ("the night before", unit.show(|entry| entry.base.as_ref())),
        ("at the club", unit.show(|entry| Some(&entry.local))),
        ("federation", unit.show(|entry| entry.remote.as_ref())),
        ("from now on", unit.show(|entry| Some(&entry.result))),
    ];
    for (side, value) in sides {
        let value = if side == "from now on" { green(value) } else { value };
        console.print(format!("      {} {value}", dim(format!("{side:<17}"))));
    }
    for line in wrapped(&unit.first().why, 92) {
        console.print(format!("      {line}"));
    }
    Ok(())
}

fn subject(store: &SqliteStore, unit: &Unit) -> Result<String, StoreError> {
    let name = member(store, &unit.id)?;
    Ok(format!("{} {} · {}", cyan(&unit.id), name, bold(&unit.name)))
}

fn member(store: &SqliteStore, id: &str) -> Result<String, StoreError> {
    store.snapshot(|now| now.name(id))?
}

impl Unit {
    /// Every unit has at least one entry: it is made with the first.
    fn first(&self) -> &FieldEntry {
        &self.entries[0]
    }

    fn show(&self, side: impl Fn(&FieldEntry) -> Option<&Value>) -> String {
        let shown: Vec<_> =
            self.entries.iter().map(|entry| side(entry).map_or("not stated".to_owned(), shown)).collect();
        shown.join(if self.name == "name" { " " } else { ", " })
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Text(text) => text.clone(),
        Value::List(list) => list.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Map(map) => map.values().map(shown).collect::<Vec<_>>().join(", "),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
