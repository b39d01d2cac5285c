//! Decimal numbers as text, exact to the last digit.
//!
//! A fee of `1.10` and one of `1.1` are one fee, and a float is no way to find out: two amounts that differ in the
//! eighteenth digit are one `f64`. Digits are compared as digits.
//!
//! The rule: an optional sign, ASCII digits with at most one point and at least one digit after it, optionally `e` or
//! `E` with an exponent. Canonical is plain notation: no exponent, no plus, no leading zeros but the one before the
//! point, no trailing zeros after it. At most [`DIGITS`] digits, as written and in plain notation.
//!
//! | raw | canonical |
//! |---|---|
//! | `"1.10"`, `"+01.1"`, `"11e-1"`, `"0.11E1"` | `"1.1"` |
//! | `"1e3"` | `"1000"` |
//! | `".5"` | `"0.5"` |
//! | `"-0.00"` | `"0"` |
//! | `"1e1000"` | too long |
//! | `"5."`, `"1,5"`, `"1,000.5"`, `"NaN"` | not a decimal |
//!
//! **Why no comma?** In `1,000` it separates thousands for one reader and decimals for another, and a wrong guess is
//! wrong by a thousand. A field whose source writes decimals with a comma declares it ([`Notation`]).
//!
//! **And a JSON number?** Up to 15 digits a double has them all. What is longer may have been rounded by the reader of
//! the JSON and is refused ([`Problem::Inexact`]), unless its digits are kept as a text; see
//! [`exact_numbers`](crate::value::exact_numbers).
//!
//! **Why is precision not kept?** `1.10` says "measured to hundredths" only to some readers. The raw text keeps it;
//! equality does not see it, unless the field declares a precision ([`Notation`]).

use std::borrow::Cow;

pub use self::notation::Notation;
pub use super::number::DIGITS;
use super::number::Written;
use crate::value::Problem;

mod notation;

/// A decimal number in plain notation; `""` for blank text.
///
/// # Errors
///
/// [`Problem::NotADecimal`], or [`Problem::TooLong`] where more than [`DIGITS`] digits would be needed.
///
/// ```
/// use tripartite::{normalize::decimal::canonical, value::Problem};
///
/// assert_eq!(canonical("11e-1").as_deref(), Ok("1.1"));
/// assert_eq!(canonical("-0.00").as_deref(), Ok("0"));
/// assert_eq!(canonical("1e999999999"), Err(Problem::TooLong { limit: 1000 }));
/// ```
pub fn canonical(raw: &str) -> Result<Cow<'_, str>, Problem> {
    let Some(decimal) = Decimal::read(raw)? else {
        return Ok(Cow::Borrowed(""));
    };
    Ok(if decimal.chars().eq(raw.chars()) { Cow::Borrowed(raw) } else { Cow::Owned(decimal.chars().collect()) })
}

/// Whether both texts are the same decimal number, or both blank.
///
/// ```
/// use tripartite::normalize::decimal::same;
///
/// assert!(same("1.10", "1.1") && same("1.1", "11e-1"));
/// // One f64, two numbers.
/// assert!(!same("0.1", "0.10000000000000001"));
/// ```
pub fn same(a: &str, b: &str) -> bool {
    match (Decimal::read(a), Decimal::read(b)) {
        (Ok(Some(a)), Ok(Some(b))) => a.chars().eq(b.chars()),
        (Ok(None), Ok(None)) => true,
        _ => false,
    }
}

/// Significant digits, the first and last of them not zero, and where the point stands before or among them.
#[derive(Clone, Copy)]
struct Decimal<'a> {
    written: Written<'a>,
    /// Zeros written before the first significant digit.
    skipped: usize,
    /// Significant digits; none is zero.
    count: usize,
    /// How many digits stand before the point: negative where zeros follow it first.
    point: i64,
}

impl<'a> Decimal<'a> {
    fn read(raw: &'a str) -> Result<Option<Self>, Problem> {
        let Some(written) = Written::read(raw, Problem::NotADecimal)? else {
            return Ok(None);
        };
        let zeros = |digits: &mut dyn Iterator<Item = u8>| digits.take_while(|&digit| digit == b'0').count();
        let total = written.whole.len() + written.fraction.len();
        let skipped = zeros(&mut digits(written));
        let trailing = zeros(&mut digits(written).rev()).min(total - skipped);
        let decimal = Self {
            written,
            skipped,
            count: total - skipped - trailing,
            point: written.whole.len() as i64 - skipped as i64 + written.exponent,
        };
        decimal.within_limit().then_some(Some(decimal)).ok_or(Problem::TooLong { limit: DIGITS })
    }

    fn within_limit(&self) -> bool {
        let before = self.point.max(1);
        let after = (self.count as i64 - self.point).max(0);
        self.count == 0 || before + after <= DIGITS as i64
    }

    fn chars(&self) -> impl Iterator<Item = char> + 'a {
        let (count, point) = if self.count == 0 { (0, 0) } else { (self.count, self.point) };
        let significant = digits(self.written).skip(self.skipped).take(count).map(char::from);
        let (before, after) = (usize::try_from(point).unwrap_or(0), usize::try_from(-point).unwrap_or(0));
        let whole = significant.clone().chain(std::iter::repeat('0')).take(before);
        let fraction = std::iter::repeat_n('0', after).chain(significant.skip(before));
        let sign = (self.written.negative && count > 0).then_some('-');
        let zero = (before == 0).then_some('0');
        let dot = (count > before).then_some('.');
        let fraction = fraction.take(if dot.is_some() { usize::MAX } else { 0 });
        sign.into_iter().chain(zero).chain(whole).chain(dot).chain(fraction)
    }
}

fn digits(written: Written<'_>) -> impl DoubleEndedIterator<Item = u8> + Clone {
    written.whole.bytes().chain(written.fraction.bytes())
}

#[cfg(test)]
mod tests {
    use super::{canonical, same};
    use crate::value::Problem;

    #[test]
    fn a_thousand_digits_and_no_more() {
        let too_long = Err(Problem::TooLong { limit: 1_000 });
        assert_eq!(canonical("1e999").map(|plain| plain.len()), Ok(1_000));
        assert_eq!(canonical("1e1000").as_deref(), too_long.as_ref().copied());
        assert_eq!(canonical("1e-999").map(|plain| plain.len()), Ok(1_001));
        assert_eq!(canonical("1e-1000").as_deref(), too_long.as_ref().copied());
        assert!(same(&"9".repeat(1_000), &format!("{}e999", format_args!("9.{}", "9".repeat(999)))));
        assert!(!same("1e1000", "1e1000"), "what is too long equals nothing");
    }
}
