//! Agreement with Google's libphonenumber, whose answers to both lists were recorded with its Python port.
//!
//! `phone_examples.tsv` holds the example number of every type of every region, in four notations each;
//! `phone_tricky.tsv` what people and programs make of numbers. Columns: region, input, E.164 with extension or
//! `invalid`.

mod phonenumber;

use std::collections::BTreeMap;

use tripartite::normalize::phone::{Region, canonical, same};
use tripartite::value::Problem;

const EXAMPLES: &str = include_str!("../data/phone_examples.tsv");
const TRICKY: &str = include_str!("../data/phone_tricky.tsv");

#[derive(Clone, Copy)]
struct Row<'a> {
    region: Region,
    input: &'a str,
    /// `None` where the number is not possible.
    expected: Option<&'a str>,
}

fn rows(file: &str) -> impl Iterator<Item = Row<'_>> {
    file.lines().map(|line| {
        let columns: Vec<_> = line.split('\t').collect();
        let &[region, input, expected] = columns.as_slice() else {
            panic!("three columns in {line:?}");
        };
        let region = Region::new(region).expect("a region of the list");
        Row { region, input, expected: Some(expected).filter(|&expected| expected != "invalid") }
    })
}

fn disagreements(file: &str) -> Vec<String> {
    rows(file)
        .filter_map(|Row { region, input, expected }| {
            let answer = canonical(input, region);
            let agrees = match (&answer, expected) {
                (Ok(number), Some(expected)) => number == expected,
                (Err(problem), None) => *problem == Problem::NotAPhoneNumber,
                _ => false,
            };
            (!agrees).then(|| format!("{region} {input}: expected {expected:?}, got {answer:?}"))
        })
        .collect()
}

#[test]
fn the_lists_are_as_large_as_they_were() {
    assert!(rows(EXAMPLES).count() > 2_500 && rows(TRICKY).count() > 60);
}

#[test]
fn agrees_on_every_example_number() {
    assert_eq!(disagreements(EXAMPLES), Vec::<String>::new());
}

#[test]
fn agrees_on_every_tricky_input() {
    assert_eq!(disagreements(TRICKY), Vec::<String>::new());
}

#[test]
fn canonical_numbers_stay_as_they_are() {
    for Row { region, expected, .. } in rows(EXAMPLES).chain(rows(TRICKY)) {
        let Some(expected) = expected else { continue };
        assert_eq!(canonical(expected, region).as_deref(), Ok(expected), "{region}");
    }
}

/// What is dialled with a plus names one line from everywhere, so every region is asked about every number.
#[test]
fn no_two_different_numbers_are_the_same() {
    let ireland = Region::new("IE").expect("a region");
    let mut numbers = BTreeMap::<&str, Vec<Row<'_>>>::new();
    for row in rows(EXAMPLES).chain(rows(TRICKY)) {
        numbers.entry(row.expected.unwrap_or_default()).or_default().push(row);
    }
    for (expected, spellings) in &numbers {
        for row in spellings {
            assert_eq!(same(row.input, expected, row.region), row.expected.is_some(), "{} {}", row.region, row.input);
        }
    }
    let mut canonicals: Vec<_> = numbers.keys().filter_map(|number| canonical(number, ireland).ok()).collect();
    let count = canonicals.len();
    canonicals.sort();
    canonicals.dedup();
    assert_eq!(canonicals.len(), count);
    for pair in numbers.keys().collect::<Vec<_>>().windows(2) {
        assert!(!same(pair[0], pair[1], ireland), "{pair:?}");
    }
}

#[test]
fn same_is_equality_of_canonical_forms() {
    let rows: Vec<_> = rows(TRICKY).collect();
    for a in &rows {
        for b in rows.iter().filter(|b| b.region == a.region) {
            let (left, right) = (canonical(a.input, a.region), canonical(b.input, b.region));
            let expected = left.is_ok() && left == right;
            assert_eq!(same(a.input, b.input, a.region), expected, "{} and {}", a.input, b.input);
        }
    }
}

/// Known failures of the kind of system this replaces: the first two became other numbers.
#[test]
fn one_irish_number_in_its_spellings() {
    let ireland = Region::new("IE").expect("a region");
    for raw in ["+353 (0)87 123 4567", "00353871234567", "087 123 4567", "+353 87 123 4567"] {
        assert_eq!(canonical(raw, ireland).as_deref(), Ok("+353871234567"), "{raw}");
    }
}
