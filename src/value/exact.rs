//! Numbers that a double cannot hold, and how a source's digits survive the reading of JSON.
//!
//! JSON sets no limit to a number's digits ([RFC 8259], section 6), but most readers hold a number as 64 bits or as a
//! double, and round what does not fit. Two member numbers, or two fees, that differ behind the rounding are then one,
//! and the rounded number could be written over the right one. Nothing of that may happen in silence:
//!
//! | in the JSON text | `serde_json` reads | after [`exact_numbers`] it reads |
//! |---|---|---|
//! | `18446744073709551615` | the number | the number |
//! | `18446744073709551617` | `18446744073709552000.0`, [`Problem::Inexact`] | the text `18446744073709551617` |
//! | `0.12345678901234567` | the nearest double, [`Problem::Inexact`] | the text, every digit of it |
//! | `47.55705985377181`, inside a map or list | the number, [`Problem::Inexact`] | the number |
//! | `0.12345678901234567890`, inside a map or list | the nearest double, [`Problem::Inexact`] | the text, every digit of it |
//! | `18446744073709551617`, inside a map or list | `18446744073709552000.0`, [`Problem::Inexact`] | the text `18446744073709551617` |
//! | `1.10000000000000000001` | `1.1`, and nothing shows it | the text, every digit of it |
//! | `1.10` | `1.1` | `1.1` |
//!
//! **Which doubles are exact?** A decimal of at most 15 significant digits survives the way into a double and back
//! (IEEE 754, `DBL_DIG`), and below 2⁵³ every whole number is a double. What has more digits, or is larger, may be what
//! the source said or what was made of it.
//!
//! **And inside a map or list?** There a double of 16 or 17 digits is mostly a coordinate, written as every program writes
//! one: in the fewest digits that name it. As a text it would be of another type than its neighbour of 15 digits, for
//! whoever reads the map. So what is the shortest form of its double stays a number, if it is not a large whole one. In a
//! field of its own it is a text all the same, because there a kind for numbers reads it.
//!
//! **How does a run know that this was applied?** A double of 16 or 17 digits that `exact_numbers` left is the same double
//! as one that a reader made of 20 digits. So whoever applied it says so of the record
//! ([`Record::with_exact_numbers`]). Of a record of which nobody said it, a list or a map that holds such a double is
//! [`Problem::Inexact`]: the field stays as it was, and the report names it.
//!
//! **Why are only the source's numbers questioned?** A double in the host's own record is what the host has.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259
//! [`Problem::Inexact`]: super::Problem::Inexact
//! [`Record::with_exact_numbers`]: super::Record::with_exact_numbers

use std::borrow::Cow;

use super::FieldRef;
use super::codec::all_doubles;

/// As many significant digits survive the way from decimal to double and back.
const DIGITS: usize = 15;

/// Up to this power of ten a double is exact, and one multiplication or division by it rounds correctly.
const POWERS: i64 = 22;

const WHOLE: f64 = 9_007_199_254_740_992.0;

/// A JSON text in which every number that a reader would round is a text of the same digits.
///
/// A number that has at most 15 significant digits, or is whole and fits 64 bits, stays as it is, and so does
/// everything else, byte for byte: a text that is no JSON stays none. Kinds for numbers read texts, so a field of such
/// a kind loses nothing by it. Inside a map or list of a record, what a double states exactly in its shortest form stays
/// a number, too; any other long number becomes a text for good. A record that is made of the text is told so
/// ([`Record::with_exact_numbers`](super::Record::with_exact_numbers)), or those doubles are not believed.
///
/// Only numbers inside an object or a list are looked at. The text is one record, or a list of them; where records stand
/// deeper, [`exact_numbers_within`] is told how deep.
///
/// ```
/// use tripartite::value::exact_numbers;
/// let line = br#"{"id": 18446744073709551617, "fee": 1.10000000000000000001, "age": 42}"#;
/// let exact = exact_numbers(line);
/// assert_eq!(
///     std::str::from_utf8(&exact)?,
///     r#"{"id": "18446744073709551617", "fee": "1.10000000000000000001", "age": 42}"#,
/// );
/// // A number within a text stays there.
/// assert_eq!(&*exact_numbers(br#"{"note": "1e400"}"#), br#"{"note": "1e400"}"#);
/// // no JSON, and stays none
/// assert_eq!(&*exact_numbers(b"{18446744073709551617: 1}"), b"{18446744073709551617: 1}");
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
pub fn exact_numbers(json: &[u8]) -> Cow<'_, [u8]> {
    exact_numbers_within(json, 1)
}

/// [`exact_numbers`] of a text whose records are not its outermost objects: `depth` is of how many objects the members are
/// no map's, the record's own included. With 0 the text is one map or list.
///
/// ```
/// use tripartite::value::exact_numbers_within;
/// let page =
///     br#"{"items": [{"fee": 13.044686168432236, "at": {"lat": 47.55705985377181}}]}"#;
/// assert_eq!(
///     std::str::from_utf8(&exact_numbers_within(page, 2))?,
///     r#"{"items": [{"fee": "13.044686168432236", "at": {"lat": 47.55705985377181}}]}"#,
/// );
/// assert_eq!(&*exact_numbers_within(b"[13.044686168432236]", 0), b"[13.044686168432236]");
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
pub fn exact_numbers_within(json: &[u8], depth: usize) -> Cow<'_, [u8]> {
    if !(holds_long_run(json) || holds_exponent(json)) {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::new();
    let (mut at, mut copied) = (0, 0);
    let mut place = Place { depth, objects: 0, inside: 0 };
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => at = behind_text(json, at),
            b'-' | b'0'..=b'9' => {
                let end = behind_number(json, at);
                let number = &json[at..end];
                let stays = place.inside > 0 && is_shortest(number);
                if is_rounded(number) && !stays && stands_alone(json, at, end) {
                    out.extend_from_slice(&json[copied..at]);
                    out.push(b'"');
                    out.extend_from_slice(number);
                    out.push(b'"');
                    copied = end;
                }
                at = end;
            }
            _ => {
                place.pass(byte);
                at += 1;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.extend_from_slice(&json[copied..]);
    Cow::Owned(out)
}

/// Where in a text a number stands.
struct Place {
    /// Of how many objects the members are no map's.
    depth: usize,
    /// Of those, how many are open.
    objects: usize,
    /// How many maps and lists are open in them.
    inside: usize,
}

impl Place {
    fn pass(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' if self.objects >= self.depth => self.inside += 1,
            b'}' | b']' if self.inside > 0 => self.inside -= 1,
            b'{' => self.objects += 1,
            b'}' => self.objects = self.objects.saturating_sub(1),
            _ => {}
        }
    }
}

/// Whether any bytes in a row may be a number of more digits than are kept. One byte in so many tells.
fn holds_long_run(json: &[u8]) -> bool {
    const RUN: usize = DIGITS + 1;
    let len = |bytes: &mut dyn Iterator<Item = &u8>| bytes.take(RUN).take_while(|byte| of_number(byte)).count();
    (RUN - 1..json.len())
        .step_by(RUN)
        .any(|at| of_number(&json[at]) && len(&mut json[..at].iter().rev()) + len(&mut json[at..].iter()) >= RUN)
}

/// Whether an exponent may stand somewhere; looked for without a branch, because most texts have none.
fn holds_exponent(json: &[u8]) -> bool {
    let is_exponent = |at: &[u8]| at[0].is_ascii_digit() & (at[1] | 0x20 == b'e') & (at[2] <= b'9');
    json.windows(3).fold(false, |found, at| found | is_exponent(at))
}

fn of_number(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

fn behind_text(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match json.get(at) {
            None => return json.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn behind_number(json: &[u8], start: usize) -> usize {
    json[start..].iter().position(|byte| !of_number(byte)).map_or(json.len(), |len| start + len)
}

/// Whether a value may stand here: a number in the place of a key, or one that may go on, is left to the reader.
fn stands_alone(json: &[u8], start: usize, end: usize) -> bool {
    let before = json[..start].iter().rfind(|byte| !byte.is_ascii_whitespace());
    let after = json[end..].iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(before, Some(b':' | b'[' | b',')) && matches!(after, Some(b',' | b']' | b'}'))
}

/// Whether this is a JSON number, and one that might be rounded.
fn is_rounded(number: &[u8]) -> bool {
    let Some((whole, rest)) = std::str::from_utf8(number).ok().and_then(split) else { return false };
    if rest.is_empty() {
        return whole.parse::<i64>().is_err() && whole.parse::<u64>().is_err();
    }
    let (fraction, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let fraction = fraction.trim_start_matches('.');
    let digits =
        whole.trim_start_matches('-').bytes().chain(fraction.bytes()).skip_while(|&digit| digit == b'0').count();
    let power = exponent.parse::<i64>().unwrap_or(i64::MAX).saturating_sub(fraction.len() as i64);
    digits > DIGITS || power.unsigned_abs() > POWERS.unsigned_abs() || digits as i64 + power > DIGITS as i64
}

/// The whole part with its sign, and the fraction and exponent behind it, if this is a number by the grammar of JSON.
fn split(number: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = number.split_at(number.find(['.', 'e', 'E']).unwrap_or(number.len()));
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let is_number = digits(unsigned)
        && (unsigned == "0" || !unsigned.starts_with('0'))
        && (fraction.is_empty() || fraction.strip_prefix('.').is_some_and(digits))
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    is_number.then_some((whole, rest))
}

/// Whether this is the shortest way to write its double, which is then read as what was said, and written so again. Of two
/// that are as short and as near, writers of JSON take the even one.
fn is_shortest(number: &[u8]) -> bool {
    let Ok(number) = std::str::from_utf8(number) else { return false };
    let small = number.parse::<f64>().ok().filter(|float| float.abs() < WHOLE);
    let written = small.and_then(|float| serde_json::to_string(&float).ok());
    // Two that read as one double and have the same digits have their point at the same place.
    written.is_some_and(|written| significant(number) == significant(&written))
}

/// The digits of a number without those zeros that only tell where its point is.
fn significant(number: &str) -> String {
    let digits = number.split(['e', 'E']).next().unwrap_or(number);
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Whether a double is certainly the number that was said.
fn is_exact(float: f64) -> bool {
    let digits =
        |float: f64| format!("{float:e}").bytes().take_while(|&b| b != b'e').filter(u8::is_ascii_digit).count();
    float.abs() < WHOLE && digits(float) <= DIGITS
}

impl FieldRef<'_> {
    /// Whether no number in it may have been rounded when it was read. Where the text went through [`exact_numbers`], that is
    /// no double in a list or a map below the large whole ones.
    pub(crate) fn is_exact(self) -> bool {
        let stated = self.exact && self.is_composite();
        let is = |float: f64| (stated && float.abs() < WHOLE) || is_exact(float) || !float.is_finite();
        all_doubles(self.tag, self.bytes, &is)
    }
}

/// The double that is written with the same digits: of 0.1 as a single the one that is written 0.1, too.
pub(crate) fn widened(single: f32) -> f64 {
    single.to_string().parse().unwrap_or(f64::from(single))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Value;
    use super::*;

    fn quoted(number: &str) -> bool {
        exact_numbers(format!("[{number}]").as_bytes()) == format!("[\"{number}\"]").as_bytes()
    }

    #[test]
    fn only_what_would_be_rounded_becomes_a_text() {
        for (number, becomes_text, why) in [
            ("18446744073709551615", false, "the largest of 64 bits"),
            ("-9223372036854775808", false, "the smallest"),
            ("18446744073709551616", true, "one more"),
            ("-9223372036854775809", true, "one less"),
            ("123456789012.345", false, "15 digits"),
            ("1234567890123.456", true, "16 digits"),
            ("0.000000000123456", false, "noughts in front are none"),
            ("1.10000000000000000001", true, "behind the digits of a double"),
            ("9007199254740993.0", true, "a whole number as a float"),
            ("1e16", true, "above what is whole and exact"),
            ("15e-1", false, "an exponent rounds nothing"),
            ("1e400", true, "no double at all"),
            ("1e99999999999999999999", true, "no exponent at all"),
            ("0.0", false, "nothing"),
            ("-0", false, "nor that"),
            ("012345678901234567890", false, "no JSON"),
            ("1234567890123456789.", false, "no JSON either"),
            ("1.2.3456789012345678901", false, "nor this"),
        ] {
            assert_eq!(quoted(number), becomes_text, "{number}: {why}");
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in [
            "{12345678901234567890123: 1}",
            "{\"a\": 12345678901234567890123",
            "{\"a\": 12345678901234567890123 1}",
            "12345678901234567890123",
            "{\"a\": \"\\\" 12345678901234567890123, \"}",
            "{\"a\": \"12345678901234567890123",
            "{\"a\": x12345678901234567890123}",
        ] {
            assert!(matches!(exact_numbers(text.as_bytes()), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_long_number_is_found_wherever_it_begins() {
        for (number, blanks) in ["18446744073709551616", "1.234567890123456", "1e23"]
            .iter()
            .flat_map(|number| (0..40).map(move |n| (number, n)))
        {
            let text = format!("[{}{number}]", " ".repeat(blanks));
            assert!(matches!(exact_numbers(text.as_bytes()), Cow::Owned(_)), "{text}");
        }
    }

    #[test]
    fn a_double_inside_a_map_or_list_stays_a_number_where_its_shortest_form_states_it() {
        for (number, stays, why) in [
            ("47.55705985377181", true, "16 digits"),
            ("16.562506556510925", true, "17 digits"),
            ("-0.30000000000000004", true, "an artefact, and still what was said"),
            ("1.6562506556510925e1", true, "another way to write it"),
            ("16.5625065565109250", true, "a nought behind it says nothing"),
            ("16.562506556510926", false, "the same double has another shortest form"),
            ("1.10000000000000000001", false, "1.1 is another number"),
            ("18446744073709551617.0", false, "a large whole number"),
            ("9007199254740993.0", false, "no double at all"),
            ("1e-400", false, "nor this"),
        ] {
            for (before, behind) in [("{\"a\": {\"b\": ", "}}"), ("{\"a\": [", "]}"), ("[{\"a\": [{\"b\": ", "}]}]")] {
                let text = format!("{before}{number}{behind}");
                let is_same = *exact_numbers(text.as_bytes()) == *text.as_bytes();
                assert_eq!(is_same, stays, "{text}: {why}");
            }
            let own = format!("{{\"a\": [], \"b\": {{}}, \"c\": {number}}}");
            assert_ne!(*exact_numbers(own.as_bytes()), *own.as_bytes(), "a field of its own has a kind: {number}");
        }
    }

    proptest! {
        /// A double that a program wrote is read as that double, inside a map or list: to the last bit.
        #[test]
        fn a_double_that_was_written_is_read(float in -1e15..1e15f64) {
            let text = serde_json::to_string(&vec![float]).unwrap();
            let exact = exact_numbers_within(text.as_bytes(), 0);
            prop_assert_eq!(serde_json::from_slice::<Value>(&exact).unwrap(), Value::List(vec![Value::Float(float)]));
        }

        /// What is left a number is read as what was written, digit for digit.
        #[test]
        fn a_number_that_stays_is_exact(number in "-?(0|[1-9][0-9]{0,19})(\\.[0-9]{1,20})?(e-?[0-9]{1,2})?") {
            let text = format!("[{number}]");
            let read: Vec<Value> = serde_json::from_slice(&exact_numbers(text.as_bytes())).unwrap();
            let read = match &read[0] {
                Value::Float(float) => {
                    prop_assert!(is_exact(*float), "{number}");
                    float.to_string()
                }
                Value::Int(int) => int.to_string(),
                other => {
                    prop_assert_eq!(other.as_text(), Some(&*number));
                    number.clone()
                }
            };
            prop_assert!(crate::normalize::decimal::same(&read, &number), "{number} was read as {read}");
        }

        /// A text that is JSON stays it, and one that is none stays none.
        #[test]
        fn texts_keep_their_standing(text in "[\\[\\]{},:\" e.0-9-]{0,40}|\\{\"a\": ?[0-9]{18,24}[,}\\]: ]{0,3}") {
            let is_json = |bytes: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
            prop_assert_eq!(is_json(text.as_bytes()), is_json(&exact_numbers(text.as_bytes())));
        }
    }
}
