//! Sheets of workbooks: xlsx, xls, xlsb and ods, read by calamine.
//!
//! The rows of a sheet are written to a file without a name first, as texts, and then read page by page: an xlsx is never
//! held in memory but for its table of shared texts. The other three kinds are read as a whole.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader as _, Xls, Xlsb, Xlsx};

use super::input::{Raw, Reader};
use super::{FileError, Reading, Step};

/// Marks a cell of which no text can be made. What is wrong follows.
const PROBLEM: u8 = 0xff;

/// From here on a workbook does not keep each whole number.
const MOST_EXACT: f64 = 1e15;

/// The rows of a sheet.
pub(super) struct Rows {
    sheet: String,
    file: BufReader<File>,
    offset: u64,
    rows: u64,
}

/// Whether the bytes begin as those of a workbook do.
pub(super) fn is_workbook(raw: &Raw) -> bool {
    let mut head = Vec::new();
    let read = raw.reader(0).take(8).read_to_end(&mut head);
    read.is_ok() && (head.starts_with(b"PK\x03\x04") || head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

impl Rows {
    pub(super) fn open(raw: &Raw, name: &str, reading: &Reading) -> Result<Self, FileError> {
        let mut book = Book::open(raw, name)?;
        let sheet = book.choose(name, reading)?;
        let io = |error| FileError::io(name, error);
        let mut spool = Spool { file: BufWriter::new(tempfile::tempfile().map_err(io)?), rows: 0 };
        book.write(&sheet, &mut spool).map_err(|problem| damaged(name, problem))?;
        let rows = spool.rows;
        let file = spool.file.into_inner().map_err(|error| io(error.into_error()))?;
        let mut rows = Self { sheet, file: BufReader::new(file), offset: 1, rows };
        rows.go_to(0).map_err(io)?;
        Ok(rows)
    }

    pub(super) fn sheet(&self) -> &str {
        &self.sheet
    }

    pub(super) fn count(&self) -> u64 {
        self.rows
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn go_to(&mut self, offset: u64) -> io::Result<()> {
        if offset != self.offset {
            self.file.seek(SeekFrom::Start(offset))?;
            self.offset = offset;
        }
        Ok(())
    }

    /// The next row, in `cells`; `false` at the end.
    pub(super) fn next(&mut self, step: &mut Step, cells: &mut Vec<Vec<u8>>) -> io::Result<bool> {
        cells.clear();
        let Some(number) = self.number()? else { return Ok(false) };
        (step.begun, step.line) = (number, number);
        for _ in 0..self.number()?.unwrap_or(0) {
            let mut cell = vec![0; self.number()?.unwrap_or(0) as usize];
            self.file.read_exact(&mut cell)?;
            self.offset += cell.len() as u64;
            cells.push(cell);
        }
        Ok(true)
    }

    fn number(&mut self) -> io::Result<Option<u64>> {
        let mut bytes = [0; 8];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => {
                self.offset += 8;
                Ok(Some(u64::from_le_bytes(bytes)))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What is wrong with a cell, if no text can be made of it.
pub(super) fn problem(cell: &[u8]) -> Option<String> {
    let (first, rest) = cell.split_first()?;
    (*first == PROBLEM).then(|| String::from_utf8_lossy(rest).into_owned())
}

type From = BufReader<Reader>;

enum Book {
    Xlsx(Box<Xlsx<From>>),
    Xlsb(Box<Xlsb<From>>),
    Xls(Box<Xls<From>>),
    Ods(Box<Ods<From>>),
}

fn damaged(name: &str, problem: impl std::fmt::Display) -> FileError {
    FileError::Damaged { listing: name.to_owned(), problem: format!("its workbook cannot be read: {problem}") }
}

impl Book {
    fn open(raw: &Raw, name: &str) -> Result<Self, FileError> {
        let from = || BufReader::new(raw.reader(0));
        let mut head = [0; 2];
        from().read_exact(&mut head).map_err(|error| FileError::io(name, error))?;
        if &head != b"PK" {
            let is_encrypted = "is an Office document, but no workbook that can be read; perhaps it has a password";
            let remedy = "save it without a password, as xlsx or CSV";
            return Xls::new(from())
                .map(|book| Self::Xls(Box::new(book)))
                .map_err(|_| FileError::wrong(name, is_encrypted, remedy));
        }
        let error = match Xlsx::new(from()) {
            Ok(book) => return Ok(Self::Xlsx(Box::new(book))),
            Err(error) => error,
        };
        if let Ok(book) = Ods::new(from()) {
            return Ok(Self::Ods(Box::new(book)));
        }
        if let Ok(book) = Xlsb::new(from()) {
            return Ok(Self::Xlsb(Box::new(book)));
        }
        match error {
            calamine::XlsxError::FileNotFound(_) => Err(FileError::wrong(
                name,
                "is a ZIP archive and no workbook",
                "unpack it, or pack the listing with gzip",
            )),
            error => Err(FileError::wrong(
                name,
                format!("is a workbook or an archive that is damaged or cut off ({error})"),
                "get it once more, or export its sheet as CSV",
            )),
        }
    }

    fn names(&self) -> Vec<String> {
        match self {
            Self::Xlsx(book) => book.sheet_names(),
            Self::Xlsb(book) => book.sheet_names(),
            Self::Xls(book) => book.sheet_names(),
            Self::Ods(book) => book.sheet_names(),
        }
    }

    fn choose(&mut self, name: &str, reading: &Reading) -> Result<String, FileError> {
        let names = self.names();
        let quoted = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if let Some(asked) = &reading.sheet {
            let found = names.iter().find(|sheet| *sheet == asked).cloned();
            let problem = || format!("it has no sheet `{asked}`; its sheets are {}", quoted(&names));
            return found.ok_or_else(|| FileError::setting(name, problem()));
        }
        let mut filled = Vec::new();
        for sheet in &names {
            if !self.is_empty(sheet).map_err(|problem| damaged(name, problem))? {
                filled.push(sheet.clone());
            }
        }
        match &filled[..] {
            [] => Err(super::form::empty(name)),
            [one] => Ok(one.clone()),
            several => {
                Err(FileError::setting(name, format!("it has several sheets; state which: {}", quoted(several))))
            }
        }
    }

    fn is_empty(&mut self, sheet: &str) -> Result<bool, String> {
        match self {
            Self::Xlsx(book) => {
                let cells = book.worksheet_cells_reader(sheet);
                cells
                    .and_then(|mut cells| cells.next_cell())
                    .map(|cell| cell.is_none())
                    .map_err(|error| error.to_string())
            }
            _ => self.range(sheet).map(|range| range.is_empty()),
        }
    }

    fn range(&mut self, sheet: &str) -> Result<calamine::Range<Data>, String> {
        match self {
            Self::Xlsx(book) => book.worksheet_range(sheet).map_err(|error| error.to_string()),
            Self::Xlsb(book) => book.worksheet_range(sheet).map_err(|error| error.to_string()),
            Self::Xls(book) => book.worksheet_range(sheet).map_err(|error| error.to_string()),
            Self::Ods(book) => book.worksheet_range(sheet).map_err(|error| error.to_string()),
        }
    }

    fn write(&mut self, sheet: &str, spool: &mut Spool) -> Result<(), String> {
        let Self::Xlsx(book) = self else {
            let range = self.range(sheet)?;
            let first = range.start().map_or(0, |(row, _)| row);
            let left = range.start().map_or(0, |(_, column)| column) as usize;
            for (at, cells) in range.rows().enumerate() {
                let row =
                    vec![Vec::new(); left].into_iter().chain(cells.iter().map(|cell| text(&shared(cell)))).collect();
                spool.put(u64::from(first) + at as u64 + 1, row).map_err(|error| error.to_string())?;
            }
            return Ok(());
        };
        let mut cells = book.worksheet_cells_reader(sheet).map_err(|error| error.to_string())?;
        let (mut number, mut row) = (0, Vec::new());
        while let Some(cell) = cells.next_cell().map_err(|error| error.to_string())? {
            let (at, column) = cell.get_position();
            if at != number {
                spool.put(u64::from(number) + 1, std::mem::take(&mut row)).map_err(|error| error.to_string())?;
                number = at;
            }
            row.resize(row.len().max(column as usize), Vec::new());
            row.push(text(cell.get_value()));
        }
        spool.put(u64::from(number) + 1, row).map_err(|error| error.to_string())
    }
}

fn shared(cell: &Data) -> DataRef<'_> {
    match cell {
        Data::Empty => DataRef::Empty,
        Data::Int(int) => DataRef::Int(*int),
        Data::Float(float) => DataRef::Float(*float),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(bool) => DataRef::Bool(*bool),
        Data::DateTime(at) => DataRef::DateTime(*at),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
    }
}

/// The text of a cell. What looks like a text in the workbook, such as `007`, may be a number with a format: of that the
/// number is all there is.
fn text(cell: &DataRef<'_>) -> Vec<u8> {
    let problem = |problem: &str| [&[PROBLEM], problem.as_bytes()].concat();
    match cell {
        DataRef::Empty => Vec::new(),
        DataRef::Int(int) => int.to_string().into_bytes(),
        DataRef::Float(float) if float.fract() == 0.0 && float.abs() >= MOST_EXACT => {
            problem("a number of more than 15 digits, which a workbook rounds; enter it as text")
        }
        DataRef::Float(float) => float.to_string().into_bytes(),
        DataRef::String(text) => text.clone().into_bytes(),
        DataRef::SharedString(text) => text.as_bytes().to_vec(),
        DataRef::Bool(bool) => bool.to_string().into_bytes(),
        DataRef::DateTime(at) => point(at).into_bytes(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone().into_bytes(),
        DataRef::Error(_) => problem("an error of a formula"),
    }
}

fn point(at: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let milli = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    let time = format!("{hour:02}:{minute:02}:{second:02}{milli}");
    match at.as_f64() {
        days if at.is_duration() => {
            let seconds = (days * 86_400.0).round() as i64;
            format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
        days if (0.0..1.0).contains(&days) => time,
        days if days.fract() == 0.0 => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{time}"),
    }
}

/// Writes rows to the file from which they are read.
struct Spool {
    file: BufWriter<File>,
    rows: u64,
}

impl Spool {
    fn put(&mut self, number: u64, mut cells: Vec<Vec<u8>>) -> io::Result<()> {
        while cells.last().is_some_and(Vec::is_empty) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        self.rows += 1;
        self.file.write_all(&number.to_le_bytes())?;
        self.file.write_all(&(cells.len() as u64).to_le_bytes())?;
        for cell in cells {
            self.file.write_all(&(cell.len() as u64).to_le_bytes())?;
            self.file.write_all(&cell)?;
        }
        Ok(())
    }
}
