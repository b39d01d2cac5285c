//! The stored schema, and what a listing has besides.

use serde::Serialize;
use tripartite::matching::MatchRule;
use tripartite::plan::Guards;
use tripartite::schema::{Field, Schema, SchemaError};

use super::{SUCCEEDED, failed};
use crate::cli::SchemaArgs;
use crate::infer::{InferError, infer};
use crate::listing::{self, ListingError, Remote};
use crate::store::{Access, Database, Settings, Store, StoreError};
use crate::term::Console;

/// Why there is no schema to print, or none to store.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{file}: {error}")]
    Store { file: String, error: StoreError },
    #[error(transparent)]
    Listing(#[from] ListingError),
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// A schema as a file has it.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    schema: &'a Schema,
    #[serde(rename = "match", skip_serializing_if = "<[MatchRule]>::is_empty")]
    rules: &'a [MatchRule],
    #[serde(skip_serializing_if = "is_default")]
    guards: &'a Guards,
}

fn is_default(guards: &&Guards) -> bool {
    **guards == Guards::default()
}

pub(super) fn show(console: &mut Console, args: &SchemaArgs) -> u8 {
    match print(console, args) {
        Ok(()) => SUCCEEDED,
        Err(error) => failed(console, &error),
    }
}

fn print(console: &mut Console, args: &SchemaArgs) -> Result<(), Problem> {
    let file = || args.db.to_string();
    let stored = |error| Problem::Store { file: file(), error };
    let access = if args.add { Access::Write } else { Access::Read };
    let database = Database::open(&args.db, access).map_err(stored)?;
    let mut settings = database.required(&args.register).map_err(stored)?;
    let rules = database.rules(&args.register).map_err(stored)?;
    let guards = database.guards(&args.register).map_err(stored)?;
    if let Some(remote) = &args.remote {
        let new = news(console, &settings, remote)?;
        settings.schema = settings.with(new)?;
        database.check_fields(&args.register, &settings).map_err(stored)?;
    }
    let written = Written { schema: &settings.schema, rules: &rules, guards: &guards };
    // Names and plain data have a JSON form.
    let text = serde_json::to_string_pretty(&written).unwrap_or_default();
    if args.add {
        let store = Store::of(args.register.clone(), database, settings).map_err(stored)?;
        store.settle().map_err(stored)?;
    }
    console.print(text);
    Ok(())
}

/// The fields of a listing that the schema does not have, with what they seem to be.
fn news(console: &mut Console, settings: &Settings, remote: &Remote) -> Result<Vec<Field>, Problem> {
    let mut lines = listing::open(remote, &settings.id_field)?;
    let inferred = infer(&mut lines, &settings.id_field)?.schema;
    let known = |name: &str| settings.schema.position(name).is_some();
    let mut new = Vec::new();
    for field in inferred.fields().iter().filter(|field| !known(field.name()) && !field.aliases().any(known)) {
        // Columns are compared without capitals.
        match settings.schema.fields().iter().find(|other| other.name().eq_ignore_ascii_case(field.name())) {
            Some(other) => console.say(format!(
                "{} differs from {} by capitals alone: if it is the same field, state it as an alias of that",
                field.name(),
                other.name()
            )),
            None => {
                console.say(format!("new: {} ({})", field.name(), field.kind().name()));
                new.push(field.clone());
            }
        }
    }
    if new.is_empty() {
        console.say(format!("{} has no field that the schema does not have", lines.name()));
    }
    Ok(new)
}
