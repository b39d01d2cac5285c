//! `trigger`: a run is wanted.

use clap::Args;
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, PolicyRef};
use tripartite::queue::{Command as Ask, Scope, Trigger};
use tripartite::schema::Strategy;

use super::queue::{Problem, jobs, key, open, tell};
use crate::args::{self, Target};
use crate::context::{Answer, Context};
use crate::work;

/// A run that is wanted.
#[derive(Debug, Clone, Args)]
pub struct TriggerArgs {
    /// Of which register of which database.
    #[command(flatten)]
    pub target: Target,
    /// About this record alone
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub only: Option<ExternalId>,
    /// What this run goes by
    #[arg(long, value_name = "NAME", value_parser = args::strategy)]
    pub strategy: Option<Strategy>,
    /// Does not wait for the end of a back-off
    #[arg(long)]
    pub force: bool,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &TriggerArgs) -> Answer {
    let TriggerArgs { target, only, strategy, force } = args;
    let (db, key) = (cx.db(target)?, key(cx, target)?);
    let queue = open(&db)?;
    let known = block_on(queue.connection(&key.connector)).map_err(jobs(&db))?;
    let connected = known.as_ref().is_some_and(|known| known.connection().orgs.contains_key(&key.org));
    let Some(known) = known.filter(|_| connected) else {
        return Err(Problem::not_connected(&queue, &key).into());
    };
    let policy: PolicyRef = match strategy {
        Some(strategy) => work::policy(Some(strategy.name())),
        None => known.connection().policy.clone(),
    };
    let scope = only.clone().map_or(Scope::All, Scope::one);
    let ask = Ask::Trigger { by: Trigger::Manual, scope, policy: Some(policy), force: *force };
    tell(cx, &queue, &db, &key, ask)
}
