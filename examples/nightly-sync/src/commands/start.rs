//! From what is asked of a run to its first step: which database, which schema, which listing.

use std::fs;
use std::path::{Path, PathBuf};

use tripartite::id::ExternalId;
use tripartite::matching::{MatchRule, RulesError};
use tripartite::plan::{Guards, PlanId};
use tripartite::run::{Run, Step};
use tripartite::schema::{Policy, SchemaError, Strategy};

use crate::args::{GuardLimit, ListingArgs, TableArgs, Target};
use crate::audit_key::{self, KeyError};
use crate::config::FILE;
use crate::context::{Context, UsageError, now};
use crate::infer::{InferError, Inferred, infer};
use crate::listing::{self, Ahead, ListingError, Opened, Origin, Remote, Source};
use crate::schema_file::{SchemaFile, SchemaFileError};
use crate::store::{Access, Database, ID_FIELD, Place, Register, Settings, Store, StoreError};
use crate::term::Console;

/// What is asked of a run: the arguments, and what the configuration says where they do not.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) db: Place,
    pub(super) register: Register,
    pub(super) source: Source,
    /// The listing, where the command line names it.
    pub(super) remote: Option<Remote>,
    pub(super) schema: Option<PathBuf>,
    pub(super) id_field: Option<String>,
    pub(super) strategy: Option<Strategy>,
    /// Nothing is written.
    pub(super) dry_run: bool,
    pub(super) partial: bool,
    pub(super) only: Option<ExternalId>,
    pub(super) missing_after: Option<u32>,
    pub(super) guards: Vec<GuardLimit>,
    /// How members are found, where the configuration says so.
    pub(super) rules: Vec<MatchRule>,
    /// The plan that is approved.
    pub(super) approve: Option<PlanId>,
    /// Where the plan is put; then nothing else is written.
    pub(super) out: Option<PathBuf>,
    pub(super) table: Option<TableArgs>,
    /// The configuration, where it is not where it is looked for.
    pub(super) config: Option<PathBuf>,
    /// What the command line said, for the command that approves.
    pub(super) said: ListingArgs,
}

impl Request {
    /// What the arguments that `run` and `plan` share ask for.
    pub(super) fn of(cx: &Context<'_>, target: &Target, said: &ListingArgs) -> Result<Self, UsageError> {
        let (db, register) = (cx.db(target)?, cx.register(target)?);
        let ListingArgs { remote, schema, id_field, strategy, partial, only, missing_after, guards } = said.clone();
        let file = cx.config.register(&register).cloned().unwrap_or_default();
        let source = match (&remote, file.source) {
            // Its form stays, wherever it is.
            (Some(remote), Some(Source { origin: Origin::File(_, reading), mapping })) => {
                Source { origin: Origin::File(remote.clone(), reading), mapping }
            }
            (Some(remote), _) => remote.clone().into(),
            (None, Some(source)) => source,
            (None, None) => {
                let what = "no listing is named; state it with --remote FILE, or as `source` in club.toml";
                return Err(UsageError(what.to_owned()));
            }
        };
        let guards = file.guards.into_iter().chain(guards.unwrap_or_default().0).collect();
        Ok(Self {
            db,
            register,
            source,
            remote,
            schema: schema.or(file.schema),
            id_field: id_field.or(file.id_field),
            strategy: strategy.or(file.strategy),
            dry_run: false,
            partial,
            only,
            missing_after: missing_after.or(file.missing_after),
            guards,
            rules: file.rules,
            approve: None,
            out: None,
            table: None,
            config: cx.config.path.clone().filter(|file| file != Path::new(FILE)),
            said: said.clone(),
        })
    }
}

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
pub(super) enum StartError {
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
    #[error(transparent)]
    Schema(#[from] SchemaFileError),
    /// The match rules do not fit the schema.
    #[error("{0}; state them anew with --schema FILE.json")]
    Match(#[from] RulesError),
    /// The strategy cannot be the schema's.
    #[error(transparent)]
    Policy(#[from] SchemaError),
}

pub(super) fn start(console: &mut Console, args: &Request) -> Result<Started, StartError> {
    let stored = |error| StartError::Store { file: args.db.to_string(), error };
    let mut lines = Opened::of(&args.source, args.id_field.as_deref().unwrap_or(ID_FIELD))?;
    say_found(console, &lines);
    let database = database(args).map_err(stored)?;
    let known = match &database {
        Some(database) => known(console, database, args).map_err(stored)?,
        None => None,
    };
    let id_field = id_field(args, known.as_ref())?;
    let mut count = None;
    let SchemaFile { schema, mut rules, guards } = match (&args.schema, &known, &database) {
        (Some(file), ..) => {
            console.say(format!("schema: {}", file.display()));
            SchemaFile::open(file)?
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
    if !args.rules.is_empty() {
        rules = args.rules.clone();
    }
    let mut settings = Settings { schema, id_field: id_field.clone() };
    if let Some(strategy) = &args.strategy {
        if args.said.strategy.is_some() {
            say_strategy(console, strategy, args.dry_run);
        }
        settings.schema = settings.decided_by(strategy.clone())?;
    }
    if args.table.is_none() {
        let checked = match &database {
            Some(database) => database.check_fields(&args.register, &settings),
            None => tripartite_sqlite::store::check(&settings).map_err(StoreError::from),
        };
        checked.map_err(stored)?;
    }
    let schema = settings.schema.clone();
    let policy = Policy::new(schema.clone());
    if count.is_none() && console.live {
        count = lines.found().map(|found| found.lines);
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
fn asked(mut run: Run, args: &Request) -> Run {
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
fn stored_schema(database: &Database, known: &Settings, args: &Request) -> Result<SchemaFile, StoreError> {
    let (rules, guards) = (database.rules(&args.register)?, database.guards(&args.register)?);
    Ok(SchemaFile { schema: known.schema.clone(), rules, guards })
}

/// The database with the club's own table attached; of a dry run, a copy of it.
fn attached(
    database: Database,
    args: &Request,
    settings: &Settings,
    rules: &[MatchRule],
) -> Result<Database, StartError> {
    let stored = |error| StartError::Store { file: args.db.to_string(), error };
    let Some(table) = args.table.as_ref().and_then(|asked| asked.under(&settings.schema, &args.db)) else {
        return Ok(database);
    };
    let is_new = !database.holds(&args.register).map_err(stored)?;
    if is_new && rules.is_empty() && table.id_column().is_none() {
        let rows = database.count_rows(&table).map_err(stored)?;
        if rows > 0 {
            return Err(StartError::NoRules { table: table.table().to_owned(), rows });
        }
    }
    let attached = match args.dry_run {
        true => database.try_attach(&args.register, &table, settings),
        false => database.attach(&args.register, &table, settings),
    };
    attached.map_err(stored)
}

/// The name of the id field: as it is given, or as it is known.
fn id_field(args: &Request, known: Option<&Settings>) -> Result<String, StartError> {
    match (&args.id_field, known) {
        (Some(given), Some(known)) if *given != known.id_field => {
            Err(StartError::IdField { known: known.id_field.clone(), given: given.clone() })
        }
        (Some(given), _) => Ok(given.clone()),
        (None, known) => Ok(known.map_or(ID_FIELD, |known| &known.id_field).to_owned()),
    }
}

/// What the database remembers of the register. That it does not know it is said: a key may be mistyped.
fn known(console: &mut Console, database: &Database, args: &Request) -> Result<Option<Settings>, StoreError> {
    let known = database.settings(&args.register)?;
    if known.is_none() {
        let new = if args.dry_run { "would be new" } else { "is new" };
        console.say(format!("register: {} {new} in {}", args.register, args.db));
    }
    Ok(known)
}

/// What was found of a listing, where it is no plain JSON lines.
fn say_found(console: &mut Console, opened: &Opened) {
    let found = opened.found().map(ToString::to_string).unwrap_or_else(|| opened.name().to_owned());
    if found != "JSON lines, UTF-8" {
        console.say(format!("listing: {found}"));
    }
}

fn say_strategy(console: &mut Console, strategy: &Strategy, dry_run: bool) {
    let stored = if dry_run { "not stored by a dry run" } else { "stored with the schema, so it holds from now on" };
    console.say(format!("strategy: {strategy}; {stored}"));
}

/// The database, if there is a file. A server must have its tables, unless it is only asked what would be.
fn database(args: &Request) -> Result<Option<Database>, StoreError> {
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

fn say_inferred(console: &mut Console, inferred: &Inferred) {
    let Inferred { lines, read, .. } = inferred;
    console.say(format!("schema: inferred from {read} of {lines} lines; it is stored with the database"));
    say_kinds(console, inferred);
    console.say(
        "  A field that the listing leaves out stays as it is, and on a conflict the remote wins. To change either,",
    );
    console.say("  or a kind, write a schema and pass it once: --schema FILE.json");
}

/// Says of what kind each field seems to be, and from what.
pub(super) fn say_kinds(console: &mut Console, inferred: &Inferred) {
    for line in inferred.told() {
        console.say(format!("  {line}"));
    }
}
