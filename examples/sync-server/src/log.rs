//! What the server says, without ever waiting for whoever reads it.
//!
//! Requests, and the workers beside them, hand their lines to a thread that writes them. It may wait for a full pipe; they do
//! not.
//!
//! | the reader | what becomes of a line |
//! |---|---|
//! | keeps up | it is written, in its order |
//! | is behind by less than [`LINES`] | it waits |
//! | is further behind | it is left out, and counted; once there is room again a line says how many were |
//! | is gone | nothing |

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How many lines wait: some hundred kilobytes.
pub const LINES: usize = 4096;
/// How long an end waits for a reader of what was said last.
const GRACE: Duration = Duration::from_secs(1);

/// Where lines go.
#[derive(Debug)]
pub struct Log {
    /// None, once it has ended.
    lines: Mutex<Option<SyncSender<Line>>>,
    left_out: Arc<AtomicU64>,
    written: Mutex<Receiver<()>>,
}

#[derive(Debug)]
enum Line {
    Out(String),
    Err(String),
}

impl Log {
    /// Begins to write.
    ///
    /// # Errors
    /// Whatever keeps the process from having one more thread.
    pub fn begin() -> io::Result<Self> {
        let (lines, waiting) = sync_channel(LINES);
        let (writing, written) = channel();
        let left_out = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&left_out);
        let _ = thread::Builder::new().name("log".to_owned()).spawn(move || write(&waiting, &counted, writing))?;
        Ok(Self { lines: Mutex::new(Some(lines)), left_out, written: Mutex::new(written) })
    }

    /// What happens.
    pub fn say(&self, line: fmt::Arguments<'_>) {
        self.hand(Line::Out(line.to_string()));
    }

    /// What is wrong.
    pub fn warn(&self, line: fmt::Arguments<'_>) {
        self.hand(Line::Err(line.to_string()));
    }

    fn hand(&self, line: Line) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.as_ref().is_none_or(|lines| lines.try_send(line).is_err()) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all is written, and for a second at most.
    pub fn end(&self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.written.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(GRACE);
    }
}

/// Writes line after line until there can be none any more. That nobody reads one is no reason to end.
fn write(waiting: &Receiver<Line>, left_out: &AtomicU64, writing: Sender<()>) {
    for line in waiting {
        let lost = left_out.swap(0, Ordering::Relaxed);
        if lost > 0 {
            put(&mut io::stderr(), &format!("webhook-server: the log was not read in time: {lost} lines are left out"));
        }
        match line {
            Line::Out(line) => put(&mut io::stdout(), &line),
            Line::Err(line) => put(&mut io::stderr(), &line),
        }
    }
    drop(writing);
}

fn put(to: &mut dyn Write, line: &str) {
    let _ = to.write_all(format!("{line}\n").as_bytes());
    let _ = to.flush();
}
