//! Integration tests, a file per floor.

mod detect;
mod floors;
mod laws;
mod normalize_laws;
mod normalize_phone;
mod resolve;
mod run;
mod support;
