//! How a source writes its decimals: with which mark, and how exactly.

use std::borrow::Cow;

use super::super::text::trim;
use super::{canonical, same};
use crate::value::Problem;

/// How a source writes decimal numbers. The default is a point, and every digit counts.
///
/// This struct is exhaustive: whoever builds one states all of it, or takes the rest from the default.
///
/// **A comma.** Where it is declared, the comma is the decimal mark, and a text may have a point, a blank or an apostrophe
/// between groups of three digits. A number that is written with a point alone is read as it is, unless its digits look
/// like such a group: `1.234` may be two numbers, and is none. A JSON number has a point by its grammar, and is never
/// read in another way.
///
/// | raw text, comma declared | canonical |
/// |---|---|
/// | `"2,40"`, `"2.4"` | `"2.4"` |
/// | `"1.234,56"`, `"1 234,56"`, `"1’234,56"` | `"1234.56"` |
/// | `"1.234.567"` | `"1234567"` |
/// | `"0.125"`, `"1234.567"` | itself: no group looks like that |
/// | `"1.234"` | not a decimal |
/// | `"1,234,567"`, `"12.34,5"` | not a decimal |
///
/// **A precision.** Digits behind so many places do not count: a number is rounded there, half away from zero, as amounts
/// are. So what a program computed anew, `0.30000000000000004`, is `0.3` at two places. It is also why a JSON number of 16
/// or 17 digits is read where a precision is declared: its rounded digits are behind those that count.
///
/// ```
/// use tripartite::normalize::decimal::Notation;
/// use tripartite::value::Problem;
///
/// let notation = Notation { comma: true, precision: Some(2) };
/// assert_eq!(notation.canonical("1.234,565").as_deref(), Ok("1234.57"));
/// assert_eq!(notation.canonical("-0,004").as_deref(), Ok("0"));
/// // 1234, or 1 and a bit: never another number
/// assert_eq!(notation.canonical("1.234"), Err(Problem::NotADecimal));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notation {
    /// Whether the decimal mark is a comma.
    pub comma: bool,
    /// How many digits behind the mark count; all of them without one.
    pub precision: Option<u32>,
}

/// Doubles have so many decimal digits that survive.
const EXACT: u32 = 15;

impl Notation {
    /// A decimal number in plain notation, with a point; `""` for blank text.
    ///
    /// # Errors
    /// As [`canonical`].
    pub fn canonical<'a>(&self, raw: &'a str) -> Result<Cow<'a, str>, Problem> {
        let exact = match self.comma {
            false => canonical(raw)?,
            true => Cow::Owned(canonical(&with_point(raw)?)?.into_owned()),
        };
        Ok(match self.precision {
            Some(places) => rounded(exact, places as usize),
            None => exact,
        })
    }

    /// Of a JSON number, whose mark is a point.
    pub(crate) fn of_numbers(self) -> Self {
        Self { comma: false, ..self }
    }

    pub(crate) fn same(&self, a: &str, b: &str) -> bool {
        if *self == Self::default() {
            return same(a, b);
        }
        matches!((self.canonical(a), self.canonical(b)), (Ok(a), Ok(b)) if a == b)
    }

    /// Whether the digits of a double that count are certainly those that were said.
    pub(crate) fn is_exact(&self, float: f64) -> bool {
        self.precision.is_some_and(|places| places <= EXACT && float.abs() < 10_f64.powi((EXACT - places) as i32))
    }
}

/// The text with a point as its decimal mark, and without groups.
fn with_point(raw: &str) -> Result<Cow<'_, str>, Problem> {
    let text = trim(raw);
    let unsigned = text.trim_start_matches(['+', '-']);
    let sign = &text[..text.len() - unsigned.len()];
    if let Some((whole, fraction)) = unsigned.split_once(',') {
        let whole = ungrouped(whole).ok_or(Problem::NotADecimal)?;
        return Ok(Cow::Owned(format!("{sign}{whole}.{fraction}")));
    }
    match unsigned.split_once('.') {
        Some((whole, fraction)) if looks_grouped(whole, fraction) => Err(Problem::NotADecimal),
        Some((_, fraction)) if !fraction.contains('.') => Ok(Cow::Borrowed(text)),
        _ => match ungrouped(unsigned) {
            Some(whole) => Ok(Cow::Owned(format!("{sign}{whole}"))),
            None => Ok(Cow::Borrowed(text)),
        },
    }
}

/// Whether `whole.fraction` may be one group of thousands and another.
fn looks_grouped(whole: &str, fraction: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let first = !whole.starts_with('0') && matches!(whole.len(), 1..=3);
    first && fraction.len() == 3 && digits(whole) && digits(fraction)
}

/// The digits of a whole number without what stands between groups of three; `None` if they are no such groups.
fn ungrouped(whole: &str) -> Option<String> {
    let Some(mark) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return Some(whole.to_owned());
    };
    if !matches!(mark, '.' | ' ' | '\u{A0}' | '\u{2009}' | '\u{202F}' | '\'' | '\u{2019}') {
        return None;
    }
    let mut groups = whole.split(mark);
    let first = groups.next().filter(|first| matches!(first.len(), 1..=3) && !first.starts_with('0'))?;
    let rest: Vec<&str> = groups.collect();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fit = digits(first) && rest.iter().all(|group| group.len() == 3 && digits(group));
    fit.then(|| format!("{first}{}", rest.concat()))
}

/// A canonical number at so many places, half away from zero.
fn rounded(exact: Cow<'_, str>, places: usize) -> Cow<'_, str> {
    let Some((whole, fraction)) = exact.split_once('.').filter(|(_, fraction)| fraction.len() > places) else {
        return exact;
    };
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(places)).collect();
    let up = fraction.as_bytes()[places] >= b'5';
    let mut carry = up;
    for digit in digits.iter_mut().rev().take_while(|_| up) {
        if !carry {
            break;
        }
        carry = *digit == b'9';
        *digit = if carry { b'0' } else { *digit + 1 };
    }
    if carry {
        digits.insert(0, b'1');
    }
    let digits: String = digits.into_iter().map(char::from).collect();
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let number = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    Cow::Owned(if number == "0" { number } else { format!("{sign}{number}") })
}

#[cfg(test)]
mod tests {
    use super::Notation;

    #[test]
    fn a_comma_that_is_declared() {
        let comma = Notation { comma: true, precision: None };
        for (raw, expected) in [
            ("2,40", Some("2.4")),
            (" -2,40 ", Some("-2.4")),
            ("2.4", Some("2.4")),
            (",5", Some("0.5")),
            ("1.234,56", Some("1234.56")),
            ("1\u{202F}234\u{202F}567,5", Some("1234567.5")),
            ("1'234.56", None),
            ("1.234.567", Some("1234567")),
            ("1 234", Some("1234")),
            ("1.234", None),
            ("-999.999", None),
            ("0.125", Some("0.125")),
            ("1234.567", Some("1234.567")),
            ("1.2345", Some("1.2345")),
            ("1,234,567", None),
            ("12.34,5", None),
            ("1.234 567,5", None),
            ("0.123,5", None),
            ("5,", None),
            ("+-5,0", None),
            ("", Some("")),
        ] {
            assert_eq!(comma.canonical(raw).as_deref().ok(), expected, "{raw:?}");
        }
    }

    #[test]
    fn digits_behind_the_precision_do_not_count() {
        for (raw, places, expected) in [
            ("0.30000000000000004", 2, "0.3"),
            ("0.09999999999999999", 2, "0.1"),
            ("2.675", 2, "2.68"),
            ("-2.675", 2, "-2.68"),
            ("2.674", 2, "2.67"),
            ("9.999", 2, "10"),
            ("-0.004", 2, "0"),
            ("0.5", 0, "1"),
            ("1.234", 5, "1.234"),
            ("99.5", 0, "100"),
        ] {
            let notation = Notation { comma: false, precision: Some(places) };
            let once = notation.canonical(raw).unwrap().into_owned();
            assert_eq!(once, expected, "{raw} at {places}");
            assert_eq!(notation.canonical(&once).as_deref(), Ok(expected), "and again");
        }
    }

    #[test]
    fn a_double_whose_digits_that_count_survive() {
        let cents = Notation { comma: false, precision: Some(2) };
        assert!(cents.is_exact(0.300_000_000_000_000_04) && cents.is_exact(-9_999_999_999_999.99));
        assert!(!cents.is_exact(1e13) && !Notation::default().is_exact(0.5));
        assert!(!Notation { comma: false, precision: Some(16) }.is_exact(0.5));
    }
}
