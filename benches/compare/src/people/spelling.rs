//! How a value is spelled, and how else it could be.

use unicode_normalization::UnicodeNormalization;

use super::dice::Dice;
use super::{Person, words};

/// `Sean.OBrien4711@Example.org`: letters without their accents, capitals as people leave them.
pub(super) fn email(dice: &mut Dice, first: &str, last: &str, number: u64) -> String {
    let plain = |name: &str| name.nfd().filter(char::is_ascii_alphabetic).collect::<String>();
    let (first, last, host) = (plain(first), plain(last), dice.one_of(&words::HOSTS));
    match dice.below(3) {
        0 => format!("{first}.{last}{number}@{host}"),
        1 => format!("{}_{}{number}@{host}", first.to_lowercase(), last.to_lowercase()),
        _ => format!("{}.{}{number}@{host}", first.to_lowercase(), last.to_lowercase()),
    }
}

/// `F26 X4C7`: a routing key, and four of the characters that Eircodes have.
pub(super) fn eircode(dice: &mut Dice) -> String {
    const CHARACTERS: [&str; 24] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "C", "D", "E", "F", "H", "K", "N", "P", "R", "T", "V",
        "W", "X",
    ];
    let key = ["D02", "F26", "H91", "V92", "T12", "A96", "P51", "Y35"][dice.below(8)];
    let unique: String = (0..4).map(|_| dice.one_of(&CHARACTERS)).collect();
    format!("{key} {unique}")
}

/// A mobile number in one of three spellings.
pub(super) fn phone(dice: &mut Dice) -> String {
    let (prefix, line) = (dice.one_of(&words::MOBILE), 2_000_000 + dice.below(8_000_000));
    spelled(prefix, &line.to_string(), dice.below(3))
}

fn spelled(prefix: &str, line: &str, how: usize) -> String {
    let (area, rest) = line.split_at(3);
    match how {
        0 => format!("0{prefix} {area} {rest}"),
        1 => format!("+353 {prefix} {area} {rest}"),
        _ => format!("(0{prefix}) {area}-{rest}"),
    }
}

/// Spells one thing differently, and in one of four people two.
pub(super) fn respell(dice: &mut Dice, person: &mut Person) {
    let first = dice.below(4);
    another(dice, person, first);
    if dice.below(4) == 0 {
        let second = (first + 1 + dice.below(3)) % 4;
        another(dice, person, second);
    }
}

fn another(dice: &mut Dice, person: &mut Person, what: usize) {
    match what {
        0 => case(dice, person),
        1 => white_space(dice, person),
        2 => person.phone = rephone(dice, &person.phone),
        _ => decomposed(dice, person),
    }
}

fn case(dice: &mut Dice, person: &mut Person) {
    match dice.below(2) {
        0 => person.email = person.email.to_uppercase(),
        _ => person.address = person.address.to_uppercase(),
    }
}

fn white_space(dice: &mut Dice, person: &mut Person) {
    match dice.below(4) {
        0 => person.first_name.push(' '),
        1 => person.last_name.insert(0, ' '),
        2 => person.email.push(' '),
        _ => person.address = person.address.replace(", ", ",  "),
    }
}

/// The number as one of the other two spellings has it.
fn rephone(dice: &mut Dice, phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let national = &digits[digits.len() - 9..];
    let how = match phone.as_bytes()[0] {
        b'0' => 0,
        b'+' => 1,
        _ => 2,
    };
    spelled(&national[..2], &national[2..], (how + 1 + dice.below(2)) % 3)
}

/// Accents as characters of their own; of a name that has none, white space, so that something differs.
fn decomposed(dice: &mut Dice, person: &mut Person) {
    let (first, last) = (person.first_name.nfd().collect::<String>(), person.last_name.nfd().collect::<String>());
    if first == person.first_name && last == person.last_name {
        return white_space(dice, person);
    }
    (person.first_name, person.last_name) = (first, last);
}
