//! What a column of texts might be besides: truth values in words, numbers with a comma, codes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use tripartite::normalize::boolean::Words;
use tripartite::normalize::decimal::Notation;
use tripartite::schema::Kind;

use super::fit::counted;

/// Words for true and false. A column that has both of one pair, and nothing else, is one of truth values.
const PAIRS: [(&str, &str); 15] = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("on", "off"),
    ("ja", "nein"),
    ("j", "n"),
    ("ja", "nee"),
    ("ja", "nej"),
    ("oui", "non"),
    ("o", "n"),
    ("si", "no"),
    ("sí", "no"),
    ("sim", "não"),
    ("tak", "nie"),
];

/// The pairs of words that all values so far belong to.
#[derive(Debug)]
pub(super) struct Truth {
    /// Of each pair whether all values are one of its words, and how often each word came.
    pairs: [Option<[u64; 2]>; PAIRS.len()],
}

impl Truth {
    pub(super) fn new() -> Self {
        Self { pairs: [Some([0; 2]); PAIRS.len()] }
    }

    pub(super) fn add(&mut self, text: &str) -> bool {
        let word = text.trim().to_lowercase();
        let side = |(yes, no): (&str, &str)| if word == yes { Some(0) } else { (word == no).then_some(1) };
        if !self.pairs.iter().zip(PAIRS).any(|(pair, words)| pair.is_some() && side(words).is_some()) {
            return false;
        }
        for (pair, words) in self.pairs.iter_mut().zip(PAIRS) {
            *pair = pair.zip(side(words)).map(|(mut counts, side)| {
                counts[side] += 1;
                counts
            });
        }
        true
    }

    /// The pair both words of which came, and how often each did.
    pub(super) fn kind(&self) -> Option<(Kind, String)> {
        let both = |(counts, words): (&Option<[u64; 2]>, (&'static str, &'static str))| {
            counts.filter(|counts| counts.iter().all(|count| *count > 0)).map(|counts| (words, counts))
        };
        let ((yes, no), counts) = self.pairs.iter().zip(PAIRS).find_map(both)?;
        let words = Words { yes: vec![yes.to_owned()], no: vec![no.to_owned()] };
        let kind = if yes == "true" { Kind::BOOLEAN } else { Kind::Boolean(words) };
        let times = |count, word| format!("{} {word}", counted(count, "time", "times"));
        Some((kind, format!("{} and {}", times(counts[0], yes), times(counts[1], no))))
    }
}

/// Numbers with a comma where others have a point.
#[derive(Debug, Default)]
pub(super) struct Comma {
    with: u64,
    /// Those that are no number if the comma groups digits.
    certain: u64,
    /// The number of digits behind it, if it is always the same.
    places: Option<usize>,
    differs: bool,
}

impl Comma {
    pub(super) fn add(&mut self, text: &str) -> bool {
        let text = text.trim();
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = unsigned.split_once(',').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_grouped = whole.contains(['.', '\'', ' ', '\u{a0}', '\u{202f}']);
        let has_zeros = whole.len() > 1 && whole.starts_with('0');
        let reads = Notation { comma: true, precision: None }.canonical(text).is_ok();
        if !reads || has_zeros || !(is_grouped || digits(whole)) || fraction.is_some_and(|rest| !digits(rest)) {
            return false;
        }
        let Some(fraction) = fraction else { return !is_grouped };
        self.with += 1;
        self.certain += u64::from(is_grouped || fraction.len() != 3);
        self.differs |= self.places.is_some_and(|places| places != fraction.len());
        self.places = Some(fraction.len());
        true
    }

    /// `1,2` may be a list of two numbers, and `1,234` a thousand: the column is one of decimals where all have the same
    /// two digits or more behind the comma, or its name says that it is.
    pub(super) fn kind(&self, is_amount: bool) -> Option<(Kind, String)> {
        let is_number = is_amount || (!self.differs && self.places.is_some_and(|places| places > 1));
        (self.with > 1 && self.certain > 0 && is_number)
            .then(|| (Kind::Decimal(Notation { comma: true, precision: None }), format!("{} with a comma", self.with)))
    }
}

/// So many codes with letters are held against each other; a column of more is left as text.
const MOST: usize = 100_000;

/// Codes: one word each, of which no two differ by case alone.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// The exact form of each code, by the one in which case does not count.
    forms: BTreeMap<u64, u64>,
    with_zeros: u64,
    has_letters: bool,
}

impl Codes {
    pub(super) fn add(&mut self, text: &str) -> bool {
        let text = text.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ' ');
        if text.len() > 40 || !text.chars().all(plain) || text.contains("  ") {
            return false;
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            self.with_zeros += u64::from(text.len() > 1 && text.starts_with('0'));
            return true;
        }
        self.has_letters = true;
        let (folded, exact) = (digest(&text.to_lowercase()), digest(text));
        if self.forms.len() == MOST && !self.forms.contains_key(&folded) {
            return false;
        }
        *self.forms.entry(folded).or_insert(exact) == exact
    }

    /// A column is one of codes where its name says so, or where numbers begin with zeros.
    pub(super) fn kind(&self, is_named: bool) -> Option<(Kind, String)> {
        let by_zeros = self.with_zeros > 0 && !self.has_letters;
        (is_named || by_zeros).then(|| {
            let why = match (self.with_zeros, self.has_letters) {
                (0, true) => "no two differ by case alone".to_owned(),
                (0, false) => "all of digits".to_owned(),
                (zeros, _) => format!("{zeros} with zeros at the beginning"),
            };
            (Kind::Code, why)
        })
    }
}

pub(super) fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
