//! `decide`: open conflicts are answered.

use std::collections::BTreeSet;

use clap::{ArgGroup, Args};
use serde_json::json;
use tripartite::decide::{Answer as Given, Filter};
use tripartite::detect::Clash;
use tripartite::id::ExternalId;
use tripartite::schema::{Schema, Strategy};
use tripartite::store::WHOLE_RECORD;

use crate::args::{self, By, Target};
use crate::context::{Answer, Context, PARTIAL, SUCCEEDED, UsageError};
use crate::desk::{Desk, DeskError, Tally, stated, unit_of};
use crate::shell;
use crate::store::Access;
use crate::term::Console;

/// So many refusals are told.
const TOLD: usize = 20;

/// A decision.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("answer").required(true).args(["local", "remote", "value"])))]
pub struct DecideArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// The record; with --all, some of them: ID,ID
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub id: Option<String>,
    /// The field or group, or a place in it such as emails/type=work/value
    #[arg(long, value_name = "NAME")]
    pub field: Option<String>,
    /// Instead of a field: whether a record that was removed here is taken back, or is somebody else by now
    #[arg(long, conflicts_with_all = ["all", "field"])]
    pub record: bool,
    /// The value here is right
    #[arg(long)]
    pub local: bool,
    /// The source's is, as the conflict has it
    #[arg(long)]
    pub remote: bool,
    /// Neither is, but this; JSON for sets, lists, objects and groups
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub value: Option<String>,
    /// Who decided.
    #[command(flatten)]
    pub by: By,
    /// Gives one answer to all conflicts that the filters mean
    #[arg(long)]
    pub all: bool,
    /// With --all, those of this kind: NoBase, BothSet, BothChanged, LocalCleared or RemoteCleared
    #[arg(long, value_name = "NAME", value_parser = args::clash, requires = "all")]
    pub clash: Option<Clash>,
    /// With --all, those that fall under this strategy
    #[arg(long, value_name = "NAME", value_parser = args::strategy, requires = "all")]
    pub strategy: Option<Strategy>,
}

/// Which conflicts are answered.
enum Which {
    /// One: the record, and the field or group; empty for the record as a whole.
    One(ExternalId, String),
    /// All that a filter means.
    All(Filter),
}

impl DecideArgs {
    fn which(&self) -> Result<Which, UsageError> {
        let external = |id: &str| ExternalId::new(id).map_err(|error| UsageError(format!("--id: {error}")));
        if self.all {
            let ids: Option<BTreeSet<ExternalId>> = match &self.id {
                None => None,
                Some(ids) => Some(ids.split(',').map(external).collect::<Result<_, _>>()?),
            };
            let filter = Filter::default().field(self.field.clone()).clash(self.clash).ids(ids);
            return Ok(Which::All(filter.strategy(self.strategy.clone())));
        }
        let id = self.id.as_deref().map(external).transpose()?;
        match (id, &self.field, self.record) {
            (Some(id), Some(field), _) => Ok(Which::One(id, field.clone())),
            (Some(id), None, true) => Ok(Which::One(id, WHOLE_RECORD.to_owned())),
            _ => Err(UsageError(
                "which conflict is not said; state --id ID with --field NAME or --record, or --all".to_owned(),
            )),
        }
    }

    /// What is answered. A value is read by the kind of its field.
    fn given(&self, schema: &Schema, unit: &str) -> Result<Given, DeskError> {
        match &self.value {
            Some(text) => stated(schema, unit, text),
            None if self.local => Ok(Given::TakeLocal),
            None => Ok(Given::TakeRemote),
        }
    }
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &DecideArgs) -> Answer {
    let (db, register) = (cx.db(&args.target)?, cx.register(&args.target)?);
    let which = args.which()?;
    let desk = Desk::open(&db, &register, Access::Write)?;
    let options = shell::options(&db, &register);
    let by = &args.by.by;
    match which {
        Which::One(id, field) => {
            let unit = unit_of(desk.schema(), &field);
            desk.decide(&id, &unit, &args.given(desk.schema(), &unit)?, by, |_| true)?;
            if cx.console.json {
                cx.console.print(json!({"decided": 1, "not_meant": 0, "left_open": []}));
            } else {
                cx.console.report("decided");
                left_to_decide(cx.console, &desk, &options)?;
            }
            Ok(SUCCEEDED)
        }
        Which::All(filter) => {
            let unit = filter.field.as_deref().map(|field| unit_of(desk.schema(), field)).unwrap_or_default();
            let tally = desk.decide_all(&filter, &args.given(desk.schema(), &unit)?, by)?;
            tell(cx.console, &tally);
            if !cx.console.json {
                left_to_decide(cx.console, &desk, &options)?;
            }
            Ok(if tally.left.is_empty() { SUCCEEDED } else { PARTIAL })
        }
    }
}

/// Says how many questions are left, and how they are listed.
fn left_to_decide(console: &mut Console, desk: &Desk, options: &str) -> Result<(), DeskError> {
    match desk.stored(desk.store().disputed())?.len() {
        0 => console.say("nothing is left to decide; the next run goes by it"),
        1 => console.say(format!("1 record is left to decide: nightly-sync conflicts {options} --values")),
        some => console.say(format!("{some} records are left to decide: nightly-sync conflicts {options} --values")),
    }
    Ok(())
}

fn tell(console: &mut Console, tally: &Tally) {
    let Tally { closed, skipped, left, .. } = tally;
    if console.json {
        console.print(json!({"decided": closed, "not_meant": skipped, "left_open": left}));
        return;
    }
    console.report(format!("{closed} decided, {skipped} not meant, {} left open", left.len()));
    let told = console.at_most(TOLD);
    left.iter().take(told).for_each(|line| console.warn(format!("  {line}")));
    if left.len() > told {
        console.warn(format!("  … and {} more, with -v", left.len() - told));
    }
}
