//! Whole numbers as text, of any size a record can hold.
//!
//! Member numbers, counts and years of birth come as `5`, `+5`, `05`, or as `5.0` from a spreadsheet that holds every
//! number as a float. They are read digit by digit, so a number beyond 64 bits keeps every digit.
//!
//! The rule: an optional sign, ASCII digits, optionally a point followed by nothing but zeros; white space around it
//! does not count. Canonical is the number without sign if positive, without leading zeros, and zero is `0`. At most
//! [1,000 digits](super::decimal::DIGITS).
//!
//! | raw | canonical |
//! |---|---|
//! | `"+5"`, `"005"`, `" 5 "`, `"5.0"` | `"5"` |
//! | `"-0"` | `"0"` |
//! | `"18446744073709551616"` | itself |
//! | `"5.5"`, `"5."`, `"1e3"`, `"1,000"`, `"٥"` | not a whole number |
//!
//! **Why `5.0` but not `1e3`?** The first is how a program that has only floats writes a whole number, nothing was
//! rounded, and refusing it would quarantine whole columns. An exponent means that digits were dropped on the way.
//!
//! **Why no thousands separators?** `1,000` is a thousand in one country and one in another. A connector that knows
//! its source removes them.
//!
//! **And a JSON number?** Up to 64 bits it is read as it is. What is longer has been rounded by the reader of the JSON
//! and is refused ([`Problem::Inexact`]), unless its digits are kept as a text; see
//! [`exact_numbers`](crate::value::exact_numbers).
//!
//! **A code with leading zeros**, such as a post code, is not a number: give the field a text kind.

use std::borrow::Cow;

use super::number::Written;
use crate::value::Problem;

/// The shortest notation of a whole number; `""` for blank text.
///
/// # Errors
///
/// [`Problem::NotAnInteger`], or [`Problem::TooLong`] above 1,000 digits.
///
/// ```
/// use tripartite::{normalize::integer::canonical, value::Problem};
///
/// assert_eq!(canonical("+0042").as_deref(), Ok("42"));
/// assert_eq!(canonical("-0").as_deref(), Ok("0"));
/// assert_eq!(canonical("1,000"), Err(Problem::NotAnInteger));
/// ```
pub fn canonical(raw: &str) -> Result<Cow<'_, str>, Problem> {
    Ok(match read(raw)? {
        None => Cow::Borrowed(""),
        Some(Whole { negative: false, digits }) => Cow::Borrowed(digits),
        Some(Whole { digits, .. }) if raw.strip_prefix('-') == Some(digits) => Cow::Borrowed(raw),
        Some(Whole { digits, .. }) => Cow::Owned(format!("-{digits}")),
    })
}

/// Whether both texts are the same whole number, or both blank.
///
/// ```
/// use tripartite::normalize::integer::same;
///
/// assert!(same("+5", "5.0"));
/// assert!(!same("18446744073709551616", "18446744073709551617"));
/// ```
pub fn same(a: &str, b: &str) -> bool {
    matches!((read(a), read(b)), (Ok(a), Ok(b)) if a == b)
}

#[derive(PartialEq, Eq)]
struct Whole<'a> {
    negative: bool,
    digits: &'a str,
}

fn read(raw: &str) -> Result<Option<Whole<'_>>, Problem> {
    if raw.contains(['e', 'E']) {
        return Err(Problem::NotAnInteger);
    }
    let Some(written) = Written::read(raw, Problem::NotAnInteger)? else {
        return Ok(None);
    };
    if written.whole.is_empty() || written.fraction.bytes().any(|digit| digit != b'0') {
        return Err(Problem::NotAnInteger);
    }
    Ok(Some(match written.whole.trim_start_matches('0') {
        "" => Whole { negative: false, digits: &written.whole[..1] },
        digits => Whole { negative: written.negative, digits },
    }))
}

#[cfg(test)]
mod tests {
    use super::{canonical, same};
    use crate::value::Problem;

    #[test]
    fn a_thousand_digits_and_no_more() {
        assert!(same(&"9".repeat(1_000), &format!("+{}", "9".repeat(1_000))));
        assert_eq!(canonical(&"9".repeat(1_001)), Err(Problem::TooLong { limit: 1_000 }));
        assert_eq!(canonical(&"x".repeat(1_001)), Err(Problem::NotAnInteger));
    }
}
