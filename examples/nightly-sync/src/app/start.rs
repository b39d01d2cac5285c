//! From a command line to the first step of a run: which database, which schema, which listing.

use std::fs;
use std::path::Path;

use tripartite::matching::{MatchRule, RulesError};
use tripartite::plan::Guards;
use tripartite::run::{Run, Step};
use tripartite::schema::{Kind, Policy, SchemaError, Strategy};

use super::now;
use crate::audit_key::{self, KeyError};
use crate::cli::RunArgs;
use crate::infer::{InferError, Inferred, infer};
use crate::listing::{self, Ahead, ListingError, Opened};
use crate::schema_file::SchemaFile;
use crate::store::{Access, Database, ID_FIELD, Settings, Store, StoreError};
use crate::term::Console;

/// A run that can begin.
pub(super) struct Started {
    pub(super) step: Step,
    pub(super) source: Ahead,
    pub(super) store: Store,
    /// How many lines the listing has, where somebody counted.
    pub(super) lines: Option<u64>,
}

/// Why a run cannot begin. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be used.
    #[error("{file}: {error}")]
    Store {
        /// The database.
        file: String,
        /// Why.
        error: StoreError,
    },
    /// The records here are linked by another field.
    #[error("the records of this database are linked by `{known}`, so --id-field {given} would find none of them")]
    IdField {
        /// The field they are linked by.
        known: String,
        /// The one that was asked for.
        given: String,
    },
    /// The key of the audit cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The listing cannot be read.
    #[error(transparent)]
    Listing(#[from] ListingError),
    /// A table of the club's own has members, and nothing says who they are.
    #[error(
        "{rows} members are in `{table}` already, and no match rule says who they are, so everybody would be entered a \
         second time; state rules under `match` in --schema FILE.json, or the column of their ids with --id-column"
    )]
    NoRules {
        /// The table.
        table: String,
        /// How many rows it has.
        rows: u64,
    },
    /// No schema can be inferred from it.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// The schema's file is none.
    #[error("{file}: {problem}")]
    Schema {
        /// The file.
        file: String,
        /// Why.
        problem: String,
    },
    /// The match rules do not fit the schema.
    #[error("{0}; state them anew with --schema FILE.json")]
    Match(#[from] RulesError),
    /// The strategy cannot be the schema's.
    #[error(transparent)]
    Policy(#[from] SchemaError),
}

pub(super) fn start(console: &mut Console, args: &RunArgs) -> Result<Started, StartError> {
    let stored = |error| StartError::Store { file: args.db.to_string(), error };
    let mut lines = listing::open(&args.remote, args.id_field.as_deref().unwrap_or(ID_FIELD))?;
    say_found(console, &lines);
    let database = database(args).map_err(stored)?;
    let known = match &database {
        Some(database) => known(console, database, args).map_err(stored)?,
        None => None,
    };
    if let (Some(given), Some(known)) = (&args.id_field, &known)
        && *given != known.id_field
    {
        return Err(StartError::IdField { known: known.id_field.clone(), given: given.clone() });
    }
    let id_field = args.id_field.clone().or_else(|| known.as_ref().map(|known| known.id_field.clone()));
    let id_field = id_field.unwrap_or_else(|| ID_FIELD.to_owned());
    let mut count = None;
    let SchemaFile { schema, rules, guards } = match (&args.schema, &known, &database) {
        (Some(file), ..) => {
            console.say(format!("schema: {}", file.display()));
            read_schema(file)?
        }
        (None, Some(known), Some(database)) => {
            console.say(format!("schema: the one in {}", args.db));
            stored_schema(database, known, args).map_err(stored)?
        }
        _ => {
            let inferred = infer(&mut lines, &id_field)?;
            count = Some(inferred.lines);
            say_inferred(console, &inferred);
            SchemaFile { schema: inferred.schema, rules: Vec::new(), guards: Guards::default() }
        }
    };
    let mut settings = Settings { schema, id_field: id_field.clone() };
    if let Some(strategy) = &args.strategy {
        say_strategy(console, strategy, args.dry_run);
        settings.schema = settings.decided_by(strategy.clone())?;
    }
    if args.table.is_none() {
        let checked = match &database {
            Some(database) => database.check_fields(&args.register, &settings),
            None => settings.check().map_err(StoreError::from),
        };
        checked.map_err(stored)?;
    }
    let schema = settings.schema.clone();
    let policy = Policy::new(schema.clone());
    if count.is_none() && console.live {
        count = Some(lines.found().lines);
    }
    // Before there is a database: a listing without ids leaves none behind.
    let source = listing::records(lines, schema, &id_field)?;
    let database = match database {
        Some(database) if args.table.is_some() => attached(database, args, &settings, &rules)?,
        Some(database) if known.is_some() || !args.dry_run => database,
        _ if args.dry_run => Database::in_memory().map_err(stored)?,
        _ => Database::open(&args.db, Access::Write).map_err(stored)?,
    };
    let key = audit_key::of(&settings.schema)?;
    let store = Store::of(args.register.clone(), database, settings).map_err(stored)?.audit_keyed(key);
    let store = store.matching(&rules).and_then(|store| store.guarded(&guards)).map_err(stored)?;
    let at = now();
    let guards = args.guards.iter().fold(guards, |guards, given| given.over(guards));
    let run = store.run(policy, at).map_err(stored)?.matching(rules)?.guards(guards);
    let source = if args.partial { source.partial() } else { source };
    let source = if args.only.is_some() { Ahead::idle(source) } else { Ahead::of(source) };
    Ok(Started { step: asked(run, args).start(), source, store, lines: count })
}

/// The run as the command line wants it.
fn asked(mut run: Run, args: &RunArgs) -> Run {
    if args.dry_run {
        run = run.dry();
    }
    if let Some(id) = &args.only {
        run = run.only([id.clone()]);
    }
    if let Some(times) = args.missing_after {
        run = run.missing_after(times);
    }
    run
}

/// The schema that the database remembers of the register, with the rules and guards beside it.
fn stored_schema(database: &Database, known: &Settings, args: &RunArgs) -> Result<SchemaFile, StoreError> {
    let (rules, guards) = (database.rules(&args.register)?, database.guards(&args.register)?);
    Ok(SchemaFile { schema: known.schema.clone(), rules, guards })
}

/// The database with the club's own table attached; of a dry run, a copy of it.
fn attached(
    database: Database,
    args: &RunArgs,
    settings: &Settings,
    rules: &[MatchRule],
) -> Result<Database, StartError> {
    let stored = |error| StartError::Store { file: args.db.to_string(), error };
    let Some(asked) = &args.table else { return Ok(database) };
    let (table, is_new) = (asked.under(&settings.schema), !database.holds(&args.register).map_err(stored)?);
    if is_new && rules.is_empty() && asked.id_column.is_none() {
        let rows = database.count_rows(&table).map_err(stored)?;
        if rows > 0 {
            return Err(StartError::NoRules { table: asked.table.clone(), rows });
        }
    }
    let attached = match args.dry_run {
        true => database.try_attach(&args.register, &table, settings),
        false => database.attach(&args.register, &table, settings),
    };
    attached.map_err(stored)
}

/// What the database remembers of the register. That it does not know it is said: a key may be mistyped.
fn known(console: &mut Console, database: &Database, args: &RunArgs) -> Result<Option<Settings>, StoreError> {
    let known = database.settings(&args.register)?;
    if known.is_none() {
        let new = if args.dry_run { "would be new" } else { "is new" };
        console.say(format!("register: {} {new} in {}", args.register, args.db));
    }
    Ok(known)
}

/// What was found of a listing, where it is no plain JSON lines.
fn say_found(console: &mut Console, opened: &Opened) {
    let found = opened.found().to_string();
    if found != "JSON lines, UTF-8" {
        console.say(format!("listing: {found}"));
    }
}

fn say_strategy(console: &mut Console, strategy: &Strategy, dry_run: bool) {
    let stored = if dry_run { "not stored by a dry run" } else { "stored with the schema, so it holds from now on" };
    console.say(format!("strategy: {strategy}; {stored}"));
}

/// The database, if there is a file. A server must have its tables, unless it is only asked what would be.
fn database(args: &RunArgs) -> Result<Option<Database>, StoreError> {
    let access = if args.dry_run { Access::Read } else { Access::Write };
    let Some(file) = args.db.file() else {
        return match Database::open(&args.db, access) {
            Err(error) if error.is_new() && args.dry_run && args.table.is_none() => Ok(None),
            opened => opened.map(Some),
        };
    };
    match fs::metadata(file) {
        Ok(file) if file.len() > 0 && args.table.is_some() => Database::open_host(&args.db, access).map(Some),
        _ if args.table.is_some() => Err(tripartite_sqlite::store::StoreError::Missing.into()),
        Ok(file) if file.len() > 0 => Database::open(&args.db, access).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn read_schema(file: &Path) -> Result<SchemaFile, StartError> {
    let problem = |problem: String| StartError::Schema { file: file.display().to_string(), problem };
    let text = fs::read_to_string(file).map_err(|error| problem(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| problem(error.to_string()))
}

fn say_inferred(console: &mut Console, inferred: &Inferred) {
    let Inferred { schema, remarks, lines, read } = inferred;
    console.say(format!("schema: inferred from {read} of {lines} lines; it is stored with the database"));
    for (field, remark) in schema.fields().iter().zip(remarks) {
        let kind = match field.kind() {
            Kind::Phone { region } => format!("phone, as dialled in {region}"),
            Kind::Set { of, .. } => format!("set of {}", of.name()),
            Kind::SetOfRecords { key, .. } => format!("set of records by {}", key.join(" and ")),
            kind => kind.name().to_owned(),
        };
        let remark = remark.as_ref().map(|told| format!(", {told}")).unwrap_or_default();
        console.say(format!("  {:<20} {kind}{remark}", field.name()));
    }
    console.say(
        "  A field that the listing leaves out stays as it is, and on a conflict the remote wins. To change either,",
    );
    console.say("  or a kind, write a schema and pass it once: --schema FILE.json");
}
