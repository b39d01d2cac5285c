//! Values as a person reads them, and where two of them differ.
//!
//! | before | after | marked |
//! |---|---|---|
//! | `087 555 0151` | `087 555 0888` | `151` and `888` |
//! | `Sean` | `Seán` | `a` and `á` |
//! | `109 Cannon, DC 20515` | `108 Cannon, DC 20533` | `109`, `20515` and `108`, `20533` |
//! | `old@mail.example` | `Rathcolla` | nothing: they have too little in common |
//! | `phone: 083 555 0259` | `phone: +353 86 555 0255` | of an object, the two values |
//! | a list of three records | the same and a fourth | the fourth |

use std::io::{self, Write};

use tripartite::value::Value;

use super::markup::Markup;

/// So many characters of a value are shown.
const MOST: usize = 2000;

/// So many words of two texts are compared one by one.
const MOST_WORDS: usize = 100;

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
pub fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Text(text) => Some(text.clone()),
        Value::List(list) if list.iter().all(|item| !matches!(item, Value::List(_) | Value::Map(_))) => {
            Some(list.iter().map(item).collect::<Vec<_>>().join(", "))
        }
        Value::List(list) => Some(list.iter().map(line).collect::<Vec<_>>().join("\n")),
        Value::Map(map) => {
            Some(map.iter().map(|(key, value)| format!("{key}: {}", item(value))).collect::<Vec<_>>().join("\n"))
        }
        other => serde_json::to_string(other).ok(),
    }
}

/// One record of a list in plain words.
fn line(value: &Value) -> String {
    match value {
        Value::Map(map) => {
            map.iter().map(|(key, value)| format!("{key}: {}", item(value))).collect::<Vec<_>>().join(", ")
        }
        value => item(value),
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

/// A text in parts, line by line where the other has as many: of each part what stands in the other as well, what is its
/// own, and what stands in the other again.
///
/// ```
/// use nightly_sync::report::html::marked;
/// assert_eq!(marked("087 555 0151", "087 555 0888"), [["087 555 0", "151", ""]]);
/// // too little in common to mark
/// assert_eq!(marked("old@mail.example", "Rathcolla"), [["old@mail.example", "", ""]]);
/// ```
pub fn marked<'a>(text: &'a str, other: &str) -> Vec<[&'a str; 3]> {
    let lines = || text.split_inclusive('\n').zip(other.split_inclusive('\n'));
    match (text.split_inclusive('\n').count(), other.split_inclusive('\n').count()) {
        (ours, theirs) if ours == theirs => lines().flat_map(|(line, other)| of_object(line, other)).collect(),
        (0 | 1, 0 | 1) => in_line(text, other),
        _ => whole_lines(text, other),
    }
}

/// The lines that the other has not.
fn whole_lines<'a>(text: &'a str, other: &str) -> Vec<[&'a str; 3]> {
    let theirs: std::collections::BTreeSet<&str> = other.lines().collect();
    let part = |line: &'a str| match line.trim_end_matches('\n') {
        own if theirs.contains(own) => [line, "", ""],
        own => ["", own, &line[own.len()..]],
    };
    text.split_inclusive('\n').map(part).collect()
}

/// A line of an object: where its values have too little in common, the whole value is its own, or nobody would see which
/// of the lines it is.
fn of_object<'a>(line: &'a str, other: &str) -> Vec<[&'a str; 3]> {
    let parts = in_line(line, other);
    let is_unmarked = line != other && parts.iter().all(|[_, own, _]| own.is_empty());
    let key = line.find(": ").map(|at| at + 2).filter(|&end| other.starts_with(&line[..end]));
    match key.filter(|_| is_unmarked) {
        None => parts,
        Some(key) => {
            let end = line.trim_end().len().max(key);
            vec![[&line[..key], &line[key..end], &line[end..]]]
        }
    }
}

fn in_line<'a>(text: &'a str, other: &str) -> Vec<[&'a str; 3]> {
    match parts(text, other) {
        [whole, "", ""] if whole != other => words(whole, other),
        parts => vec![parts],
    }
}

/// A text word by word: those that are not in the longest sequence of words that both have are its own. Texts that have
/// less than half in common, or very many words, are one part.
fn words<'a>(text: &'a str, other: &str) -> Vec<[&'a str; 3]> {
    let ours: Vec<&'a str> = text.split_inclusive(' ').collect();
    let theirs: Vec<&str> = other.split_inclusive(' ').collect();
    let same = |a: usize, b: usize| ours[a].trim_end() == theirs[b].trim_end();
    let (rows, columns) = (ours.len(), theirs.len());
    if rows > MOST_WORDS || columns > MOST_WORDS {
        return vec![[text, "", ""]];
    }
    // How many words the rest of both have in common, from each pair of words on.
    let mut common = vec![vec![0_usize; columns + 1]; rows + 1];
    for a in (0..rows).rev() {
        for b in (0..columns).rev() {
            common[a][b] = match same(a, b) {
                true => common[a + 1][b + 1] + 1,
                false => common[a + 1][b].max(common[a][b + 1]),
            };
        }
    }
    if common[0][0] * 2 < rows.max(columns) {
        return vec![[text, "", ""]];
    }
    let mut b = 0;
    let word = |(a, word): (usize, &&'a str)| {
        let word: &'a str = word;
        while b < columns && !same(a, b) && common[a][b + 1] > common[a + 1][b] {
            b += 1;
        }
        if b < columns && same(a, b) {
            b += 1;
            return [word, "", ""];
        }
        let own = word.trim_end();
        ["", own, &word[own.len()..]]
    };
    ours.iter().enumerate().map(word).collect()
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

    fn own_of(parts: Vec<[&str; 3]>) -> Vec<&str> {
        parts.into_iter().map(|[_, own, _]| own).filter(|own| !own.is_empty()).collect()
    }

    #[test]
    fn of_a_line_its_own_words_are_marked() {
        let own = |text, other| own_of(in_line(text, other));
        let (before, after) = ("109 Cannon House, DC 20515", "108 Cannon House, DC 20533");
        assert_eq!((own(before, after), own(after, before)), (vec!["109", "20515"], vec!["108", "20533"]));
        assert_eq!(own("a b c d", "x b c d y"), ["a"]);
        assert_eq!(own("x b c d y", "a b c d"), ["x", "y"]);
        assert_eq!(own("one two three four", "five six seven four"), [""; 0]);
    }

    #[test]
    fn of_an_object_the_value_is_marked_whose_line_differs() {
        let own = |text, other| own_of(marked(text, other));
        let (ours, theirs) = ("phone: 083 12\nrelation: guardian", "phone: +44 9\nrelation: guardian");
        assert_eq!((own(ours, theirs), own(theirs, ours)), (vec!["083 12"], vec!["+44 9"]));
        assert_eq!(own("a: empty\nb: x", "a: empty\nb: Rathcolla"), ["x"]);
    }

    #[test]
    fn of_a_list_the_record_is_marked_that_is_new() {
        let own = |text, other| -> Vec<_> {
            let parts = marked(text, other).into_iter().map(|[_, own, _]| own);
            parts.filter(|own| !own.is_empty()).collect()
        };
        let list = |json: &str| shown(&serde_json::from_str(json).unwrap()).unwrap();
        let before = list(r#"[{"type": "home", "value": "1"}, {"type": "work", "value": "2"}]"#);
        let since = list(r#"[{"type": "work", "value": "2"}]"#);
        assert_eq!((own(&before, &since), own(&since, &before)), (vec!["type: home, value: 1"], vec![]));
        let edited = list(r#"[{"type": "home", "value": "1"}, {"type": "work", "value": "3"}]"#);
        assert_eq!(own(&edited, &before), ["3"]);
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
        fn the_marked_lines_are_the_text(text in "[aáb \n]{0,12}", other in "[aáb \n]{0,12}") {
            prop_assert_eq!(marked(&text, &other).concat().concat(), text);
        }
    }
}
