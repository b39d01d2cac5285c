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
//! **Why not `yes`, `on` or `y`?** They belong to a language and a program each, so a field declares the words of its
//! source ([`Words`]). Guessing would turn a word that was never meant as one into a decision.

use std::borrow::Cow;

use super::code;
use super::text::trim;
use crate::value::Problem;

/// The words by which a source says yes and no: `Y` and `N`, `ja` and `nein`. Case and blanks at the ends do not count.
///
/// This struct is exhaustive: there are two truth values.
///
/// Where words are declared, they and the JSON truth values are read, and nothing else: any other word is
/// [`Problem::NotABoolean`], never false. `true` and `false` as texts are the JSON truth values' own names and stay what
/// they are.
///
/// ```
/// use tripartite::normalize::boolean::Words;
/// use tripartite::value::Problem;
///
/// let words = Words { yes: vec!["ja".to_owned()], no: vec!["nein".to_owned()] };
/// assert_eq!(words.canonical(" JA "), Ok("true"));
/// assert_eq!(words.canonical("vielleicht"), Err(Problem::NotABoolean));
/// // not declared, so it is none
/// assert_eq!(words.canonical("0"), Err(Problem::NotABoolean));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// What means true.
    pub yes: Vec<String>,
    /// What means false.
    pub no: Vec<String>,
}

impl Words {
    /// `"true"`, `"false"`, or `""` for blank text. Without words, as [`canonical`].
    ///
    /// # Errors
    /// [`Problem::NotABoolean`] for every other text.
    pub fn canonical(&self, raw: &str) -> Result<&'static str, Problem> {
        Ok(match self.read(raw).ok_or(Problem::NotABoolean)? {
            None => "",
            Some(true) => "true",
            Some(false) => "false",
        })
    }

    /// Whether both texts are blank, both true or both false.
    pub(crate) fn same(&self, a: &str, b: &str) -> bool {
        self.read(a).is_some_and(|value| self.read(b) == Some(value))
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.yes.is_empty() && self.no.is_empty()
    }

    fn read(&self, raw: &str) -> Option<Option<bool>> {
        if self.is_empty() {
            return read(raw);
        }
        let has = |words: &[String], own: &str| code::same(own, raw) || words.iter().any(|word| code::same(word, raw));
        match trim(raw) {
            "" => Some(None),
            _ if has(&self.yes, "true") => Some(Some(true)),
            _ if has(&self.no, "false") => Some(Some(false)),
            _ => None,
        }
    }

    /// What is wrong with the words: only one side is declared, a word is blank, or stands for both.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        // A database keeps truth values as 1 and 0, so those two have their meaning whether they are declared or not.
        let has = |words: &[String], own: [&str; 2], word: &str| {
            own.iter().any(|own| code::same(own, word)) || words.iter().any(|other| code::same(other, word))
        };
        if self.yes.is_empty() != self.no.is_empty() {
            return Some("words are declared for `true` and for `false`, or for neither");
        }
        if self.yes.iter().chain(&self.no).any(|word| trim(word).is_empty()) {
            return Some("a word has nothing to read in it");
        }
        let both = self.yes.iter().any(|word| has(&self.no, ["false", "0"], word))
            || self.no.iter().any(|word| has(&self.yes, ["true", "1"], word));
        both.then_some("a word stands for `true` and for `false`")
    }
}

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
