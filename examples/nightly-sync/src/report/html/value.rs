//! Values as a person reads them, and where two of them differ.
//!
//! | before | after | marked |
//! |---|---|---|
//! | `087 555 0151` | `087 555 0888` | `151` and `888` |
//! | `Sean` | `Seán` | `a` and `á` |
//! | `old@mail.example` | `Rathcolla` | nothing: they have too little in common |

use std::io::{self, Write};

use tripartite::value::Value;

use super::markup::Markup;

/// So many characters of a value are shown.
const MOST: usize = 2000;

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Kept,
    /// It gave way to another.
    Gone,
    /// It is new.
    New,
    /// It is what one of two sides has.
    Side,
}

/// A value in plain words; `None` when there is nothing to show.
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Text(text) => Some(text.clone()),
        Value::List(list) if list.iter().all(|item| !matches!(item, Value::List(_) | Value::Map(_))) => {
            Some(list.iter().map(item).collect::<Vec<_>>().join(", "))
        }
        Value::List(list) => Some(list.iter().map(item).collect::<Vec<_>>().join("\n")),
        Value::Map(map) => {
            Some(map.iter().map(|(key, value)| format!("{key}: {}", item(value))).collect::<Vec<_>>().join("\n"))
        }
        other => serde_json::to_string(other).ok(),
    }
}

fn item(value: &Value) -> String {
    match value {
        Value::List(_) | Value::Map(_) => serde_json::to_string(value).unwrap_or_default(),
        value => shown(value).unwrap_or_else(|| "empty".to_owned()),
    }
}

/// Writes a value; beside another one, with the part marked in which they differ.
pub(super) fn write<W: Write>(
    page: &mut Markup<W>,
    value: Option<&Value>,
    fate: Fate,
    beside: Option<&Value>,
) -> io::Result<()> {
    let Some(value) = value else { return page.element("span", &[("class", "none")], "not stated") };
    let (tag, class) = match fate {
        Fate::Kept => ("span", "value"),
        Fate::Gone => ("del", "value"),
        Fate::New => ("ins", "value"),
        Fate::Side => ("span", "value side"),
    };
    page.open(tag, &[("class", class)])?;
    match shown(value) {
        None => page.element("span", &[("class", "none")], "empty")?,
        Some(text) if text.trim().is_empty() => page.element("span", &[("class", "none")], "blank")?,
        Some(text) => {
            page.open("bdi", &[])?;
            let other = beside.filter(|_| fate != Fate::Kept).and_then(shown);
            let mut left = MOST;
            for [before, own, after] in other.map_or_else(|| vec![[&*text, "", ""]], |other| marked(&text, &other)) {
                page.text(cut(before, &mut left))?;
                if !own.is_empty() {
                    page.element("mark", &[], cut(own, &mut left))?;
                }
                page.text(cut(after, &mut left))?;
            }
            page.close()?;
            if left == 0 {
                let more = format!(" … {} characters in all; the audit has them", text.chars().count());
                page.element("span", &[("class", "none")], &more)?;
            }
        }
    }
    page.close()
}

/// The first characters, as many as are left, or all.
fn cut<'a>(text: &'a str, left: &mut usize) -> &'a str {
    match text.char_indices().nth(*left) {
        Some((end, _)) => {
            *left = 0;
            &text[..end]
        }
        None => {
            *left -= text.chars().count();
            text
        }
    }
}

/// A text in parts, line by line where the other has as many.
fn marked<'a>(text: &'a str, other: &str) -> Vec<[&'a str; 3]> {
    let lines = || text.split_inclusive('\n').zip(other.split_inclusive('\n'));
    match text.split_inclusive('\n').count() == other.split_inclusive('\n').count() {
        true => lines().map(|(line, other)| parts(line, other)).collect(),
        false => vec![parts(text, other)],
    }
}

/// A text in three parts: what stands before and behind in the other as well, and in the middle what is its own. Texts
/// that have less than half in common are one part.
fn parts<'a>(text: &'a str, other: &str) -> [&'a str; 3] {
    let whole = [text, "", ""];
    let mut front = 0;
    for (a, b) in text.chars().zip(other.chars()) {
        if a != b {
            break;
        }
        front += a.len_utf8();
    }
    let (rest, other_rest) = (&text[front..], &other[front..]);
    let mut back = 0;
    for (a, b) in rest.chars().rev().zip(other_rest.chars().rev()) {
        if a != b {
            break;
        }
        back += a.len_utf8();
    }
    let (own, behind) = rest.split_at(rest.len() - back);
    // A mark that combines with the letter before it stays with it.
    if [own, behind].iter().any(|part| part.starts_with(|c| ('\u{300}'..='\u{36f}').contains(&c))) {
        return whole;
    }
    if (front + back) * 2 < text.len().max(other.len()) { whole } else { [&text[..front], own, behind] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_is_marked_unless_all_does() {
        assert_eq!(parts("087 555 0151", "087 555 0888"), ["087 555 0", "151", ""]);
        assert_eq!(parts("Seán", "Sean"), ["Se", "á", "n"]);
        assert_eq!(parts("aa", "aaa"), ["aa", "", ""]);
        assert_eq!(parts("aaa", "aa"), ["aa", "a", ""]);
        assert_eq!(parts("Sea\u{301}n", "Sean"), ["Sea\u{301}n", "", ""]);
        assert_eq!(parts("abc", "xyz"), ["abc", "", ""]);
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        let mut page = Markup::new(Vec::new());
        write(&mut page, Some(&Value::from("é".repeat(MOST + 5))), Fate::Kept, None).unwrap();
        let page = String::from_utf8(page.finish().unwrap()).unwrap();
        assert_eq!((page.matches('é').count(), page.contains("2005 characters in all")), (MOST, true));
    }

    proptest! {
        #[test]
        fn the_parts_are_the_text(text in "[aáe\u{301} ]{0,8}", other in "[aáe\u{301} ]{0,8}") {
            prop_assert_eq!(parts(&text, &other).concat(), &*text);
        }

        #[test]
        fn the_marked_lines_are_the_text(text in "[aá\n]{0,8}", other in "[aá\n]{0,8}") {
            prop_assert_eq!(marked(&text, &other).concat().concat(), text);
        }
    }
}
