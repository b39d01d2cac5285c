//! Integration tests, a file per floor.

mod detect;
mod floors;
mod normalize_laws;
mod normalize_phone;
mod schedule;
mod support;
