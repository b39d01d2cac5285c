//! What the numbering plans of the world make of dialled digits.
//!
//! The plans are libphonenumber's metadata, read by `rlibphonenumber`. It is given nothing but an optional plus and
//! ASCII digits, and what it answers is accepted only if no digit of the number went missing.

use std::fmt::{self, Display, Formatter};

use rlibphonenumber::{CountryCodeSource, PHONE_NUMBER_UTIL as PLANS, PhoneNumber};

use super::dialled::Dialled;
use super::plain::{National, Plain, REGIONS};
use crate::normalize::short::Short;

/// A canonical number with its extension: `+353871234567;ext=12`.
pub(super) type Number = Short<64>;

/// The parser counts no more zeros in front of a national number, and no plan has as many.
const LEADING_ZEROS: usize = 10;

/// A region that has a numbering plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Home {
    region: rlibphonenumber::Region,
    /// What is dialled before a number inside the region and is no part of it.
    trunk: Option<char>,
    /// How most of its numbers are read without asking the plans.
    plain: Option<Plain>,
}

impl Home {
    /// The region with these two letters.
    pub(super) fn find(code: &str) -> Option<Self> {
        let region = code.parse().ok().filter(|_| code.len() == 2)?;
        let code = PLANS.get_country_code_for_region(region)?;
        let home = Self { region, trunk: None, plain: None };
        let trunk = ['0', '1', '8'].into_iter().find(|&trunk| home.drops(trunk));
        let home = Self { trunk, ..home };
        let plain = REGIONS.contains(&region.to_string().as_str()).then(|| home.plainly(code)).flatten();
        Some(Self { plain, ..home })
    }

    /// The lengths of the numbers that are the same behind a zero and behind the country code.
    fn plainly(self, code: i32) -> Option<Plain> {
        let is_plain = |length: &usize| {
            let national = "5".repeat(*length);
            let behind = |plus: bool, prefix: &str| {
                let dialled = Dialled::of(plus, &format!("{prefix}{national}"))?;
                number(&dialled, self)
            };
            let (at_home, abroad) = (behind(false, "0"), behind(true, &code.to_string()));
            at_home.is_some_and(|number| number.as_str() == format!("+{code}{national}") && abroad == Some(number))
        };
        let lengths = (1..16).filter(is_plain).fold(0, |lengths, length| lengths | 1 << length);
        Some(Plain { code: code.try_into().ok()?, lengths })
    }

    /// The number, where it can be read without asking the plans.
    pub(super) fn plain(self, raw: &[u8]) -> Option<National> {
        self.plain?.read(raw)
    }

    #[cfg(test)]
    pub(super) fn plain_lengths(self) -> Plain {
        self.plain.expect("a region of the list")
    }

    /// A plain number with its country code.
    pub(super) fn international(self, National(number): National) -> Option<Number> {
        let mut international = Number::new();
        international.push('+')?;
        push_number(&mut international, self.plain?.code.into())?;
        push_number(&mut international, number)?;
        Some(international)
    }

    /// Whether the region's example number may be dialled behind this digit.
    fn drops(self, trunk: char) -> bool {
        let example = PLANS.get_example_number(self.region).ok();
        let example = example.and_then(|number| Reading::of_number(&number));
        example.is_some_and(|example| {
            let dialled = Short::<24>::collect([trunk].into_iter().chain(example.national().chars()));
            let read = dialled.and_then(|dialled| Reading::of(false, dialled.as_str(), self));
            read.is_some_and(|read| read.e164 == example.e164)
        })
    }
}

impl Display for Home {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.region)
    }
}

/// The canonical number of what was dialled in a region, `None` if no such number can exist.
pub(super) fn number(dialled: &Dialled, home: Home) -> Option<Number> {
    let mut number = subscriber(dialled, home)?;
    if !dialled.extension.as_str().is_empty() {
        number.push_str(";ext=")?;
        number.push_str(dialled.extension.as_str())?;
    }
    Some(number)
}

/// Whether what was dialled, as it stands or less the trunk prefix, is a number that a plan has assigned.
///
/// A sufficient sign that [`number`] has an answer, and cheaper than that answer.
pub(super) fn is_assigned(dialled: &Dialled, home: Home) -> bool {
    let digits = dialled.digits.as_str();
    if dialled.plus {
        return split_code(digits).is_some_and(|(code, national)| is_valid(code, national));
    }
    let Some(code) = PLANS.get_country_code_for_region(home.region) else {
        return false;
    };
    match home.trunk.and_then(|trunk| digits.strip_prefix(trunk)) {
        Some(national) => is_valid(code, national),
        None => is_valid(code, digits),
    }
}

/// An assigned number is never refused: where the parser takes its first digits for an international prefix, it is kept
/// as dialled.
fn subscriber(dialled: &Dialled, home: Home) -> Option<Number> {
    Reading::of(dialled.plus, dialled.digits.as_str(), home)
        .and_then(|reading| reading.settled(dialled, home))
        .or_else(|| as_dialled(dialled).filter(|_| is_assigned(dialled, home)))
}

/// A parser's answer for a number whose length its plan allows.
#[derive(Clone, Copy)]
struct Reading {
    /// Country code and national number.
    e164: Short<24>,
    code: usize,
    /// Whether the country code was dialled behind the region's international prefix.
    abroad: bool,
}

impl Reading {
    fn of(plus: bool, digits: &str, home: Home) -> Option<Self> {
        let mut text = Short::<48>::new();
        text.push_str(if plus { "+" } else { "" })?;
        text.push_str(digits)?;
        let number = PLANS.parse_and_keep_raw_input(text.as_str(), Some(home.region)).ok()?;
        Self::of_number(&number).filter(|_| PLANS.is_possible_number(&number))
    }

    fn of_number(number: &PhoneNumber) -> Option<Self> {
        let mut e164 = Short::new();
        push_number(&mut e164, number.country_code.unsigned_abs().into())?;
        let code = e164.as_str().len();
        for _ in 0..leading_zeros(number)? {
            e164.push('0')?;
        }
        push_number(&mut e164, number.national_number)?;
        Some(Self { e164, code, abroad: number.country_code_source() == CountryCodeSource::FromNumberWithIdd })
    }

    fn national(&self) -> &str {
        &self.e164.as_str()[self.code..]
    }

    /// The number if nothing was lost on the way to it, else what was dialled.
    fn settled(self, dialled: &Dialled, home: Home) -> Option<Number> {
        let digits = dialled.digits.as_str();
        let international = if self.abroad { self.behind_prefix(digits, home) } else { dialled.plus.then_some(digits) };
        let Some(international) = international else {
            return if self.is_stable(home) {
                plus(self.e164.as_str())
            } else {
                as_dialled(dialled).filter(|_| is_plausible(digits))
            };
        };
        let before = digits.len() - international.len();
        let trunk_in_brackets = dialled.bracketed_zero == Some(before + self.code);
        let unchanged = dialled.plus && digits == self.e164.as_str();
        if unchanged || self.keeps(international, trunk_in_brackets) && self.is_stable(home) {
            plus(self.e164.as_str())
        } else {
            plus(international).filter(|_| is_plausible(international))
        }
    }

    /// The digits behind the international prefix, which is as long as it can be without losing one of the number.
    fn behind_prefix<'a>(&self, digits: &'a str, home: Home) -> Option<&'a str> {
        let same = |rest: &&str| Self::of(true, rest, home).is_some_and(|other| other.e164 == self.e164);
        let rests = || (1..digits.len()).rev().map(|at| &digits[at..]);
        rests().find(|&rest| rest == self.e164.as_str()).or_else(|| rests().find(same))
    }

    /// Whether the number has the dialled digits, all of them, but for a trunk prefix that cannot be part of it.
    fn keeps(&self, international: &str, trunk_in_brackets: bool) -> bool {
        let (code, national) = (&self.e164.as_str()[..self.code], self.national());
        match international.strip_prefix(code) {
            Some(given) if given == national => true,
            Some(given) if trunk_in_brackets && given.strip_prefix('0') == Some(national) => true,
            Some(given) => code.parse().is_ok_and(|code| is_valid(code, national) && !is_valid(code, given)),
            None => false,
        }
    }

    /// Whether the number, dialled again, is itself.
    fn is_stable(&self, home: Home) -> bool {
        Self::of(true, self.e164.as_str(), home).is_some_and(|again| again.e164 == self.e164)
    }
}

fn plus(digits: &str) -> Option<Number> {
    let mut number = Number::new();
    number.push('+')?;
    number.push_str(digits)?;
    Some(number)
}

/// Whether a number that the plans do not know may be kept as it was dialled: E.164 allows 15 digits, seven are a local
/// number.
fn is_plausible(digits: &str) -> bool {
    (7..=15).contains(&digits.len())
}

/// What was dialled, digit by digit.
fn as_dialled(dialled: &Dialled) -> Option<Number> {
    let digits = dialled.digits.as_str();
    if dialled.plus { plus(digits) } else { Number::collect(digits.chars()) }
}

/// A country code in use and the rest of the digits.
fn split_code(digits: &str) -> Option<(i32, &str)> {
    (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let code = code.parse().ok().filter(|_| !code.starts_with('0'))?;
        PLANS.get_regions_for_country_calling_code(code).map(|_| (code, national))
    })
}

/// Whether a plan has assigned this number.
fn is_valid(code: i32, national: &str) -> bool {
    let zeros = national.len() - national.trim_start_matches('0').len();
    let (Ok(national_number), 0..=LEADING_ZEROS) = (national.parse(), zeros) else {
        return false;
    };
    let number = PhoneNumber {
        country_code: code,
        national_number,
        italian_leading_zero: Some(zeros > 0),
        number_of_leading_zeros: i32::try_from(zeros).ok(),
        ..PhoneNumber::default()
    };
    PLANS.is_valid_number(&number)
}

/// Zeros in front of a national number that are part of it, `None` for more than any plan has.
fn leading_zeros(number: &PhoneNumber) -> Option<usize> {
    let zeros = if number.italian_leading_zero() { number.number_of_leading_zeros() } else { 0 };
    usize::try_from(zeros).ok().filter(|zeros| *zeros <= LEADING_ZEROS)
}

fn push_number<const N: usize>(digits: &mut Short<N>, number: u64) -> Option<()> {
    let unit = number.checked_ilog10().map_or(1, |exponent| 10_u64.pow(exponent));
    let mut units = std::iter::successors(Some(unit), |unit| (unit / 10 > 0).then_some(unit / 10));
    units.try_for_each(|unit| digits.push(char::from_digit((number / unit % 10) as u32, 10)?))
}
