//! Where two texts differ: what they share at both ends need not be looked at, and what is left is compared letter by
//! letter.

use super::letters::{LATIN, Letter, split_first};
use crate::value::{shared_end, shared_start};

/// What is left of two texts when the beginning and the end that they share are cut off, but for an ASCII letter or
/// digit on either side.
///
/// Nothing in front of an ASCII letter or digit changes what comes from it on, and nothing behind it what came before:
/// no rule of this module's kinds looks further back than to the last of them. Composition never takes one into what
/// precedes it, white space and commas beside it are gaps of both texts alike. So two texts are the same exactly when
/// what is left of them is, and what is left of a text is whole characters.
pub(in crate::normalize) fn apart<'a>(a: &'a [u8], b: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let shared = shared_start(a, b);
    let start = a[..shared].iter().rposition(u8::is_ascii_alphanumeric).unwrap_or(0);
    let (a, b) = (&a[start..], &b[start..]);
    let shared = shared_end(a, b);
    let end = a[a.len() - shared..].iter().position(u8::is_ascii_alphanumeric);
    let cut = end.map_or(0, |end| shared - end - 1);
    (&a[..a.len() - cut], &b[..b.len() - cut])
}

/// What stands between two words, the stronger last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::normalize) enum Gap {
    None,
    Space,
    Comma,
}

/// The six ASCII bytes of `White_Space`, one more than [`u8::is_ascii_whitespace`] knows.
pub(in crate::normalize) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Whether two texts have the same words, each letter without its accent folded, with the same gaps between them; `None`
/// where the first place at which they may differ is not made of [letters](super::letters), or has accents that more
/// may follow.
///
/// What comes behind a letter never makes it another: of two letters that differ, the canonical forms do, too. So
/// nothing needs to be known of what stands behind the first difference, but for the accents of that letter itself.
pub(in crate::normalize) fn same_letters(
    mut a: &[u8],
    mut b: &[u8],
    gap: impl Fn(u8) -> Gap + Copy,
    fold: impl Fn(u8) -> u8 + Copy,
) -> Option<bool> {
    let mut started = false;
    loop {
        while let Some((one, other)) = plain_ahead(a, b, gap, fold) {
            (a, b, started) = (one, other, true);
        }
        let (before, one) = next(&mut a, gap)?;
        let (between, other) = next(&mut b, gap)?;
        match (one, other) {
            (None, None) => return Some(true),
            (Some((one, accent)), Some((other, also))) if fold(one) == fold(other) => {
                if started && before != between {
                    return Some(false);
                }
                if accent != also {
                    return (is_bare(a) && is_bare(b)).then_some(false);
                }
                started = true;
            }
            _ => return Some(false),
        }
    }
}

/// What comes behind the letter that both texts begin with, where it is plain to see: ASCII, without an accent of its own
/// behind it, and with no gap before it.
#[inline]
fn plain_ahead<'a, 'b>(
    a: &'a [u8],
    b: &'b [u8],
    gap: impl Fn(u8) -> Gap,
    fold: impl Fn(u8) -> u8,
) -> Option<(&'a [u8], &'b [u8])> {
    let (&one, a) = a.split_first()?;
    let (&other, b) = b.split_first()?;
    let is_bare = |rest: &[u8]| rest.first().is_none_or(u8::is_ascii);
    let is_same = one.is_ascii() && other.is_ascii() && fold(one) == fold(other);
    (is_same && gap(one) == Gap::None && gap(other) == Gap::None && is_bare(a) && is_bare(b)).then_some((a, b))
}

/// The gap before the next letter of a word, and that letter if there is one; `None` for what is none of ours.
fn next(text: &mut &[u8], gap: impl Fn(u8) -> Gap) -> Option<(Gap, Option<Letter>)> {
    let mut widest = Gap::None;
    while !text.is_empty() {
        let (letter, rest) = split_first(text)?;
        *text = rest;
        match gap(letter.0) {
            Gap::None => return Some((widest, Some(letter))),
            wider => widest = widest.max(wider),
        }
    }
    Some((widest, None))
}

/// Whether no further accent follows, nor anything that one could hide behind.
fn is_bare(rest: &[u8]) -> bool {
    rest.first().is_none_or(|&byte| byte.is_ascii() || byte == LATIN)
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn what_is_left() {
        for (a, b, left, why) in [
            ("John", "John ", ("n", "n "), "the end of the shared beginning stays"),
            ("Seán", "Sea\u{301}n", ("eán", "ea\u{301}n"), "and what an accent may stand on"),
            ("a b", "ab", ("a b", "ab"), "a gap is seen from both sides"),
            ("12 Main St, Dublin", "12 Main St,Dublin", ("t, D", "t,D"), "a letter on either side of it"),
            ("aa", "aaa", ("a", "aa"), "nothing is cut off twice"),
            ("é x", "é  x", ("é x", "é  x"), "what is no ASCII letter is no edge"),
            ("", "x", ("", "x"), "nothing is shared"),
            ("xé", "xè", ("xé", "xè"), "half a character is none"),
        ] {
            let (left_of_a, left_of_b) = left;
            assert_eq!(apart(a.as_bytes(), b.as_bytes()), (left_of_a.as_bytes(), left_of_b.as_bytes()), "{why}");
        }
    }
}
