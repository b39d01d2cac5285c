//! Codes: logins, licence numbers, distinguished names. Case does not count, every character does.
//!
//! A directory that is asked for `JSmith` answers `jsmith`, and on another day `JSMITH`. All three are one account there,
//! so a comparison with case finds nobody and makes a second one. On top of the rules of [`text`](super::text), every
//! character is lower-cased by itself, as in an [`address`](super::address): RFC 4518, section 2.2, folds the case of a
//! directory's strings, and section 2.6.1 ignores blanks at their ends.
//!
//! | raw | canonical |
//! |---|---|
//! | `"JSmith"`, `" jsmith "` | `"jsmith"` |
//! | `"0042"` | `"0042"` |
//! | `"42"` | `"42"` |
//! | `"CN=Ida Roe,OU=Club"` | `"cn=ida roe,ou=club"` |
//!
//! **Why are leading zeros kept?** `0042` and `42` are two licences wherever the length is part of the number. A number
//! that is counted with is an [`integer`](super::integer).
//!
//! **Why is it not the kind `text`?** In prose a change of case is an edit that somebody made.

use std::borrow::Cow;

use super::address::{lower, lower_letter};
use super::text::{Collapsed, Form, Seen, ascii_gap, borrowed_if_equal, same_words};

/// The canonical form of a code; `""` if there is nothing to read in it.
///
/// ```
/// use tripartite::normalize::code::canonical;
///
/// assert_eq!(canonical(" JSmith "), "jsmith");
/// // a leading zero is a character like any other
/// assert_eq!(canonical("0042"), "0042");
/// ```
pub fn canonical(raw: &str) -> Cow<'_, str> {
    borrowed_if_equal(raw, || chars(raw))
}

/// Whether two codes have one canonical form.
///
/// ```
/// use tripartite::normalize::code::same;
///
/// assert!(same("JSmith", "jsmith "));
/// assert!(!same("0042", "42"));
/// ```
pub fn same(a: &str, b: &str) -> bool {
    same_bytes(a.as_bytes(), b.as_bytes())
}

/// [`same`], of the bytes of two texts.
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b) || same_words(a, b, ascii_gap, lower_letter, |a, b| chars(a).eq(chars(b)))
}

/// The text with every character lower-cased by itself, and nothing else changed.
pub(crate) fn lowered(raw: &str) -> Cow<'_, str> {
    borrowed_if_equal(raw, || lower(raw.chars()))
}

fn chars(raw: &str) -> impl Iterator<Item = char> {
    Form::of(raw, || Collapsed::new(lower(Seen(raw.chars()))))
}

#[cfg(test)]
mod tests {
    use unicode_normalization::is_nfc;

    use super::canonical;
    use crate::normalize::text::characters;

    #[test]
    fn every_character_has_a_stable_canonical_form() {
        for c in characters() {
            for raw in [c.to_string(), format!("H{c}\u{331}")] {
                let once = canonical(&raw).into_owned();
                assert_eq!(canonical(&once), once, "{raw:?}");
                assert!(is_nfc(&once), "{raw:?}");
            }
        }
    }
}
