//! Which encoding a text is in, and the text as UTF-8.
//!
//! What is no text in the encoding becomes the byte `0xFF`, which no UTF-8 has: whoever reads the record sees that it
//! cannot be read. Nothing becomes a replacement character in silence.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How much text with characters beyond ASCII is looked at.
const LOOKED_AT: usize = 1 << 20;

/// How much of a text is looked at in one piece.
pub(super) const PIECE: usize = 1 << 17;

/// How it is known in which encoding a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Known {
    /// Somebody stated it.
    Stated,
    /// A byte order mark says it.
    Marked,
    /// All of the text is valid UTF-8, or every second byte is zero.
    Certain,
    /// The text is no UTF-8, and its letters are most likely those of this encoding.
    Guessed,
}

/// An encoding, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// How it is known.
    pub known: Known,
}

impl std::fmt::Display for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.encoding.name())?;
        match self.known {
            Known::Guessed => f.write_str(" (guessed from its letters; state it if names look wrong)"),
            _ => Ok(()),
        }
    }
}

/// The encoding that a mark or the zeros of its first bytes say.
pub(super) fn by_its_beginning(head: &[u8]) -> Option<Encoded> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Some(Encoded { encoding, known: Known::Marked });
    }
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let half = head.len() / 2;
    let certain = |encoding| Some(Encoded { encoding, known: Known::Certain });
    // Names in any script leave the signs between them in ASCII, one character in five or so.
    match (zeros(0), zeros(1)) {
        (0, odd) if half > 1 && odd * 6 > half => certain(UTF_16LE),
        (even, 0) if half > 1 && even * 6 > half => certain(UTF_16BE),
        _ => None,
    }
}

/// Looks at a text of unknown encoding piece by piece.
#[derive(Default)]
pub(super) struct Survey {
    /// How many characters beyond ASCII are valid UTF-8.
    valid: u64,
    /// How many places are not.
    invalid: u64,
    /// The beginning of a character that the next piece goes on with.
    open: Vec<u8>,
}

impl Survey {
    pub(super) fn piece(&mut self, piece: &[u8]) {
        if piece.is_ascii() {
            self.invalid += u64::from(!self.open.is_empty());
            self.open.clear();
            return;
        }
        let joined;
        let piece = if self.open.is_empty() {
            piece
        } else {
            joined = [&self.open, piece].concat();
            &joined
        };
        // Nearly always all of it, which is found several times as fast as chunk by chunk.
        let valid = str::from_utf8(piece).map_or_else(|error| error.valid_up_to(), str::len);
        self.count(&piece[..valid]);
        let mut open = &[][..];
        for chunk in piece[valid..].utf8_chunks() {
            self.count(chunk.valid().as_bytes());
            open = chunk.invalid();
            self.invalid += u64::from(!open.is_empty());
        }
        // What is invalid at the end of a piece may be half a character.
        let is_half = piece.ends_with(open) && str::from_utf8(open).is_err_and(|error| error.error_len().is_none());
        self.invalid -= u64::from(is_half);
        self.open = if is_half { open.to_vec() } else { Vec::new() };
    }

    fn count(&mut self, valid: &[u8]) {
        // In bytes, of which a processor adds many at a time; 255 of them fit into one.
        let in_some = |some: &[u8]| some.iter().fold(0_u8, |sum, byte| sum + u8::from(*byte >= 0xc0));
        self.valid += valid.chunks(255).map(|some| u64::from(in_some(some))).sum::<u64>();
    }

    /// A character that is cut off at the very end is a torn end. Where most of the characters are UTF-8, it is UTF-8, and
    /// the places that are not are told with their records.
    pub(super) fn is_utf8(&self) -> bool {
        self.invalid == 0 || self.valid > self.invalid
    }
}

/// The encoding that the letters of a text are most likely in which is no UTF-8. What cannot be read of it was told before.
pub(super) fn by_its_letters(mut text: impl Read) -> Encoded {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut buffer, mut looked_at) = (vec![0; PIECE], 0);
    while looked_at < LOOKED_AT
        && let Ok(read @ 1..) = text.read(&mut buffer)
    {
        let piece = &buffer[..read];
        if !piece.is_ascii() {
            detector.feed(piece, false);
            looked_at += read;
        }
    }
    detector.feed(b"", true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    Encoded { encoding: if encoding == UTF_8 { WINDOWS_1252 } else { encoding }, known: Known::Guessed }
}

/// The text as UTF-8, without its byte order mark.
pub(super) fn as_utf8(encoding: &'static Encoding, from: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    if encoding == UTF_8 {
        return Box::new(Unmarked { from, checked: false });
    }
    let decoder = encoding.new_decoder_with_bom_removal();
    Box::new(Transcoded { from, decoder, input: vec![0; 1 << 15], filled: 0..0, is_over: false, is_finished: false })
}

struct Unmarked {
    from: Box<dyn Read + Send>,
    checked: bool,
}

impl Read for Unmarked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.checked {
            return self.from.read(buffer);
        }
        self.checked = true;
        let mut filled = 0;
        while filled < 3.min(buffer.len()) {
            match self.from.read(&mut buffer[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        if !buffer[..filled].starts_with(b"\xef\xbb\xbf") {
            return Ok(filled);
        }
        buffer.copy_within(3..filled, 0);
        if filled > 3 { Ok(filled - 3) } else { self.from.read(buffer) }
    }
}

struct Transcoded {
    from: Box<dyn Read + Send>,
    decoder: Decoder,
    input: Vec<u8>,
    filled: std::ops::Range<usize>,
    /// All bytes were read.
    is_over: bool,
    /// All characters were given away.
    is_finished: bool,
}

impl Read for Transcoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The decoder needs room for one character.
        if buffer.len() < 16 {
            return Err(io::Error::other("the buffer is too small for a character"));
        }
        while !self.is_finished {
            if self.filled.is_empty() && !self.is_over {
                let read = self.from.read(&mut self.input)?;
                self.filled = 0..read;
                self.is_over = read == 0;
            }
            let room = buffer.len() - 1;
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
                &self.input[self.filled.clone()],
                &mut buffer[..room],
                self.is_over,
            );
            self.filled.start += read;
            let is_malformed = matches!(result, DecoderResult::Malformed(..));
            if is_malformed {
                buffer[written] = 0xff;
            }
            self.is_finished = self.is_over && result == DecoderResult::InputEmpty;
            let written = written + usize::from(is_malformed);
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}
