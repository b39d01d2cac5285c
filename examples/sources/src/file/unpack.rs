//! gzip and zstd, found by their first bytes.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use super::input::Reader;

/// How the bytes of a listing are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// gzip (RFC 1952), of one member or several.
    Gzip,
    /// Zstandard (RFC 8878), of one frame or several.
    Zstd,
}

impl std::fmt::Display for Compression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl Compression {
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) fn unpack(packed: Option<Self>, from: Reader) -> Box<dyn Read + Send> {
        let from = BufReader::with_capacity(1 << 16, from);
        match packed {
            None => Box::new(from),
            Some(Self::Gzip) => Box::new(Gzip(MultiGzDecoder::new(from))),
            Some(Self::Zstd) => Box::new(Frames { from, decoder: FrameDecoder::new(), is_open: false }),
        }
    }
}

struct Gzip(MultiGzDecoder<BufReader<Reader>>);

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The library calls a wrong checksum an invalid input, as it does a wrong argument.
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => io::Error::new(io::ErrorKind::InvalidData, error),
            _ => error,
        })
    }
}

/// The frames of a zstd stream one after the other; the decoder knows only one.
struct Frames<R> {
    from: R,
    decoder: FrameDecoder,
    is_open: bool,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_open && !self.open()? {
                return Ok(0);
            }
            let read = self.read_frame(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.close()?;
        }
    }
}

impl<R: BufRead> Frames<R> {
    /// Begins the next frame, if there is one.
    fn open(&mut self) -> io::Result<bool> {
        while !self.from.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.from) {
                Ok(()) => {
                    self.is_open = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut (&mut self.from).take(length.into()), &mut io::sink())?;
                    if skipped < length.into() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(self.damaged(error)),
            }
        }
        Ok(false)
    }

    fn read_frame(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            let some = ruzstd::decoding::BlockDecodingStrategy::UptoBytes(1 << 16);
            if let Err(error) = self.decoder.decode_blocks(&mut self.from, some) {
                return Err(self.damaged(error));
            }
        }
        self.decoder.read(buffer)
    }

    fn close(&mut self) -> io::Result<()> {
        self.is_open = false;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(stated), Some(is)) if stated != is => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "a checksum of zstd is wrong"))
            }
            _ => Ok(()),
        }
    }

    /// At the end of the bytes it was cut off; before, it is damaged.
    fn damaged(&mut self, error: FrameDecoderError) -> io::Error {
        let is_at_end = self.from.fill_buf().is_ok_and(<[u8]>::is_empty);
        let kind = if is_at_end { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
        io::Error::new(kind, error)
    }
}
