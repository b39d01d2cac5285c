//! The naive way, and the model that detection is held against: everything is normalised, then compared.
//!
//! It shares no code with the crate: another reading of the same rules, as far as the workload goes.
//!
//! Nine tenths of it is the phones, so it comes twice: by `phonenumber`, which most programs take, and by
//! `rlibphonenumber`, which the crate takes, too, and which is faster.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use unicode_normalization::UnicodeNormalization;

use super::crowd::Triple;

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    Nothing,
    Converged,
    Remote,
    Local,
    Conflict,
}

/// How a phone number is brought into one form.
pub(crate) type Phones = fn(&str) -> String;

/// What happened to each field of a person, and every text normalised on the way to it.
pub(crate) fn happened(triple: &Triple, phone: Phones) -> [Happened; 6] {
    let [base, local, remote] = triple.each_ref().map(|record| {
        [0, 1, 2, 3, 4, 5].map(|position| normal(position, record.field(position).text().unwrap_or_default(), phone))
    });
    std::array::from_fn(|at| match (local[at] != base[at], remote[at] != base[at]) {
        (false, false) => Happened::Nothing,
        (false, true) => Happened::Remote,
        (true, false) => Happened::Local,
        (true, true) if local[at] == remote[at] => Happened::Converged,
        (true, true) => Happened::Conflict,
    })
}

fn normal(position: usize, text: &str, phone: Phones) -> String {
    match position {
        0 | 1 => words(text).replace('’', "'"),
        2 => date(text),
        3 => text.trim().to_lowercase(),
        4 => phone(text),
        _ => address(text),
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect()
}

fn date(text: &str) -> String {
    let date = text.trim().parse::<chrono::NaiveDate>();
    date.map_or_else(|_| text.to_owned(), |date| date.to_string())
}

/// By `phonenumber`.
pub(crate) fn common(text: &str) -> String {
    match phonenumber::parse(Some(phonenumber::country::Id::IE), text) {
        Ok(number) => number.format().mode(phonenumber::Mode::E164).to_string(),
        Err(_) => text.to_owned(),
    }
}

/// By `rlibphonenumber`.
pub(crate) fn faster(text: &str) -> String {
    match PHONE_NUMBER_UTIL.parse(text, Some(Region::IE)) {
        Ok(number) => PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned(),
        Err(_) => text.to_owned(),
    }
}

fn address(text: &str) -> String {
    let parts = text.split(',').map(words).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ").to_lowercase()
}
