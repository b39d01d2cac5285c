//! Who is told when something needs a person, each thing once, and at least once whatever crashes.
//!
//! | a hook hears | when |
//! |---|---|
//! | `failed` | a sync failed and does not go on by itself: its job is dead, its source is left alone, a run by hand failed |
//! | `blocked` | a guard stopped a plan, for another reason than the time before |
//! | `questions` | more conflicts and matches wait for a person than before |
//! | `recovered` | a sync that had failed succeeded |
//!
//! **How is nothing lost?** What stands in the database is held against what was told of it, and both the news and the
//! messages that are to be sent are one record, [`Told`], which is changed by one compare-and-swap. A process that dies before
//! the swap has told nothing, and the next one finds the same news. One that dies behind it leaves the messages, and the next
//! process sends them. One that dies between sending a message and noting it sends it again, under the same id: receivers of
//! Standard Webhooks know it by `webhook-id`, commands by the variable `NIGHTLY_SYNC_MESSAGE`.
//!
//! **Which process sends?** Each `run` and `approve` sends what waits at its end, each `work` and each server with hooks all
//! the time, and `hooks --send` at once. A
//! message is taken by a swap before it is sent, so no two processes send it at once.
//!
//! What fails is sent again after 1, 2, 4 minutes and so on, an hour at most, for three days.

mod attend;
mod outbox;
mod send;
mod sign;
mod standing;
mod told;

pub use self::attend::{after_run, attend};
pub use self::outbox::{HookError, Outbox};
pub use self::send::send;
pub use self::sign::signer;
pub use self::standing::Standing;
pub use self::told::{Message, Told};
