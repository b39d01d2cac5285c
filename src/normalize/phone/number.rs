//! The canonical form of a phone number, and whether two texts are one number.

use std::borrow::Cow;

use super::dialled::Dialled;
use super::plan;
use super::region::Region;
use crate::normalize::text::is_blank;
use crate::value::Problem;

/// The number in E.164, with `;ext=` and its extension if it has one; `""` for blank text.
///
/// `region` is where a number without a country code is dialled. It needs the feature `phone`.
///
/// # Errors
///
/// [`Problem::NotAPhoneNumber`] for text that is not exactly one number, and for numbers that cannot exist.
///
/// ```
/// use tripartite::normalize::phone::{Region, canonical};
/// use tripartite::value::Problem;
///
/// let ireland = Region::new("IE")?;
/// assert_eq!(canonical("+353 (0)87 123 4567", ireland).as_deref(), Ok("+353871234567"));
/// assert_eq!(
///     canonical("087 123 4567 ext. 12", ireland).as_deref(),
///     Ok("+353871234567;ext=12")
/// );
/// // The same digits are another line elsewhere, and none at all here.
/// let britain = Region::new("GB")?;
/// assert_eq!(canonical("07400 123456", britain).as_deref(), Ok("+447400123456"));
/// assert_eq!(canonical("112", ireland), Err(Problem::NotAPhoneNumber));
/// # Ok::<(), tripartite::normalize::phone::UnknownRegion>(())
/// ```
pub fn canonical(raw: &str, region: Region) -> Result<Cow<'_, str>, Problem> {
    if is_blank(raw) {
        return Ok(Cow::Borrowed(""));
    }
    let home = region.home();
    let plain = || home.plain(raw.as_bytes()).and_then(|plain| home.international(plain));
    let number = plain().or_else(|| Dialled::read(raw).and_then(|dialled| plan::number(&dialled, home)));
    let number = number.ok_or(Problem::NotAPhoneNumber)?;
    Ok(if number.as_str() == raw { Cow::Borrowed(raw) } else { Cow::Owned(number.as_str().to_owned()) })
}

/// Whether both texts are the same number, extension included, or both blank. It needs the feature `phone`.
///
/// Most numbers are compared digit by digit, a zero at home being as good as the country code. Others that differ only
/// in punctuation are compared as dialled; the plans are asked only whether there is such a number.
///
/// ```
/// use tripartite::normalize::phone::{Region, same};
///
/// let ireland = Region::new("IE")?;
/// assert!(same("087 123 4567", "00353871234567", ireland));
/// assert!(!same("087 123 4567", "087 123 4567 x1", ireland));
/// assert!(!same("unknown", "unknown", ireland), "what is no number equals nothing");
/// # Ok::<(), tripartite::normalize::phone::UnknownRegion>(())
/// ```
pub fn same(a: &str, b: &str, region: Region) -> bool {
    same_at_a_glance(a.as_bytes(), b.as_bytes(), region).unwrap_or_else(|| is_same(a, b, region.home()))
}

/// [`same`], of the bytes of two texts, where neither has to be asked of the plans.
pub(crate) fn same_at_a_glance(a: &[u8], b: &[u8], region: Region) -> Option<bool> {
    let home = region.home();
    Some(home.plain(a)? == home.plain(b)?)
}

/// Whether the bytes of a text are a number, where the plans need not be asked.
pub(crate) fn is_at_a_glance(raw: &[u8], region: Region) -> bool {
    region.home().plain(raw).is_some()
}

/// Whether two texts dial the same, so that [`same`] needs no canonical form.
pub(crate) fn alike(a: &str, b: &str) -> bool {
    Dialled::read(a).is_some_and(|a| Dialled::read(b) == Some(a))
}

fn is_same(a: &str, b: &str, home: plan::Home) -> bool {
    match (Dialled::read(a), Dialled::read(b)) {
        (Some(a), Some(b)) if a == b => plan::is_assigned(&a, home) || plan::number(&a, home).is_some(),
        (Some(a), Some(b)) => plan::number(&a, home).is_some_and(|a| plan::number(&b, home) == Some(a)),
        _ => is_blank(a) && is_blank(b),
    }
}

#[cfg(test)]
mod tests {
    use super::{Region, canonical, same};
    use crate::value::Problem;

    fn region(code: &str) -> Region {
        Region::new(code).expect("a region of this test")
    }

    /// What the guards are for: each of these loses or confuses digits in one parser or another.
    #[test]
    fn no_digit_is_dropped() {
        for (home, raw, expected, why) in [
            ("RU", "+78001234567", "+78001234567", "a number that begins like the trunk prefix"),
            ("RU", "8 800 123-45-67", "+78001234567", "and behind it"),
            ("LT", "+37080012345", "+37080012345", "likewise"),
            ("BY", "+3758011234567", "+3758011234567", "likewise"),
            ("IT", "+39 (0)6 1234 5678", "+390612345678", "a zero in brackets that is dialled all the same"),
            ("IE", "+353 (0)37946483", "+35337946483", "a zero in brackets is a trunk prefix"),
            ("IE", "+353 037946483", "+353037946483", "one without is not, in a number nobody has"),
            ("IE", "00353 037946483", "+353037946483", "however it is dialled"),
            ("TR", "00 900 123 4567", "+9001234567", "a zero behind the country code, in a number nobody has"),
            ("IE", "0000000000", "0000000000", "an answer that is not read as itself"),
            ("US", "+1 (1) 650 253 0000", "+16502530000", "a trunk prefix that makes a number too long"),
        ] {
            assert_eq!(canonical(raw, region(home)).as_deref(), Ok(expected), "{why}");
            assert_eq!(canonical(expected, region(home)).as_deref(), Ok(expected), "{why}: idempotent");
        }
    }

    #[test]
    fn what_stays_different() {
        for (a, b, why) in [
            ("087 123 4567", "087 123 4568", "the last digit"),
            ("087 123 4567", "087 123 4567 x1", "an extension is another phone"),
            ("087 123 4567 x1", "087 123 4567 x01", "and keeps its zeros"),
            ("+353 037946483", "+353 37946483", "a zero that may be part of the number"),
            ("087 123 4567", "+44 87 123 4567", "the country"),
            ("", "087 123 4567", "nothing is no number"),
        ] {
            assert!(!same(a, b, region("IE")), "{why}");
        }
        assert!(same(" ", "\u{FEFF}", region("IE")), "two blanks are one");
    }

    #[test]
    fn two_numbers_are_not_one() {
        for raw in [
            "087 123 4567 / 01 456 7890",
            "087 123 4567\n01 456 7890",
            "(530) 583-6985 x302/x2303",
            "087 123 4567, 087 123 4568",
            "087 123 4567;ext=1;ext=2",
        ] {
            assert_eq!(canonical(raw, region("IE")), Err(Problem::NotAPhoneNumber), "{raw}");
        }
    }

    #[test]
    fn the_region_decides_what_a_prefix_is() {
        for (home, raw) in [
            ("IE", "00 353 87 123 4567"),
            ("US", "011 353 87 123 4567"),
            ("AU", "0011 353 87 123 4567"),
            ("JP", "010 353 87 123 4567"),
            ("RU", "8~10 353 87 123 4567"),
            ("BR", "00 15 353 87 123 4567"),
        ] {
            assert_eq!(canonical(raw, region(home)).as_deref(), Ok("+353871234567"), "{home} {raw}");
        }
        assert!(canonical("011 353 87 123 4567", region("IE")).is_err(), "no prefix here");
    }
}
