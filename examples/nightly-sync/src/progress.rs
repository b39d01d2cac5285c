//! How far a run is, on a terminal: `importing ███████░░░ 240/320  1,204/s  2s left`. Elsewhere nothing is drawn.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::term::{Console, Level};

/// What of a run is known: how many are done, of how many, how fast, and for how long yet.
const BAR: &str = "{prefix}{msg:9} {bar:24} {human_pos}/{human_len}  {per_sec:>9}  {eta} left";

/// The same, where nobody knows how many there are.
const COUNT: &str = "{prefix}{msg:9} {spinner} {human_pos}  {per_sec:>9}";

/// One bar at a time, for the phase that a run is in.
pub struct Progress {
    target: fn() -> ProgressDrawTarget,
    indent: &'static str,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// No bar yet, and none at all where nobody watches or wants to.
    pub fn of(console: &Console) -> Self {
        let is_shown = console.live && console.level > Level::Quiet;
        let target = if is_shown { ProgressDrawTarget::stderr } else { ProgressDrawTarget::hidden };
        Self { target, indent: "", bar: None }
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
        let bar = ProgressBar::with_draw_target(total, (self.target)()).with_message(phase).with_prefix(self.indent);
        // The templates are the program's own; one that cannot be read leaves the bar as the library draws it.
        if let Ok(style) = ProgressStyle::with_template(if total.is_some() { BAR } else { COUNT }) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏░"));
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        self.bar = Some(bar);
    }

    /// So much of the phase is done.
    pub fn at(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// The phase is over, and its bar stays.
    pub fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.abandon();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
