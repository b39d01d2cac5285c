//! The page, asked without a connection: who gets in, what they see and change, and what nobody does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod club;
mod demo;
mod entry;
mod plans;
mod speed;
mod strangers;
