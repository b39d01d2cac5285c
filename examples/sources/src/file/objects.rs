//! The objects of a listing before there is a schema: for whoever infers one.

use tripartite::value::Value;

use super::csv::{self, Cells};
use super::form::Parser;
use super::json::{Facts, Scanner};
use super::{FileError, Opened, Step, Stop, lines, sheet, table};
use crate::records::{Header, pairs};

/// One object of a listing, before there is a schema.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Object {
    /// Where it stands: `line 17`.
    pub line: u64,
    /// Its members in their order; nothing if it cannot be read.
    pub members: Option<Vec<(String, Value)>>,
}

impl Object {
    /// An object that stands in this line.
    pub fn new(line: u64, members: Option<Vec<(String, Value)>>) -> Self {
        Self { line, members }
    }
}

impl Opened {
    /// Reads all objects from the beginning to the end; a cell of a table is a text. It stops where `heed` says so.
    ///
    /// # Errors
    /// [`FileError`], if the file cannot be read.
    pub fn each(&mut self, mut heed: impl FnMut(Object) -> bool) -> Result<(), FileError> {
        self.text.go_to(0)?;
        let mut step = Step::default();
        let name = self.text.name().to_owned();
        match self.objects(&mut step, &mut heed) {
            Stop::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(FileError::io(&name, error)),
            Stop::Wrong(problem) if step.count == 0 => Err(FileError::setting(&name, problem)),
            // A torn end is told by the run.
            _ => self.text.go_to(0),
        }
    }

    fn objects(&mut self, step: &mut Step, heed: &mut dyn FnMut(Object) -> bool) -> Stop {
        let read = match &mut self.parser {
            Parser::Lines => return self.line_by_line(step, heed),
            Parser::Json(place) => {
                let (place, mut facts, mut record) = (place.clone(), Facts::default(), Vec::new());
                loop {
                    match Scanner::new(&mut self.text, step, &mut facts).next(&place, &mut record) {
                        Ok(is_too_long) => {
                            let members = if is_too_long { None } else { pairs(&record) };
                            if !heed(Object { line: step.begun + 1, members }) {
                                return Stop::End;
                            }
                        }
                        Err(stop) => return stop,
                    }
                }
            }
            Parser::Rows(_) => self.rows(step, heed),
            Parser::Sheet(_) => self.sheet_rows(step, heed),
        };
        read.err().unwrap_or(Stop::End)
    }

    fn line_by_line(&mut self, step: &mut Step, heed: &mut dyn FnMut(Object) -> bool) -> Stop {
        let mut line = Vec::new();
        loop {
            let members = match lines::next(&mut self.text, step, &mut line) {
                Ok(lines::Taken::Line) => pairs(&line),
                Ok(lines::Taken::TooLong) => None,
                Ok(lines::Taken::End) => return Stop::End,
                Err(stop) => return stop,
            };
            if !heed(Object { line: step.line, members }) {
                return Stop::End;
            }
        }
    }

    fn rows(&mut self, step: &mut Step, heed: &mut dyn FnMut(Object) -> bool) -> Result<(), Stop> {
        let Parser::Rows(dialect) = &self.parser else { return Ok(()) };
        let Header(names) = table::header(&mut self.text, step, dialect)?;
        let (mut row, mut cells) = (Vec::new(), Cells::new(dialect.delimiter));
        loop {
            let is_whole = match csv::next(&mut self.text, step, dialect.delimiter, &mut row)? {
                csv::Row::End => return Ok(()),
                csv::Row::Ended => true,
                csv::Row::Open => dialect.open_end,
                _ => false,
            };
            cells.read(&row);
            if (0..cells.len()).all(|at| cells.cell(at).is_empty()) {
                continue;
            }
            let fits = is_whole && cells.len() >= names.len();
            let member = |(at, name): (usize, &String)| Some((name.trim().to_owned(), text_of(cells.cell(at))?));
            let members = if fits { names.iter().enumerate().map(member).collect() } else { None };
            if !heed(Object { line: step.begun, members }) {
                return Ok(());
            }
        }
    }

    fn sheet_rows(&mut self, step: &mut Step, heed: &mut dyn FnMut(Object) -> bool) -> Result<(), Stop> {
        let Parser::Sheet(rows) = &mut self.parser else { return Ok(()) };
        rows.go_to(0)?;
        let Header(names) = table::sheet_header(rows, step, &self.reading)?;
        let mut cells = Vec::new();
        while rows.next(step, &mut cells)? {
            let is_fine = cells.iter().all(|cell| sheet::problem(cell).is_none());
            let cell = |at: usize| cells.get(at).map_or(&[][..], Vec::as_slice);
            let member = |(at, name): (usize, &String)| Some((name.trim().to_owned(), text_of(cell(at))?));
            let members = if is_fine { names.iter().enumerate().map(member).collect() } else { None };
            if !heed(Object { line: step.begun, members }) {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn text_of(cell: &[u8]) -> Option<Value> {
    let text = str::from_utf8(cell).ok()?;
    Some(if text.is_empty() { Value::Null } else { Value::from(text) })
}
