//! Placeholders: texts that stand where nothing is known.

use crate::normalize::code;

/// Words that nobody is called and no thing is numbered.
const WORDS: [&str; 10] = [
    "n/a",
    "n.a.",
    "#n/a",
    "not available",
    "not applicable",
    "not known",
    "not specified",
    "tbd",
    "unknown",
    "unbekannt",
];

/// Whether a text stands where nothing is known, so that two records that share it have nothing in common: one without a
/// letter or a digit, or one of `n/a`, `n.a.`, `#n/a`, `not available`, `not applicable`, `not known`, `not specified`,
/// `tbd`, `unknown`, `unbekannt`, in any case.
///
/// Only match keys are made without them. To a field they are values, unless it declares them as nulls.
///
/// ```
/// use tripartite::matching::is_placeholder;
/// assert!(is_placeholder(" N/A ") && is_placeholder("--") && is_placeholder("?"));
/// // people are called so
/// assert!(!is_placeholder("Null") && !is_placeholder("Na") && !is_placeholder("None"));
/// ```
pub fn is_placeholder(text: &str) -> bool {
    !text.chars().any(char::is_alphanumeric) || WORDS.iter().any(|word| code::same(word, text))
}
