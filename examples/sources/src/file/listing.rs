//! The connector: pages of a listing in a file.

use std::sync::{Mutex, PoisonError};

use tripartite::id::ExternalId;
use tripartite::source::{Connector, Cursor, Item, Next, Page};

use super::form::{Form, Parser};
use super::json::{Facts, Place, Scanner};
use super::table::{self, Table};
use super::text::Text;
use super::{FileError, Found, Opened, PAGE, Step, Stop, cursor, lines, place_of, sheet};
use crate::records::{Layout, Origin, Records, malformed, read_object, recovered, too_long};

/// So many records are looked at before ids are believed.
const SAMPLE: usize = 1000;

/// A listing in a file.
///
/// It is opened once and read as it was then: a file that takes its place is another listing. A file that is written into
/// while it is read is broken off. The calls block; no runtime is needed.
pub struct FileListing {
    records: Records,
    found: Found,
    is_whole: bool,
    page: usize,
    state: Mutex<State>,
}

struct State {
    text: Text,
    reader: Reader,
    step: Step,
    facts: Facts,
    is_cut: bool,
    /// The header's end: a cursor never stands before it.
    start: (u64, Step),
}

enum Reader {
    Lines,
    Json(Place),
    Table(Box<Table>),
    Sheet(sheet::Rows, Layout),
}

impl Opened {
    /// The listing as records.
    ///
    /// # Errors
    /// [`FileError`], if it has no column of the id or of a field that stands in a column of its own, if all of its ids
    /// look as if a converter had made them, or if it cannot be read.
    pub fn listing(mut self, records: Records) -> Result<FileListing, FileError> {
        let name = self.text.name().to_owned();
        if let Some(Origin::Parts(_)) = Some(records.id_from()) {
            return Err(FileError::setting(&name, "an id stands in one place"));
        }
        self.text.go_to(0)?;
        let mut step = Step::default();
        let header_failed = |stop| match stop {
            Stop::Io(error) => FileError::io(&name, error),
            Stop::Torn(problem) | Stop::Wrong(problem) => FileError::setting(&name, problem),
            Stop::End => FileError::setting(&name, "it has no header"),
        };
        let reader = match self.parser {
            Parser::Lines => Reader::Lines,
            Parser::Json(place) => Reader::Json(place),
            Parser::Rows(dialect) => {
                let header = table::header(&mut self.text, &mut step, &dialect).map_err(header_failed)?;
                let layout = table::layout(&records, &header, &name)?;
                Reader::Table(Box::new(Table::new(dialect, layout)))
            }
            Parser::Sheet(mut rows) => {
                rows.go_to(0).map_err(|error| FileError::io(&name, error))?;
                let header = table::sheet_header(&mut rows, &mut step, &self.reading).map_err(header_failed)?;
                let layout = table::layout(&records, &header, &name)?;
                Reader::Sheet(rows, layout)
            }
        };
        let mut state = State {
            text: self.text,
            reader,
            step: step.clone(),
            facts: Facts::default(),
            is_cut: self.is_cut,
            start: (0, step),
        };
        state.start.0 = state.offset();
        let listing = FileListing { records, found: self.found, is_whole: true, page: PAGE, state: Mutex::new(state) };
        listing.check_ids(&name)?;
        Ok(listing)
    }
}

/// All of a listing that is a page of a larger one.
pub(crate) struct OnePage {
    pub(crate) items: Vec<Item>,
    /// How many records the larger one has.
    pub(crate) total: Option<u64>,
    /// Why the page is not whole.
    pub(crate) torn: Option<String>,
}

impl Opened {
    pub(crate) fn one_page(self, records: Records) -> Result<OnePage, FileError> {
        let listing = self.listing(records)?.pages_of(usize::MAX);
        let page = listing.page(None)?;
        let torn = match page.next {
            Next::BrokenOff { problem } => Some(problem),
            _ => None,
        };
        let total = listing.state.lock().unwrap_or_else(PoisonError::into_inner).facts.total;
        Ok(OnePage { items: page.items, total, torn })
    }
}

impl FileListing {
    /// Not everything that the source has.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.is_whole = false;
        self
    }

    /// How many records a page has, at least one; 1000 if nobody says.
    #[must_use]
    pub fn pages_of(mut self, records: usize) -> Self {
        self.page = records.max(1);
        self
    }

    /// What was found of the file.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Fetches a page, without a future around it.
    ///
    /// # Errors
    /// [`FileError`], if the file cannot be read on.
    pub fn page(&self, after: Option<&Cursor>) -> Result<Page, FileError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.go_to(after)?;
        let mut items = Vec::with_capacity(self.page.min(PAGE));
        let mut buffer = Vec::new();
        while items.len() < self.page {
            let stop = match state.item(&self.records, &mut buffer) {
                Ok(item) => {
                    let Some(item) = item else { continue };
                    state.step.unread = unread(&item);
                    state.step.gone += u64::from(matches!(item, Item::Tombstone { .. }));
                    items.push(item);
                    continue;
                }
                Err(stop) => stop,
            };
            let end = state.end(stop, self.is_whole)?;
            if matches!(end, Next::BrokenOff { .. }) && !buffer.is_empty() && matches!(state.reader, Reader::Json(_)) {
                items.push(state.torn(&self.records, &buffer));
            }
            return Ok(Page::new(items, end));
        }
        let next = cursor(state.offset(), &state.step);
        Ok(Page::new(items, Next::More(next)))
    }

    /// What the listing has of some records. It is read to its end, and only that is kept.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn only(&self, ids: &[ExternalId]) -> Result<Page, FileError> {
        let mut found = Page::new(Vec::new(), Next::Partial);
        let mut after = None;
        loop {
            let page = self.page(after.as_ref())?;
            let next = page.next.clone();
            found.items.extend(page.only(ids).items);
            match next {
                Next::More(cursor) => after = Some(cursor),
                _ => return Ok(found),
            }
        }
    }

    /// Refuses a listing all of whose ids were numbers to a converter: `007` and `7` are both `7.0` there.
    fn check_ids(&self, name: &str) -> Result<(), FileError> {
        if !self.records.doubts_ids() {
            return Ok(());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = Vec::new();
        let (mut ids, mut odd) = (0, None);
        for _ in 0..SAMPLE {
            match state.item(&self.records, &mut buffer) {
                Ok(Some(Item::Record(remote))) => {
                    ids += 1;
                    let is_odd = is_converted(remote.id.as_str());
                    if !is_odd {
                        odd = None;
                        break;
                    }
                    odd.get_or_insert(state.step.begun.max(state.step.line));
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        state.go_to(None)?;
        match odd {
            Some(line) if ids > 0 => Err(FileError::setting(
                name,
                format!(
                    "every id ends in `.0` or has an exponent, as in line {line}: a converter has taken the ids for numbers, and \
                     leading zeros are gone. Convert it with the column `{}` as text, or read the original here",
                    self.records.id_from()
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Whether an id looks like a number that a converter has made of it: `7.0`, `1.5E+11`.
fn is_converted(id: &str) -> bool {
    let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_decimal =
        |text: &str| text.split_once('.').map_or(is_whole(text), |(whole, rest)| is_whole(whole) && is_whole(rest));
    id.strip_suffix(".0").is_some_and(is_whole)
        || id.split_once("E+").is_some_and(|(number, power)| is_decimal(number) && is_whole(power))
}

/// What is told of an item that is no record.
fn unread(item: &Item) -> Option<String> {
    match item {
        Item::Malformed(malformed) => Some(format!("{}, {}", malformed.place, malformed.problem)),
        _ => None,
    }
}

impl State {
    fn offset(&self) -> u64 {
        match &self.reader {
            Reader::Sheet(rows, _) => rows.offset(),
            _ => self.text.offset(),
        }
    }

    fn go_to(&mut self, after: Option<&Cursor>) -> Result<(), FileError> {
        let place = after.map_or_else(|| Some(self.start.clone()), place_of);
        let no_page = || FileError::NoPage {
            listing: self.text.name().to_owned(),
            cursor: after.map_or_else(String::new, |after| after.0.clone()),
        };
        let (offset, step) = place.filter(|(offset, _)| *offset >= self.start.0).ok_or_else(no_page)?;
        self.step = step;
        match &mut self.reader {
            Reader::Sheet(rows, _) => rows.go_to(offset).map_err(|error| FileError::io(self.text.name(), error)),
            _ => self.text.go_to(offset),
        }
    }

    fn item(&mut self, records: &Records, buffer: &mut Vec<u8>) -> Result<Option<Item>, Stop> {
        let (text, step) = (&mut self.text, &mut self.step);
        match &mut self.reader {
            Reader::Lines => lines::item(text, step, buffer, records).map(Some),
            Reader::Json(place) => {
                let is_too_long = Scanner::new(text, step, &mut self.facts).next(place, buffer)?;
                let at = || step.record();
                Ok(Some(if is_too_long { too_long(records, buffer, &at()) } else { read_object(records, buffer, at) }))
            }
            Reader::Table(table) => table.item(text, step, buffer, records),
            Reader::Sheet(rows, layout) => {
                let mut cells = Vec::new();
                if !rows.next(step, &mut cells)? {
                    return Err(Stop::End);
                }
                let place = format!("sheet `{}`, row {}", rows.sheet(), step.begun);
                Ok(Some(table::sheet_item(layout, &cells, records, &place)))
            }
        }
    }

    /// The record inside which the text ends.
    fn torn(&self, records: &Records, buffer: &[u8]) -> Item {
        let id = recovered(records.id_from(), &tripartite::value::exact_numbers(buffer));
        malformed(&self.step.record(), id, "is cut off".to_owned())
    }

    /// What the end of the text says.
    fn end(&mut self, stop: Stop, is_whole: bool) -> Result<Next, FileError> {
        let broken_off = |problem: String| Ok(Next::BrokenOff { problem });
        match stop {
            Stop::Io(error) if self.text.packed().is_some() && error.kind() == std::io::ErrorKind::UnexpectedEof => {
                broken_off("its compressed stream is cut off".to_owned())
            }
            Stop::Io(error) => Err(FileError::io(self.text.name(), error)),
            // An envelope of nobody may have no list (RFC 7644, section 3.4.2).
            Stop::Wrong(_) if self.facts.total == Some(0) => Ok(Next::Complete { total: Some(0) }),
            Stop::Wrong(problem) if self.step.count == 0 => Err(FileError::setting(self.text.name(), problem)),
            Stop::Wrong(problem) | Stop::Torn(problem) => broken_off(problem),
            Stop::End if self.is_cut => broken_off("its compressed stream is cut off".to_owned()),
            Stop::End if self.text.has_changed() => broken_off("somebody wrote into it while it was read".to_owned()),
            Stop::End if !is_whole || self.facts.has_more => Ok(Next::Partial),
            Stop::End => match self.step.unread.take() {
                // A set-aside row or record within closed brackets is no torn end.
                Some(problem) if !self.has_an_end() => broken_off(format!("its last record, {problem}")),
                // Who is said to have left is counted by the source, and is no record here.
                _ => Ok(Next::Complete { total: self.facts.total.map(|total| total.saturating_sub(self.step.gone)) }),
            },
        }
    }

    /// Whether something other than its last record shows that the text is whole.
    fn has_an_end(&self) -> bool {
        matches!(&self.reader, Reader::Json(Place::Within(_)) | Reader::Sheet(..))
    }
}

impl Connector for FileListing {
    type Error = FileError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, FileError> {
        self.page(after)
    }

    async fn fetch_only(&self, ids: &[ExternalId], _: Option<&Cursor>) -> Result<Page, FileError> {
        self.only(ids)
    }
}

impl FileListing {
    /// The form, for who reads ahead.
    pub fn form(&self) -> &Form {
        &self.found.form
    }
}
