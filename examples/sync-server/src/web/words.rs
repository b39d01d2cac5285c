//! The words of a host: texts of the catalogue that it says otherwise.

use std::collections::BTreeMap;

use super::text::{Lang, T, filled, holes};

/// Texts that stand in place of the catalogue's.
#[derive(Debug, Default)]
pub struct Words(BTreeMap<(Lang, T), String>);

/// Why words cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// It is no object of languages with objects of texts.
    #[error("expected {{\"de\": {{\"Questions\": \"...\"}}}}: {0}")]
    Json(String),
    /// The page does not have the language.
    #[error("there is no language `{0}`")]
    NoLang(String),
    /// The catalogue does not have the text.
    #[error("there is no text `{0}`")]
    NoText(String),
    /// The text leaves something else to be filled in.
    #[error("`{name}` in {lang}: expected {expected} to be filled in, found {found}")]
    Holes {
        /// The text.
        name: String,
        /// The language.
        lang: &'static str,
        /// What the catalogue's has.
        expected: String,
        /// What this one has.
        found: String,
    },
}

/// No words but those of the catalogue.
pub static NONE: Words = Words(BTreeMap::new());

impl Words {
    /// Reads texts by language and name.
    ///
    /// # Errors
    /// [`WordsError`], which says what is not as it must be.
    ///
    /// ```
    /// use sync_server::web::{Lang, T, Words};
    /// let words = Words::read(r#"{"de": {"KeepHere": "Unseren Stand behalten"}}"#)?;
    /// assert_eq!(words.text(T::KeepHere, Lang::De), "Unseren Stand behalten");
    /// assert_eq!(words.text(T::KeepHere, Lang::En), "Keep what is here");
    /// // What is filled in is the same in all words.
    /// assert!(Words::read(r#"{"de": {"Since": "seit {when}"}}"#).is_err());
    /// # Ok::<(), sync_server::web::WordsError>(())
    /// ```
    pub fn read(json: &str) -> Result<Self, WordsError> {
        let read = serde_json::from_str::<BTreeMap<String, BTreeMap<String, String>>>(json);
        let read = read.map_err(|error| WordsError::Json(error.to_string()))?;
        let mut words = BTreeMap::new();
        for (tag, texts) in read {
            let lang = Lang::of(&tag).ok_or(WordsError::NoLang(tag))?;
            for (name, said) in texts {
                let known = T::ALL.iter().find(|(known, _)| *known == name);
                let Some((_, text)) = known else { return Err(WordsError::NoText(name)) };
                let (expected, found) = (holes(text.text(lang)).join(", "), holes(&said).join(", "));
                if expected != found {
                    return Err(WordsError::Holes { name, lang: lang.tag(), expected, found });
                }
                words.insert((lang, *text), said);
            }
        }
        Ok(Self(words))
    }

    /// A text in a language.
    pub fn text(&self, text: T, lang: Lang) -> &str {
        self.0.get(&(lang, text)).map_or_else(|| text.text(lang), String::as_str)
    }

    /// A text in a language, with what is named in braces.
    pub fn fill(&self, text: T, lang: Lang, with: &[(&str, &str)]) -> String {
        filled(self.text(text, lang), with)
    }
}
