//! Laws of the server, proved on the program over real connections: who is let in, and what is left when it is killed.
//!
//! | variable | what it sets | usually |
//! |---|---|---|
//! | `PROOF_CASES` | how many requests are tried on it | 200 |
//! | `PROOF_KILLS` | how often it is killed | 4 |
//! | `PROOF_EVENTS` | how many events a burst has | 500 |
//! | `WEBHOOK_PYTHON` | a Python that has `standardwebhooks`; then that test is never left out | `python3` |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod burst;
mod client;
mod config;
mod ending;
mod foreign;
mod forged;
mod gone;
mod killed;
