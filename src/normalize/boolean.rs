//! Truth values as text: four spellings, in any case.
//!
//! `true` and `1` are true, `false` and `0` are false, whatever their case and the white space around them.
//!
//! | raw | canonical |
//! |---|---|
//! | `"TRUE"`, `" 1 "` | `"true"` |
//! | `"False"`, `"0"` | `"false"` |
//! | `""` | `""` |
//! | `"yes"`, `"on"`, `"2"` | not a truth value |
//!
//! **Why not `yes`, `on` or `y`?** They belong to a language and a program each; a connector whose source speaks so
//! maps its own words. Guessing would turn a word that was never meant as one into a decision.

use std::borrow::Cow;

use super::text::trim;
use crate::value::Problem;

/// `"true"`, `"false"`, or `""` for blank text.
///
/// # Errors
///
/// [`Problem::NotABoolean`] for everything else.
///
/// ```
/// use tripartite::{normalize::boolean::canonical, value::Problem};
///
/// assert_eq!(canonical("TRUE").as_deref(), Ok("true"));
/// assert_eq!(canonical("0").as_deref(), Ok("false"));
/// assert_eq!(canonical("yes"), Err(Problem::NotABoolean));
/// ```
pub fn canonical(raw: &str) -> Result<Cow<'_, str>, Problem> {
    Ok(match read(raw).ok_or(Problem::NotABoolean)? {
        None => Cow::Borrowed(""),
        Some(true) => Cow::Borrowed("true"),
        Some(false) => Cow::Borrowed("false"),
    })
}

/// Whether both texts are blank, both true or both false.
///
/// ```
/// use tripartite::normalize::boolean::same;
///
/// assert!(same("TRUE", "1"));
/// assert!(!same("yes", "yes"), "what is no truth value equals nothing");
/// ```
pub fn same(a: &str, b: &str) -> bool {
    read(a).is_some_and(|value| read(b) == Some(value))
}

/// The truth value, an inner `None` for blank text, an outer one for anything else.
fn read(raw: &str) -> Option<Option<bool>> {
    match trim(raw) {
        "" => Some(None),
        "1" => Some(Some(true)),
        "0" => Some(Some(false)),
        word if word.eq_ignore_ascii_case("true") => Some(Some(true)),
        word if word.eq_ignore_ascii_case("false") => Some(Some(false)),
        _ => None,
    }
}
