//! The crate `phonenumber` beside ours, on the example numbers of all regions. Where the two disagree, libphonenumber is
//! with ours. The list of disagreements is complete: the day it is empty, `phonenumber` can take over.

use std::borrow::Cow;
use std::collections::BTreeSet;

use tripartite::normalize::phone::{Region, canonical};

use super::EXAMPLES;

/// What `phonenumber` loses, the region, the number that is right, and what it makes of it.
const DISAGREEMENTS: [(&str, &str, &str, &str); 12] = [
    // The 8 that is dialled inside the country before a number is taken for one, although it begins the number.
    ("the trunk prefix", "BY", "+3758011234567", "+37511234567"),
    ("the trunk prefix", "BY", "+3758011234567", "+375011234567"),
    ("the trunk prefix", "KZ", "+78001234567", "+7001234567"),
    ("the trunk prefix", "KZ", "+78081234567", "+7081234567"),
    ("the trunk prefix", "KZ", "+78091234567", "+7091234567"),
    ("the trunk prefix", "LT", "+37080012345", "+370012345"),
    ("the trunk prefix", "LT", "+37080123456", "+370123456"),
    ("the trunk prefix", "LT", "+37080812345", "+370812345"),
    ("the trunk prefix", "RU", "+78001234567", "+7001234567"),
    ("the trunk prefix", "RU", "+78081234567", "+7081234567"),
    ("the trunk prefix", "RU", "+78091234567", "+7091234567"),
    // A national number that begins with the digits of its country's code, which are taken for that.
    ("the country code", "RW", "+250250123456", "+250123456"),
];

/// What `phonenumber` says of a number of a region, if it can read it.
fn theirs(region: &str, input: &str) -> Option<String> {
    let number = ::phonenumber::parse(region.parse().ok(), input).ok()?;
    Some(number.format().mode(::phonenumber::Mode::E164).to_string())
}

#[test]
fn phonenumber_disagrees_on_these_numbers_alone() {
    let mut found = BTreeSet::new();
    for line in EXAMPLES.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let &[region, input, _] = columns.as_slice() else { panic!("three columns in {line:?}") };
        let ours = canonical(input, Region::new(region).unwrap()).ok().map(Cow::into_owned);
        let theirs = theirs(region, input);
        if ours != theirs {
            found.insert((region, ours.unwrap_or_default(), theirs.unwrap_or_default()));
        }
    }
    let listed =
        DISAGREEMENTS.iter().map(|(_, region, ours, theirs)| (*region, (*ours).to_owned(), (*theirs).to_owned()));
    assert_eq!(found, listed.collect());
}

/// Whoever would use `phonenumber` instead would dial other people, or nobody.
#[test]
fn what_it_gives_instead_is_another_number_with_fewer_digits() {
    for (_, region, ours, theirs) in &DISAGREEMENTS {
        assert!(theirs.len() < ours.len());
        assert!(!tripartite::normalize::phone::same(ours, theirs, Region::new(region).unwrap()));
    }
}
