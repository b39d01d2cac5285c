//! The stores as their hosts use them: through the public suites of the crate, and what only PostgreSQL can break.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod any_call;
mod audit;
mod bases;
mod bench;
mod copied;
mod dry_run;
mod dump;
mod faults;
mod formats;
#[path = "../../../etcd/tests/it/history.rs"]
mod history;
mod host;
mod jobs;
mod jobs_suite;
mod kills;
#[path = "../../../etcd/tests/it/linear.rs"]
mod linear;
mod lost_answers;
mod open_transactions;
mod organisations;
mod plans;
mod proxy;
mod records_suite;
mod renamed;
mod rights;
mod server;
#[path = "../../../sqlite/tests/it/shared.rs"]
mod shared;
mod side_table;
mod swaps;
mod time_outs;
#[cfg(feature = "tls")]
mod tls;
#[path = "../../../etcd/tests/it/turns.rs"]
mod turns;
mod unique;
#[path = "../../../etcd/tests/it/waiting.rs"]
mod waiting;
mod waking;
