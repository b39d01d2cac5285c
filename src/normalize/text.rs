//! Free text: what is invisible does not count.
//!
//! Text that was typed, pasted, exported and imported again picks up what no reader sees: an accent stored as a
//! separate character, a no-break space, a direction mark. None of that is an edit.
//!
//! The rule, in this order:
//!
//! 1. *ignored characters* are dropped: U+00AD, U+061C, U+180E, U+200B to U+200F, U+202A to U+202E,
//!    U+2060 to U+2064, U+2066 to U+206F and U+FEFF;
//! 2. every run of white space (the Unicode property `White_Space`: no-break and ideographic spaces, tabs, line and
//!    paragraph separators) becomes one U+0020, and none is kept at either end;
//! 3. what is left is composed to Unicode Normalization Form C ([UAX #15]).
//!
//! Composition comes last, because dropping a character may bring a letter and its accent together.
//!
//! | raw | canonical |
//! |---|---|
//! | `"  John  "` | `"John"` |
//! | `"Mary⏎Ann"`, `"Mary\u{A0}Ann"` | `"Mary Ann"` |
//! | `"Zoe\u{308}"` | `"Zoë"` |
//! | `"e\u{200B}\u{301}"` | `"é"` |
//! | `"\u{FEFF} \u{3000}"` | `""` |
//!
//! **Is the joiner in an emoji or in Persian ignored too?** Yes. U+200C and U+200D carry meaning in some scripts and
//! in emoji sequences, but they are lost and added by exports as easily as their neighbours, and only comparison is
//! affected: the raw text keeps them. A field of prose where a joiner alone may be the edit is better an exact kind.
//!
//! **Is case ignored?** No: `"van Dyke"` to `"Van Dyke"` is a correction somebody made. See
//! [`address`](super::address) for text that ignores case.
//!
//! [UAX #15]: https://www.unicode.org/reports/tr15/

use std::borrow::Cow;

pub(super) use self::apart::{Gap, is_space};
use self::apart::{apart, same_letters};
pub(super) use self::chars::{Chars, Collapsed, Form, Seen};

mod apart;
mod chars;
mod letters;

/// The canonical form of free text; `""` if there is nothing to read in it.
///
/// ```
/// use std::borrow::Cow;
/// use tripartite::normalize::text::canonical;
///
/// assert_eq!(canonical(" Zoe\u{308}\u{A0}Byrne\n"), "Zoë Byrne");
/// assert_eq!(canonical("\u{FEFF} \u{3000}"), "");
/// // What is canonical already is not copied.
/// assert!(matches!(canonical("Zoë Byrne"), Cow::Borrowed(_)));
/// ```
pub fn canonical(raw: &str) -> Cow<'_, str> {
    borrowed_if_equal(raw, || Chars::new(raw))
}

/// Whether two texts have one canonical form. Case counts.
///
/// ```
/// use tripartite::normalize::text::same;
///
/// assert!(same("Mary  Ann", "Mary\u{A0}Ann\u{200E}"));
/// assert!(!same("Mary Ann", "MaryAnn"));
/// ```
pub fn same(a: &str, b: &str) -> bool {
    same_bytes(a.as_bytes(), b.as_bytes())
}

/// [`same`], of the bytes of two texts.
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    same_words(a, b, ascii_gap, |byte| byte, |a, b| Chars::new(a).eq(Chars::new(b)))
}

/// Whether the bytes of two texts are the same under a kind that has gaps between words, folds each letter, and
/// compares texts of other letters by their canonical characters. A Latin-1 letter that bears no accent is folded by
/// the last of its bytes.
pub(super) fn same_words(
    a: &[u8],
    b: &[u8],
    gap: impl Fn(u8) -> Gap + Copy,
    fold: impl Fn(u8) -> u8 + Copy,
    same_chars: impl Fn(&str, &str) -> bool,
) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = apart(a, b);
    same_letters(a, b, gap, fold).unwrap_or_else(|| {
        // Both are UTF-8: they are cut out of texts, between characters.
        matches!((str::from_utf8(a), str::from_utf8(b)), (Ok(a), Ok(b)) if same_chars(a, b))
    })
}

/// The gaps of free text: white space.
pub(super) fn ascii_gap(byte: u8) -> Gap {
    if is_space(byte) { Gap::Space } else { Gap::None }
}

/// Whether a text holds nothing but white space and ignored characters.
pub(crate) fn is_blank(raw: &str) -> bool {
    raw.chars().all(is_invisible)
}

/// The text without white space and ignored characters at its ends; what is inside stays.
pub(super) fn trim(raw: &str) -> &str {
    raw.trim_matches(is_invisible)
}

/// White space or ignored: nothing a reader could see.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_whitespace() || is_ignored(c)
}

/// Zero-width characters and direction controls, which comparison drops.
pub(super) fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206F}'
            | '\u{FEFF}'
    )
}

/// The raw text if its canonical characters are its own, else those characters as a new string.
pub(super) fn borrowed_if_equal<I>(raw: &str, chars: impl Fn() -> I) -> Cow<'_, str>
where
    I: Iterator<Item = char>,
{
    if chars().eq(raw.chars()) { Cow::Borrowed(raw) } else { Cow::Owned(chars().collect()) }
}

/// Every character but ideographs without a decomposition, private use, and what is not assigned.
#[cfg(test)]
pub(super) fn characters() -> impl Iterator<Item = char> {
    let alike = |c: &char| matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{E000}'..='\u{F8FF}' | '\u{20000}'..'\u{2F800}');
    ('\0'..'\u{2FA20}').filter(move |c| !alike(c))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use unicode_normalization::{UnicodeNormalization, is_nfc};

    use super::{canonical, characters, is_blank, is_ignored, same, trim};
    use crate::normalize::{address, name};

    #[test]
    fn blank_is_what_nobody_can_see() {
        assert!(is_blank("") && is_blank(" \u{A0}\u{FEFF}\n"));
        assert!(!is_blank(" . "));
        assert_eq!(trim("\u{FEFF} a\u{200B}b \n"), "a\u{200B}b");
    }

    /// Letter by letter, by whatever shortcut, or by the whole rule: for every pair of short texts of letters, accents
    /// in both orders, gaps, what is ignored and what is neither.
    #[test]
    fn the_same_are_those_of_one_form() {
        type Kind = (&'static str, fn(&str) -> Cow<'_, str>, fn(&str, &str) -> bool);
        const KINDS: [Kind; 3] = [
            ("text", canonical, same),
            ("name", name::canonical, name::same),
            ("address", address::canonical, address::same),
        ];
        const PIECES: [&str; 11] = ["e", "E", "é", "\u{301}", "\u{323}", "ẹ", "ø", "`", " ", ",", "\u{AD}"];
        let longer = |texts: &[String]| -> Vec<String> {
            texts.iter().flat_map(|text| PIECES.map(|piece| format!("{text}{piece}"))).collect()
        };
        let one = longer(&[String::new()]);
        let two = longer(&one);
        let texts = [longer(&two), two, one].concat();
        for (kind, canonical, same) in KINDS {
            let forms: Vec<_> = texts.iter().map(|text| canonical(text)).collect();
            let all: Vec<_> = texts.iter().zip(&forms).collect();
            for (at, &(a, form)) in all.iter().enumerate() {
                // Each pair once, in one order or the other.
                for (beside, &(b, other)) in all[at..].iter().enumerate() {
                    let (a, b) = if beside % 2 == 0 { (a, b) } else { (b, a) };
                    assert_eq!(same(a, b), form == other, "{kind}: {a:?}, {b:?}");
                }
            }
        }
    }

    /// The ground under the byte scan.
    #[test]
    fn nothing_below_u0300_is_touched_by_nfc() {
        let below = || ('\0'..'\u{300}').chain('\0'..'\u{300}');
        assert!(below().nfc().eq(below()));
        for a in '\0'..'\u{300}' {
            for b in ['\0', 'a', 'e', '\u{A8}', '\u{B4}', '\u{2FF}'] {
                assert!([a, b].into_iter().nfc().eq([a, b]), "{a:?} {b:?}");
            }
        }
    }

    /// Composition must not bring back what an earlier rule removed.
    #[test]
    fn every_character_has_a_stable_canonical_form() {
        for c in characters() {
            let raw = c.to_string();
            let once = canonical(&raw).into_owned();
            assert_eq!(canonical(&once), once, "{c:?}");
            assert!(is_nfc(&once), "{c:?}");
            assert!(!once.contains(is_ignored), "{c:?}");
        }
    }
}
