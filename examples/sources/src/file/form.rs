//! Which form a listing is in, found by its content.

use std::fmt;

use super::csv::{self, Dialect};
use super::text::Text;
use super::{Encoded, FileError, Reading, json, sheet, unpack::Compression, wrong};

/// As much of a text is looked at to find its form.
const LOOKED_AT: usize = 1 << 18;

/// The form of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An object on each line.
    JsonLines,
    /// Objects one after the other, on as many lines as they like.
    JsonObjects,
    /// A list of objects.
    JsonArray,
    /// An object in which the list of the records stands at this JSON pointer: `/Resources`.
    Envelope(String),
    /// Rows with a sign between their columns: a comma, a semicolon, a tab.
    Delimited(char),
    /// A sheet of a workbook (xlsx, xls, xlsb, ods).
    Sheet(String),
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JsonLines => f.write_str("JSON lines"),
            Self::JsonObjects => f.write_str("JSON objects one after the other"),
            Self::JsonArray => f.write_str("a JSON array"),
            Self::Envelope(pointer) => write!(f, "JSON with its records at {pointer}"),
            Self::Delimited(',') => f.write_str("CSV"),
            Self::Delimited('\t') => f.write_str("columns between tabs"),
            Self::Delimited(sign) => write!(f, "CSV with `{sign}` between its columns"),
            Self::Sheet(sheet) => write!(f, "the sheet `{sheet}` of a workbook"),
        }
    }
}

/// What was found about a listing, for people: programs say it before they believe it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The form.
    pub form: Form,
    /// How its bytes are compressed.
    pub packed: Option<Compression>,
    /// The encoding of its text.
    pub encoded: Encoded,
    /// How many lines it has; of a workbook, how many rows that are not empty.
    pub lines: u64,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.form)?;
        if !matches!(self.form, Form::Sheet(_)) {
            write!(f, ", {}", self.encoded)?;
        }
        self.packed.map_or(Ok(()), |packed| write!(f, ", {packed}"))
    }
}

/// What reads a listing of a form.
pub(super) enum Parser {
    Lines,
    Json(json::Place),
    Rows(Dialect),
    Sheet(sheet::Rows),
}

/// Finds the form, or says what the file is instead.
pub(super) fn find(text: &mut Text, reading: &Reading, id: Option<&str>) -> Result<(Form, Parser), FileError> {
    let head = text.beginning(LOOKED_AT)?;
    let name = text.name().to_owned();
    if text.packed().is_none() && sheet::is_workbook(text.raw()) {
        let rows = sheet::Rows::open(text.raw(), &name, reading)?;
        return Ok((Form::Sheet(rows.sheet().to_owned()), Parser::Sheet(rows)));
    }
    if let Some((is, remedy)) = wrong::by_bytes(&head) {
        return Err(FileError::wrong(&name, is, remedy));
    }
    let shown = String::from_utf8_lossy(&head);
    if let Some(form) = &reading.form {
        return stated(form, &head, reading, &name);
    }
    if reading.records.is_some() {
        return Ok(json::find(&head, reading, id));
    }
    let Some(first) = shown.trim_start_matches(['\u{feff}', '\u{1e}']).trim_start().chars().next() else {
        if reading.may_be_empty {
            return Ok((Form::JsonLines, Parser::Lines));
        }
        return Err(empty(&name));
    };
    if let Some((is, remedy)) = wrong::by_text(&shown) {
        return Err(FileError::wrong(&name, is, remedy));
    }
    if first == '{' || first == '[' {
        return Ok(json::find(&head, reading, id));
    }
    if shown.chars().take(2000).any(|char| char.is_control() && !char.is_whitespace() && char != '\u{1e}') {
        return Err(FileError::wrong(&name, "is no text", "export the list as CSV, JSON or a spreadsheet"));
    }
    rows(&head, reading, &name)
}

pub(super) fn empty(name: &str) -> FileError {
    let remedy = "get it once more. A listing of nobody is `[]`, or a header without rows";
    FileError::wrong(name, "is empty", remedy)
}

fn rows(head: &[u8], reading: &Reading, name: &str) -> Result<(Form, Parser), FileError> {
    let remedy = "JSON lines, a JSON array, CSV with a header, and workbooks are read; of a table with one column, state the form";
    let dialect = csv::Dialect::find(head, reading);
    let dialect = dialect.ok_or_else(|| FileError::wrong(name, "is a text without columns, and no JSON", remedy))?;
    Ok((Form::Delimited(dialect.delimiter.into()), Parser::Rows(dialect)))
}

/// A form that somebody states is not doubted, only read.
fn stated(form: &Form, head: &[u8], reading: &Reading, name: &str) -> Result<(Form, Parser), FileError> {
    let parser = match form {
        Form::JsonLines => Parser::Lines,
        Form::JsonObjects => Parser::Json(json::Place::Objects),
        Form::JsonArray => Parser::Json(json::Place::Within(Vec::new())),
        Form::Envelope(pointer) => Parser::Json(json::Place::at(pointer)),
        Form::Delimited(sign) => {
            let delimiter = u8::try_from(*sign);
            let delimiter =
                delimiter.map_err(|_| FileError::setting(name, "the sign between columns is no ASCII character"))?;
            Parser::Rows(Dialect::stated(delimiter, head, reading))
        }
        Form::Sheet(_) => return Err(FileError::setting(name, "it is no workbook, so it has no sheet")),
    };
    Ok((form.clone(), parser))
}
