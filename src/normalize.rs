//! When two spellings are one value.
//!
//! Systems that exchange the same person do not exchange the same bytes: `John ` and `John`, `087 123 4567` and
//! `+353871234567`, `1.10` and `1.1`. A sync that took each for an edit would rewrite the record every night and call
//! the user's own spelling a conflict. So every kind of field has a *canonical form*, two values are equal when their
//! canonical forms are, and **only comparison sees it**: what is stored, written and audited stays the raw text.
//!
//! Each kind is a module with the same two functions: `canonical` gives the form, or says what is wrong with the
//! text, and `same` compares two raw texts without building either form.
//!
//! | module | equal under it | different under it |
//! |---|---|---|
//! | [`text`] | `Zoë ` and `Zoe` + `U+0308` | `John` and `john` |
//! | [`name`] | `O'Brien` and `O’Brien` | `Seán` and `Sean` |
//! | [`email`] | `Sean@Example.org` and `sean@example.org` | `sean@example.org` and `sean+club@example.org` |
//! | [`phone`] | `087 123 4567` and `+353 (0)87 123 4567` | a number and the same with an extension |
//! | [`date`] | `05/01/2024` and `2024-01-05` | `29/02/2023` is no date at all |
//! | [`timestamp`] | `2024-01-05T12:00:00+01:00` and `2024-01-05T11:00:00Z` | two instants a nanosecond apart |
//! | [`integer`] | `+5` and `5.0` | `1,000` is no integer |
//! | [`decimal`] | `1.10` and `11e-1` | `0.1` and `0.10000000000000001` |
//! | [`boolean`] | `TRUE` and `1` | `yes` is no boolean |
//! | [`code`] | `JSmith` and `jsmith ` | `0042` and `42` |
//! | [`address`] | `12 Main St,Dublin` and `12 main st , Dublin` | `12 Main St, Dublin` and `12 Main St Dublin` |
//!
//! # What holds for every module
//!
//! * **Total.** Any text gives an answer; none panics.
//! * **Idempotent.** The canonical form of a canonical form is itself (for dates: read as ISO 8601).
//! * **Exact.** `same(a, b)` is true exactly when both texts are valid and their canonical forms are equal.
//! * **Blank is empty.** White space and ignored characters alone give `""`, which the caller takes as Null.
//! * **No work for nothing.** Text that already is canonical is borrowed; `same` does not allocate for spellings that
//!   differ only in layout.

pub mod accents;
pub mod address;
pub mod boolean;
pub mod code;
pub mod date;
pub mod decimal;
mod digits;
#[cfg(feature = "idn")]
pub mod email;
pub mod integer;
pub mod name;
mod number;
pub mod phone;
mod short;
pub mod text;
pub mod timestamp;
pub mod zone;
