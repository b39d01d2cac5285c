//! The text of a listing: unpacked, as UTF-8, and read again from any place.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::UTF_8;

use super::FileError;
use super::encoding::{Encoded, Known, PIECE, Survey, as_utf8, by_its_beginning, by_its_letters};
use super::input::Raw;
use super::unpack::Compression;

/// A buffer of the text.
const BUFFER: usize = 1 << 16;

/// The text of a listing, and where its reader stands.
pub(super) struct Text {
    raw: Raw,
    packed: Option<Compression>,
    encoded: Encoded,
    reader: BufReader<Box<dyn Read + Send>>,
    offset: u64,
}

/// What a first look at all of the bytes has found.
pub(super) struct Surveyed {
    pub(super) lines: u64,
    /// The unpacked text is cut off.
    pub(super) is_cut: bool,
    pub(super) length: u64,
}

impl Text {
    /// Looks at all of the bytes: which compression and encoding they are in, and whether the compression is whole.
    pub(super) fn open(
        raw: Raw,
        stated: Option<&'static encoding_rs::Encoding>,
    ) -> Result<(Self, Surveyed), FileError> {
        let io = |error| FileError::io(&raw.name, error);
        let mut head = Vec::new();
        raw.reader(0).take(8).read_to_end(&mut head).map_err(io)?;
        let packed = Compression::of(&head);
        let (encoded, surveyed) = survey(&raw, packed, stated)?;
        let reader = pipeline(&raw, packed, encoded);
        Ok((Self { raw, packed, encoded, reader, offset: 0 }, surveyed))
    }

    pub(super) fn name(&self) -> &str {
        &self.raw.name
    }

    pub(super) fn packed(&self) -> Option<Compression> {
        self.packed
    }

    pub(super) fn encoded(&self) -> Encoded {
        self.encoded
    }

    pub(super) fn raw(&self) -> &Raw {
        &self.raw
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn has_changed(&self) -> bool {
        self.raw.has_changed()
    }

    /// Some of the beginning of the text, and back to it.
    pub(super) fn beginning(&mut self, at_most: usize) -> Result<Vec<u8>, FileError> {
        self.go_to(0)?;
        let mut head = Vec::new();
        // A text that cannot be unpacked to here is told where it is read.
        let _ = (&mut self.reader).take(at_most as u64).read_to_end(&mut head);
        self.offset = head.len() as u64;
        self.go_to(0)?;
        Ok(head)
    }

    /// Reads on at this place of the text.
    pub(super) fn go_to(&mut self, offset: u64) -> Result<(), FileError> {
        if offset == self.offset {
            return Ok(());
        }
        self.anew(offset).map_err(|error| FileError::io(&self.raw.name, error))
    }

    fn anew(&mut self, offset: u64) -> io::Result<()> {
        // Where a byte of the text is a byte of the file, nothing before it is read.
        let is_plain = self.packed.is_none() && self.encoded.encoding == UTF_8 && self.encoded.known == Known::Certain;
        if is_plain {
            self.reader = BufReader::with_capacity(BUFFER, Compression::unpack(None, self.raw.reader(offset)));
        } else {
            self.reader = pipeline(&self.raw, self.packed, self.encoded);
            io::copy(&mut (&mut self.reader).take(offset), &mut io::sink())?;
        }
        self.offset = offset;
        Ok(())
    }

    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    pub(super) fn consume(&mut self, read: usize) {
        self.reader.consume(read);
        self.offset += read as u64;
    }
}

fn pipeline(raw: &Raw, packed: Option<Compression>, encoded: Encoded) -> BufReader<Box<dyn Read + Send>> {
    let unpacked = Compression::unpack(packed, raw.reader(0));
    BufReader::with_capacity(BUFFER, as_utf8(encoded.encoding, unpacked))
}

fn survey(
    raw: &Raw,
    packed: Option<Compression>,
    stated: Option<&'static encoding_rs::Encoding>,
) -> Result<(Encoded, Surveyed), FileError> {
    let io = |error| FileError::io(&raw.name, error);
    let mut unpacked = Compression::unpack(packed, raw.reader(0));
    let (mut survey, mut surveyed) = (Survey::default(), Surveyed { lines: 0, is_cut: false, length: 0 });
    let (mut buffer, mut begun, mut last) = (vec![0; PIECE], None, b'\n');
    loop {
        let read = match unpacked.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if packed.is_some() && error.kind() == io::ErrorKind::UnexpectedEof => {
                surveyed.is_cut = true;
                0
            }
            Err(error) if packed.is_some() && error.kind() == io::ErrorKind::InvalidData => {
                let problem = format!("{error} after {} bytes", surveyed.length);
                return Err(FileError::Damaged { listing: raw.name.clone(), problem });
            }
            Err(error) => return Err(io(error)),
        };
        let piece = &buffer[..read];
        let Some(byte) = piece.last() else { break };
        last = *byte;
        begun.get_or_insert_with(|| by_its_beginning(&piece[..read.min(1 << 12)]));
        survey.piece(piece);
        surveyed.length += read as u64;
        surveyed.lines += memchr::memchr_iter(b'\n', piece).count() as u64;
    }
    surveyed.lines += u64::from(last != b'\n');
    let encoded = match (stated, begun.flatten()) {
        (Some(encoding), _) => Encoded { encoding, known: Known::Stated },
        (None, Some(encoded)) => encoded,
        (None, None) if survey.is_utf8() => Encoded { encoding: UTF_8, known: Known::Certain },
        (None, None) => by_its_letters(Compression::unpack(packed, raw.reader(0))),
    };
    Ok((encoded, surveyed))
}
