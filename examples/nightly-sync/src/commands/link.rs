//! `link` and `unlike`: people say who is who.

use clap::Args;
use serde_json::json;
use tripartite::id::{ExternalId, LocalId};

use crate::args::{By, Target};
use crate::context::{Answer, Context, SUCCEEDED};
use crate::desk::{Claim, Desk, Linked, Unlinked};
use crate::store::Access;

/// A member, a record of the source, and who says something of both.
#[derive(Debug, Clone, Args)]
pub struct PairArgs {
    /// Which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// The record of the source
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub id: ExternalId,
    /// The member, by its local_id
    #[arg(long, value_name = "LOCAL_ID", allow_hyphen_values = true)]
    pub local: LocalId,
    /// Who says so.
    #[command(flatten)]
    pub by: By,
}

/// Which member is which record of the source.
#[derive(Debug, Clone, Args)]
pub struct LinkArgs {
    /// The two.
    #[command(flatten)]
    pub pair: PairArgs,
    /// The member who has the id now gives it up, also if it was edited, or entered by somebody
    #[arg(long, value_name = "LOCAL_ID", allow_hyphen_values = true)]
    pub double: Option<LocalId>,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &LinkArgs) -> Answer {
    let LinkArgs { pair: PairArgs { target, id, local, by }, double } = args;
    let desk = Desk::open(&cx.db(target)?, &cx.register(target)?, Access::Write)?;
    let claim = Claim { id: id.clone(), local: local.clone(), double: double.clone(), by: by.by.clone() };
    let linked = desk.link(&claim)?;
    if cx.console.json {
        cx.console.print(json!({"local_id": local, "external_id": id, "linked": true}));
    }
    cx.console.report(match linked {
        Linked::Free => format!("member {local} is {id}; the next run merges the two"),
        Linked::Renamed(was) => {
            format!("member {local}, whom the source called {was}, is {id}; the next run merges the two")
        }
        Linked::Doubled(double) => format!(
            "member {local} is {id}; member {double}, who was entered twice, gave the id up and is inactive; the next run \
             merges the two"
        ),
    });
    Ok(SUCCEEDED)
}

pub(crate) fn execute_unlike(cx: &mut Context<'_>, args: &PairArgs) -> Answer {
    let PairArgs { target, id, local, by } = args;
    let desk = Desk::open(&cx.db(target)?, &cx.register(target)?, Access::Write)?;
    let claim = Claim { id: id.clone(), local: local.clone(), double: None, by: by.by.clone() };
    let told = match desk.unlike(&claim)? {
        Unlinked::New => "nobody is asked about the two again",
        Unlinked::Known => "it was said before",
    };
    if cx.console.json {
        cx.console.print(json!({"local_id": local, "external_id": id, "linked": false}));
    }
    cx.console.report(format!("member {local} is not {id}; {told}"));
    Ok(SUCCEEDED)
}
