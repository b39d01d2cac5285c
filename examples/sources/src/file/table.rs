//! Tables, of text and of workbooks: the header, and the item of each row.

use tripartite::source::Item;

use super::csv::{self, Cells, Dialect, Row};
use super::text::Text;
use super::{FileError, Reading, Step, Stop, sheet};
use crate::records::{Header, Layout, Records, malformed};

/// The names of the columns of a table of text, and the reader behind them.
pub(super) fn header(text: &mut Text, step: &mut Step, dialect: &Dialect) -> Result<Header, Stop> {
    let (mut row, mut cells) = (Vec::new(), Cells::new(dialect.delimiter));
    for _ in 0..dialect.skip {
        csv::next(text, step, dialect.delimiter, &mut row)?;
    }
    if let Some(stated) = &dialect.stated {
        return Ok(stated.clone());
    }
    match csv::next(text, step, dialect.delimiter, &mut row)? {
        Row::End => Err(Stop::Torn("it ends before its header".to_owned())),
        Row::Ended => names(&row, &mut cells),
        Row::Open if dialect.open_end => names(&row, &mut cells),
        _ => Err(Stop::Torn("it ends inside its header, or the header has a quote that nothing closes".to_owned())),
    }
}

fn names(row: &[u8], cells: &mut Cells) -> Result<Header, Stop> {
    cells.read(row);
    let name = |at: usize| str::from_utf8(cells.cell(at)).map(str::to_owned);
    let mut names = (0..cells.len()).map(name).collect::<Result<Vec<_>, _>>();
    if let Ok(names) = &mut names {
        // Each row of some programs ends with the sign.
        while names.len() > 1 && names.last().is_some_and(String::is_empty) {
            names.pop();
        }
    }
    names.map(Header).map_err(|_| Stop::Wrong("the header cannot be read in its encoding".to_owned()))
}

/// The names of the columns of a sheet.
pub(super) fn sheet_header(rows: &mut sheet::Rows, step: &mut Step, reading: &Reading) -> Result<Header, Stop> {
    let mut cells = Vec::new();
    for _ in 0..reading.rows_before_header {
        rows.next(step, &mut cells)?;
    }
    if let Some(stated) = &reading.header {
        return Ok(Header(stated.clone()));
    }
    if !rows.next(step, &mut cells)? {
        return Err(Stop::Wrong("it has no header".to_owned()));
    }
    Ok(Header(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()))
}

/// Reads rows of text.
pub(super) struct Table {
    pub(super) dialect: Dialect,
    pub(super) layout: Layout,
    pub(super) cells: Cells,
}

impl Table {
    pub(super) fn new(dialect: Dialect, layout: Layout) -> Self {
        let cells = Cells::new(dialect.delimiter);
        Self { dialect, layout, cells }
    }

    /// The item of the next row; none for a row of empty cells.
    pub(super) fn item(
        &mut self,
        text: &mut Text,
        step: &mut Step,
        row: &mut Vec<u8>,
        records: &Records,
    ) -> Result<Option<Item>, Stop> {
        let read = csv::next(text, step, self.dialect.delimiter, row)?;
        let place = place(step);
        let read = match read {
            Row::Open if self.dialect.open_end => Row::Ended,
            read => read,
        };
        match read {
            Row::End => Err(Stop::End),
            Row::Ended => Ok(self.read(row, step, records)),
            Row::Open => {
                self.cells.read(row);
                let id = self.first_id(records, self.cells.len() > 1);
                let problem =
                    "has no line end, so it may be cut off; if the program that writes it writes none, state that";
                Ok(Some(malformed(&place, id, problem.to_owned())))
            }
            Row::InQuotes => Ok(Some(malformed(&place, None, "has a quote that nothing closes".to_owned()))),
            Row::BadQuote => {
                let problem =
                    "has a quote inside a cell in quotes that is not doubled, so nobody can tell where its cells end";
                Ok(Some(malformed(&place, None, problem.to_owned())))
            }
            Row::TooLong => {
                let problem =
                    format!("is longer than {} MiB; perhaps nothing closes a quote in it", crate::MAX_RECORD >> 20);
                step.unread = Some(format!("{place} {problem}"));
                Err(Stop::Torn(format!("{place} {problem}")))
            }
        }
    }

    fn read(&mut self, row: &[u8], step: &Step, records: &Records) -> Option<Item> {
        self.cells.read(row);
        let (count, columns) = (self.cells.len(), self.layout.len());
        if (0..count).all(|at| self.cells.cell(at).is_empty()) {
            return None;
        }
        let spare = (columns..count).any(|at| !self.cells.cell(at).is_empty());
        if count < columns || spare {
            let problem = format!("has {count} columns, where the header has {columns}");
            return Some(malformed(&place(step), self.first_id(records, true), problem));
        }
        // The whole text is checked at once: nearly all rows are text.
        let (cells, layout) = (&self.cells, &self.layout);
        if let Some(at) = (0..columns).find(|at| str::from_utf8(cells.cell(*at)).is_err()) {
            let problem = format!("column {} is no text in the encoding of the listing; state another", at + 1);
            return Some(malformed(&place(step), self.first_id(records, true), problem));
        }
        let cell = |at: usize| str::from_utf8(cells.cell(at)).unwrap_or_default();
        Some(layout.read(records, cell, || place(step)))
    }

    /// The id of a row whose cells may not be where they should be: only the first one is certain.
    fn first_id(&self, records: &Records, is_closed: bool) -> Option<tripartite::id::ExternalId> {
        let _ = records;
        let is_first = self.layout.id() == 0 && self.cells.len() > 0 && is_closed;
        let text = is_first.then(|| str::from_utf8(self.cells.cell(0)).ok()).flatten()?;
        tripartite::id::ExternalId::new(text).ok()
    }
}

fn place(step: &Step) -> String {
    format!("line {}", step.begun)
}

/// The item of a row of a sheet.
pub(super) fn sheet_item(layout: &Layout, cells: &[Vec<u8>], records: &Records, place: &str) -> Item {
    let columns = layout.len();
    if let Some((at, problem)) = cells.iter().enumerate().find_map(|(at, cell)| Some((at, sheet::problem(cell)?))) {
        let id = cells.get(layout.id()).filter(|cell| sheet::problem(cell).is_none());
        let id = id.and_then(|cell| tripartite::id::ExternalId::new(String::from_utf8_lossy(cell)).ok());
        return malformed(place, id, format!("column {} holds {problem}", at + 1));
    }
    if cells.len() > columns {
        return malformed(place, None, format!("has {} columns, where the header has {columns}", cells.len()));
    }
    // Empty cells at the end of a row are not stored.
    let cell = |at: usize| cells.get(at).map_or("", |cell| str::from_utf8(cell).unwrap_or_default());
    layout.read(records, cell, || place.to_owned())
}

/// A setting that does not fit the columns.
pub(super) fn layout(records: &Records, header: &Header, name: &str) -> Result<Layout, FileError> {
    Layout::new(records, header).map_err(|problem| FileError::setting(name, problem))
}
