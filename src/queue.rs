//! The queue: one slot for each organisation and connector, and pure transitions on it.
//!
//! One record holds everything about a key, its [`Slot`]: whether a job waits, runs or is dead, the attempt under way,
//! what was asked for, and what of that is done. So a key has at most one active job, coalescing and fencing are
//! fields, and no transaction covers several records. A driver reads the slot, takes a [`step`](Slot::step), and stores
//! the next slot by compare-and-swap. On a conflict it starts again.
//!
//! ```text
//! slot.step(rules, command, now, fraction) -> Decision { next: Slot, outcome }
//! ```
//!
//! # Generations
//!
//! Every trigger is a generation. `wanted` counts the triggers, `taken` is the newest generation that the attempt under
//! way covers, and `covered` is the newest that is done: `covered ≤ taken ≤ wanted`. A slot is idle only when
//! everything that was wanted is covered, so no trigger is lost. A trigger that arrives while a job waits joins it. A
//! trigger that arrives while a job runs becomes the follow-up.
//!
//! # Fencing
//!
//! Every claim gets the next **token** (Lamport's ticket; M. Kleppmann, "How to do distributed locking", 2016). Every
//! further command of the attempt carries it. A worker that has lost its lease and comes back holds an old token: it is
//! [`Fenced`](Outcome::Fenced), and the slot stays as it is, byte for byte. Compare-and-swap alone does not do that,
//! because a stale worker reads the slot again and swaps with success.
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
//! A claim of a running job is a repetition, by the worker that holds it and whose answer was lost. `fail`, `snooze`
//! and `expire` lead to Idle when the worker was asked to stop. `pause`, `resume` and `flushed` are possible everywhere
//! and change no state. `block` leads where `complete` does. A job that a guard held back is not covered: the slot
//! keeps it as [`Held`] beside its state, until a run of all of it completes, or an idle key is cancelled. It is the
//! one exception to the rule that an idle slot has covered everything.
//!
//! A command that is not drawn is refused or fenced, and changes nothing. A test steps every command in every state and
//! compares.
//!
//! # Three timelines
//!
//! The lease lasts five minutes. The last column is `wanted`, `taken` and `covered`. A test executes each row.
//!
//! **A retry** backs off, and no claim comes before. The source's `Retry-After` of ten minutes outweighs a back-off of
//! four.
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
//! **A lost lease**: worker a is slow, worker b takes over, and a comes back with an old token.
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
//! **Triggers during a run**: the run does not cover them, since it may have read the records before. One follow-up
//! covers both.
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
//! | `command` | commands to a slot, and their outcomes |
//! | `slot` | the slot, as it is stored |
//! | `step` | the transitions |
//! | `ending` | how an attempt ends |
//! | `clock_skew` | repairs times that a clock far ahead has left |

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
