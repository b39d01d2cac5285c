//! Postal addresses: how they were laid out does not count.
//!
//! An address is text that people retype: in capitals on one form, with a comma and no space on the next. Its words
//! and their order are what count, so on top of the rules of [`text`](super::text):
//!
//! 1. every character is lower-cased by itself (the simple and special mappings that need no context, Unicode 3.13),
//!    and `ς` is read as `σ`;
//! 2. white space around a comma does not count, a run of commas is one comma, and none is kept at either end; the
//!    commas are U+002C, U+060C, U+3001 and U+FF0C.
//!
//! | raw | canonical |
//! |---|---|
//! | `"12 Main St,Dublin"` | `"12 main st, dublin"` |
//! | `"12 MAIN ST , ,⏎DUBLIN,"` | `"12 main st, dublin"` |
//! | `"12 Main St⏎Dublin"` | `"12 main st dublin"` |
//! | `"Große Straße"` | `"große straße"` |
//! | `","` | `""` |
//!
//! **Does a line break equal a comma?** No, it is white space. Both could only be equal if every comma were white
//! space, and then `Flat 1, 2 Main St` would be `Flat 12`'s neighbour: `Flat 1 2 Main St`.
//!
//! **Why is `STRASSE` not `Straße`?** Because `ß` lower-cases to itself, and only full case folding would write it as
//! `ss`, making `Maße` and `Masse` one word. A capital `ẞ` is `ß`.
//!
//! **And the dotted `İ`?** It becomes `i` with a dot above (U+0069 U+0307), so `İzmir` differs from `izmir` and
//! `Izmir`: which of the two a dotless source meant depends on its language, and nothing here knows it.
//!
//! **Why is `ς` folded?** Lower-casing character by character gives every `Σ` as `σ`; without it `ΟΔΟΣ` and `οδος`
//! with its final sigma would differ.

use std::borrow::Cow;

use super::text::{Form, Gap, Seen, borrowed_if_equal, is_space, same_words};

/// The canonical form of an address; `""` if there is nothing in it but white space and commas.
///
/// ```
/// use tripartite::normalize::address::canonical;
///
/// assert_eq!(canonical("12 Main St,DUBLIN"), "12 main st, dublin");
/// assert_eq!(canonical("12 Main St,\n\n, Dublin ,"), "12 main st, dublin");
/// // A line break is a space, never a comma.
/// assert_eq!(canonical("12 Main St\nDublin"), "12 main st dublin");
/// ```
pub fn canonical(raw: &str) -> Cow<'_, str> {
    borrowed_if_equal(raw, || chars(raw))
}

/// Whether two addresses have one canonical form.
///
/// ```
/// use tripartite::normalize::address::same;
///
/// assert!(same("12 Main St,Dublin", "12 main st , Dublin"));
/// assert!(!same("Flat 1, 2 Main St", "Flat 1 2 Main St"));
/// ```
pub fn same(a: &str, b: &str) -> bool {
    same_bytes(a.as_bytes(), b.as_bytes())
}

/// [`same`], of the bytes of two texts.
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b) || same_words(a, b, ascii_gap, lower_letter, |a, b| chars(a).eq(chars(b)))
}

/// Of ASCII, and of the last bytes of `Æ`, `Ð`, `Ø` and `Þ`.
pub(super) fn lower_letter(byte: u8) -> u8 {
    match byte {
        0x86 | 0x90 | 0x98 | 0x9E => byte | 0x20,
        _ => byte.to_ascii_lowercase(),
    }
}

fn ascii_gap(byte: u8) -> Gap {
    match byte {
        b',' => Gap::Comma,
        _ if is_space(byte) => Gap::Space,
        _ => Gap::None,
    }
}

fn chars(raw: &str) -> Form<Laid<impl Iterator<Item = char>>> {
    Form::of(raw, || Laid::new(lower(Seen(raw.chars()))))
}

/// Each character lower-cased by itself. Composition has to follow: `h` has letters that `H` has not.
pub(super) fn lower(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    Lower { chars, rest: None }
}

struct Lower<I> {
    chars: I,
    rest: Option<std::char::ToLowercase>,
}

impl<I: Iterator<Item = char>> Iterator for Lower<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(c) = self.rest.as_mut().and_then(Iterator::next) {
            return Some(c);
        }
        match self.chars.next()? {
            c if c.is_ascii() => Some(c.to_ascii_lowercase()),
            'ς' => Some('σ'),
            c => {
                let mut lowered = c.to_lowercase();
                let first = lowered.next();
                self.rest = Some(lowered);
                first
            }
        }
    }
}

fn gap(c: char) -> Gap {
    match c {
        ',' | '\u{60C}' | '\u{3001}' | '\u{FF0C}' => Gap::Comma,
        _ if c.is_whitespace() => Gap::Space,
        _ => Gap::None,
    }
}

/// Words with one gap between them: a space, or a comma and a space.
struct Laid<I> {
    chars: I,
    held: [Option<char>; 2],
    started: bool,
}

impl<I> Laid<I> {
    fn new(chars: I) -> Self {
        Self { chars, held: [None; 2], started: false }
    }

    fn release(&mut self) -> Option<char> {
        self.held[0].take().or_else(|| self.held[1].take())
    }
}

impl<I: Iterator<Item = char>> Iterator for Laid<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(held) = self.release() {
            return Some(held);
        }
        let mut between = Gap::None;
        let word = loop {
            let c = self.chars.next()?;
            match gap(c) {
                Gap::None => break c,
                wider => between = between.max(wider),
            }
        };
        if !std::mem::replace(&mut self.started, true) {
            between = Gap::None;
        }
        match between {
            Gap::None => return Some(word),
            Gap::Space => self.held = [None, Some(word)],
            Gap::Comma => self.held = [Some(' '), Some(word)],
        }
        Some(if between == Gap::Comma { ',' } else { ' ' })
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::{UnicodeNormalization, is_nfc};

    use super::canonical;
    use crate::normalize::text::characters;

    #[test]
    fn every_character_has_a_stable_canonical_form() {
        for c in characters() {
            for raw in [c.to_string(), format!("H{c}\u{331}"), format!("i\u{323}{c}")] {
                let once = canonical(&raw).into_owned();
                assert_eq!(canonical(&once), once, "{raw:?}");
                assert!(is_nfc(&once), "{raw:?}");
                let decomposed: String = raw.nfd().collect();
                assert_eq!(canonical(&decomposed), once, "{raw:?} decomposed");
            }
        }
    }
}
