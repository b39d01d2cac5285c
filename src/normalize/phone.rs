//! Phone numbers: one line, however it is dialled.
//!
//! `087 123 4567` in one system is `+353871234567` in the next. Which digits are the number and which only lead to it
//! depends on the country, so a field names the [`Region`] its source dials from, and the numbering plans are those
//! of Google's [libphonenumber]. Canonical is [E.164], with an extension as in [RFC 3966].
//!
//! | raw, in `IE` | canonical |
//! |---|---|
//! | `087 123 4567`, `+353 87 123 4567`, `00353871234567` | `+353871234567` |
//! | `+353 (0)87 123 4567`, `+353 087 123 4567` | `+353871234567` |
//! | `tel:+353-87-123-4567`, `٠٨٧ ١٢٣ ٤٥٦٧`, `０８７１２３４５６７` | `+353871234567` |
//! | `087 123 4567 x12`, `+353871234567;ext=12` | `+353871234567;ext=12` |
//! | `+39 06 1234 5678` | `+390612345678`: an Italian zero is part of the number |
//! | `112`, `+353 87 123 4567 890 123`, `unknown` | not a phone number |
//! | `087 123 4567 / 01 456 7890` | not a phone number: it is two |
//!
//! # No digit is ever dropped
//!
//! A parser that takes one digit too many for a prefix makes two people's numbers one, and the next sync overwrites
//! one of them. So the text is read here, character by character, and the parser behind sees nothing but a plus and
//! digits. Its answer is taken only if
//!
//! * it reads its own answer as the same number again, and
//! * where the country code was dialled, after `+` or the region's international prefix, it has exactly the dialled
//!   digits, less a trunk prefix: a zero in brackets, or one without which the number is assigned and with which it
//!   is not.
//!
//! Otherwise the canonical form is what was dialled: `+` if international, and the 7 to 15 digits.
//!
//! | raw, in `IE` | canonical | |
//! |---|---|---|
//! | `+37080012345` | `+37080012345` | a parser that knows `8` as a trunk prefix may drop it |
//! | `+353 037946483` | `+353037946483` | no such number with or without the zero: kept |
//! | `0000000000` | `0000000000` | as `+353000000000` it would lose another zero when read again |
//!
//! **What is not a phone number?** Text with characters no number has, two numbers in one text, and numbers of a
//! length that the plan of their country does not have. A number that a plan has assigned is never refused, and one of
//! a possible length only if it is too short or too long to be kept as dialled: plans change faster than their
//! descriptions.
//!
//! **Why `rlibphonenumber`?** It answers as libphonenumber does on the example numbers of all regions; `phonenumber`
//! reads the Russian `8 (800) 123-45-67` as `+7001234567`, which no guard can tell from a number that was meant.
//!
//! **Short codes?** `112` cannot be dialled from abroad and has no E.164 form. It is no way to reach a person.
//!
//! **Does an upgrade of the metadata look like an edit?** No. What is stored is raw, and both sides of every
//! comparison are read under the same metadata.
//!
//! [E.164]: https://www.itu.int/rec/T-REC-E.164
//! [RFC 3966]: https://www.rfc-editor.org/rfc/rfc3966
//! [libphonenumber]: https://github.com/google/libphonenumber

#[cfg(feature = "phone")]
pub(crate) use self::number::{alike, is_at_a_glance, same_at_a_glance};
#[cfg(feature = "phone")]
pub use self::number::{canonical, same};
pub use self::region::{Region, UnknownRegion};

#[cfg(feature = "phone")]
mod dialled;
#[cfg(feature = "phone")]
mod digits;
#[cfg(feature = "phone")]
mod extension;
#[cfg(not(feature = "phone"))]
mod letters;
#[cfg(feature = "phone")]
mod number;
#[cfg(feature = "phone")]
mod plain;
#[cfg(feature = "phone")]
mod plan;
mod region;
