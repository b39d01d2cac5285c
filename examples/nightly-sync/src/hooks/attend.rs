//! Hooks beside workers.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{HookError, Outbox, Standing};
use crate::config::Hook;
use crate::store::{Place, Register};

/// How often the hooks' messages are looked at when nothing rings.
const EVERY: Duration = Duration::from_secs(15);

/// Notes what is new and sends what is due: at once, which finds what another process left behind, whenever it rings, and
/// once more at the end.
pub fn attend(db: &Place, hooks: &[Hook], heard: &Receiver<()>, now: fn() -> DateTime<Utc>, warn: impl Fn(String)) {
    let mut is_over = false;
    loop {
        let sent = Outbox::open(db, hooks).and_then(|outbox| {
            outbox.note_jobs(now())?;
            outbox.deliver(now)
        });
        match sent {
            Ok(unheard) => unheard.iter().for_each(|problem| warn(problem.clone())),
            Err(error) => warn(format!("the hooks: {error}")),
        }
        if is_over {
            return;
        }
        is_over = heard.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected);
        while heard.try_recv().is_ok() {}
    }
}

/// Notes how a register stands after a run by hand, and sends what is to be sent; answers with what was not heard.
///
/// # Errors
/// [`HookError`], when the outbox cannot be used.
pub fn after_run(
    (db, register): (&Place, &Register),
    hooks: &[Hook],
    standing: &Standing,
    now: fn() -> DateTime<Utc>,
) -> Result<Vec<String>, HookError> {
    let outbox = Outbox::open(db, hooks)?;
    let at = now();
    outbox.note(register, standing, (at, at))?;
    outbox.deliver(now)
}
