//! What is known of one field, and which of its values are odd.

use tripartite::normalize::phone::Region;
use tripartite::normalize::{date, email, timestamp};
use tripartite::schema::Kind;
use tripartite::value::Value;

use super::phone::Dialling;
use super::words::{is_address, is_country, is_name, is_phone};

/// What is known of one field after some lines. It holds counts and lines, never a value.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) name: String,
    fits: [Fit; SHAPES.len()],
    dialling: Option<Dialling>,
    country: Option<Country>,
}

/// What a field that holds countries says so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Country {
    Unsaid,
    Always(Region),
    Several,
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
    /// Text reads a number and a truth value, too.
    Scalar,
}

const SHAPES: [Shape; 12] = [
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
    Shape::Scalar,
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

/// Values of a field that no kind reads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mixed {
    /// The line of the first value.
    pub(super) first: u64,
    /// The line of the first that has another shape.
    pub(super) second: u64,
}

impl Tally {
    pub(super) fn new(name: String) -> Self {
        let dialling = is_phone(&name).then(Dialling::new);
        let country = is_country(&name).then_some(Country::Unsaid);
        Self { name, fits: [Fit::default(); SHAPES.len()], dialling, country }
    }

    pub(super) fn add(&mut self, value: &Value, line: u64) {
        let text = value.as_text();
        if value.is_null() || text.is_some_and(|text| text.trim().is_empty()) {
            return;
        }
        if let Some(country) = &mut self.country {
            country.note(text);
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
                (Shape::Scalar, Value::Bool(_) | Value::Int(_) | Value::Float(_)) => true,
                _ => false,
            });
        }
    }

    /// The region that every record's country is, if this field says one.
    pub(super) fn home(&self) -> Option<Region> {
        match self.country? {
            Country::Always(region) => Some(region),
            Country::Unsaid | Country::Several => None,
        }
    }

    /// Holds the phone numbers to come to the region that is known so far.
    pub(super) fn settle(&mut self, home: Option<Region>) {
        if let Some(dialling) = &mut self.dialling {
            dialling.settle(home);
        }
    }

    /// The kind that reads every value. A text and a list, or a list and an object, have none.
    pub(super) fn kind(&self, home: Option<Region>) -> Result<Kind, Mixed> {
        let shape = self.pairs().find(|(_, fit)| fit.misses == 0 && fit.hits > 0);
        match shape {
            Some((shape, _)) => Ok(self.of(shape, home)),
            None if self.pairs().all(|(_, fit)| fit.misses == 0) => Ok(self.named_kind()),
            None => Err(self.mixed()),
        }
    }

    /// Where two values stand that no kind reads together. Each shape knows the first value that it does not fit: the one
    /// that the first value has, the first of another shape.
    fn mixed(&self) -> Mixed {
        let first = |of: Shape| self.pairs().find(|(shape, _)| *shape == of).map_or(0, |(_, fit)| fit.first);
        let firsts = [Shape::Scalar, Shape::List, Shape::Object].map(first);
        Mixed { first: firsts.into_iter().min().unwrap_or(0), second: firsts.into_iter().max().unwrap_or(0) }
    }

    /// What a person should know of the kind.
    pub(super) fn remark(&self, home: Option<Region>) -> Option<String> {
        self.oddity(home).or_else(|| self.without_region(home))
    }

    /// That these are phone numbers of nobody knows where.
    fn without_region(&self, home: Option<Region>) -> Option<String> {
        let (_, fit) = self.pairs().find(|(shape, _)| *shape == Shape::Phone)?;
        let unknown = fit.hits > 0 && fit.misses == 0 && self.dialling.as_ref()?.region(home).is_none();
        unknown.then(|| {
            "though phone numbers: no number says of which country, so spelling counts; if you know, state \
             {\"kind\": \"phone\", \"region\": \"XX\"} in a schema"
                .to_owned()
        })
    }

    /// Which few values made the kind what it is, where all others would have made it another.
    fn oddity(&self, home: Option<Region>) -> Option<String> {
        let kind = self.kind(home).ok()?;
        let (shape, fit) = self.pairs().find(|&(shape, fit)| fit.is_nearly_all() && self.of(shape, home) != kind)?;
        let more = match fit.misses - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("because of line {}{more}; the other {} values are {}", fit.first, fit.hits, shape.plural()))
    }

    fn pairs(&self) -> impl Iterator<Item = (Shape, Fit)> {
        SHAPES.into_iter().zip(self.fits)
    }

    fn of(&self, shape: Shape, home: Option<Region>) -> Kind {
        match shape {
            Shape::Bool => Kind::BOOLEAN,
            Shape::Integer => Kind::Integer,
            Shape::Number => Kind::DECIMAL,
            Shape::TextList => Kind::set(Kind::Text),
            Shape::List => Kind::List,
            Shape::Object => Kind::Map,
            Shape::Date => Kind::DATE,
            Shape::Timestamp => Kind::TIMESTAMP,
            Shape::Email => Kind::Email,
            Shape::Phone => {
                let region = self.dialling.as_ref().and_then(|dialling| dialling.region(home));
                region.map_or(Kind::Text, |region| Kind::Phone { region })
            }
            Shape::Text => self.named_kind(),
            Shape::Scalar => Kind::Text,
        }
    }

    /// Of a text that is nothing else its name may tell.
    fn named_kind(&self) -> Kind {
        if is_name(&self.name) {
            Kind::Name
        } else if is_address(&self.name) {
            Kind::Address
        } else {
            Kind::Text
        }
    }
}

impl Country {
    fn note(&mut self, text: Option<&str>) {
        let region = text.and_then(|text| Region::new(text.trim()).ok());
        *self = match (*self, region) {
            (Self::Unsaid, Some(region)) => Self::Always(region),
            (Self::Always(known), Some(region)) if known == region => *self,
            _ => Self::Several,
        };
    }
}

fn has_shape(shape: Shape, text: &str) -> bool {
    match shape {
        Shape::Date => date::canonical(text, &[]).is_ok(),
        Shape::Timestamp => timestamp::canonical(text).is_ok(),
        Shape::Email => text.contains('@') && email::canonical(text).is_ok(),
        shape => matches!(shape, Shape::Text | Shape::Scalar),
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
            Self::Text | Self::Scalar => "texts",
        }
    }
}
