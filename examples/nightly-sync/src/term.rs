//! What stands on a terminal: colours where they are wanted, tables, and streams that may be gone.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal, Write};

/// Where a program speaks: results on `out`, everything else on `err`. A reader who has seen enough and closes the pipe is
/// no error; results that cannot be written otherwise are one, which [`finish`](Self::finish) tells.
pub struct Console {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Why a result could not be written; nothing more is.
    lost: Option<io::Error>,
    /// Whether results are coloured.
    pub paint: Paint,
    /// Whether progress can be drawn over itself.
    pub live: bool,
}

impl Console {
    /// The process's own.
    pub fn std() -> Self {
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let paint = if io::stdout().is_terminal() && !plain { Paint::Colours } else { Paint::Plain };
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            lost: None,
            paint,
            live: io::stderr().is_terminal(),
        }
    }

    /// One that nobody reads.
    pub fn silent() -> Self {
        Self { out: Box::new(io::sink()), err: Box::new(io::sink()), lost: None, paint: Paint::Plain, live: false }
    }

    /// Results go where everything else goes.
    pub fn all_on_stderr(mut self) -> Self {
        self.out = Box::new(io::stderr());
        self.paint = Paint::Plain;
        self
    }

    /// Prints a line of the result.
    pub fn print(&mut self, line: impl fmt::Display) {
        if self.lost.is_none() {
            self.lost = writeln!(self.out, "{line}").err();
        }
    }

    /// The end: whether all results were written.
    ///
    /// # Errors
    /// Why they were not; that the reader has gone is none.
    ///
    /// ```
    /// use nightly_sync::term::Console;
    /// let mut console = Console::std();
    /// console.print("done");
    /// assert!(console.finish().is_ok());
    /// ```
    pub fn finish(&mut self) -> io::Result<()> {
        let lost = self.lost.take().or_else(|| self.out.flush().err());
        match lost.filter(|error| error.kind() != io::ErrorKind::BrokenPipe) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Says something beside the result.
    pub fn say(&mut self, line: impl fmt::Display) {
        let _ = self.out.flush();
        let _ = writeln!(self.err, "{line}");
    }

    /// Draws on the side, as it is.
    pub fn draw(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }
}

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// As ANSI escapes.
    Colours,
    /// None.
    Plain,
}

impl Paint {
    /// What matters.
    pub fn bold(self, text: impl fmt::Display) -> String {
        self.with("1", text)
    }

    /// What does not.
    pub fn dim(self, text: impl fmt::Display) -> String {
        self.with("2", text)
    }

    /// What went well.
    pub fn green(self, text: impl fmt::Display) -> String {
        self.with("32", text)
    }

    /// What wants somebody's attention.
    pub fn yellow(self, text: impl fmt::Display) -> String {
        self.with("33", text)
    }

    /// What went wrong.
    pub fn red(self, text: impl fmt::Display) -> String {
        self.with("31", text)
    }

    /// Names of things.
    pub fn cyan(self, text: impl fmt::Display) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: impl fmt::Display) -> String {
        match self {
            Self::Colours => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_string(),
        }
    }
}

/// A table of two columns, a name and a figure, in groups.
#[derive(Debug, Default)]
pub struct Table {
    groups: Vec<Vec<(String, String)>>,
}

impl Table {
    /// Adds a group of rows, with a line above it.
    #[must_use]
    pub fn group<'a>(mut self, rows: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        self.groups.push(rows.into_iter().map(|(name, figure)| (name.to_owned(), grouped(figure))).collect());
        self
    }

    /// The lines. Figures that are nought are dim.
    pub fn lines(&self, paint: Paint) -> Vec<String> {
        let rows = || self.groups.iter().flatten();
        let left = rows().map(|(name, _)| width(name)).max().unwrap_or(0);
        let right = rows().map(|(_, figure)| width(figure)).max().unwrap_or(0);
        let rule = |ends: [char; 3]| {
            let [open, middle, close] = ends;
            format!("{open}{}{middle}{}{close}", "─".repeat(left + 2), "─".repeat(right + 2))
        };
        let mut lines = vec![rule(['┌', '┬', '┐'])];
        for (at, group) in self.groups.iter().enumerate() {
            if at > 0 {
                lines.push(rule(['├', '┼', '┤']));
            }
            for (name, figure) in group {
                let padded = (pad(name, left), format!("{}{figure}", " ".repeat(right - width(figure))));
                let (name, figure) = match figure.as_str() {
                    "0" => (paint.dim(padded.0), paint.dim(padded.1)),
                    _ => (padded.0, paint.bold(padded.1)),
                };
                lines.push(format!("│ {name} │ {figure} │"));
            }
        }
        lines.push(rule(['└', '┴', '┘']));
        lines
    }
}

/// How many columns a text takes. Combining marks take none.
pub fn width(text: &str) -> usize {
    text.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).count()
}

/// A text with spaces behind it, up to a width.
pub fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// A figure with thin groups of three: `1 000 000`.
pub fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A text in lines of at most so many columns, broken between words.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_straight() {
        let table = Table::default().group([("created", 1_000_000)]).group([("a longer name", 0)]);
        let lines = table.lines(Paint::Plain);
        assert!(lines.iter().all(|line| width(line) == width(&lines[0])), "{lines:?}");
    }

    #[test]
    fn words_are_not_broken() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("", 7), [""; 0]);
    }
}
