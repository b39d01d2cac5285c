//! A bar of how far a run is: `importing ███████░░░ 240/320`.

use crate::term::{Console, grouped, pad};

/// How many columns the bar itself has.
const WIDTH: u64 = 24;

/// How a bar is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Drawn over itself, on a terminal.
    Live,
    /// A line now and then, where a terminal is not there but somebody may read along.
    Sparse,
    /// Not at all.
    Off,
}

/// One bar at a time, for the phase that a run is in.
pub struct Progress<'a> {
    console: &'a mut Console,
    style: Style,
    indent: &'static str,
    phase: &'static str,
    total: Option<u64>,
    /// How much of the bar was last shown; nothing is drawn twice.
    shown: Option<u64>,
}

impl<'a> Progress<'a> {
    /// No bar yet.
    pub fn new(console: &'a mut Console, style: Style) -> Self {
        Self { console, style, indent: "", phase: "", total: None, shown: None }
    }

    /// Moves it to the right.
    #[must_use]
    pub fn indented(mut self, indent: &'static str) -> Self {
        self.indent = indent;
        self
    }

    /// Begins a phase: so much is to be done, if that is known.
    pub fn begin(&mut self, phase: &'static str, total: Option<u64>) {
        self.end();
        self.phase = phase;
        self.total = total;
    }

    /// So much of the phase is done.
    pub fn at(&mut self, done: u64) {
        let step = match (self.style, self.total) {
            (Style::Off, _) => return,
            (Style::Live, Some(total)) => done * 200 / total.max(1),
            (Style::Live, None) => done,
            (Style::Sparse, Some(total)) => done.min(total) * 2 / total.max(1),
            (Style::Sparse, None) => return,
        };
        if self.shown == Some(step) || (self.style == Style::Sparse && step == 0) {
            return;
        }
        self.shown = Some(step);
        let line = self.line(done);
        match self.style {
            Style::Live => self.console.draw(&format!("\r{line}\x1b[K")),
            _ => self.console.print(line),
        }
    }

    /// The phase is over.
    pub fn end(&mut self) {
        if self.style == Style::Live && self.shown.is_some() {
            self.console.draw("\n");
        }
        self.shown = None;
    }

    fn line(&self, done: u64) -> String {
        let phase = pad(self.phase, 9);
        let Some(total) = self.total else {
            return format!("{}{phase} {}", self.indent, grouped(done));
        };
        let full = (done.min(total) * WIDTH / total.max(1)) as usize;
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH as usize - full));
        format!("{}{phase} {bar} {}/{}", self.indent, grouped(done), grouped(total))
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.end();
    }
}
