//! Decimal notation read without arithmetic: digits and where the point stands.

use super::text::trim;
use crate::value::Problem;

/// The most digits a number may have, as written and in plain notation: 1,000. Identifiers and amounts have tens;
/// the bound is what keeps `1e999999999` from being written out.
pub const DIGITS: usize = 1_000;

/// A number as written: sign, digits before and after the point, exponent.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub negative: bool,
    pub whole: &'a str,
    pub fraction: &'a str,
    pub exponent: i64,
}

impl<'a> Written<'a> {
    /// The number in a text, `None` in it for blank text. `not_a_number` is what to say of anything else.
    pub(super) fn read(raw: &'a str, not_a_number: Problem) -> Result<Option<Self>, Problem> {
        let text = trim(raw);
        if text.is_empty() {
            return Ok(None);
        }
        let written = Self::parse(text).ok_or(not_a_number)?;
        if written.whole.len() + written.fraction.len() > DIGITS {
            return Err(Problem::TooLong { limit: DIGITS });
        }
        Ok(Some(written))
    }

    fn parse(text: &'a str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (negative, unsigned) = split_sign(mantissa);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (unsigned, ""),
        };
        let digits = is_digits(whole) && is_digits(fraction) && !unsigned.is_empty();
        digits.then_some(Self { negative, whole, fraction, exponent })
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The exponent, saturated far beyond what [`DIGITS`] admits, so that its own length needs no bound.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !is_digits(digits) {
        return None;
    }
    let size = digits.bytes().fold(0_i64, |size, digit| (size * 10 + i64::from(digit - b'0')).min(1 << 40));
    Some(if negative { -size } else { size })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
