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
//! # A ticket for several runs
//!
//! All workers of a source change one record. If they did so for every start and every end, most of their swaps would
//! conflict. So where the limits have no spacing between two starts, a worker may [keep](KeptTicket) its ticket: if the
//! next job that it finds is of the same source, it starts that under the same ticket, and the gate stays as it is. A gate
//! with a spacing must know of every start. Its starts are apart, and so are the changes of its record.
//!
//! | a worker with 300 jobs of one source, no spacing | changes of the gate |
//! |---|--:|
//! | takes a ticket for its first job | 1 |
//! | 298 jobs more | one for each minute |
//! | gives the ticket back with the end of the last job | 1 |
//!
//! * A kept ticket is one place at the gate for as long as it lasts, and there is at most one run under it at a time.
//! * It lasts for the lease and at most a minute more, so it is extended about once a minute. It ends by itself like any
//!   other.
//! * Its worker gives it back when it has no job of the source, starts one of another source, or is asked to shut down;
//!   when more run than its own limit allows; or when its limits have a spacing.
//! * It keeps no other claim of a key waiting, since the gate does not know for which key it is used.
//!
//! # Whose turn it is
//!
//! If urgent and scheduled runs wait at one gate, they take turns: three urgent ones, then a scheduled one. A gate
//! counts the urgent runs that have started since the last scheduled one, and says whose [turn](Gate::turn) it is. The
//! gate does not know which runs wait, so its caller chooses. A [`Worker`](crate::work::Worker) keeps to the turns. It
//! counts a run once, also if the run needs another ticket because its own has ended. [`Gate::refusal`] says whether
//! the gate admits any new run.
//!
//! Under a kept ticket the worker counts. It begins with the gate's count. When it gives the ticket back, the larger of the
//! two counts stays, so a scheduled run may start sooner than its turn and never later. Each of the tickets that are kept at
//! a time is a line of its own, in which every fourth start is a scheduled one.
//!
//! # Questions
//!
//! *Why not a record for each place, or for a few of them?* Then a change of the limit moves places from one record to
//! another, while workers with the old limit and with the new one start runs, and no swap covers two records: either the
//! limit is exceeded for a while, or a place is lost by a crash in between. One record keeps the limit exactly, whoever
//! has which limit, and a version that knows no kept tickets counts them like any other.
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
//! | `kept` | tickets that a worker keeps from one run to the next |
//! | `clock_skew` | repairs times that a clock far ahead has left |

mod admit;
mod clock_skew;
mod fair;
mod kept;
mod limits;
mod record;
mod refusal;
mod ticket;

pub use admit::GateTransition;
pub use fair::fair;
pub use kept::KeptTicket;
pub use limits::{Limits, Shut, Turn};
pub use record::{Gate, InvalidGate};
pub use ticket::{Admission, Ticket};
