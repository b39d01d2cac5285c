//! `schema`: the stored schema, what a listing or a file has besides, and how it gets that.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use serde::Serialize;
use serde_json::json;
use tripartite::matching::MatchRule;
use tripartite::plan::Guards;
use tripartite::schema::{Field, Schema, SchemaError};

use crate::args::{self, Target};
use crate::context::{Answer, Context, SUCCEEDED, UsageError};
use crate::infer::{InferError, infer};
use crate::listing::{ListingError, Opened, Remote, Source};
use crate::schema_file::{SchemaFile, SchemaFileError};
use crate::shell;
use crate::store::{Access, Database, Place, Register, Settings, Store, StoreError};
use crate::term::Console;

/// Which schema to print, and what to add to it.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// With the fields that this listing has besides, and of what kind they seem to be
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().map(args::remote))]
    pub remote: Option<Remote>,
    /// Stores what --remote adds, so that it is synced from the next run on
    #[arg(long, requires = "remote")]
    pub add: bool,
    /// Prints only what differs: from the listing of --remote, or from the schema of --schema
    #[arg(long, conflicts_with = "add")]
    pub diff: bool,
    /// With --diff, a schema file that the stored schema is held against
    #[arg(long, value_name = "FILE.json", requires = "diff", conflicts_with = "remote")]
    pub schema: Option<PathBuf>,
}

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
    #[error(transparent)]
    File(#[from] SchemaFileError),
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

pub(crate) fn execute(cx: &mut Context<'_>, args: &SchemaArgs) -> Answer {
    let (db, register) = (cx.db(&args.target)?, cx.register(&args.target)?);
    let stated = cx.config.register(&register).and_then(|stated| stated.source.clone());
    let source = args.remote.clone().map(Source::from).or(stated.filter(|_| args.diff && args.schema.is_none()));
    if args.diff && source.is_none() && args.schema.is_none() {
        let what = "what the schema is to be held against is not said; state --remote LISTING or --schema FILE.json";
        return Err(UsageError(what.to_owned()).into());
    }
    show(cx, args, (&db, &register), source.as_ref())?;
    Ok(SUCCEEDED)
}

fn show(
    cx: &mut Context<'_>,
    args: &SchemaArgs,
    (db, register): (&Place, &Register),
    source: Option<&Source>,
) -> Result<(), Box<dyn std::error::Error>> {
    let stored = |error| Problem::Store { file: db.to_string(), error };
    let access = if args.add { Access::Write } else { Access::Read };
    let database = Database::open(db, access).map_err(stored)?;
    let mut settings = database.required(register).map_err(stored)?;
    let console = &mut *cx.console;
    if let Some(file) = &args.schema {
        let other = SchemaFile::open(file).map_err(Problem::from)?.schema;
        print(console, &between(&settings.schema, &other));
        return Ok(());
    }
    if let Some(source) = source {
        let listed = listed(&settings, source)?;
        if args.diff {
            let differences = against(&settings.schema, &listed.schema);
            print(console, &differences);
            if !console.json && differences.iter().any(|difference| difference.sign == '+') {
                let options = shell::options(db, register);
                console.say(format!("nightly-sync schema {options} --remote {} --add stores what is new", listed.name));
            }
            return Ok(());
        }
        let new = news(console, &settings, &listed);
        settings.schema = settings.with(new).map_err(Problem::from)?;
        database.check_fields(register, &settings).map_err(stored)?;
    }
    let rules = database.rules(register).map_err(stored)?;
    let guards = database.guards(register).map_err(stored)?;
    let written = Written { schema: &settings.schema, rules: &rules, guards: &guards };
    // Names and plain data have a JSON form.
    let text = match console.json {
        true => serde_json::to_string(&written).unwrap_or_default(),
        false => serde_json::to_string_pretty(&written).unwrap_or_default(),
    };
    if args.add {
        store(database, register, settings).map_err(stored)?;
    }
    console.print(text);
    Ok(())
}

fn store(database: Database, register: &Register, settings: Settings) -> Result<(), StoreError> {
    Store::of(register.clone(), database, settings)?.settle()
}

/// What a listing seems to have.
struct Listed {
    /// As the command line names it.
    name: String,
    schema: Schema,
}

fn listed(settings: &Settings, source: &Source) -> Result<Listed, Problem> {
    let mut lines = Opened::of(source, &settings.id_field)?;
    let schema = infer(&mut lines, &settings.id_field)?.schema;
    Ok(Listed { name: shell::quoted(lines.name()), schema })
}

/// A field of a listing, beside those of the schema.
enum Beside<'s> {
    Known,
    /// Columns are compared without capitals.
    ByCapitals(&'s Field),
    New,
}

fn beside<'s>(schema: &'s Schema, field: &Field) -> Beside<'s> {
    let known = |name: &str| schema.position(name).is_some();
    if known(field.name()) || field.aliases().any(known) {
        return Beside::Known;
    }
    match schema.fields().iter().find(|other| other.name().eq_ignore_ascii_case(field.name())) {
        Some(other) => Beside::ByCapitals(other),
        None => Beside::New,
    }
}

/// The fields of a listing that the schema does not have, with what they seem to be.
fn news(console: &mut Console, settings: &Settings, listed: &Listed) -> Vec<Field> {
    let mut new = Vec::new();
    for field in listed.schema.fields() {
        match beside(&settings.schema, field) {
            Beside::Known => {}
            Beside::ByCapitals(other) => console.say(capitals(field, other)),
            Beside::New => {
                console.say(format!("new: {} ({})", field.name(), field.kind().name()));
                new.push(field.clone());
            }
        }
    }
    if new.is_empty() {
        console.say(format!("{} has no field that the schema does not have", listed.name));
    }
    new
}

fn capitals(field: &Field, other: &Field) -> String {
    let (field, other) = (field.name(), other.name());
    format!("{field} differs from {other} by capitals alone: if it is the same field, state it as an alias of that")
}

/// One difference between the stored schema and another one.
struct Difference {
    /// `+` is not in the stored schema, `-` is only there, `~` is another there.
    sign: char,
    field: String,
    told: String,
}

fn print(console: &mut Console, differences: &[Difference]) {
    for Difference { sign, field, told } in differences {
        match console.json {
            true => console.print(json!({"sign": sign, "field": field, "told": told})),
            false => console.print(format!("{sign} {field}: {told}")),
        }
    }
    if differences.is_empty() && !console.json {
        console.say("nothing differs");
    }
}

/// How a listing differs from the stored schema. Of what kind a field is, the schema knows better.
fn against(stored: &Schema, listed: &Schema) -> Vec<Difference> {
    let mut differences = Vec::new();
    for field in listed.fields() {
        let (sign, told) = match beside(stored, field) {
            Beside::Known => continue,
            Beside::ByCapitals(other) => ('~', capitals(field, other)),
            Beside::New => ('+', format!("{}, in the listing alone", field.kind().name())),
        };
        differences.push(Difference { sign, field: field.name().to_owned(), told });
    }
    let is_listed = |field: &&Field| {
        let named = |name: &str| {
            listed.position(name).is_some() || listed.fields().iter().any(|it| it.aliases().any(|alias| alias == name))
        };
        named(field.name()) || field.aliases().any(named)
    };
    for field in stored.fields().iter().filter(|field| !is_listed(field)) {
        let told = format!("{}, in the schema alone: no record states it", field.kind().name());
        differences.push(Difference { sign: '-', field: field.name().to_owned(), told });
    }
    differences
}

/// How another schema differs from the stored one, field by field.
fn between(stored: &Schema, other: &Schema) -> Vec<Difference> {
    let form = |schema: &Schema| serde_json::to_value(schema).unwrap_or_default();
    let (before, after) = (form(stored), form(other));
    let members = |of: &serde_json::Value| of.as_object().cloned().unwrap_or_default();
    let mut differences = compared(&members(&before["fields"]), &members(&after["fields"]), "");
    let rest = |of: &serde_json::Value| {
        let mut rest = members(of);
        rest.remove("fields");
        rest
    };
    differences.extend(compared(&rest(&before), &rest(&after), "the schema's "));
    differences
}

type Members = serde_json::Map<String, serde_json::Value>;

fn compared(before: &Members, after: &Members, what: &str) -> Vec<Difference> {
    let difference = |sign, name: &String, told| Difference { sign, field: format!("{what}{name}"), told };
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let gone = gone.map(|(name, was)| difference('-', name, format!("{was}, in the stored schema alone")));
    let other = after.iter().filter_map(|(name, is)| match before.get(name) {
        Some(was) if was == is => None,
        Some(was) => Some(difference('~', name, format!("{was} is stored, {is} in the file"))),
        None => Some(difference('+', name, format!("{is}, in the file alone"))),
    });
    gone.chain(other).collect()
}
