//! What is measured of the work, and told of it step by step.
//!
//! Metrics go through the facade of the crate `metrics`, spans through `tracing`: where nobody listens, neither costs more than
//! a look. `nightly-sync work --metrics 127.0.0.1:9464` lets Prometheus ask, and the variable `NIGHTLY_SYNC_LOG` (`info`,
//! `nightly_sync=debug`, as `RUST_LOG` elsewhere) prints the spans and events on standard error.
//!
//! | metric | kind | labels | what it says |
//! |---|---|---|---|
//! | `tripartite_ticks_total` | counter | `result`: `worked`, `idle`, `failed` | each look of a worker for something to do |
//! | `tripartite_runs_total` | counter | `outcome` | attempts that ended here, by how |
//! | `tripartite_run_seconds` | summary | | how long they took |
//! | `tripartite_records_total` | counter | `what`: `created`, `updated`, `deactivated`, `quarantined`, … | what came of records, of attempts that ended here |
//! | `tripartite_queue_jobs` | gauge | `state`: `due`, `waiting`, `running`, `dead`, `paused` | the jobs of the database, in this moment |
//! | `tripartite_queue_age_seconds` | gauge | | for how long the oldest job that is due has been waiting |
//! | `tripartite_gate_waits` | gauge | | due jobs that wait for the gate of their source |
//! | `tripartite_held_jobs` | gauge | | jobs that a guard stopped, which wait for a person |
//! | `tripartite_conflicts_open` | gauge | | conflicts that wait for a person |
//! | `tripartite_swaps_total` | counter | `result`: `applied`, `conflict` | swaps of job records |
//! | `tripartite_store_seconds` | summary | `store`: `jobs`, `records`; `call` | how long calls of the stores took |
//! | `tripartite_store_errors_total` | counter | `store`, `call` | those that failed |
//!
//! The gauges are of the database, not of the process: each process that listens tells the same, so an alert takes their `max`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::EnvFilter;
use tripartite::jobs::Swap;
use tripartite::queue::Outcome;
use tripartite::work::Attempted;

use crate::store;

/// The variable of the environment that says what is printed of the work, step by step.
pub const LOG: &str = "NIGHTLY_SYNC_LOG";

/// How often the gauges are set anew.
pub const EVERY: Duration = Duration::from_secs(15);

/// Why nobody can ask for the metrics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The address cannot be listened on.
    #[error("--metrics {address}: {problem}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        problem: String,
    },
}

/// Now, to measure from.
#[expect(clippy::disallowed_methods, reason = "a host has a clock")]
pub(crate) fn begin() -> Instant {
    Instant::now()
}

/// What stands in the database in one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Jobs that could begin.
    pub due: u64,
    /// Jobs whose time is to come.
    pub waiting: u64,
    /// Jobs that somebody does.
    pub running: u64,
    /// Jobs that nobody tries again unasked.
    pub dead: u64,
    /// Jobs that are paused.
    pub paused: u64,
    /// Due jobs that wait for their source's gate.
    pub gated: u64,
    /// Jobs that a guard stopped.
    pub held: u64,
    /// For how long the oldest due job waits.
    pub oldest: Duration,
    /// Conflicts that wait for a person.
    pub conflicts: u64,
}

/// Lets Prometheus ask at an address, from now on and for the whole process.
///
/// # Errors
/// [`TelemetryError`], when the address cannot be listened on, or something else is listened to already.
pub fn listen(address: SocketAddr) -> Result<(), TelemetryError> {
    let failed = |problem: String| TelemetryError::Listen { address, problem };
    let runtime = store::runtime().map_err(|error| failed(error.to_string()))?;
    let entered = runtime.enter();
    let (recorder, exporter) =
        PrometheusBuilder::new().with_http_listener(address).build().map_err(|error| failed(error.to_string()))?;
    metrics::set_global_recorder(recorder).map_err(|error| failed(error.to_string()))?;
    runtime.spawn(exporter);
    drop(entered);
    describe();
    Ok(())
}

/// Prints spans and events on standard error, if the environment says which, or the command line wants to know twice.
pub fn log(verbose: u8) {
    let wanted = match verbose {
        0 | 1 => None,
        2 => Some(EnvFilter::new("nightly_sync=info,tripartite=info")),
        _ => Some(EnvFilter::new("nightly_sync=debug,tripartite=debug")),
    };
    let Some(filter) = EnvFilter::try_from_env(LOG).ok().or(wanted) else { return };
    // Somebody else may print them already.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

fn describe() {
    describe_counter!("tripartite_ticks_total", "Looks of a worker for something to do, by what came of each");
    describe_counter!("tripartite_runs_total", "Attempts that ended, by how");
    describe_histogram!("tripartite_run_seconds", metrics::Unit::Seconds, "How long attempts took");
    describe_counter!("tripartite_records_total", "What came of records");
    describe_gauge!("tripartite_queue_jobs", "Jobs of the database, by their state");
    describe_gauge!("tripartite_queue_age_seconds", metrics::Unit::Seconds, "How long the oldest due job waits");
    describe_gauge!("tripartite_gate_waits", "Due jobs that wait for the gate of their source");
    describe_gauge!("tripartite_held_jobs", "Jobs that a guard stopped, which wait for a person");
    describe_gauge!("tripartite_conflicts_open", "Conflicts that wait for a person");
    describe_counter!("tripartite_swaps_total", "Swaps of job records, by what came of each");
    describe_histogram!("tripartite_store_seconds", metrics::Unit::Seconds, "How long calls of a store took");
    describe_counter!("tripartite_store_errors_total", "Calls of a store that failed");
}

/// A call of a store is over.
pub(crate) fn called(store: &'static str, call: &'static str, took: Duration, ok: bool) {
    tracing::trace!(store, call, ?took, ok, "called");
    histogram!("tripartite_store_seconds", "store" => store, "call" => call).record(took.as_secs_f64());
    if !ok {
        counter!("tripartite_store_errors_total", "store" => store, "call" => call).increment(1);
    }
}

/// Swaps are over.
pub(crate) fn swapped(swaps: &[Swap]) {
    let conflicts = swaps.iter().filter(|swap| **swap == Swap::Conflict).count() as u64;
    for (result, count) in [("conflict", conflicts), ("applied", swaps.len() as u64 - conflicts)] {
        if count > 0 {
            counter!("tripartite_swaps_total", "result" => result).increment(count);
        }
    }
}

/// A tick is over.
pub(crate) fn ticked(result: &'static str) {
    counter!("tripartite_ticks_total", "result" => result).increment(1);
}

/// An attempt is over.
pub(crate) fn attempted(attempted: &Attempted, took: Duration) {
    let outcome = name(&attempted.outcome);
    counter!("tripartite_runs_total", "outcome" => outcome).increment(1);
    histogram!("tripartite_run_seconds").record(took.as_secs_f64());
    tracing::info!(key = %attempted.key, attempt = attempted.attempt, outcome, ?took, "attempt ended");
    let Some(report) = attempted.report.as_ref().filter(|report| report.blocked.is_empty()) else { return };
    let counts = report.counts;
    for (what, count) in [
        ("created", counts.created),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("deactivated", counts.deactivated),
        ("reactivated", counts.reactivated),
        ("quarantined", counts.quarantined),
        ("failed", counts.failed),
    ] {
        counter!("tripartite_records_total", "what" => what).increment(count);
    }
}

/// What stands in the database now.
pub(crate) fn stands(figures: &Figures) {
    for (state, count) in [
        ("due", figures.due),
        ("waiting", figures.waiting),
        ("running", figures.running),
        ("dead", figures.dead),
        ("paused", figures.paused),
    ] {
        gauge!("tripartite_queue_jobs", "state" => state).set(count as f64);
    }
    gauge!("tripartite_queue_age_seconds").set(figures.oldest.as_secs_f64());
    gauge!("tripartite_gate_waits").set(figures.gated as f64);
    gauge!("tripartite_held_jobs").set(figures.held as f64);
    gauge!("tripartite_conflicts_open").set(figures.conflicts as f64);
}

/// An outcome of an attempt, as a label.
fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed { .. } => "completed",
        Outcome::Blocked { .. } => "blocked",
        Outcome::Retrying { .. } => "failed",
        Outcome::Died(_) => "dead",
        Outcome::Snoozed { .. } => "given_back",
        Outcome::Cancelled => "cancelled",
        Outcome::Fenced => "fenced",
        _ => "other",
    }
}
