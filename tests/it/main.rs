//! Integration tests, a file per floor.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

#[cfg(feature = "arbitrary")]
mod arbitrary;
mod backoff;
#[cfg(feature = "conformance")]
mod broken_connectors;
#[cfg(feature = "conformance")]
mod broken_record_stores;
#[cfg(feature = "conformance")]
mod broken_stores;
#[cfg(feature = "conformance")]
mod connector;
mod data_sim;
mod decide;
mod dependencies;
mod detect;
mod earlier;
mod erased;
mod errors;
mod failures;
mod flipping;
mod floors;
mod gate;
mod glance;
mod guards;
mod health;
mod history;
#[cfg(feature = "conformance")]
mod job_store;
mod keyed;
mod laws;
mod matching;
mod normalize_laws;
mod normalize_phone;
mod plan;
mod queue;
mod queue_model;
mod queue_support;
mod rate;
mod reasons;
#[cfg(feature = "conformance")]
mod record_store;
mod registry;
mod resolve;
mod run;
mod schedule;
mod situations;
mod support;
#[cfg(feature = "webhook")]
mod webhook;
mod wire;
mod work;
mod work_scale;
mod work_sim;
