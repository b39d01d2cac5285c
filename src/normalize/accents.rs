//! Letters without their accents, for rules that propose who is who.
//!
//! A letter is decomposed ([UAX #15], NFD) and its nonspacing marks are dropped; the letters that Unicode does not
//! decompose are replaced one by one: `ø o`, `đ ð d`, `ł l`, `ħ h`, `ŧ t`, `ı i`, `ß ss`, `æ ae`, `œ oe`, `þ th`, and their
//! capitals. Case is kept.
//!
//! Accents tell names apart, so no kind ignores them: `Müller` and `Muller` are two people more often than a slip.
//!
//! [UAX #15]: https://www.unicode.org/reports/tr15/

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text without accents.
///
/// ```
/// use tripartite::normalize::accents::without;
///
/// assert_eq!(without("Seán Müller"), "Sean Muller");
/// assert_eq!(without("Bjørn Łukasz Weiß"), "Bjorn Lukasz Weiss");
/// // not an accent, but another letter's place in the alphabet
/// assert_eq!(without("Дмитрий"), without("Дмитрии"));
/// ```
pub fn without(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'ø' => plain.push('o'),
            'Ø' => plain.push('O'),
            'đ' | 'ð' => plain.push('d'),
            'Đ' | 'Ð' => plain.push('D'),
            'ł' => plain.push('l'),
            'Ł' => plain.push('L'),
            'ħ' => plain.push('h'),
            'Ħ' => plain.push('H'),
            'ŧ' => plain.push('t'),
            'Ŧ' => plain.push('T'),
            'ı' => plain.push('i'),
            'ß' => plain.push_str("ss"),
            'ẞ' => plain.push_str("SS"),
            'æ' => plain.push_str("ae"),
            'Æ' => plain.push_str("AE"),
            'œ' => plain.push_str("oe"),
            'Œ' => plain.push_str("OE"),
            'þ' => plain.push_str("th"),
            'Þ' => plain.push_str("Th"),
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}
