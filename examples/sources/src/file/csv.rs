//! Tables as text: rows of cells, with a sign between them (RFC 4180, and what programs make of it).
//!
//! A row ends with `\n`, `\r\n` or `\r`. A cell in quotes may hold all of them, the sign, and a quote that is doubled.
//! csv-core reads the cells. What it forgives is found before: a quote in quotes that is not doubled would join two rows,
//! and each row in between would be lost.

use csv_core::ReadRecordResult;

use super::text::Text;
use super::{Reading, Step, Stop};
use crate::MAX_RECORD;
use crate::records::Header;

/// Signs between columns that are looked for.
const SIGNS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// So many rows are looked at to find the sign.
const SAMPLE: usize = 50;

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// How many rows stand before the header, or before the first row where the header is stated.
    pub(super) skip: usize,
    /// The names of the columns, where somebody states them.
    pub(super) stated: Option<Header>,
    /// A last row without a line end is whole.
    pub(super) open_end: bool,
}

impl Dialect {
    /// Finds the sign between the columns: the one that gives most rows the same number of them, of several such signs the
    /// one that gives most columns.
    pub(super) fn find(head: &[u8], reading: &Reading) -> Option<Self> {
        if let Some(sign) = said_by_excel(head) {
            return Some(Self { skip: 1, ..Self::of(sign, reading) });
        }
        let skip = reading.rows_before_header;
        let best = SIGNS.iter().filter_map(|sign| Some((columns(head, *sign, skip)?, *sign)));
        // The first of equals stays: a comma goes before a bar.
        let (_, sign) = best.reduce(|best, other| if other.0 > best.0 { other } else { best })?;
        Some(Self::of(sign, reading))
    }

    pub(super) fn stated(delimiter: u8, head: &[u8], reading: &Reading) -> Self {
        let said = usize::from(said_by_excel(head).is_some());
        let dialect = Self::of(delimiter, reading);
        Self { skip: dialect.skip.max(said), ..dialect }
    }

    fn of(delimiter: u8, reading: &Reading) -> Self {
        Self {
            delimiter,
            skip: reading.rows_before_header,
            stated: reading.header.clone().map(Header),
            open_end: reading.open_end,
        }
    }
}

/// The first line `sep=;`, which Excel reads and other programs write for it.
fn said_by_excel(head: &[u8]) -> Option<u8> {
    let line = head.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    match line.trim_ascii_start() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sign] => Some(*sign),
        _ => None,
    }
}

/// How many rows of the sample have the most frequent number of columns, in hundredths, and that number; nothing where
/// the sign makes no columns.
fn columns(head: &[u8], sign: u8, skip: usize) -> Option<(usize, usize)> {
    let (mut counts, mut cells, mut rest) = (Vec::new(), Cells::new(sign), head);
    let mut row = Vec::new();
    while counts.len() < SAMPLE + skip {
        let mut splitter = Splitter::new(sign);
        row.clear();
        let (read, ended) = splitter.take(rest, &mut row);
        // The last row of the sample may be cut off.
        if !ended && !counts.is_empty() || read == 0 {
            break;
        }
        rest = &rest[read..];
        trim_end(&mut row);
        if !row.is_empty() {
            cells.read(&row);
            counts.push(cells.len());
        }
    }
    let rows = counts.get(skip..).unwrap_or(&[]);
    let header = *rows.first()?;
    let same = rows.iter().filter(|count| **count == header).count();
    (header > 1).then(|| (same * 100 / rows.len(), header))
}

/// Cuts rows out of a text.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    state: State,
    /// A quote stands where none may.
    is_bad: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a cell.
    Start,
    Bare,
    Quoted,
    /// Behind a quote in quotes: the end of the cell, or half of a doubled quote.
    Quote,
    /// The row has ended with a `\r`.
    Cr,
}

impl Splitter {
    pub(super) fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::Start, is_bad: false }
    }

    /// Takes bytes up to the end of the row. Returns how many, and whether the row ended.
    pub(super) fn take(&mut self, chunk: &[u8], row: &mut Vec<u8>) -> (usize, bool) {
        let mut at = 0;
        while at < chunk.len() {
            match self.state {
                State::Cr => return (at + usize::from(chunk[at] == b'\n'), true),
                State::Quoted => match memchr::memchr(b'"', &chunk[at..]) {
                    None => at = chunk.len(),
                    Some(more) => {
                        at += more + 1;
                        self.state = State::Quote;
                    }
                },
                State::Quote => match chunk[at] {
                    b'"' => (self.state, at) = (State::Quoted, at + 1),
                    // The end of the row is seen where it stands.
                    b'\r' | b'\n' => self.state = State::Bare,
                    byte if byte == self.delimiter => (self.state, at) = (State::Start, at + 1),
                    _ => (self.state, self.is_bad) = (State::Bare, true),
                },
                State::Start if chunk[at] == b'"' => {
                    at += 1;
                    self.state = State::Quoted;
                }
                State::Start | State::Bare => {
                    if let Some(ended) = self.bare(chunk, &mut at) {
                        row.extend_from_slice(&chunk[..at]);
                        return (at, ended);
                    }
                }
            }
        }
        row.extend_from_slice(chunk);
        (chunk.len(), false)
    }

    /// Goes on outside of quotes. Returns whether the row ended, where its line did.
    fn bare(&mut self, chunk: &[u8], at: &mut usize) -> Option<bool> {
        let rest = &chunk[*at..];
        match memchr::memchr3(b'\n', b'\r', b'"', rest) {
            None => {
                let ends_cell = rest.last() == Some(&self.delimiter);
                self.state = if ends_cell { State::Start } else { State::Bare };
                *at = chunk.len();
                None
            }
            Some(more) => {
                *at += more + 1;
                match rest[more] {
                    b'\n' => return Some(true),
                    b'\r' if *at == chunk.len() => {
                        self.state = State::Cr;
                        return Some(false);
                    }
                    b'\r' => {
                        *at += usize::from(chunk[*at] == b'\n');
                        return Some(true);
                    }
                    _ => {
                        let begins =
                            if more > 0 { rest[more - 1] == self.delimiter } else { self.state == State::Start };
                        self.state = if begins { State::Quoted } else { State::Bare };
                    }
                }
                None
            }
        }
    }
}

/// What came of reading one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// A row that is ended by a line end.
    Ended,
    /// The last row, without one.
    Open,
    /// The text ends inside quotes.
    InQuotes,
    /// A quote stands where none may.
    BadQuote,
    TooLong,
    End,
}

/// The next row that is not blank, in `row`, without its end.
pub(super) fn next(text: &mut Text, step: &mut Step, delimiter: u8, row: &mut Vec<u8>) -> Result<Row, Stop> {
    loop {
        row.clear();
        let mut splitter = Splitter::new(delimiter);
        step.begun = step.line + 1;
        let (mut ended, mut read_any) = (false, false);
        while !ended {
            let chunk = text.fill()?;
            if chunk.is_empty() {
                break;
            }
            let (read, is_end) = splitter.take(chunk, row);
            read_any = true;
            ended = is_end;
            text.consume(read);
            if row.len() > MAX_RECORD {
                return Ok(Row::TooLong);
            }
        }
        if !read_any {
            return Ok(Row::End);
        }
        let is_at_cr = splitter.state == State::Cr;
        step.line += lines(row) + u64::from(!ended && !is_at_cr);
        trim_end(row);
        if row.is_empty() {
            continue;
        }
        return Ok(match splitter.state {
            _ if splitter.is_bad => Row::BadQuote,
            State::Quoted => Row::InQuotes,
            _ if ended || is_at_cr => Row::Ended,
            _ => Row::Open,
        });
    }
}

/// How many lines end in a row.
fn lines(row: &[u8]) -> u64 {
    let feeds = memchr::memchr_iter(b'\n', row).count();
    let returns = memchr::memchr_iter(b'\r', row).filter(|at| row.get(at + 1) != Some(&b'\n')).count();
    (feeds + returns) as u64
}

/// Without the end of its line.
fn trim_end(row: &mut Vec<u8>) {
    while matches!(row.last(), Some(b'\n' | b'\r')) {
        row.pop();
    }
}

/// The cells of a row.
pub(super) struct Cells {
    reader: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    len: usize,
}

impl Cells {
    pub(super) fn new(delimiter: u8) -> Self {
        let reader = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, text: vec![0; 256], ends: vec![0; 16], len: 0 }
    }

    /// Reads the cells of a row that was cut out.
    pub(super) fn read(&mut self, row: &[u8]) {
        self.reader.reset();
        let (mut input, mut written, mut ended) = (row, 0, 0);
        loop {
            let (text, ends) = (&mut self.text[written..], &mut self.ends[ended..]);
            let (result, read, out, ends) = self.reader.read_record(input, text, ends);
            (input, written, ended) = (&input[read..], written + out, ended + ends);
            match result {
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                // An empty input tells the reader that the row is over.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        self.len = ended;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn cell(&self, at: usize) -> &[u8] {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[from..self.ends[at]]
    }
}
