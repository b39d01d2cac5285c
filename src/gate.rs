//! Gates: how many runs of a group go on at a time, and how soon after each other they start.
//!
//! A [`Gate`] is one record for each group of keys, for example all that call the same source. A worker that wants to
//! begin a run asks for a **ticket**. A ticket ends by itself, so a worker that crashes does not keep it. Like the
//! queue's slot, a gate is stored by compare-and-swap: every transition returns the next gate, and nothing has happened
//! until that is stored.
//!
//! | with at most 2 running and 60 s between starts | at | answer |
//! |---|---|---|
//! | key A | 00:00 | [`Admitted`](Admission::Admitted) |
//! | key A again, with the same nonce: the first answer was lost | 00:05 | Admitted, by the same ticket |
//! | key B | 00:30 | [`TooSoon`](Admission::TooSoon), until 01:00 |
//! | key B | 01:00 | Admitted |
//! | key C | 02:00 | [`Full`](Admission::Full), until the first ticket ends |
//!
//! # The lease must not outlive the ticket
//!
//! A run counts for as long as its ticket lasts. So take the ticket first and for at least the lease, then claim with
//! the same nonce. Extend the ticket first, then the lease. Release it after the run is completed or failed. In this
//! order a crash at any point leaves a ticket without a run, never a run without a ticket.
//!
//! # Whose turn it is
//!
//! If urgent and scheduled runs wait at one gate, they take turns: three urgent ones, then a scheduled one. A gate
//! counts the urgent runs that have started since the last scheduled one, and says whose [turn](Gate::turn) it is. The
//! gate does not know which runs wait, so its caller chooses. A [`Worker`](crate::work::Worker) keeps to the turns. It
//! counts a run once, also if the run needs another ticket because its own has ended. [`Gate::refusal`] says whether
//! the gate admits any new run.
//!
//! # Questions
//!
//! *Why does a ticket have the nonce, and not the token?* The token is known only after the claim, and the ticket is
//! needed before it. Two workers that want one key would guess the same token, and the one that loses the claim would
//! release the other's ticket.
//!
//! *What if clocks disagree?* The gate's time never goes back before its last change. If a worker's clock is behind,
//! its request counts from the gate's time, and its ticket lasts as long as it asked for.
//!
//! # The files
//!
//! Each file imports only from the rows above its own:
//!
//! | file | holds |
//! |---|---|
//! | `fair` `limits` | in which order organisations are served; the limits, and the reasons to admit no run |
//! | `ticket` | tickets, and the answer to a request for one |
//! | `record` | a gate, as it is stored |
//! | `refusal` | why no run is admitted now, and whose turn it is |
//! | `admit` | how tickets are given, extended and taken back |
//! | `clock_skew` | repairs times that a clock far ahead has left |

mod admit;
mod clock_skew;
mod fair;
mod limits;
mod record;
mod refusal;
mod ticket;

pub use admit::GateTransition;
pub use fair::fair;
pub use limits::{Limits, Shut, Turn};
pub use record::{Gate, InvalidGate};
pub use ticket::{Admission, Ticket};
