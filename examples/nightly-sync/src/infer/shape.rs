//! What every value of a field might be.

use tripartite::normalize::{date, email, timestamp};
use tripartite::value::Value;

/// What every value of a field might be, the more special first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Bool,
    Integer,
    Number,
    TextList,
    /// Objects of which one field tells each from the others.
    Records,
    List,
    Object,
    Date,
    Timestamp,
    Email,
    Phone,
    /// Truth values in words.
    Truth,
    /// Dates in an order that a value tells.
    Order,
    /// Numbers with a comma.
    Comma,
    Code,
    /// Several values in one text.
    Pieces,
    Text,
    /// Text reads a number and a truth value, too.
    Scalar,
    /// One text, or a list of them.
    OneOrMany,
}

pub(super) const SHAPES: [Shape; 19] = [
    Shape::Bool,
    Shape::Integer,
    Shape::Number,
    Shape::TextList,
    Shape::Records,
    Shape::List,
    Shape::Object,
    Shape::Date,
    Shape::Timestamp,
    Shape::Email,
    Shape::Phone,
    Shape::Truth,
    Shape::Order,
    Shape::Comma,
    Shape::Code,
    Shape::Pieces,
    Shape::Text,
    Shape::Scalar,
    Shape::OneOrMany,
];

impl Shape {
    /// Whether a word such as `N/A` is none of its values, and can be declared a null beside them.
    pub(super) fn is_beside_nulls(self) -> bool {
        use Shape::{Bool, Comma, Date, Email, Integer, Number, Order, Phone, Timestamp, Truth};
        matches!(self, Bool | Integer | Number | Date | Timestamp | Email | Phone | Truth | Order | Comma)
    }

    /// Whether a blank text is none of it.
    pub(super) fn is_list_or_object(self) -> bool {
        matches!(self, Self::List | Self::Object | Self::Records)
    }

    /// Whether it is told that a few values are none of it.
    pub(super) fn is_missed(self) -> bool {
        !matches!(self, Self::Pieces | Self::Text | Self::Scalar | Self::OneOrMany | Self::Records)
    }

    /// Whether a value has this shape, where that can be told of each value for itself.
    pub(super) fn has(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool, Value::Bool(_)) | (Self::Integer, Value::Int(_)) => true,
            (Self::Number, Value::Int(_) | Value::Float(_)) => true,
            (Self::List, Value::List(_)) | (Self::Object, Value::Map(_)) => true,
            (Self::Text | Self::OneOrMany, Value::Text(_)) => true,
            (Self::Scalar, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => true,
            (Self::TextList | Self::OneOrMany, Value::List(list)) => is_set(list),
            (shape, Value::Text(text)) => shape.has_text(text),
            _ => false,
        }
    }

    fn has_text(self, text: &str) -> bool {
        match self {
            Self::Date => date::canonical(text, &[]).is_ok(),
            Self::Timestamp => timestamp::canonical(text).is_ok(),
            Self::Email => text.contains('@') && email::canonical(text).is_ok(),
            _ => false,
        }
    }

    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Integer => "whole numbers",
            Self::Number => "numbers",
            Self::TextList => "lists of texts",
            Self::Records => "lists of objects",
            Self::List => "lists",
            Self::Object => "objects",
            Self::Date | Self::Order => "dates",
            Self::Timestamp => "points in time",
            Self::Email => "e-mail addresses",
            Self::Phone => "phone numbers",
            Self::Truth => "words for true and false",
            Self::Comma => "numbers with a comma",
            Self::Code => "codes",
            Self::Pieces => "texts of several values",
            Self::Text | Self::Scalar => "texts",
            Self::OneOrMany => "texts and lists of them",
        }
    }
}

/// Whether a list can be a set: texts, none of them twice.
fn is_set(list: &[Value]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    list.iter().all(|element| {
        let text = element.as_text().map(tripartite::normalize::text::canonical);
        text.is_some_and(|text| text.is_empty() || seen.insert(text.into_owned()))
    })
}
