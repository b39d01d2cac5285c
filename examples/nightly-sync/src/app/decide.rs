//! What people decide: open conflicts, values brought back, what was set aside, and how long the audit remembers.

mod matches;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use tripartite::decide::{Answer, Filter, explain};
use tripartite::drive::block_on;
use tripartite::run::Report;
use tripartite::schema::Schema;
use tripartite::store::{LoadRequest, OpenConflict, RecordStore, WHOLE_RECORD};

use super::{PARTIAL, SUCCEEDED};
use crate::cli::{Ask, ConflictsArgs, DecideArgs, Given, PruneArgs, QuarantineArgs, RestoreArgs, Which};
use crate::desk::{self, Desk, DeskError, Tally};
use crate::shell;
use crate::store::{Access, Database, LOADED_AT_ONCE};
use crate::term::Console;

/// So many refusals are told.
const TOLD: usize = 20;

pub(super) fn answer_to(console: &mut Console, ask: &Ask) -> Result<u8, DeskError> {
    match ask {
        Ask::Conflicts(args) => conflicts(console, args),
        Ask::Decide(args) => decided(console, args),
        Ask::Restore(args) => restored(console, args),
        Ask::Quarantine(args) => quarantine(console, args),
        Ask::Prune(args) => prune(console, args),
        Ask::Matches(args) => matches::list(console, args),
        Ask::Link(args) => matches::link(console, args),
        Ask::Unlike(args) => matches::unlike(console, args),
    }
}

fn conflicts(console: &mut Console, args: &ConflictsArgs) -> Result<u8, DeskError> {
    let desk = Desk::open(&args.db, &args.register, Access::Read)?;
    let filter = Filter::default().field(args.field.clone());
    let options = shell::options(&args.db, &args.register);
    let mut count = 0;
    for ids in desk.stored(desk.store().disputed())?.chunks(LOADED_AT_ONCE) {
        let mut records = desk.stored(block_on(desk.store().load(&LoadRequest::of(ids.to_vec()))))?.linked;
        records.sort_by(|a, b| a.id.cmp(&b.id));
        for loaded in &records {
            for told in explain(desk.policy(), loaded) {
                if args.field.is_some() && !filter.fits(desk.policy(), loaded, &told.conflict) {
                    continue;
                }
                count += 1;
                let conflict = &told.conflict;
                let values = [("base", conflict.base.as_ref()), ("local", Some(&conflict.local))];
                let values =
                    values.into_iter().chain([("remote", Some(&conflict.remote)), ("now", told.edited.as_ref())]);
                let values = values.filter(|_| args.values).filter_map(|(side, value)| Some((side, value?)));
                if args.json {
                    let mut line = json!({
                        "external_id": told.id, "unit": conflict.unit, "fields": told.fields, "clash": conflict.clash,
                        "paths": places(desk.schema(), conflict, args.values), "rule": told.rule, "why": told.why, "edited": told.edited.is_some(),
                    });
                    values.for_each(|(side, value)| line[side] = json!(value));
                    console.print(line);
                    continue;
                }
                let unit = if conflict.unit == WHOLE_RECORD { "(the record)" } else { &conflict.unit };
                let is_told = args.values || is_plain(desk.schema(), conflict);
                let edited = if told.edited.is_some() { " Somebody edited it here since." } else { "" };
                let (id, unit) = (console.paint.cyan(&told.id), console.paint.bold(unit));
                console.print(format!("{id}  {unit}  {}{edited}", told.why));
                values.for_each(|(side, value)| console.print(format!("    {side:<6} {}", json!(value))));
                console.print(format!("    {}", shell::decide(&options, told.id.as_str(), &conflict.unit)));
                // One place is the whole question.
                for place in
                    places(desk.schema(), conflict, true).iter().filter(|_| is_told && conflict.paths.len() > 1)
                {
                    let part = format!("{}{place}", conflict.unit);
                    console.print(format!("    {}", shell::decide(&options, told.id.as_str(), &part)));
                }
            }
        }
    }
    if !args.json {
        console.say(format!("{count} open"));
    }
    if !args.json && count > 0 {
        console.say(format!("answer each {}", shell::ANSWERS));
    }
    Ok(SUCCEEDED)
}

/// The places of a conflict; those of a private field without the keys of its records, unless its values are asked for.
fn places(schema: &Schema, conflict: &OpenConflict, values: bool) -> Vec<String> {
    let position = schema.position(&conflict.unit).filter(|_| !values && !is_plain(schema, conflict));
    let told = |place: &String| position.map_or_else(|| place.clone(), |position| schema.told_place(position, place));
    conflict.paths.iter().map(told).collect()
}

fn is_plain(schema: &Schema, conflict: &OpenConflict) -> bool {
    schema.position(&conflict.unit).is_none_or(|position| schema.fields()[position].privacy().is_plain())
}

fn decided(console: &mut Console, args: &DecideArgs) -> Result<u8, DeskError> {
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    match &args.which {
        Which::One(id, field) => {
            let unit = desk::unit_of(desk.schema(), field);
            let answer = answer(desk.schema(), &unit, &args.given)?;
            desk.decide(id, &unit, &answer, &args.by, |_| true)?;
            console.print("decided");
            Ok(SUCCEEDED)
        }
        Which::All(filter) => all(console, &desk, filter, args),
    }
}

fn all(console: &mut Console, desk: &Desk, filter: &Filter, args: &DecideArgs) -> Result<u8, DeskError> {
    let unit = filter.field.as_deref().map(|field| desk::unit_of(desk.schema(), field)).unwrap_or_default();
    let answer = answer(desk.schema(), &unit, &args.given)?;
    let Tally { closed, skipped, left } = desk.decide_all(filter, &answer, &args.by)?;
    console.print(format!("{closed} decided, {skipped} not meant, {} left open", left.len()));
    left.iter().take(TOLD).for_each(|line| console.say(format!("  {line}")));
    if left.len() > TOLD {
        console.say(format!("  … and {} more", left.len() - TOLD));
    }
    Ok(if left.is_empty() { SUCCEEDED } else { PARTIAL })
}

fn answer(schema: &Schema, unit: &str, given: &Given) -> Result<Answer, DeskError> {
    match given {
        Given::Local => Ok(Answer::TakeLocal),
        Given::Remote => Ok(Answer::TakeRemote),
        Given::Value(text) => desk::stated(schema, unit, text),
    }
}

fn restored(console: &mut Console, args: &RestoreArgs) -> Result<u8, DeskError> {
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    let (id, fields) = desk.restore(args.seq, &args.by)?;
    console.print(format!("{id}: restored {}", fields.join(", ")));
    Ok(SUCCEEDED)
}

/// The report of the last run, and a desk to look at its records; where there was none, that is said.
fn last_run(console: &mut Console, args: &QuarantineArgs) -> Result<Option<(Report, Desk)>, DeskError> {
    let stored = |error| DeskError::Store { file: args.db.to_string(), error };
    let report = Database::open(&args.db, Access::Read).and_then(|database| database.last_report(&args.register));
    match report.map_err(stored)? {
        Some(report) => Ok(Some((report, Desk::open(&args.db, &args.register, Access::Read)?))),
        None => {
            console.say("there was no run yet");
            Ok(None)
        }
    }
}

fn quarantine(console: &mut Console, args: &QuarantineArgs) -> Result<u8, DeskError> {
    let Some((report, desk)) = last_run(console, args)? else { return Ok(SUCCEEDED) };
    let options = shell::options(&args.db, &args.register);
    for aside in &report.set_aside {
        if args.json {
            console.print(json!(aside));
            continue;
        }
        let id = aside.id.as_ref().map_or("no readable id", |id| id.as_str());
        let place = aside.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        console.print(format!("{}  {place}{}", console.paint.cyan(id), aside.problem));
        if desk.waits(aside)? {
            matches::print_answers(console, &desk, &options, aside)?;
        }
    }
    if !args.json {
        console.say(format!("{} set aside by run {}", report.set_aside.len(), report.run));
    }
    Ok(SUCCEEDED)
}

fn prune(console: &mut Console, args: &PruneArgs) -> Result<u8, DeskError> {
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    let forgotten = desk.stored(desk.store().prune_audit(args.before))?;
    console.print(format!("{forgotten} entries from before {} forgotten", time(&args.before)));
    Ok(SUCCEEDED)
}

fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
