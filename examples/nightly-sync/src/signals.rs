//! SIGTERM and ctrl-c: the first asks to end in order, the second ends at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// From now on, the first signal to end sets the flag, and with the flag set one ends the process, as it does by itself.
/// For a process that does one thing, and ends when it is done: nothing undoes it.
///
/// # Errors
/// Whatever keeps the process from being told of signals.
pub fn set(asked: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in [SIGTERM, SIGINT] {
        // In this order: the flag is looked at before it is set.
        flag::register_conditional_default(signal, Arc::clone(asked))?;
        flag::register(signal, Arc::clone(asked))?;
    }
    Ok(())
}
