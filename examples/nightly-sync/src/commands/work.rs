//! `work`: what is due is done, and each event is printed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tripartite::backoff::Backoff;
use tripartite::queue::{Outcome, QueueRules};
use tripartite::work::{Settings, WorkError};

use super::queue::{Problem, jobs, open};
use super::run::STATUSES;
use crate::args::{self, Target};
use crate::config::Hook;
use crate::context::{Answer, BLOCKED, Context, FAILED, PARTIAL, SUCCEEDED, now, status as status_of};
use crate::hooks::attend;
use crate::store::JobsError;
use crate::telemetry;
use crate::work::{self, Bell, Commands, Shift, ShiftEvent};

/// How to work.
#[derive(Debug, Clone, Args)]
#[command(after_help = STATUSES)]
pub struct WorkArgs {
    /// Which database.
    #[command(flatten)]
    pub target: Target,
    /// Ends when nothing runs, and nothing waits to
    #[arg(long)]
    pub until_idle: bool,
    /// So many jobs at a time in this process
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub workers: u64,
    /// So many jobs of one source at a time, of all processes together, 5 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub running: Option<u64>,
    /// So far apart two jobs of one source begin, 60 by default
    #[arg(long, value_name = "SECONDS", value_parser = args::seconds)]
    pub spacing: Option<Duration>,
    /// After so long a vanished worker's job is somebody else's, 300 by default
    #[arg(long, value_name = "SECONDS", value_parser = args::lease)]
    pub lease: Option<Duration>,
    /// So long after a failed attempt comes the next, then twice as long, and so on; 120 by default
    #[arg(long, value_name = "SECONDS", value_parser = backoff)]
    pub backoff: Option<Backoff>,
    /// Where Prometheus may ask for metrics, such as 127.0.0.1:9464
    #[arg(long, value_name = "ADDRESS", value_parser = args::address)]
    pub metrics: Option<SocketAddr>,
}

impl WorkArgs {
    /// What each worker keeps to.
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some(running) = self.running {
            settings.gate.running = usize::try_from(running).unwrap_or(usize::MAX);
        }
        settings.gate.spacing = self.spacing.unwrap_or(settings.gate.spacing);
        settings.lease = self.lease.unwrap_or(settings.lease);
        settings
    }

    /// How failures are tried again.
    fn rules(&self) -> QueueRules {
        let mut rules = QueueRules::default();
        rules.backoff = self.backoff.unwrap_or(rules.backoff);
        rules
    }
}

pub(crate) fn execute(cx: &mut Context<'_>, args: &WorkArgs) -> Answer {
    let db = cx.db(&args.target)?;
    let workers = usize::try_from(args.workers)?;
    // One for each worker, one to count, and one for the hooks.
    db.connections(workers + 1 + usize::from(!cx.config.hooks.is_empty()));
    // Not created: a mistyped name would wait for ever.
    let queue = open(&db)?;
    let commands = Commands::new(&db, Some(&queue));
    if let Some(address) = args.metrics {
        telemetry::listen(address)?;
    }
    let bell = Arc::<Bell>::default();
    (cx.listen)(&bell.asked()).map_err(Problem::Signals)?;
    let (until_idle, settings, rules) = (args.until_idle, args.settings(), args.rules());
    let shift = Shift { db: db.clone(), workers, until_idle, settings, rules, bell, now };
    let console = &mut *cx.console;
    let mut worst = SUCCEEDED;
    let tell = |told: ShiftEvent| {
        worst = worse(worst, &told);
        match (&told, console.json) {
            (ShiftEvent::Broken(..) | ShiftEvent::Trouble(_), false) => {
                console.warn(work::line(&told, now(), &commands));
            }
            (_, false) => console.report(work::line(&told, now(), &commands)),
            (_, true) => console.print(event(&told)),
        }
    };
    worked(&shift, args.metrics.is_some(), &cx.config.hooks, tell).map_err(jobs(&db))?;
    Ok(worst)
}

fn backoff(text: &str) -> Result<Backoff, String> {
    Ok(work::backoff(args::seconds(text)?.as_secs()))
}

/// Works; counts what waits meanwhile, and tells whoever wants to hear of what needs a person.
fn worked(
    shift: &Shift,
    is_measured: bool,
    hooks: &[Hook],
    mut tell: impl FnMut(ShiftEvent),
) -> Result<(), WorkError<JobsError>> {
    thread::scope(|scope| {
        if is_measured {
            scope.spawn(|| work::watch(&shift.db, &shift.bell, shift.now));
        }
        let (ring, heard) = channel();
        if !hooks.is_empty() {
            scope.spawn(move || {
                attend(&shift.db, hooks, &heard, now, |problem| anstream::eprintln!("nightly-sync: {problem}"));
            });
        }
        let worked = shift.work(|told| {
            let is_news = told.is_news();
            tell(told);
            if is_news {
                // Nobody hears it where there are no hooks.
                let _ = ring.send(());
            }
        });
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
