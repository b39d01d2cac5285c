//! What stands on a terminal: streams that may be gone, words with a colour, tables of figures.
//!
//! Colours are left out where a stream is no terminal, or `NO_COLOR`, `CLICOLOR` or `TERM` says so ([`anstream`]).

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use unicode_width::UnicodeWidthStr;

/// How much is said beside results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Errors, and what was asked for.
    Quiet,
    /// And what a person should know.
    #[default]
    Normal,
    /// And all of every list.
    Verbose,
}

/// Where a program speaks: results on `out`, everything else on `err`. A reader who has seen enough and closes the pipe is
/// no error; results that cannot be written otherwise are one, which [`finish`](Self::finish) tells.
pub struct Console {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Why a result could not be written; nothing more is.
    lost: Option<io::Error>,
    /// How much is said.
    pub level: Level,
    /// Whether results are JSON.
    pub json: bool,
    /// Whether somebody watches.
    pub live: bool,
}

impl Console {
    /// The process's own.
    pub fn std() -> Self {
        Self {
            out: Box::new(anstream::stdout()),
            err: Box::new(anstream::stderr()),
            lost: None,
            level: Level::Normal,
            json: false,
            live: io::stderr().is_terminal(),
        }
    }

    /// One that nobody reads.
    pub fn silent() -> Self {
        let (out, err) = (Box::new(io::sink()), Box::new(io::sink()));
        Self { out, err, lost: None, level: Level::Quiet, json: false, live: false }
    }

    /// Prints a line of the result.
    pub fn print(&mut self, line: impl Display) {
        if self.lost.is_none() {
            self.lost = writeln!(self.out, "{line}").err();
        }
    }

    /// Prints a line of the result for people, which nobody needs who is told [nothing but errors](Level::Quiet).
    pub fn report(&mut self, line: impl Display) {
        if self.level > Level::Quiet && !self.json {
            self.print(line);
        }
    }

    /// Says what a person must do something about: as a part of the result, unless that is JSON or not wanted.
    pub fn urge(&mut self, line: impl Display) {
        if self.level > Level::Quiet && !self.json { self.print(line) } else { self.warn(line) }
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

    /// Says what a person should know beside the result.
    pub fn say(&mut self, line: impl Display) {
        if self.level > Level::Quiet {
            self.warn(line);
        }
    }

    /// Says what went wrong.
    pub fn warn(&mut self, line: impl Display) {
        let _ = self.out.flush();
        let _ = writeln!(self.err, "{line}");
    }

    /// As many of a list as a page takes, or all of them for who wants [more](Level::Verbose).
    pub fn at_most(&self, few: usize) -> usize {
        if self.level == Level::Verbose { usize::MAX } else { few }
    }
}

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// What matters.
pub fn bold(text: impl Display) -> String {
    styled(Style::new().bold(), text)
}

/// What does not.
pub fn dim(text: impl Display) -> String {
    styled(Style::new().dimmed(), text)
}

/// What went well.
pub fn green(text: impl Display) -> String {
    styled(AnsiColor::Green.on_default(), text)
}

/// What wants somebody's attention.
pub fn yellow(text: impl Display) -> String {
    styled(AnsiColor::Yellow.on_default(), text)
}

/// What went wrong.
pub fn red(text: impl Display) -> String {
    styled(AnsiColor::Red.on_default(), text)
}

/// Names of things.
pub fn cyan(text: impl Display) -> String {
    styled(AnsiColor::Cyan.on_default(), text)
}

/// Names and figures, those of nothing left out.
///
/// ```
/// use nightly_sync::term::Figures;
/// let figures = Figures::default().row("created", 1_000_000).row("updated", 0);
/// assert_eq!(figures.to_string(), "  created  1\u{202f}000\u{202f}000");
/// ```
#[derive(Debug, Default)]
pub struct Figures(Vec<(&'static str, u64)>);

impl Figures {
    /// And one more.
    #[must_use]
    pub fn row(mut self, name: &'static str, figure: u64) -> Self {
        if figure > 0 {
            self.0.push((name, figure));
        }
        self
    }

    /// Whether all of them are of nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = table();
        for (name, figure) in &self.0 {
            rows.add_row([(*name).to_owned(), grouped(*figure)]);
        }
        if let Some(column) = rows.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        f.write_str(&lines(&rows))
    }
}

/// A table without rules, indented, as wide as it wants to be.
pub fn table() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

/// The lines of a table, without blanks at their ends.
pub fn lines(table: &Table) -> String {
    table.lines().map(|line| format!(" {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text with spaces behind it, up to a width.
pub fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(text.width())))
}

/// A figure with groups of three, and thin spaces between them that do not break.
///
/// ```
/// use nightly_sync::term::grouped;
/// assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
/// assert_eq!(grouped(999), "999");
/// ```
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
///
/// ```
/// use nightly_sync::term::wrapped;
/// assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
/// ```
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    textwrap::wrap(&text.split_whitespace().collect::<Vec<_>>().join(" "), columns)
        .into_iter()
        .map(|line| line.into_owned())
        .collect()
}
