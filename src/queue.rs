//! The queue: one slot for each organisation and connector, and pure transitions on it.
//!
//! Everything about a key is one record, its [`Slot`]: whether it waits, runs or is dead, the attempt under way, what
//! has been asked for and what of that is done. One active job a key is then structural, coalescing is a field, fencing
//! is a field, and no transaction over several records is ever needed. A driver gets the slot, takes a
//! [`step`](Slot::step), and stores the next one by compare-and-swap; when it loses, it does so again.
//!
//! ```text
//! slot.step(rules, command, now, fraction) -> Decision { next: Slot, outcome }
//! ```
//!
//! # Generations
//!
//! Every trigger is a generation. `wanted` counts those that were asked for, `taken` is the newest that the attempt
//! under way covers, `covered` the newest that is done: `covered ≤ taken ≤ wanted`. A slot is idle only when everything
//! that was wanted is covered, so no trigger is ever lost: one that arrives while the key waits is merged into what
//! waits, one that arrives while it runs becomes the follow-up.
//!
//! # Fencing
//!
//! Every claim gets the next **token** (Lamport's ticket; M. Kleppmann, "How to do distributed locking", 2016).
//! Whatever a worker says about its attempt carries it. A worker that lost its lease, and comes back, holds an old one:
//! it is [`Fenced`](Outcome::Fenced), and the slot stays as it is, byte for byte. Compare-and-swap alone would not do
//! that: the stale worker would read the slot again and swap with success.
//!
//! # States
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Idle
//!     Idle --> Pending: trigger
//!     Pending --> Pending: trigger
//!     Pending --> Running: claim
//!     Pending --> Idle: cancel
//!     Running --> Running: trigger, claim, heartbeat, progress, cancel
//!     Running --> Idle: complete, fail, snooze, stop, expire
//!     Running --> Pending: complete, fail, snooze, stop, expire
//!     Running --> Dead: fail, expire
//!     Dead --> Pending: trigger, redrive
//!     Dead --> Idle: cancel
//! ```
//!
//! A claim of what runs is the same worker's own, whose answer was lost; `fail`, `snooze` and `expire` lead to Idle
//! when the worker was asked to stop. `pause`, `resume` and `flushed` are possible everywhere and change no state.
//! `block` leads where `complete` does. What a guard held back is not covered: the slot keeps it as [`Held`] beside its
//! state, until a run of all of it completes, or an idle key is cancelled. It is the one exception to the rule that an idle
//! slot has covered everything.
//!
//! Whatever is not drawn is refused or fenced, and changes nothing. A test steps every command in every state and
//! compares.
//!
//! # Three timelines
//!
//! At a minute, with a lease of five. The last column is `wanted`, `taken` and `covered`. Each row is executed by a
//! test.
//!
//! **A retry** backs off, and no claim comes before; the other side's `Retry-After` of ten minutes outweighs a back-off
//! of four.
//!
//! | minute | command | outcome | state after | generations |
//! |---|---|---|---|---|
//! | 0 | trigger under strict | enqueued | pending, due at 0 | 1 0 0 |
//! | 0 | claim by a | claimed, token 1, attempt 1 | running until 5 | 1 1 0 |
//! | 1 | fail 1 | retrying at 3 | pending, due at 3 | 1 1 0 |
//! | 2 | claim by b | refused: not due before 3 | pending, due at 3 | 1 1 0 |
//! | 3 | claim by b | claimed, token 2, attempt 2 | running until 8 | 1 1 0 |
//! | 4 | fail 2 after 10 | retrying at 14 | pending, due at 14 | 1 1 0 |
//! | 14 | claim by a | claimed, token 3, attempt 3 | running until 19 | 1 1 0 |
//! | 15 | complete 3 | completed | idle | 1 1 1 |
//!
//! **A lost lease**: worker a is slow, b takes over, and a comes back with a token that is not the slot's any more.
//!
//! | minute | command | outcome | state after | generations |
//! |---|---|---|---|---|
//! | 0 | trigger | enqueued | pending, due at 0 | 1 0 0 |
//! | 0 | claim by a | claimed, token 1, attempt 1 | running until 5 | 1 1 0 |
//! | 4 | heartbeat 1 | extended | running until 9 | 1 1 0 |
//! | 8 | expire | refused: running | running until 9 | 1 1 0 |
//! | 9 | expire | retrying at 11 | pending, due at 11 | 1 1 0 |
//! | 10 | heartbeat 1 | fenced | pending, due at 11 | 1 1 0 |
//! | 11 | claim by b | claimed, token 2, attempt 2 | running until 16 | 1 1 0 |
//! | 12 | complete 1 | fenced | running until 16 | 1 1 0 |
//! | 13 | complete 2 | completed | idle | 1 1 1 |
//!
//! **Triggers during a run**: the run does not cover them, whatever it has read by then; one follow-up covers both.
//!
//! | minute | command | outcome | state after | generations |
//! |---|---|---|---|---|
//! | 0 | trigger | enqueued | pending, due at 0 | 1 0 0 |
//! | 0 | claim by a | claimed, token 1, attempt 1 | running until 5 | 1 1 0 |
//! | 1 | trigger | follow-up | running until 5 | 2 1 0 |
//! | 2 | trigger | follow-up | running until 5 | 3 1 0 |
//! | 3 | complete 1 | completed: again | pending, due at 3 | 3 1 1 |
//! | 3 | claim by b | claimed, token 2, attempt 1 | running until 8 | 3 3 1 |
//! | 4 | complete 2 | completed | idle | 3 3 3 |
//!
//! # The files
//!
//! Each file imports only from the rows above its own:
//!
//! | file | holds |
//! |---|---|
//! | `rules` `scope` | the limits; what a run is about |
//! | `work` | what a run is for, who asked for it, and how far it is |
//! | `attempt` | a finished attempt, and how it ended |
//! | `command` | what is asked of a slot, and what came of it |
//! | `slot` | the slot, as it is stored |
//! | `step` | the transitions |
//! | `ending` | how an attempt ends |
//! | `clock_skew` | times that a clock which was far ahead has changed |

mod attempt;
mod clock_skew;
mod command;
mod ending;
mod rules;
mod scope;
mod slot;
mod step;
mod work;

pub use attempt::{Attempt, Death, Ended};
pub use command::{Claim, Command, Extent, Outcome, Refusal};
pub use rules::QueueRules;
pub use scope::{SCOPE_LIMIT, Scope};
pub use slot::{InvalidSlot, Slot, State};
pub use step::Transition;
pub use work::{Held, Progress, Token, Trigger, Work};
