//! `status`: how each job stands.

use clap::Args;
use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::gate::Shut;
use tripartite::history::{Doing, KeyStatus, Wait};
use tripartite::id::{OrgId, SyncKey};
use tripartite::queue::{Ended, Scope, Slot};
use tripartite::work::WorkError;

use super::queue::{enrolled, jobs, open_to_read, time};
use crate::args::Target;
use crate::context::{Answer, Context, FAILED, SUCCEEDED, now};
use crate::store::Register;
use crate::work::{self, Commands};

/// Of what to print the status.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// Of which key of which database; without it, of all of them.
    #[command(flatten)]
    pub target: Target,
    /// Of this organisation alone
    #[arg(long, value_name = "ORG")]
    pub org: Option<OrgId>,
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &StatusArgs) -> Answer {
    let (db, key) = (cx.db(&args.target)?, args.target.key.as_ref().and_then(Register::key));
    let console = &mut *cx.console;
    let Some(queue) = open_to_read(&db)? else {
        console.say(enrolled(&[]));
        return Ok(SUCCEEDED);
    };
    let known = work::known(&queue).map_err(|error| jobs(&db)(WorkError::Store(error)))?;
    let is_asked = |known: &&SyncKey| {
        args.org.as_ref().is_none_or(|org| known.org == *org) && key.is_none_or(|asked| *known == asked)
    };
    let keys: Vec<_> = known.iter().filter(is_asked).collect();
    let asked = args.org.as_ref().map(ToString::to_string).or(key.map(|key| Register::of(key).to_string()));
    if let Some(asked) = asked.filter(|_| keys.is_empty()) {
        console.warn(format!("{asked} is not enrolled; {}", enrolled(&known)));
    } else if keys.is_empty() && !console.json {
        console.say(enrolled(&known));
    }
    let mut ill = false;
    for key in keys {
        match block_on(queue.status(key)) {
            // Enrolled, and never asked for anything.
            Ok(status) => {
                let status = status.unwrap_or_else(|| KeyStatus::of(&Slot::new(now()), None, None));
                console.print(match console.json {
                    true => json!({"key": key, "status": status}).to_string(),
                    false => standing(key, &status, &Commands::new(&db, Some(&queue))),
                });
            }
            Err(error @ WorkError::Broken { .. }) => {
                ill = true;
                console.warn(format!("nightly-sync: {error}"));
            }
            Err(error) => return Err(jobs(&db)(error).into()),
        }
    }
    Ok(if ill { FAILED } else { SUCCEEDED })
}

/// What a job waits for, as far as that is known.
fn waiting(wait: &Wait) -> String {
    let urgent = if wait.urgent { "; urgent: it goes before what a schedule wants" } else { "" };
    let gate = match wait.gate.filter(|shut| shut.until() > now()) {
        Some(Shut::Full { until }) => {
            format!("; as many runs of its source go on as may, the first of them until {} at the latest", time(until))
        }
        Some(Shut::TooSoon { until }) => format!("; the next run of its source may begin at {}", time(until)),
        Some(shut) => format!("; its source is shut until {}", time(shut.until())),
        None => String::new(),
    };
    format!("{urgent}{gate}")
}

/// How a key stands, for people: a line, and one more for each thing that matters.
fn standing(key: &SyncKey, status: &KeyStatus, commands: &Commands<'_>) -> String {
    let doing = match &status.doing {
        Doing::Idle if status.wanted == 0 => "idle, and never asked for anything".to_owned(),
        Doing::Idle => "idle".to_owned(),
        Doing::Pending { due_at } if status.attempt > 1 => {
            format!("waits for attempt {} at {}", status.attempt, time(*due_at))
        }
        Doing::Pending { due_at } if *due_at > now() => format!("waits until {}", time(*due_at)),
        Doing::Pending { due_at } => format!("waits since {}", time(*due_at)),
        Doing::Running { worker, lease_until, progress, stopping, .. } => {
            let stop = if *stopping { ", asked to stop" } else { "" };
            let lease = time(*lease_until);
            format!(
                "runs attempt {} by {worker}, {} records so far, lease until {lease}{stop}",
                status.attempt, progress.done
            )
        }
        Doing::Dead { reason, at } => format!("dead since {}: {reason}", time(*at)),
        _ => "in a state that this version cannot name".to_owned(),
    };
    let mut text = format!("{}: {doing}", Register::of(key));
    if status.paused {
        text.push_str("; paused");
    }
    if let Some(wait) = &status.wait {
        text.push_str(&waiting(wait));
    }
    if let Some(ahead) = status.ahead(now()) {
        let (ahead, reset) = (time(ahead), commands.about("reset", key));
        text.push_str(&format!("; its times are from the future ({ahead}): a clock was ahead, {reset} sets them back"));
    }
    if status.wanted > status.covered {
        text.push_str(&format!("; {} of {} triggers are done", status.covered, status.wanted));
    }
    if let Some(held) = &status.held {
        let about = match &held.work.scope {
            Scope::All => "a run of all".to_owned(),
            Scope::Only(ids) => format!("a run of {} records", ids.len()),
        };
        text.push_str(&format!(
            "\n  held for you since {}: {about}: {}; {}; the next run of all then settles it, and cancel drops it",
            time(held.since),
            held.why,
            commands.pass(key, held)
        ));
    }
    if let (Some(last), Some(at)) = (&status.last, status.last_at) {
        text.push_str(&format!("\n  last attempt ended at {}: {}", time(at), ended(last)));
    }
    if let Some(health) = status.health.as_ref().filter(|health| health.failures > 0) {
        let word = serde_json::to_value(health.status).unwrap_or(Value::Null);
        let probe = health.next_probe.map(|at| format!(", asked again at {}", time(at)));
        let word = word.as_str().unwrap_or_default().replace('_', " ");
        text.push_str(&format!(
            "\n  source: {word}, {} failures in a row{}",
            health.failures,
            probe.unwrap_or_default()
        ));
    }
    text
}

fn ended(ended: &Ended) -> String {
    match ended {
        Ended::Completed { result: Some(run) } => format!("completed (run {run})"),
        Ended::Completed { result: None } => "completed".to_owned(),
        Ended::CompletedInPart { left, unanswered, .. } => {
            format!("completed in part, {}", work::left(*left, *unanswered))
        }
        Ended::Blocked { plan, why } => format!("blocked, nothing was written: {why} (plan {plan})"),
        Ended::Failed { message, .. } => format!("failed: {message}"),
        Ended::Died(death) => death.to_string(),
        Ended::Expired { .. } => "its worker vanished".to_owned(),
        Ended::Snoozed { why: Some(why), .. } => format!("given back: {why}"),
        Ended::Snoozed { why: None, .. } => "given back".to_owned(),
        Ended::Cancelled => "cancelled".to_owned(),
        _ => String::new(),
    }
}
