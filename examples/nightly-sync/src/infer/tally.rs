use tripartite::normalize::{date, email, timestamp};
use tripartite::schema::Kind;
use tripartite::value::Value;

use super::phone::Dialling;

/// What is known of one field after some lines. It holds counts, never a value.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) name: String,
    values: u64,
    bools: u64,
    integers: u64,
    numbers: u64,
    text_lists: u64,
    lists: u64,
    objects: u64,
    texts: u64,
    dates: u64,
    timestamps: u64,
    emails: u64,
    dialling: Option<Dialling>,
}

const PHONES: [&str; 8] = ["phone", "fax", "mobile", "tel", "cell", "handy", "gsm", "msisdn"];
const ADDRESSES: [&str; 4] = ["address", "adresse", "anschrift", "direccion"];
const NAMES: [&str; 4] = ["vorname", "nachname", "name", "surname"];

impl Tally {
    pub(super) fn new(name: String) -> Self {
        let lower = name.to_lowercase();
        let dialling = PHONES.iter().any(|hint| has_word(&lower, hint)).then(Dialling::new);
        Self {
            name,
            values: 0,
            bools: 0,
            integers: 0,
            numbers: 0,
            text_lists: 0,
            lists: 0,
            objects: 0,
            texts: 0,
            dates: 0,
            timestamps: 0,
            emails: 0,
            dialling,
        }
    }

    pub(super) fn add(&mut self, value: &Value) {
        let counts: &mut [&mut u64] = match value {
            Value::Null => return,
            Value::Text(text) if text.trim().is_empty() => return,
            Value::Text(text) => {
                self.texts += 1;
                self.add_text(text);
                &mut []
            }
            Value::Bool(_) => &mut [&mut self.bools],
            Value::Int(_) => &mut [&mut self.integers, &mut self.numbers],
            Value::Float(_) => &mut [&mut self.numbers],
            Value::List(list) if list.iter().all(|element| element.as_text().is_some()) => {
                &mut [&mut self.text_lists, &mut self.lists]
            }
            Value::List(_) => &mut [&mut self.lists],
            Value::Map(_) => &mut [&mut self.objects],
        };
        for count in counts {
            **count += 1;
        }
        self.values += 1;
    }

    /// A question that one text answered with no is not asked again.
    fn add_text(&mut self, text: &str) {
        let before = self.texts - 1;
        let ask = |count: &mut u64, is: &dyn Fn() -> bool| {
            if *count == before && is() {
                *count += 1;
            }
        };
        ask(&mut self.dates, &|| date::canonical(text, &[]).is_ok());
        ask(&mut self.timestamps, &|| timestamp::canonical(text).is_ok());
        ask(&mut self.emails, &|| text.contains('@') && email::canonical(text).is_ok());
        if let Some(dialling) = &mut self.dialling {
            dialling.add(text);
        }
    }

    pub(super) fn kind(&self) -> Kind {
        let all = |count: u64| count == self.values;
        match self.values {
            0 => Kind::Text,
            _ if all(self.bools) => Kind::Boolean,
            _ if all(self.integers) => Kind::Integer,
            _ if all(self.numbers) => Kind::Decimal,
            _ if all(self.text_lists) => Kind::set(Kind::Text),
            _ if all(self.lists) => Kind::List,
            _ if all(self.objects) => Kind::Map,
            _ if all(self.texts) => self.text_kind(),
            _ => Kind::Text,
        }
    }

    fn text_kind(&self) -> Kind {
        let all = |count: u64| count == self.values;
        let lower = self.name.to_lowercase();
        if all(self.dates) {
            Kind::DATE
        } else if all(self.timestamps) {
            Kind::Timestamp
        } else if all(self.emails) {
            Kind::Email
        } else if let Some(region) = self.dialling.as_ref().and_then(Dialling::best) {
            Kind::Phone { region }
        } else if NAMES.iter().any(|name| lower.ends_with(name)) && !lower.ends_with("username") {
            Kind::Name
        } else if ADDRESSES.iter().any(|hint| lower.contains(hint)) {
            Kind::Address
        } else {
            Kind::Text
        }
    }
}

/// Whether a name has a word in it; `hotel` does not have `tel`.
fn has_word(name: &str, word: &str) -> bool {
    let long = word.len() > 4;
    name.split(|c: char| !c.is_alphanumeric())
        .any(|part| part == word || (long && part.contains(word)) || part.strip_prefix(word).is_some_and(is_number))
}

fn is_number(rest: &str) -> bool {
    rest.bytes().all(|byte| byte.is_ascii_digit())
}
