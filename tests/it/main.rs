//! Integration tests, a file per floor.

mod detect;
mod failures;
mod floors;
mod laws;
mod normalize_laws;
mod normalize_phone;
mod plan;
mod resolve;
mod run;
mod support;
