//! Western European letters, byte by byte: ASCII, the letters of Latin-1 (C3 80 to C3 BF), and accents of their own.
//!
//! Texts of these are compared without being decoded or composed. Two texts have one composed form exactly when they
//! have one decomposed form, and here that is plain to see: `é` is an `e` with U+0301, and where no letter has two
//! accents there is no order of accents to look after.
//!
//! | text | letters |
//! |---|---|
//! | `Seán` | `S`, `e`, `a` with U+0301, `n` |
//! | `Sea\u{301}n` | the same |
//! | `Straße` | `ß` is a letter of its own |
//! | `ế`, `e\u{302}\u{301}`, `á\u{323}`, `Łódź`, white space beyond ASCII | not here |

/// A letter without its accent, and the accent: the last byte of U+0300 to U+033F, 0 for none. A Latin-1 letter that
/// is no other letter with an accent stands for itself by its last byte.
pub(super) type Letter = (u8, u8);

/// The first byte of a Latin-1 letter.
pub(super) const LATIN: u8 = 0xC3;
const ACCENT: u8 = 0xCC;

/// The letter that a text begins with, and the rest; `None` where it begins with none of these. An accent that is left
/// over begins with none.
pub(super) fn split_first(text: &[u8]) -> Option<(Letter, &[u8])> {
    match text {
        [byte, ACCENT, accent, rest @ ..] if byte.is_ascii_alphabetic() => Some(((*byte, *accent), rest)),
        [byte, rest @ ..] if byte.is_ascii() => Some(((*byte, 0), rest)),
        [LATIN, last, rest @ ..] => Some((taken_apart(*last), rest)),
        _ => None,
    }
}

/// Of the letters from U+00C0 on: what they are without their accent, the letter itself for a full stop.
const BASES: &[u8; 64] = b"AAAAAA.CEEEEIIII.NOOOOO..UUUUY..aaaaaa.ceeeeiiii.nooooo..uuuuy.y";
/// And the last digit of the accent's U+030x, a comma for the cedilla U+0327.
const ACCENTS: &[u8; 64] = b"01238A.,01280128.301238..01281..01238A.,01280128.301238..01281.8";

fn taken_apart(last: u8) -> Letter {
    let at = usize::from(last & 0x3F);
    match (BASES[at], ACCENTS[at]) {
        (b'.', _) => (last, 0),
        (base, b',') => (base, 0xA7),
        (base, b'A') => (base, 0x8A),
        (base, digit) => (base, 0x80 | digit & 0xF),
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::split_first;

    fn is_made_of_letters(mut text: &[u8]) -> bool {
        while let Some((_, rest)) = split_first(text) {
            text = rest;
        }
        text.is_empty()
    }

    #[test]
    fn every_letter_is_what_unicode_makes_of_it() {
        for c in ('\0'..'\u{80}').chain('\u{C0}'..'\u{100}') {
            let (composed, decomposed) = (c.to_string(), c.nfd().collect::<String>());
            assert!(is_made_of_letters(composed.as_bytes()), "{c:?}");
            let letters = [&composed, &decomposed].map(|text| split_first(text.as_bytes()));
            assert_eq!(letters[0], letters[1], "{c:?}");
            assert!(letters.iter().all(|letter| letter.is_some_and(|(_, rest)| rest.is_empty())), "{c:?}");
        }
    }

    #[test]
    fn no_two_letters_are_one() {
        let all: Vec<String> = ('\0'..'\u{80}').chain('\u{C0}'..'\u{100}').map(String::from).collect();
        let letters: std::collections::BTreeSet<_> = all.iter().map(|text| split_first(text.as_bytes())).collect();
        assert_eq!(letters.len(), all.len());
    }

    #[test]
    fn what_is_left_to_the_rule() {
        for (text, why) in [
            ("á\u{323}", "two accents have an order"),
            ("a\u{323}\u{301}", "likewise"),
            (" \u{301}", "an accent on nothing"),
            ("1\u{301}", "an accent on a digit"),
            ("\u{301}", "an accent in front"),
            ("\u{A0}", "a space that is no ASCII"),
            ("\u{AD}", "a character that is ignored"),
            ("Łódź", "letters beyond Latin-1"),
            ("\u{344}", "an accent that is two"),
        ] {
            assert!(!is_made_of_letters(text.as_bytes()), "{why}");
        }
    }
}
