//! The two spellings that most numbers have, read without asking the plans: a zero and the number, or a plus, the
//! country code and the number, in digits and ASCII punctuation.
//!
//! | raw, in `IE` | read as |
//! |---|---|
//! | `087 123 4567`, `(087) 123-4567`, `+353 87 123 4567` | 871234567 |
//! | `+353 (0)87 123 4567`, `00353871234567`, `087 123 4567 x12`, `+44 20 7946 0000` | not here: the plans know |
//!
//! Both come to the same number in the regions of [`REGIONS`] if the plan has numbers of that length. Those are the
//! regions of libphonenumber's metadata that are the first of their country code, and of which it says: the national
//! prefix is exactly `0`, and nothing is transformed behind it; the international prefix is exactly `00`; no pattern of
//! a national number begins with a zero. Then a parser takes the zero from `0` and a digit that is none, finds nothing
//! to take from what follows a country code, and looks at nothing but the length. The lengths are asked of the plans
//! themselves, in both spellings, when a region is made.

/// More digits than this no number has, and they fit into 64 bits; nor has one more characters around them.
const DIGITS: u32 = 19;
const TEXT: usize = 40;

/// A number without its country code and whatever leads to it. It does not begin with a zero, so its digits are a
/// number that no other digits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct National(pub(super) u64);

/// How a region dials, if it is one of [`REGIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Plain {
    pub(super) code: u16,
    /// A bit for each length that its numbers have.
    pub(super) lengths: u16,
}

impl Plain {
    /// The number that a text spells in one of the two ways.
    pub(super) fn read(self, raw: &[u8]) -> Option<National> {
        let Digits { plus, number, count } = Digits::of(raw)?;
        let length = count.checked_sub(if plus { self.code.checked_ilog10()? + 1 } else { 1 })?;
        let (code, national) = (number / power(length)?, number % power(length)?);
        let expected = if plus { self.code.into() } else { 0 };
        let fits = length < 16 && self.lengths >> length & 1 == 1 && code == expected;
        // Behind its code or zero, the number does not begin with another zero.
        (fits && national >= power(length - 1)?).then_some(National(national))
    }
}

/// The powers of ten that fit into 64 bits.
const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = 10 * powers[at - 1];
        at += 1;
    }
    powers
};

fn power(exponent: u32) -> Option<u64> {
    POWERS.get(exponent as usize).copied()
}

/// The digits of a text as one number, and how many they are.
struct Digits {
    plus: bool,
    number: u64,
    count: u32,
}

impl Digits {
    /// `None` for whatever is not as simple as that.
    fn of(raw: &[u8]) -> Option<Self> {
        let mut digits = Self { plus: false, number: 0, count: 0 };
        let mut opened = None;
        if raw.len() > TEXT {
            return None;
        }
        for &byte in raw {
            match byte {
                b'0'..=b'9' => {
                    digits.number = digits.number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                    digits.count += 1;
                }
                b' ' | b'-' | b'.' => {}
                b'+' if digits.count == 0 && !digits.plus => digits.plus = true,
                b'(' => opened = Some(digits.count),
                // One digit in brackets may be a zero that is not dialled from abroad.
                b')' if opened.is_some_and(|opened| opened + 1 == digits.count) => return None,
                b')' => opened = None,
                _ => return None,
            }
        }
        (digits.count <= DIGITS).then_some(digits)
    }
}

#[rustfmt::skip]
pub(super) const REGIONS: [&str; 71] = [
    "AE", "AF", "AL", "AM", "AT", "AZ", "BA", "BD", "BE", "CD", "CH", "DE", "DZ", "EC", "EG", "ER", "ET", "FR", "GE",
    "GF", "GH", "GP", "HR", "IE", "IQ", "IR", "JO", "KG", "KI", "LA", "LB", "LK", "LR", "LY", "MA", "MC", "MD", "ME",
    "MK", "MM", "MQ", "MW", "MY", "NA", "NL", "NP", "PH", "PK", "PM", "PS", "PY", "RE", "RO", "RS", "SA", "SD", "SE",
    "SK", "SL", "SO", "SS", "SY", "TR", "UA", "VE", "VN", "XK", "YE", "ZA", "ZM", "ZW",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::dialled::Dialled;
    use super::super::plan::{self, Home};
    use super::{Plain, REGIONS};

    /// What the plans make of a text, and what is read of it here.
    fn both(home: Home, raw: &str) -> (Option<String>, Option<String>) {
        let full = Dialled::read(raw).and_then(|dialled| plan::number(&dialled, home));
        let plain = home.plain(raw.as_bytes()).and_then(|plain| home.international(plain));
        (full.map(|number| number.as_str().to_owned()), plain.map(|number| number.as_str().to_owned()))
    }

    fn homes() -> impl Iterator<Item = (&'static str, Home)> {
        REGIONS.into_iter().map(|code| (code, Home::find(code).expect("a region with phones")))
    }

    /// What the list of regions claims of them, held against the plans: every beginning of a number, every length.
    #[test]
    fn in_these_regions_a_zero_is_as_good_as_the_country_code() {
        for (code, home) in homes() {
            let plain = home.plain_lengths();
            assert!(plain.lengths > 0, "{code} has numbers");
            for beginning in 1..100 {
                for length in (1..16).filter(|length| plain.lengths >> length & 1 == 1) {
                    let national = format!("{beginning:0<length$}");
                    for raw in [format!("0{national}"), format!("+{}{national}", plain.code)] {
                        let (full, plain) = both(home, &raw);
                        assert!(plain.is_some() && full == plain, "{code} {raw}: {full:?}, {plain:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn texts() {
        let ireland = Plain { code: 353, lengths: 1 << 9 };
        let read = |raw: &str| ireland.read(raw.as_bytes()).map(|national| national.0);
        for raw in ["087 123 4567", "(087) 123-4567", "+353 87 123 4567", "(+353) 87.123.4567", " 0871234567 "] {
            assert_eq!(read(raw), Some(871_234_567), "{raw}");
        }
        for (raw, why) in [
            ("", "nothing"),
            ("87 123 4567", "a number without its zero"),
            ("+353 087 123 4567", "a zero behind the country code"),
            ("+353 (0)87 123 4567", "a zero in brackets"),
            ("00353871234567", "an international prefix"),
            ("+44 87 123 4567", "another country"),
            ("087 123 456", "a digit too few"),
            ("087 123 4567 x1", "an extension"),
            ("087 123 4567/8", "two numbers, perhaps"),
            ("087\t123 4567", "what is no ASCII punctuation"),
            ("０８７ 123 4567", "digits of another script"),
            ("++353871234567", "two pluses"),
            ("0871234567+", "a plus behind"),
            ("08712345670871234567087", "more digits than any number has"),
        ] {
            assert_eq!(read(raw), None, "{why}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever is read here is what the plans would have made of it.
        #[test]
        fn what_is_read_is_what_the_plans_say(
            region in 0..REGIONS.len(),
            raw in "(\\(?0|\\+?(353|49|33|CC)|\\(\\+CC\\)|[0-9])[-. ()]{0,2}([0-9][-. ()/]{0,2}){3,14}",
        ) {
            let home = Home::find(REGIONS[region]).expect("a region with phones");
            let raw = raw.replace("CC", &home.plain_lengths().code.to_string());
            let (full, plain) = both(home, &raw);
            prop_assert!(plain.is_none() || plain == full, "{} {}: {:?}, {:?}", REGIONS[region], raw, plain, full);
        }
    }
}
