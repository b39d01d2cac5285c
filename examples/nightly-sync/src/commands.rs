//! The commands, a file for each: what it takes, and what it does.

pub mod approve;
pub mod audit;
pub mod check;
pub mod completions;
pub mod conflicts;
pub mod decide;
pub mod history;
pub mod hooks;
pub mod init;
pub mod job;
pub mod link;
pub mod man;
pub mod matches;
pub mod migrate;
pub mod plan;
pub mod prune_audit;
pub mod quarantine;
pub mod report;
pub mod restore;
pub mod run;
pub mod schedule;
pub mod schema;
pub mod status;
pub mod trigger;
pub mod work;

mod asked;
mod plan_file;
mod queue;
mod start;
