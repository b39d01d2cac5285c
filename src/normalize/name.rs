//! Names of people and places: the apostrophe somebody's keyboard had does not count.
//!
//! `O'Brien` is typed with U+0027, corrected to U+2019 by an editor, exported as U+00B4 by a third program. Hyphens
//! fare the same. Names are [`text`] in which every apostrophe is one apostrophe and every dash one dash:
//!
//! * apostrophe U+0027: `` ` `` U+0060, U+00B4, U+02B9, U+02BB to U+02BF, U+055A, U+05F3, U+1FBD, U+1FBF, U+2018,
//!   U+2019, U+201B, U+2032, U+2035, U+A78B, U+A78C, U+FF07, U+FF40;
//! * hyphen U+002D: U+058A, U+05BE, U+1806, U+2010 to U+2015, U+2043, U+2212, U+2E3A, U+2E3B, U+FE58, U+FE63, U+FF0D.
//!
//! | raw | canonical |
//! |---|---|
//! | `"O’Brien"`, `"O´Brien"`, `"OʼBrien"` | `"O'Brien"` |
//! | `"Smith–Jones"`, `"Smith‐Jones"` | `"Smith-Jones"` |
//! | `"Seán"` | `"Seán"` |
//! | `"SEÁN"` | `"SEÁN"` |
//!
//! **Why is case kept?** Because nobody but the bearer knows it. Title-casing made `SeáN` of `Seán`, `éAmon` of
//! `Éamon` and `Mcdonald` of `McDonald`; and a source that corrects `SEÁN` to `Seán` has made an edit worth taking.
//!
//! **Is `ー` (U+30FC) a dash?** No. It is a letter in Japanese names, whatever it looks like.

use std::borrow::Cow;

use super::text::{self, borrowed_if_equal};

/// The canonical form of a name; `""` if there is nothing to read in it.
///
/// ```
/// use tripartite::normalize::name::canonical;
///
/// assert_eq!(canonical("Siobhán  O’Brien–Kelly"), "Siobhán O'Brien-Kelly");
/// // Case is the bearer's own.
/// assert_eq!(canonical("SEÁN McDonald"), "SEÁN McDonald");
/// ```
pub fn canonical(raw: &str) -> Cow<'_, str> {
    borrowed_if_equal(raw, || chars(raw))
}

/// Whether two names have one canonical form. Case counts.
///
/// ```
/// use tripartite::normalize::name::same;
///
/// assert!(same("O'Brien", "O\u{2019}Brien"));
/// assert!(!same("Seán", "SEÁN"));
/// assert!(!same("O'Brien", "OBrien"));
/// ```
pub fn same(a: &str, b: &str) -> bool {
    same_bytes(a.as_bytes(), b.as_bytes())
}

/// [`same`], of the bytes of two texts.
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    text::same_words(a, b, text::ascii_gap, unified_byte, |a, b| chars(a).eq(chars(b)))
}

/// Folded after composition, so that no accent finds a new letter to stand on.
pub(super) fn chars(raw: &str) -> impl Iterator<Item = char> {
    text::Chars::new(raw).map(unified)
}

fn unified_byte(byte: u8) -> u8 {
    if byte == b'`' { b'\'' } else { byte }
}

fn unified(c: char) -> char {
    match c {
        '`' | '´' => '\'',
        _ if c < '\u{2B9}' => c,
        '\u{2B9}' | '\u{2BB}'..='\u{2BF}' | '\u{55A}' | '\u{5F3}' | '\u{1FBD}' | '\u{1FBF}' => '\'',
        '‘' | '’' | '\u{201B}' | '′' | '\u{2035}' | '\u{A78B}' | '\u{A78C}' | '＇' | '｀' => '\'',
        '\u{58A}' | '\u{5BE}' | '\u{1806}' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' => '-',
        '\u{2E3A}' | '\u{2E3B}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => '-',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::is_nfc;

    use super::{canonical, same};
    use crate::normalize::text::characters;

    #[test]
    fn every_apostrophe_is_one() {
        for apostrophe in "'`´ʹʻʼʽʾʿ՚׳᾽᾿‘’‛′‵Ꞌꞌ＇｀\u{374}\u{1FEF}\u{1FFD}".chars() {
            let raw = format!("O{apostrophe}Brien");
            assert_eq!(canonical(&raw), "O'Brien", "{apostrophe:?}");
            assert!(same(&raw, "O'Brien"), "{apostrophe:?}");
        }
    }

    #[test]
    fn every_dash_is_one() {
        for dash in "-֊־᠆‐‑‒–—―⁃−⸺⸻﹘﹣－".chars() {
            assert_eq!(canonical(&format!("Smith{dash}Jones")), "Smith-Jones", "{dash:?}");
        }
    }

    /// Known failure of the kind of system this replaces: `Seán` became `SeáN`, `Éamon` became `éAmon`.
    #[test]
    fn names_are_never_title_cased() {
        for raw in ["Seán", "Éamon", "McDonald", "van der Berg", "d'Arcy", "ÓRiain"] {
            assert_eq!(canonical(raw), raw);
        }
    }

    #[test]
    fn every_character_has_a_stable_canonical_form() {
        for c in characters() {
            for raw in [c.to_string(), format!("'{c}"), format!("’{c}"), format!("−{c}")] {
                let once = canonical(&raw).into_owned();
                assert_eq!(canonical(&once), once, "{raw:?}");
                assert!(is_nfc(&once), "{raw:?}");
            }
        }
    }
}
