//! What is known of one field, and which of its values are odd.

use tripartite::normalize::phone::Region;
use tripartite::schema::Kind;
use tripartite::value::Value;

use super::dates::Orders;
use super::fit::{Fit, counted};
use super::nulls::Nulls;
use super::phone::Dialling;
use super::pieces::Pieces;
use super::records::Records;
use super::same::Shared;
use super::shape::{SHAPES, Shape};
use super::sign::{Codes, Comma, Truth};
use super::words::{is_address, is_amount, is_code, is_country, is_date, is_name, is_phone};

/// What is known of one field after some lines. It holds counts, lines and digests, of spellings of null the words, and no
/// other value.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) name: String,
    fits: [Fit; SHAPES.len()],
    country: Option<Country>,
    dialling: Option<Dialling>,
    /// None inside of a record: a null is declared for a whole field.
    nulls: Option<Nulls>,
    blanks: u64,
    truth: Truth,
    orders: Orders,
    comma: Comma,
    codes: Codes,
    pieces: Pieces,
    records: Option<Box<Records>>,
    shared: Shared,
}

/// What a field that holds countries says so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Country {
    Unsaid,
    Always(Region),
    Several,
}

/// Values of a field that no kind reads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mixed {
    /// The line of the first value.
    pub(super) first: u64,
    /// The line of the first that has another shape.
    pub(super) second: u64,
}

/// What a field is taken for, and from what.
#[derive(Debug)]
pub(super) struct Proposal {
    pub(super) kind: Kind,
    /// The spellings of null, and how often each came.
    pub(super) nulls: Vec<(String, u64)>,
    /// How many values say so, and what decided.
    pub(super) evidence: String,
}

impl Tally {
    pub(super) fn new(name: String) -> Self {
        Self { nulls: Some(Nulls::default()), records: Some(Box::default()), ..Self::inside(name) }
    }

    /// A field of the records of a list.
    pub(super) fn inside(name: String) -> Self {
        Self {
            fits: [Fit::default(); SHAPES.len()],
            country: is_country(&name).then_some(Country::Unsaid),
            dialling: is_phone(&name).then(Dialling::new),
            nulls: None,
            blanks: 0,
            truth: Truth::new(),
            orders: Orders::new(is_date(&name)),
            comma: Comma::default(),
            codes: Codes::default(),
            pieces: Pieces::default(),
            records: None,
            shared: Shared::default(),
            name,
        }
    }

    pub(super) fn add(&mut self, value: &Value, line: u64) {
        let text = value.as_text();
        if value.is_null() || text.is_some_and(|text| text.trim().is_empty()) {
            self.blanks += u64::from(text.is_some());
            return;
        }
        if let Some(country) = &mut self.country {
            country.note(text);
        }
        let is_null = text.is_some_and(|text| self.nulls.as_mut().is_some_and(|nulls| nulls.note(text, line)));
        let mut fits = self.fits;
        for (shape, fit) in SHAPES.into_iter().zip(&mut fits).filter(|(shape, _)| !(is_null && shape.is_beside_nulls()))
        {
            fit.note(line, || self.has(shape, value, line));
        }
        self.fits = fits;
        match text {
            Some(text) if !is_null && (self.dialling.is_some() || text.contains('@')) => self.shared.add(text, line),
            Some(text) => self.shared.add_day(text, line),
            None => {}
        }
    }

    fn has(&mut self, shape: Shape, value: &Value, line: u64) -> bool {
        match (shape, value) {
            (Shape::Records, Value::List(list)) => self.records.as_mut().is_some_and(|records| records.add(list, line)),
            (Shape::Phone, Value::Text(text)) => self.dialling.as_mut().is_some_and(|dialling| dialling.add(text)),
            (Shape::Truth, Value::Text(text)) => self.truth.add(text),
            (Shape::Order, Value::Text(text)) => self.orders.add(text),
            (Shape::Comma, Value::Text(text)) => self.comma.add(text),
            (Shape::Code, Value::Text(text)) => self.codes.add(text),
            (Shape::Pieces, Value::Text(text)) => self.may_have_pieces() && self.pieces.add(text),
            (shape, value) => shape.has(value),
        }
    }

    /// A comma in a name or an address divides nothing that could stand in another order. Nulls are declared for elements,
    /// too, so a set inside of a record has no delimiter.
    fn may_have_pieces(&self) -> bool {
        self.nulls.is_some() && !is_name(&self.name) && !is_address(&self.name)
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
        if let Some(records) = &mut self.records {
            records.settle(home);
        }
    }

    /// The kind that reads every value. A text and an object, or a list and an object, have none.
    pub(super) fn kind(&self, home: Option<Region>) -> Result<Kind, Mixed> {
        self.proposal(home).map(|proposal| proposal.kind)
    }

    /// The kind that reads every value, with the spellings of null beside them.
    pub(super) fn proposal(&self, home: Option<Region>) -> Result<Proposal, Mixed> {
        // A list and an object are read from no text, also from a blank one, unless that is declared to be null.
        let reads_blanks = |shape: Shape| self.blanks == 0 || self.nulls.is_some() || !shape.is_list_or_object();
        let fits = self.pairs().filter(|&(shape, fit)| fit.is_all() && reads_blanks(shape));
        let fits = fits.filter(|&(shape, fit)| self.has_room_for_nulls(shape, fit));
        let mut fits = fits.filter_map(|(shape, fit)| Some((shape, fit, self.of(shape, home)?)));
        if let Some((shape, fit, (kind, why))) = fits.next() {
            let nulls = self.nulls_of(shape);
            let evidence = Some(counted(fit.hits, "value", "values")).into_iter().chain(why);
            let told = nulls
                .iter()
                .map(|(word, count)| format!("{} {word:?}, which is null", counted(*count, "time", "times")));
            let evidence = evidence.chain(told).collect::<Vec<_>>().join(", ");
            return Ok(Proposal { kind, nulls, evidence });
        }
        match self.pairs().all(|(_, fit)| fit.misses == 0) {
            true => Ok(Proposal { kind: self.named_kind(), nulls: Vec::new(), evidence: "no value".to_owned() }),
            false => Err(self.mixed()),
        }
    }

    fn has_room_for_nulls(&self, shape: Shape, fit: Fit) -> bool {
        let Some(nulls) = self.nulls.as_ref().filter(|nulls| !nulls.is_empty() && shape.is_beside_nulls()) else {
            return true;
        };
        fit.hits > 1 && nulls.is_told_apart()
    }

    fn nulls_of(&self, shape: Shape) -> Vec<(String, u64)> {
        let Some(nulls) = &self.nulls else { return Vec::new() };
        let has_others = self.pairs().any(|(other, fit)| other == Shape::Scalar && fit.hits > nulls.count());
        let nulls = match shape {
            shape if shape.is_list_or_object() && self.blanks > 0 => vec![("", self.blanks)],
            shape if shape.is_beside_nulls() => nulls.all(),
            Shape::Text | Shape::Scalar | Shape::Code if has_others => nulls.sure(),
            _ => Vec::new(),
        };
        nulls.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
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
        let kind = self.kind(home).ok()?;
        self.oddity(&kind, home)
            .or_else(|| self.without_region(home))
            .or_else(|| self.without_order(&kind))
            .or_else(|| if kind == Kind::List { self.records.as_ref()?.without_key() } else { None })
            .or_else(|| self.shared.told(matches!(kind, Kind::Date { .. })))
    }

    /// That these are phone numbers of nobody knows where.
    fn without_region(&self, home: Option<Region>) -> Option<String> {
        let (_, fit) = self.pairs().find(|(shape, _)| *shape == Shape::Phone)?;
        let unknown = fit.is_all() && self.dialling.as_ref()?.region(home).is_none();
        unknown.then(|| {
            "though phone numbers: no number says of which country, so spelling counts; if you know, state \
             {\"kind\": \"phone\", \"region\": \"XX\"} in a schema"
                .to_owned()
        })
    }

    /// That these are dates, and nothing tells the day from the month.
    fn without_order(&self, kind: &Kind) -> Option<String> {
        let is_all = self.pairs().any(|(shape, fit)| shape == Shape::Order && fit.is_all());
        (is_all && self.orders.is_open() && !matches!(kind, Kind::Date { .. })).then(|| {
            "though dates: no value tells the day from the month, so spelling counts; if you know, state {\"kind\": \
             \"date\", \"formats\": [\"%d/%m/%Y\"]} in a schema"
                .to_owned()
        })
    }

    /// Which few values made the kind what it is, where all others would have made it another.
    fn oddity(&self, kind: &Kind, home: Option<Region>) -> Option<String> {
        let differs = |shape| self.of(shape, home).is_some_and(|(other, _)| other != *kind);
        let (shape, fit) =
            self.pairs().find(|&(shape, fit)| shape.is_missed() && fit.is_nearly_all() && differs(shape))?;
        let more = match fit.misses - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("because of line {}{more}; the other {} values are {}", fit.first, fit.hits, shape.plural()))
    }

    fn pairs(&self) -> impl Iterator<Item = (Shape, Fit)> {
        SHAPES.into_iter().zip(self.fits)
    }

    /// The kind of a shape, and what besides the number of values speaks for it; none where too little does.
    fn of(&self, shape: Shape, home: Option<Region>) -> Option<(Kind, Option<String>)> {
        let told = |(kind, why)| (kind, Some(why));
        let plain = |kind| Some((kind, None));
        match shape {
            Shape::Bool => plain(Kind::BOOLEAN),
            Shape::Integer => plain(Kind::Integer),
            Shape::Number => plain(Kind::DECIMAL),
            Shape::TextList | Shape::OneOrMany => plain(Kind::set(Kind::Text)),
            Shape::Records => self.records.as_ref()?.kind(home).map(told),
            Shape::List => plain(Kind::List),
            Shape::Object => plain(Kind::Map),
            Shape::Date => plain(Kind::DATE),
            Shape::Timestamp => plain(Kind::TIMESTAMP),
            Shape::Email => plain(Kind::Email),
            Shape::Phone => {
                let region = self.dialling.as_ref().and_then(|dialling| dialling.region(home));
                plain(region.map_or(Kind::Text, |region| Kind::Phone { region }))
            }
            Shape::Truth => self.truth.kind().map(told),
            Shape::Order => {
                let order = self.orders.order()?;
                Some((order.kind, Some(format!("{} of which allow no other order", order.decisive))))
            }
            Shape::Comma => self.comma.kind(is_amount(&self.name)).map(told),
            Shape::Code => self.codes.kind(is_code(&self.name)).map(told),
            Shape::Pieces => self.pieces.kind().map(told),
            Shape::Text => plain(self.named_kind()),
            Shape::Scalar => plain(Kind::Text),
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
