//! JSON that is no JSON lines: an array, an array in an envelope, or objects one after the other.
//!
//! The texts of the records are cut out of the stream by brackets and quotes, and each is then read by itself. A record
//! that cannot be read is set aside; where the brackets themselves are wrong nothing can be told of what follows, and the
//! listing is broken off there.

use super::form::{Form, Parser};
use super::text::Text;
use super::{Reading, Step, Stop};
use crate::MAX_RECORD;
use crate::pointer;

/// Where the records stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// At the outermost level, one after the other.
    Objects,
    /// In the list at these names, from the outside; without names the text is the list.
    Within(Vec<String>),
}

impl Place {
    pub(super) fn at(pointer: &str) -> Self {
        Self::Within(pointer::tokens(pointer).collect())
    }
}

/// What an envelope says about its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// How many records there are.
    pub(super) total: Option<u64>,
    /// It names another page.
    pub(super) has_more: bool,
}

/// Names under which envelopes state how many records there are in all.
pub(crate) const TOTALS: [&str; 9] = [
    "totalResults",
    "total",
    "totalCount",
    "total_count",
    "totalItems",
    "totalElements",
    "total_results",
    "@odata.count",
    "totalRecords",
];

/// Names under which envelopes say that there is another page.
pub(crate) const MORE: [&str; 10] = [
    "@odata.nextLink",
    "nextLink",
    "next",
    "next_page",
    "nextPage",
    "nextPageToken",
    "next_cursor",
    "nextCursor",
    "has_more",
    "hasMore",
];

/// Finds where the records stand in a text that begins with a bracket.
pub(super) fn find(head: &[u8], reading: &Reading, id: Option<&str>) -> (Form, Parser) {
    if let Some(pointer) = &reading.records {
        return (Form::Envelope(pointer.clone()), Parser::Json(Place::at(pointer)));
    }
    let start = head.iter().position(|byte| matches!(byte, b'{' | b'[')).unwrap_or(0);
    let text = &head[start..];
    if text.first() == Some(&b'[') {
        return (Form::JsonArray, Parser::Json(Place::Within(Vec::new())));
    }
    let objects = || {
        if is_lines(text) {
            (Form::JsonLines, Parser::Lines)
        } else {
            (Form::JsonObjects, Parser::Json(Place::Objects))
        }
    };
    // Whether another object follows tells a record with a list in it from an envelope.
    match end_of(text) {
        Some(end) if text[end..].iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0x1e) => objects(),
        _ => match pointer::list_in(text, id) {
            Some(pointer) => (Form::Envelope(pointer.clone()), Parser::Json(Place::at(&pointer))),
            None => objects(),
        },
    }
}

/// Whether each object stands on a line: the first line closes it, or the second begins another.
fn is_lines(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else { return true };
    if first.contains(&b'\r') {
        return false;
    }
    let is_closed = end_of(first).is_some_and(|end| first[end..].trim_ascii().is_empty());
    is_closed || lines.next().is_some_and(|second| second.starts_with(b"{")) && first.len() > 1
}

/// Where the value ends that begins here, if it does.
fn end_of(text: &[u8]) -> Option<usize> {
    let mut brackets = Brackets::default();
    text.iter().position(|byte| brackets.is_closed_by(*byte)).map(|at| at + 1)
}

/// How deep in brackets and quotes a reader stands.
#[derive(Debug, Default)]
struct Brackets {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Brackets {
    /// Whether this byte closes the value that was begun.
    fn is_closed_by(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    return self.depth == 0;
                }
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

/// Reads one list or sequence.
pub(super) struct Scanner<'t> {
    text: &'t mut Text,
    step: &'t mut Step,
    facts: &'t mut Facts,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t mut Text, step: &'t mut Step, facts: &'t mut Facts) -> Self {
        Self { text, step, facts }
    }

    /// The text of the next record, in `record`; whether it is too long, of which only the beginning is there.
    pub(super) fn next(&mut self, place: &Place, record: &mut Vec<u8>) -> Result<bool, Stop> {
        record.clear();
        match place {
            Place::Objects => {
                if self.peek()?.is_none() {
                    return Err(Stop::End);
                }
            }
            Place::Within(names) => self.element(names)?,
        }
        self.step.count += 1;
        self.step.begun = self.step.line;
        self.value(Some(record)).map_err(|stop| match stop {
            Stop::Torn(_) => Stop::Torn(format!("{} is cut off", self.step.record())),
            other => other,
        })
    }

    /// Goes to the next element of the list, or to the end of the text behind it.
    fn element(&mut self, names: &[String]) -> Result<(), Stop> {
        if self.text.offset() == 0 || !self.step.is_inside {
            for name in names {
                self.expect(b'{', &format!("an object that has `{name}`"))?;
                self.member(name)?;
            }
            self.expect(b'[', "a list of records")?;
            self.step.is_inside = true;
            if self.peek()? != Some(b']') {
                return Ok(());
            }
        } else {
            match self.peek()? {
                Some(b',') => self.consume(1),
                Some(b']') | None => {}
                Some(_) => return Err(self.wrong("no comma stands between two records")),
            }
            match self.peek()? {
                Some(b']') => {}
                None => return Err(Stop::Torn("the list of records is not closed".to_owned())),
                Some(_) => return Ok(()),
            }
        }
        self.consume(1);
        self.end(names.len())
    }

    /// What stands behind the list: the rest of the envelope, and nothing else.
    fn end(&mut self, depth: usize) -> Result<(), Stop> {
        for _ in 0..depth {
            loop {
                match self.peek()? {
                    Some(b',') => self.consume(1),
                    Some(b'}') => break,
                    None => return Err(Stop::Torn("the envelope of the records is not closed".to_owned())),
                    Some(_) => return Err(self.wrong("the envelope of the records is no JSON")),
                }
                let name = self.name()?;
                self.fact(&name)?;
            }
            self.consume(1);
        }
        match self.peek()? {
            None => Err(Stop::End),
            Some(_) => Err(self.wrong("something else stands behind the records")),
        }
    }

    /// Goes into the member of this name.
    fn member(&mut self, wanted: &str) -> Result<(), Stop> {
        loop {
            match self.peek()? {
                Some(b',') => self.consume(1),
                Some(b'"') => {}
                None => return Err(Stop::Torn("it ends before its records".to_owned())),
                Some(_) => return Err(self.none(wanted)),
            }
            let name = self.name()?;
            if name == wanted {
                return Ok(());
            }
            self.fact(&name)?;
        }
    }

    fn none(&self, wanted: &str) -> Stop {
        Stop::Wrong(format!("no `{wanted}` stands where the records should be"))
    }

    fn name(&mut self) -> Result<String, Stop> {
        let mut text = Vec::new();
        if self.peek()? != Some(b'"') {
            return Err(self.wrong("a member has no name"));
        }
        self.value(Some(&mut text))?;
        let name = serde_json::from_slice(&text).map_err(|_| self.wrong("the name of a member is no text"))?;
        self.expect(b':', "a value behind the name of a member")?;
        Ok(name)
    }

    /// Passes over a value of the envelope, and keeps what it says of the list.
    fn fact(&mut self, name: &str) -> Result<(), Stop> {
        let (is_total, is_more) = (TOTALS.contains(&name), MORE.contains(&name));
        let mut text = Vec::new();
        self.peek()?;
        self.value((is_total || is_more).then_some(&mut text))?;
        if is_total {
            self.facts.total = serde_json::from_slice(&text).ok().or(self.facts.total);
        }
        self.facts.has_more |= is_more && !matches!(&*text, b"null" | b"false" | b"\"\"" | b"0");
        Ok(())
    }

    /// A whole value. Its text is kept where somebody wants it, up to the most that a record may have.
    fn value(&mut self, mut keep: Option<&mut Vec<u8>>) -> Result<bool, Stop> {
        let (mut brackets, mut is_too_long, mut is_plain) = (Brackets::default(), false, None);
        loop {
            let chunk = self.text.fill()?;
            if chunk.is_empty() {
                return match is_plain {
                    Some(true) => Ok(is_too_long),
                    _ => Err(Stop::Torn("it ends inside a value".to_owned())),
                };
            }
            let plain = *is_plain.get_or_insert_with(|| !matches!(chunk[0], b'{' | b'[' | b'"'));
            let end = if plain {
                // A number or a word ends where something else begins.
                chunk.iter().position(|byte| {
                    matches!(byte, b',' | b']' | b'}' | b'{' | b'[' | b'"') || byte.is_ascii_whitespace()
                })
            } else {
                chunk.iter().position(|byte| brackets.is_closed_by(*byte)).map(|at| at + 1)
            };
            let read = end.unwrap_or(chunk.len());
            if let Some(keep) = &mut keep {
                let room = (MAX_RECORD + 1).saturating_sub(keep.len());
                is_too_long |= read > room;
                keep.extend_from_slice(&chunk[..read.min(room)]);
            }
            self.step.line += memchr::memchr_iter(b'\n', &chunk[..read]).count() as u64;
            self.text.consume(read);
            if end.is_some() {
                return if plain && read == 0 && keep.as_ref().is_none_or(|keep| keep.is_empty()) {
                    Err(self.wrong("a bracket or a comma stands where a record should be"))
                } else {
                    Ok(is_too_long)
                };
            }
        }
    }

    /// The next byte that is not blank, which stays.
    fn peek(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            let chunk = self.text.fill()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            // Text sequences (RFC 7464) have a separator before each record.
            let blank = |byte: &&u8| byte.is_ascii_whitespace() || **byte == 0x1e;
            let read = chunk.iter().take_while(blank).count();
            let next = chunk.get(read).copied();
            self.step.line += memchr::memchr_iter(b'\n', &chunk[..read]).count() as u64;
            self.text.consume(read);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), Stop> {
        match self.peek()? {
            Some(found) if found == byte => {
                self.consume(1);
                Ok(())
            }
            None => Err(Stop::Torn(format!("it ends where {what} should be"))),
            Some(_) => Err(Stop::Wrong(format!("it has something else where {what} should be"))),
        }
    }

    fn consume(&mut self, read: usize) {
        self.text.consume(read);
    }

    fn wrong(&self, problem: &str) -> Stop {
        Stop::Torn(format!("{problem}, in line {}", self.step.line + 1))
    }
}
