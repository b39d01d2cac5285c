//! Where a number ends and its extension begins.

use super::digits::{LEAD, is_digit, trim_end};

/// The most digits an extension may have.
pub(super) const DIGITS: usize = 20;

pub(super) fn is_extension(digits: &str) -> bool {
    (1..=DIGITS).contains(&digits.len()) && digits.chars().all(is_digit)
}

/// Words that announce an extension, longest first, with the most digits it may have: the less a word says, the
/// fewer.
const MARKERS: [(&str, usize); 14] = [
    ("extension", 20),
    ("xtension", 20),
    ("extensio", 20),
    ("xtensio", 20),
    ("extn", 20),
    ("xtn", 20),
    ("ext", 20),
    ("xt", 20),
    ("доб", 20),
    ("anexo", 20),
    ("int", 9),
    ("x", 9),
    ("#", 9),
    ("~", 9),
];

/// The number and the digits of its extension, which may be empty; `None` for two extensions, which are two numbers.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let text = trim_end(text);
    let (closed, hash) = match text.strip_suffix('#') {
        Some(closed) => (closed, true),
        None => (text, false),
    };
    let before = closed.trim_end_matches(is_digit);
    let digits = &closed[before.len()..];
    let number =
        announced(before, digits.len(), hash).filter(|number| number.chars().filter(|&c| is_digit(c)).count() >= LEAD);
    let (number, digits) = match number {
        Some(number) if !digits.is_empty() => (number, digits),
        _ => (text, ""),
    };
    (!number.ends_with(['/', '\\'])).then_some((number, digits))
}

/// The number in front of `count` digits at the end of a text, if what stands between announces them as an extension.
fn announced(before: &str, count: usize, hash: bool) -> Option<&str> {
    let tight = before.trim_end_matches([' ', ',', '-']);
    let gap = &before[tight.len()..];
    let word = tight.strip_suffix([':', '.']).unwrap_or(tight);
    let marked = MARKERS.iter().find_map(|&(marker, most)| word.strip_suffix(marker).filter(|_| count <= most));
    let commas = gap.chars().filter(|&c| c == ',').count();
    let number = match commas {
        _ if marked.is_some() => marked?,
        0 if hash && !gap.is_empty() && count <= 6 => tight,
        1 if count <= 9 => tight,
        2.. if count <= 15 => tight,
        _ => return None,
    };
    Some(number.trim_end_matches([' ', ',']))
}
