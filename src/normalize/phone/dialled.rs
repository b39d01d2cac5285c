//! What a text asks to be dialled, before any numbering plan is consulted: digits, a plus, an extension.
//!
//! The parser underneath sees only this, never the text. Every character is accounted for here: it is a digit of the
//! number or of its extension, it is punctuation, or the text is not a phone number.

use super::digits::{LEAD, is_digit, trim_end};
use super::extension::{self, is_extension};
use crate::normalize::name;
use crate::normalize::short::Short;
use crate::normalize::text;

/// No text longer than this is looked at, as in libphonenumber.
const TEXT: usize = 250;
/// A country code, a number, and what may be dialled before them.
const DIGITS: usize = 32;

type Text = Short<TEXT>;

/// The dialled form of a text.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Dialled {
    /// Whether a country code is announced by `+`.
    pub plus: bool,
    pub digits: Short<DIGITS>,
    /// Where among the digits the first zero in brackets of its own stands: `+353 (0)87`.
    pub bracketed_zero: Option<usize>,
    /// Empty for none.
    pub extension: Short<{ extension::DIGITS }>,
}

impl Dialled {
    /// The dialled form of a text that is not blank, `None` if it has none.
    pub(super) fn read(raw: &str) -> Option<Self> {
        let raw = text::trim(raw);
        if raw.len() > TEXT || raw.contains(is_line_break) {
            return None;
        }
        let plain = if raw.is_ascii() {
            Text::collect(raw.chars().map(plain))?
        } else {
            Text::collect(name::chars(raw).map(plain))?
        };
        let text = trim_end(plain.as_str());
        let mut parts = text[start_of_number(text)?..].split(';');
        let mut parameters = Parameters::default();
        let number = parts.next()?;
        for part in parts {
            parameters.read(part.trim())?;
        }
        match parameters.context {
            Some(context) => parameters.finish(Text::collect(context.chars().chain(number.chars()))?.as_str()),
            None => parameters.finish(number),
        }
    }

    /// Digits, and nothing around them; `None` if they are too many.
    pub(super) fn of(plus: bool, digits: &str) -> Option<Self> {
        let digits = Short::collect(digits.chars())?;
        Some(Self { plus, digits, bracketed_zero: None, extension: Short::new() })
    }
}

/// Two lines are two numbers.
fn is_line_break(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A character as the rest of this module knows it: ASCII and lower case where it has such a form.
fn plain(c: char) -> char {
    match c {
        '\t' => ' ',
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        '\u{FF01}'..='\u{FF5E}' => plain(char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c)),
        '\u{30FC}' | '\u{2053}' | '\u{223C}' => '-',
        'ó' | 'Ó' => 'o',
        'Д' => 'д',
        'О' => 'о',
        'Б' => 'б',
        _ => digit(c).unwrap_or(c),
    }
}

/// The zeros of the decimal digits of every script beyond ASCII (general category Nd, Unicode 16), each followed by
/// its nine others; in order.
#[rustfmt::skip]
const ZEROS: [u32; 75] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50,
    0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2,
    0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = ZEROS[..ZEROS.partition_point(|&zero| zero <= code)].last()?;
    char::from_digit(code - zero, 10)
}

/// What follows the number after semicolons (RFC 3966, section 3).
#[derive(Default)]
struct Parameters<'a> {
    extension: Option<&'a str>,
    context: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn read(&mut self, part: &'a str) -> Option<()> {
        let (name, value) = part.split_once('=').unwrap_or(("", part));
        match name {
            "isub" => return Some(()),
            "ext" | "" if self.extension.is_none() => {
                self.extension = Some(value.trim_start_matches([' ', ',', '-'])).filter(|value| is_extension(value));
                self.extension?;
            }
            "phone-context" if self.context.is_none() => self.context = Some(prefix_of(value)?),
            _ => return None,
        }
        Some(())
    }

    /// The dialled form of `number` together with what its parameters said.
    fn finish(self, number: &str) -> Option<Dialled> {
        let (number, extension) = match self.extension {
            Some(extension) => (number, extension),
            None => extension::split(number)?,
        };
        let mut digits = Reader::default();
        number.chars().try_for_each(|c| digits.read(c))?;
        let mut dialled = digits.finish()?;
        dialled.extension.push_str(extension)?;
        Some(dialled)
    }
}

/// What a `phone-context` puts before a number: a global prefix such as `+353`, nothing if it is a domain.
fn prefix_of(context: &str) -> Option<&str> {
    match context.strip_prefix('+') {
        Some(digits) => {
            let valid = digits.contains(is_digit) && digits.chars().all(|c| is_digit(c) || "-.()".contains(c));
            valid.then_some(context)
        }
        None => {
            let mut labels = context.strip_suffix('.').unwrap_or(context).rsplit('.');
            let top = labels.next().filter(|top| is_label(top) && top.starts_with(|c: char| c.is_ascii_lowercase()));
            (top.is_some() && labels.all(is_label)).then_some("")
        }
    }
}

fn is_label(label: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(inner)
}

/// Words such as `tel:` and `Mobile:` in front are skipped, as in libphonenumber.
fn start_of_number(text: &str) -> Option<usize> {
    text.find(|c| c == '+' || is_digit(c))
}

/// Collects the digits of a number, character by character.
#[derive(Default)]
struct Reader {
    plus: bool,
    characters: Short<DIGITS>,
    length: usize,
    letters: usize,
    opened: Option<usize>,
    bracketed_zero: Option<usize>,
    started: bool,
}

impl Reader {
    fn read(&mut self, c: char) -> Option<()> {
        match c {
            '+' if !self.started => {
                self.plus = true;
                return Some(());
            }
            '0'..='9' => self.push(c)?,
            'x' if self.length < LEAD => {}
            'a'..='z' if self.length < LEAD => return None,
            'a'..='z' => {
                self.letters += 1;
                self.push(c)?;
            }
            '(' | '[' => self.opened = Some(self.length),
            ')' | ']' => self.close(),
            '-' | ' ' | '.' | '/' | '~' | '*' => {}
            _ => return None,
        }
        self.started = true;
        Some(())
    }

    fn push(&mut self, c: char) -> Option<()> {
        self.length += 1;
        self.characters.push(c)
    }

    fn close(&mut self) {
        let inside = self.opened.take().and_then(|opened| self.characters.as_str().get(opened..));
        if inside == Some("0") && self.bracketed_zero.is_none() {
            self.bracketed_zero = Some(self.length - 1);
        }
    }

    /// Three letters or more are a word to be dialled; fewer are noise, as in libphonenumber.
    fn finish(self) -> Option<Dialled> {
        let dials_words = self.letters >= 3;
        let dialled = |c: char| {
            if c.is_ascii_digit() { Some(c) } else { key(c).filter(|_| dials_words) }
        };
        Some(Dialled {
            plus: self.plus,
            digits: Short::collect(self.characters.as_str().chars().filter_map(dialled))?,
            bracketed_zero: self.bracketed_zero,
            extension: Short::new(),
        })
    }
}

/// The key of a phone that bears a letter (ITU-T E.161).
fn key(letter: char) -> Option<char> {
    Some(match letter {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Dialled, ZEROS};

    fn read(raw: &str) -> Option<String> {
        Dialled::read(raw).map(|dialled| {
            let plus = if dialled.plus { "+" } else { "" };
            let zero = dialled.bracketed_zero.map_or(String::new(), |at| format!("(0) at {at}"));
            let parts = [dialled.digits.as_str(), dialled.extension.as_str(), &zero];
            let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            format!("{plus}{}", parts.join(" "))
        })
    }

    #[test]
    fn texts() {
        for (raw, expected, why) in [
            ("087 123-4567", "0871234567", "punctuation"),
            ("+353 (0)87/123.4567", "+3530871234567 (0) at 3", "a zero in brackets is remembered"),
            ("+353 (087) 1234567", "+3530871234567", "brackets around more are punctuation"),
            ("＋３５３　８７", "+35387", "full-width characters"),
            ("٠٨٧١٢٣٤٥٦٧", "0871234567", "Arabic-Indic digits"),
            ("\u{202A}+353 87\u{202C}", "+35387", "pasted direction marks"),
            ("087–123–4567", "0871234567", "every dash"),
            ("Tel.: 087 123", "087123", "words in front"),
            (";087 123", "087123", "or a slip of the pen"),
            ("tel:+353-87;ext=12", "+35387 12", "RFC 3966"),
            ("TEL:87-1;phone-context=+353", "+353871", "a prefix as context"),
            ("tel:871;isub=5;ext=2", "871 2", "a subaddress is no part of the number"),
            ("tel:871;phone-context=example.org", "871", "a domain as context says nothing"),
            ("087 1234 ext. 012", "0871234 012", "an extension keeps its zeros"),
            ("087 1234 EXTENSIÓN: 7", "0871234 7", "in Spanish"),
            ("087 1234 доб. 7", "0871234 7", "in Russian"),
            ("087 1234x7", "0871234 7", "a letter"),
            ("087 1234 #7", "0871234 7", "a sign"),
            ("087 1234 - 7#", "0871234 7", "a sign behind it"),
            ("087 1234,,7", "0871234 7", "pauses"),
            ("087 1234;7", "0871234 7", "a semicolon"),
            ("(087 1234 (ext 7))", "0871234 7", "closing brackets"),
            ("087 1234;,.", "0871234", "punctuation behind it"),
            ("1-800-FLOWERS", "18003569377", "a word to be dialled"),
            ("087 1234 m", "0871234", "a stray letter is no word"),
            ("12x34", "1234", "an x between digits is punctuation"),
        ] {
            assert_eq!(read(raw).as_deref(), Some(expected), "{why}");
        }
    }

    #[test]
    fn not_one_number() {
        for (raw, why) in [
            ("none", "no digit"),
            ("someone1110@example.org", "an e-mail address"),
            ("087 1234\n01 5678", "two lines are two numbers"),
            ("087 1234 x302/x2303", "two extensions are two numbers"),
            ("087 1234; ext 5; ext 6", "so are these"),
            ("087+1234", "a plus inside"),
            ("087_1234", "what is no punctuation of a number"),
            ("08FLOWERS", "letters too early"),
            ("tel:087;phone-context=", "an empty context"),
            ("tel:087;phone-context=+", "a context of no digits"),
            ("tel:087;phone-context=-", "a context that is no domain"),
            ("tel:087;rate=1", "a parameter nobody knows"),
            ("087;ext=", "an extension of no digits"),
            ("087;ext=123456789012345678901", "an extension too long"),
        ] {
            assert_eq!(read(raw), None, "{why}");
        }
        assert_eq!(read(&"1".repeat(33)), None, "more digits than any plan has");
        assert_eq!(read(&"1 ".repeat(1_000)), None, "too long to be looked at");
    }

    #[test]
    fn digits_of_every_script() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            let raw: String = (zero..zero + 10).filter_map(char::from_u32).collect();
            assert_eq!(read(&raw).as_deref(), Some("0123456789"), "{zero:X}");
            assert!(raw.chars().all(char::is_numeric), "{zero:X}");
        }
    }
}
