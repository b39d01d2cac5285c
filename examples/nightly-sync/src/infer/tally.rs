//! What is known of one field, and which of its values are odd.

use tripartite::normalize::{date, email, timestamp};
use tripartite::schema::Kind;
use tripartite::value::Value;

use super::phone::Dialling;

/// What is known of one field after some lines. It holds counts and lines, never a value.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) name: String,
    fits: [Fit; SHAPES.len()],
    dialling: Option<Dialling>,
}

/// What every value of a field might be, the more special first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Bool,
    Integer,
    Number,
    TextList,
    List,
    Object,
    Date,
    Timestamp,
    Email,
    Phone,
    Text,
}

const SHAPES: [Shape; 11] = [
    Shape::Bool,
    Shape::Integer,
    Shape::Number,
    Shape::TextList,
    Shape::List,
    Shape::Object,
    Shape::Date,
    Shape::Timestamp,
    Shape::Email,
    Shape::Phone,
    Shape::Text,
];

/// How many values have a shape, how many have not, and the line of the first that has not.
#[derive(Debug, Clone, Copy, Default)]
struct Fit {
    hits: u64,
    misses: u64,
    first: u64,
}

/// So many odd values are told of; with more of them the field is what it is, and no value is asked any further.
const FEW: u64 = 3;

impl Fit {
    fn note(&mut self, line: u64, fits: impl FnOnce() -> bool) {
        if self.misses > FEW {
            return;
        }
        if fits() {
            self.hits += 1;
            return;
        }
        self.misses += 1;
        if self.misses == 1 {
            self.first = line;
        }
    }

    /// A few against many.
    fn is_nearly_all(&self) -> bool {
        (1..=FEW).contains(&self.misses) && self.hits >= 3 * self.misses
    }
}

const PHONES: [&str; 8] = ["phone", "fax", "mobile", "tel", "cell", "handy", "gsm", "msisdn"];
const ADDRESSES: [&str; 4] = ["address", "adresse", "anschrift", "direccion"];
const NAMES: [&str; 4] = ["vorname", "nachname", "name", "surname"];

impl Tally {
    pub(super) fn new(name: String) -> Self {
        let lower = name.to_lowercase();
        let dialling = PHONES.iter().any(|hint| has_word(&lower, hint)).then(Dialling::new);
        Self { name, fits: [Fit::default(); SHAPES.len()], dialling }
    }

    pub(super) fn add(&mut self, value: &Value, line: u64) {
        let text = value.as_text();
        if value.is_null() || text.is_some_and(|text| text.trim().is_empty()) {
            return;
        }
        let Self { fits, dialling, .. } = self;
        for (shape, fit) in SHAPES.into_iter().zip(fits) {
            fit.note(line, || match (shape, value) {
                (Shape::Phone, Value::Text(text)) => dialling.as_mut().is_some_and(|dialling| dialling.add(text)),
                (_, Value::Text(text)) => has_shape(shape, text),
                (Shape::Bool, Value::Bool(_)) | (Shape::Integer, Value::Int(_)) => true,
                (Shape::Number, Value::Int(_) | Value::Float(_)) => true,
                (Shape::TextList, Value::List(list)) => list.iter().all(|element| element.as_text().is_some()),
                (Shape::List, Value::List(_)) | (Shape::Object, Value::Map(_)) => true,
                _ => false,
            });
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.pairs().find(|(_, fit)| fit.misses == 0 && fit.hits > 0).map_or(Kind::Text, |(shape, _)| self.of(shape))
    }

    /// Which few values made the kind what it is, where all others would have made it another.
    pub(super) fn oddity(&self) -> Option<String> {
        let kind = self.kind();
        let (shape, fit) = self.pairs().find(|&(shape, fit)| fit.is_nearly_all() && self.of(shape) != kind)?;
        let more = match fit.misses - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("because of line {}{more}; the other {} values are {}", fit.first, fit.hits, shape.plural()))
    }

    fn pairs(&self) -> impl Iterator<Item = (Shape, Fit)> {
        SHAPES.into_iter().zip(self.fits)
    }

    fn of(&self, shape: Shape) -> Kind {
        match shape {
            Shape::Bool => Kind::Boolean,
            Shape::Integer => Kind::Integer,
            Shape::Number => Kind::Decimal,
            Shape::TextList => Kind::set(Kind::Text),
            Shape::List => Kind::List,
            Shape::Object => Kind::Map,
            Shape::Date => Kind::DATE,
            Shape::Timestamp => Kind::Timestamp,
            Shape::Email => Kind::Email,
            Shape::Phone => {
                let region = self.dialling.as_ref().and_then(Dialling::best);
                region.map_or(Kind::Text, |region| Kind::Phone { region })
            }
            Shape::Text => self.named_kind(),
        }
    }

    /// Of a text that is nothing else its name may tell.
    fn named_kind(&self) -> Kind {
        let lower = self.name.to_lowercase();
        if NAMES.iter().any(|name| lower.ends_with(name)) && !lower.ends_with("username") {
            Kind::Name
        } else if ADDRESSES.iter().any(|hint| lower.contains(hint)) {
            Kind::Address
        } else {
            Kind::Text
        }
    }
}

fn has_shape(shape: Shape, text: &str) -> bool {
    match shape {
        Shape::Date => date::canonical(text, &[]).is_ok(),
        Shape::Timestamp => timestamp::canonical(text).is_ok(),
        Shape::Email => text.contains('@') && email::canonical(text).is_ok(),
        shape => shape == Shape::Text,
    }
}

impl Shape {
    fn plural(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Integer => "whole numbers",
            Self::Number => "numbers",
            Self::TextList => "lists of texts",
            Self::List => "lists",
            Self::Object => "objects",
            Self::Date => "dates",
            Self::Timestamp => "points in time",
            Self::Email => "e-mail addresses",
            Self::Phone => "phone numbers",
            Self::Text => "texts",
        }
    }
}

/// Whether a name has a word in it; `hotel` does not have `tel`.
/// Whether a name has a word in it; `hotel` does not have `tel`.
fn has_word(name: &str, word: &str) -> bool {
    let long = word.len() > 4;
    name.split(|c: char| !c.is_alphanumeric())
        .any(|part| part == word || (long && part.contains(word)) || part.strip_prefix(word).is_some_and(is_number))
}

fn is_number(rest: &str) -> bool {
    rest.bytes().all(|byte| byte.is_ascii_digit())
}
