//! The queue: one slot for each organisation and connector, and pure transitions on it.
//!
//! Everything about a key is one record, its [`Slot`]: whether it waits, runs or is dead, the attempt under way, what has
//! been asked for and what of that is done. One active job a key is then structural, coalescing is a field, fencing is a
//! field, and no transaction over several records is ever needed. A driver gets the slot, takes a [`step`](Slot::step),
//! and stores the next one by compare-and-swap; when it loses, it does so again.
//!
//! ```text
//! slot.step(rules, command, now, fraction) -> Decision { next: Slot, outcome }
//! ```
//!
//! # Generations
//!
//! Every trigger is a generation. `wanted` counts those that were asked for, `taken` is the newest that the attempt under
//! way covers, `covered` the newest that is done: `covered ≤ taken ≤ wanted`. A slot is idle only when everything that was
//! wanted is covered, so no trigger is ever lost: one that arrives while the key waits is merged into what waits, one that
//! arrives while it runs becomes the follow-up.
//!
//! # Fencing
//!
//! Every claim gets the next **token** (Lamport's ticket; M. Kleppmann, "How to do distributed locking", 2016). Whatever a
//! worker says about its attempt carries it. A worker that lost its lease, and comes back, holds an old one: it is
//! [`Fenced`](Outcome::Fenced), and the slot stays as it is, byte for byte. Compare-and-swap alone would not do that: the
//! stale worker would read the slot again and swap with success.

mod command;
mod scope;
mod slot;
mod step;

pub use command::{Claim, Command, Outcome, Refusal, Trigger};
pub use scope::{SCOPE_LIMIT, Scope};
pub use slot::{Attempt, Broken, Death, Ended, Progress, Slot, State, Token, Work};
pub use step::{Decision, Rules};
