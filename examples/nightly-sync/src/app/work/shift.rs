//! `work`: what is due is done, and each event is printed.

use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};
use tripartite::queue::Outcome;
use tripartite::work::WorkError;

use super::super::{BLOCKED, FAILED, Listen, PARTIAL, SUCCEEDED, now, status as status_of};
use super::{Problem, jobs, open};
use crate::cli::WorkArgs;
use crate::store::JobsError;
use crate::telemetry;
use crate::term::Console;
use crate::work::{self, Bell, Commands, Shift, ShiftEvent};

pub(super) fn work(console: &mut Console, args: &WorkArgs, listen: Listen) -> Result<u8, Problem> {
    // One for each worker, and one to count.
    args.db.connections(args.workers + 1);
    // Not created: a mistyped name would wait for ever.
    let queue = open(&args.db)?;
    let commands = Commands::new(&args.db, Some(&queue));
    let WorkArgs { db, until_idle, workers, settings, rules, json, metrics } = args;
    if let Some(address) = metrics {
        telemetry::listen(*address)?;
    }
    let (db, until_idle, workers, settings, rules) = (db.clone(), *until_idle, *workers, *settings, *rules);
    let bell = Arc::<Bell>::default();
    listen(&bell.asked()).map_err(Problem::Signals)?;
    let shift = Shift { db, workers, until_idle, settings, rules, bell, now };
    let mut worst = SUCCEEDED;
    let tell = |told: ShiftEvent| {
        worst = worse(worst, &told);
        match (&told, json) {
            (ShiftEvent::Broken(..) | ShiftEvent::Trouble(_), false) => {
                console.say(work::line(&told, now(), &commands))
            }
            (_, false) => console.print(work::line(&told, now(), &commands)),
            (_, true) => console.print(event(&told)),
        }
    };
    if metrics.is_some() { measured(&shift, tell) } else { shift.work(tell) }.map_err(jobs(&args.db))?;
    Ok(worst)
}

/// Works, and counts what waits meanwhile.
fn measured(shift: &Shift, tell: impl FnMut(ShiftEvent)) -> Result<(), WorkError<JobsError>> {
    thread::scope(|scope| {
        scope.spawn(|| work::watch(&shift.db, &shift.bell, shift.now));
        let worked = shift.work(tell);
        shift.bell.end();
        worked
    })
}

/// The status to end with, after one more event: that of the worst that came of anything, failed before blocked before
/// partial.
fn worse(so_far: u8, told: &ShiftEvent) -> u8 {
    let this = match told {
        ShiftEvent::Broken(..) => FAILED,
        ShiftEvent::Attempted(attempted) => match (&attempted.outcome, &attempted.report) {
            (Outcome::Died(_), _) => FAILED,
            (Outcome::Completed { .. } | Outcome::Blocked { .. }, Some(report)) => status_of(report.outcome),
            _ => SUCCEEDED,
        },
        _ => SUCCEEDED,
    };
    let rank = |status: u8| [SUCCEEDED, PARTIAL, BLOCKED, FAILED].iter().position(|known| *known == status);
    if rank(this) > rank(so_far) { this } else { so_far }
}

/// One event, for programs.
fn event(told: &ShiftEvent) -> Value {
    match told {
        ShiftEvent::Fired(key, outcome) => json!({"event": "fired", "key": key, "outcome": outcome}),
        ShiftEvent::Expired(key, outcome) => json!({"event": "expired", "key": key, "outcome": outcome}),
        ShiftEvent::Attempted(attempted) => json!({
            "event": "attempted",
            "key": attempted.key,
            "token": attempted.token,
            "attempt": attempted.attempt,
            "outcome": attempted.outcome,
            "report": attempted.report,
        }),
        ShiftEvent::Notice(notice) => json!({"event": "notice", "notice": notice}),
        ShiftEvent::Broken(key, problem) => json!({"event": "broken", "record": key, "problem": problem}),
        ShiftEvent::Trouble(error) => json!({"event": "trouble", "problem": error.to_string()}),
    }
}
