//! `conflicts`: what waits for a person.

use clap::Args;
use serde_json::json;
use tripartite::decide::{Explained, Filter, explain};
use tripartite::drive::block_on;
use tripartite::schema::Schema;
use tripartite::store::{LoadRequest, OpenConflict, RecordStore, WHOLE_RECORD};
use tripartite::value::Value;

use crate::args::Target;
use crate::context::{Answer, Context, SUCCEEDED};
use crate::desk::Desk;
use crate::shell;
use crate::store::{Access, LOADED_AT_ONCE};
use crate::term::{Console, bold, cyan};

/// Which open conflicts to list.
#[derive(Debug, Clone, Args)]
pub struct ConflictsArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// About this field or group alone
    #[arg(long, value_name = "NAME")]
    pub field: Option<String>,
    /// With the values: the base, the one here, the source's, and the one here now if it was edited
    #[arg(long)]
    pub values: bool,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &ConflictsArgs) -> Answer {
    let (db, register) = (cx.db(&args.target)?, cx.register(&args.target)?);
    let desk = Desk::open(&db, &register, Access::Read)?;
    let filter = Filter::default().field(args.field.clone());
    let options = shell::options(&db, &register);
    let console = &mut *cx.console;
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
                match console.json {
                    true => console.print(object(desk.schema(), &told, args.values)),
                    false => print(console, (desk.schema(), &options), &told, args.values),
                }
            }
        }
    }
    if !console.json {
        console.say(format!("{count} open"));
        if count > 0 {
            console.say(format!("answer each {}", shell::ANSWERS));
            let all = "nightly-sync decide";
            console.say(format!("one answer for many: {all} {options} --all --field NAME with one of these"));
        }
    }
    Ok(SUCCEEDED)
}

/// The versions of a conflict, by their names.
fn values(told: &Explained) -> impl Iterator<Item = (&'static str, &Value)> {
    let conflict = &told.conflict;
    let values = [("base", conflict.base.as_ref()), ("local", Some(&conflict.local))];
    let values = values.into_iter().chain([("remote", Some(&conflict.remote)), ("now", told.edited.as_ref())]);
    values.filter_map(|(side, value)| Some((side, value?)))
}

/// A conflict for programs.
fn object(schema: &Schema, told: &Explained, with_values: bool) -> serde_json::Value {
    let conflict = &told.conflict;
    let mut line = json!({
        "external_id": told.id, "unit": conflict.unit, "fields": told.fields, "clash": conflict.clash,
        "paths": places(schema, conflict, with_values), "rule": told.rule, "why": told.why,
        "edited": told.edited.is_some(),
    });
    values(told).filter(|_| with_values).for_each(|(side, value)| line[side] = json!(value));
    line
}

/// A conflict for people, with the commands that answer it.
fn print(console: &mut Console, (schema, options): (&Schema, &str), told: &Explained, with_values: bool) {
    let conflict = &told.conflict;
    let unit = if conflict.unit == WHOLE_RECORD { "(the record)" } else { &conflict.unit };
    let is_told = with_values || is_plain(schema, conflict);
    let edited = if told.edited.is_some() { " Somebody edited it here since." } else { "" };
    console.print(format!("{}  {}  {}{edited}", cyan(&told.id), bold(unit), told.why));
    for (side, value) in values(told).filter(|_| with_values) {
        console.print(format!("    {side:<6} {}", json!(value)));
    }
    console.print(format!("    {}", shell::decide(options, told.id.as_str(), &conflict.unit)));
    // One place is the whole question.
    for place in places(schema, conflict, true).iter().filter(|_| is_told && conflict.paths.len() > 1) {
        let part = format!("{}{place}", conflict.unit);
        console.print(format!("    {}", shell::decide(options, told.id.as_str(), &part)));
    }
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
