//! `init`: a configuration from a look at a listing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use serde_json::json;
use toml::Value as Toml;
use tripartite::value::Value;
use tripartite_sources::file::Known;

use super::start::say_kinds;
use crate::args::{self, Target};
use crate::config::FILE;
use crate::context::{Answer, Context, SUCCEEDED, UsageError};
use crate::infer::infer;
use crate::listing::{self, ListingError, Object, Opened, Remote};
use crate::shell::quoted;
use crate::store::Register;

/// What to look at, and where to write.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The database that the configuration names, club.db by default, and the register.
    #[command(flatten)]
    pub target: Target,
    /// The listing that is looked at
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().map(args::remote))]
    pub remote: Remote,
    /// The field that holds the id; else one that every record has, and no two alike
    #[arg(long, value_name = "NAME", value_parser = args::id_field)]
    pub id_field: Option<String>,
    /// The configuration to write; one that is there is left alone
    #[arg(long, value_name = "FILE", default_value = FILE)]
    pub out: PathBuf,
    /// The file for the fields, beside it
    #[arg(long, value_name = "FILE.json", default_value = "schema.json")]
    pub schema: PathBuf,
}

/// Why nothing is written.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{file} is there already, and is left alone; remove it, or name another file")]
    There { file: String },
    #[error("{file}: {error}")]
    Io { file: String, error: io::Error },
    #[error(
        "{listing}: no field has a value in every record and no two alike; name the id's field with --id-field NAME"
    )]
    NoId { listing: String },
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &InitArgs) -> Answer {
    let file = match &args.remote {
        Remote::File(file) | Remote::Regular(file) => file.clone(),
        Remote::Stdin => {
            let what = "a configuration names a file, and standard input is none; state one with --remote FILE";
            return Err(UsageError(what.to_owned()).into());
        }
    };
    let schema_file = args.out.parent().unwrap_or(Path::new("")).join(&args.schema);
    for file in [&args.out, &schema_file] {
        if file.exists() {
            return Err(Problem::There { file: file.display().to_string() }.into());
        }
    }
    let mut opened = listing::open(&args.remote, args.id_field.as_deref().unwrap_or(crate::store::ID_FIELD))?;
    let id_field = match &args.id_field {
        Some(name) => name.clone(),
        None => id_of(&mut opened)?.ok_or_else(|| Problem::NoId { listing: opened.name().to_owned() })?,
    };
    let found = opened.found().map(ToString::to_string).unwrap_or_default();
    // Tonight's letters may make another guess than tomorrow's, so it is stated.
    let guessed = opened.found().map(|found| found.encoded).filter(|encoded| encoded.known == Known::Guessed);
    let encoding = guessed.map(|encoded| encoded.encoding.name().to_lowercase());
    let inferred = infer(&mut opened, &id_field)?;
    cx.console.say(format!("the id is `{id_field}`; the other fields of {} records seem to be:", inferred.read));
    say_kinds(cx.console, &inferred);
    let db = args.target.db.as_ref().map_or_else(|| "club.db".to_owned(), ToString::to_string);
    let seen = Seen { db, register: args.target.key.clone().unwrap_or_default(), file, found, encoding, id_field };
    // Names and plain data have a JSON form.
    let schema = serde_json::to_string_pretty(&inferred.schema).unwrap_or_default();
    create(&schema_file, &(schema + "\n"))?;
    create(&args.out, &seen.written(&args.schema, &args.out))?;
    told(cx, args, &schema_file);
    Ok(SUCCEEDED)
}

fn told(cx: &mut Context<'_>, args: &InitArgs, schema: &Path) {
    if cx.console.json {
        cx.console.print(json!({"configuration": args.out, "schema": schema}));
        return;
    }
    let named = if args.out == Path::new(FILE) {
        String::new()
    } else {
        format!(" --config {}", quoted(&args.out.display().to_string()))
    };
    cx.console.report(format!("{} and {} are written", args.out.display(), schema.display()));
    cx.console.say("look at the kinds in the schema and the guards in the configuration; then:");
    cx.console.say(format!("  nightly-sync check{named}"));
    cx.console.say(format!("  nightly-sync run --dry-run{named}"));
}

fn create(file: &Path, text: &str) -> Result<(), Problem> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Problem::There { file: file.display().to_string() },
        _ => Problem::Io { file: file.display().to_string(), error },
    };
    let mut open = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(failed)
}

/// What was seen of a listing.
struct Seen {
    db: String,
    register: Register,
    file: PathBuf,
    found: String,
    /// The encoding, where it is a guess.
    encoding: Option<String>,
    id_field: String,
}

impl Seen {
    /// The configuration, with what else could stand in it.
    fn written(&self, schema: &Path, out: &Path) -> String {
        let text = |text: String| Toml::String(text).to_string();
        let path = |path: &Path| text(path.display().to_string());
        let key = match self.register.key() {
            Some(_) => format!("key = {}\n", text(self.register.to_string())),
            None => "# key = \"org/source\"   # for schedules; without it, this is the unnamed register\n".to_owned(),
        };
        // Paths are of the directory of the configuration.
        let is_beside = out.parent().is_none_or(|parent| parent.as_os_str().is_empty());
        let file =
            if is_beside { self.file.clone() } else { std::path::absolute(&self.file).unwrap_or(self.file.clone()) };
        let encoding = self.encoding.clone().map(|name| format!(", encoding = {}", text(name))).unwrap_or_default();
        format!(
            "# How this club is synced. `nightly-sync check` says what is wrong with this file.\n\
             database = {}\n\n\
             [[register]]\n\
             {key}\
             schema = {}\n\
             id_field = {}\n\
             # {}\n\
             source = {{ file = {}{encoding} }}\n\
             # strategy = \"merge\"             # on a conflict; remote_wins by default\n\
             # schedule = {{ at = \"02:15\", zone = \"Europe/Dublin\" }}\n\
             # guards = {{ deactivations = \"5%\" }}\n\
             # match = [{{ name = \"e-mail and birthday\", fields = [\"email\", \"born\"], trust = \"trusted\" }}]\n\n\
             # [[hook]]                       # on failed, blocked, questions and recovered\n\
             # command = [\"mail\", \"-s\", \"Member sync\", \"secretary@club.example\"]\n",
            text(self.db.clone()),
            path(schema),
            text(self.id_field.clone()),
            self.found,
            path(&file),
        )
    }
}

/// So many records are looked at for their ids.
const LOOKED_AT: usize = 100_000;

/// Names that fields of ids have, the most likely first; compared without capitals, blanks and signs.
const LIKELY: [&str; 9] =
    ["id", "externalid", "memberid", "memberno", "membernumber", "uuid", "number", "no", "mitgliedsnummer"];

/// The field that every record has, and no two alike.
fn id_of(opened: &mut Opened) -> Result<Option<String>, ListingError> {
    let (mut candidates, mut order, mut count) = (BTreeMap::<String, BTreeSet<u64>>::new(), Vec::new(), 0);
    opened.each(crate::store::ID_FIELD, |Object { members, .. }| {
        let Some(members) = members else { return true };
        count += 1;
        if count == 1 {
            order = members.iter().map(|(name, _)| name.clone()).collect();
            candidates = order.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
        }
        let stated: BTreeMap<_, _> = members.iter().map(|(name, value)| (name.as_str(), value)).collect();
        candidates.retain(|name, seen| {
            let print = stated.get(name.as_str()).and_then(|value| print_of(value));
            print.is_some_and(|print| seen.insert(print))
        });
        count < LOOKED_AT && !candidates.is_empty()
    })?;
    let plain = |name: &String| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let likely = |name: &&String| LIKELY.iter().position(|likely| *likely == plain(name)).unwrap_or(LIKELY.len());
    // Of equally likely ones the first, as it stands in the listing.
    Ok(order.iter().filter(|name| candidates.contains_key(*name)).min_by_key(likely).cloned())
}

/// What tells ids apart; none of what is no id.
fn print_of(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Text(text) if !text.trim().is_empty() => text.to_string(),
        Value::Int(number) => number.to_string(),
        _ => return None,
    };
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Some(hasher.finish())
}
