//! JSON lines: an object on each line.

use tripartite::source::Item;

use super::text::Text;
use super::{Step, Stop};
use crate::MAX_RECORD;
use crate::records::{Records, read_object, too_long};

/// The next line that is not blank, in `line`, without its end.
pub(super) fn next(text: &mut Text, step: &mut Step, line: &mut Vec<u8>) -> Result<Taken, Stop> {
    loop {
        line.clear();
        let taken = take(text, line)?;
        if taken == Taken::End {
            return Ok(taken);
        }
        step.line += 1;
        let end = line.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        line.truncate(line.len() - end);
        if taken != Taken::Line || !line.is_empty() {
            return Ok(taken);
        }
    }
}

/// What came of reading one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Line,
    /// The beginning of one that is too long.
    TooLong,
    End,
}

fn take(text: &mut Text, line: &mut Vec<u8>) -> std::io::Result<Taken> {
    let mut is_too_long = false;
    loop {
        let chunk = text.fill()?;
        let end = memchr::memchr(b'\n', chunk);
        let read = end.map_or(chunk.len(), |at| at + 1);
        if read == 0 {
            let taken = if is_too_long { Taken::TooLong } else { Taken::Line };
            return Ok(if line.is_empty() { Taken::End } else { taken });
        }
        let room = MAX_RECORD + 1 - line.len();
        is_too_long |= read > room;
        line.extend_from_slice(&chunk[..read.min(room)]);
        text.consume(read);
        if end.is_some() {
            return Ok(if is_too_long { Taken::TooLong } else { Taken::Line });
        }
    }
}

/// The item of the next line.
pub(super) fn item(text: &mut Text, step: &mut Step, line: &mut Vec<u8>, records: &Records) -> Result<Item, Stop> {
    let taken = next(text, step, line)?;
    let place = || format!("line {}", step.line);
    match taken {
        Taken::End => Err(Stop::End),
        Taken::TooLong => Ok(too_long(records, line, &place())),
        Taken::Line => Ok(read_object(records, line, place)),
    }
}
