//! Laws of the server, proved on the program over real connections: who is let in, and what is left when it is killed.
//!
//! | variable | what it sets | usually |
//! |---|---|---|
//! | `PROOF_CASES` | how many requests are tried on it | 200 |
//! | `PROOF_KILLS` | how often it is killed | 4 |
//! | `PROOF_EVENTS` | how many events a burst has | 500 |
//! | `PROOF_LOAD` | for how many seconds it is put under load | 1 |
//! | `WEBHOOK_PYTHON` | a Python that has `standardwebhooks`; then that test is never left out | `python3` |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod beside;
mod burst;
mod client;
mod config;
mod ending;
mod foreign;
mod forged;
mod gone;
mod held;
mod killed;
mod limits;
mod load;
mod order;
mod status;
