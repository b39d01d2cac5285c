//! Lists of objects, and which of their fields tells one object of a list from the others.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::normalize::phone::Region;
use tripartite::normalize::{email, text, timestamp};
use tripartite::schema::Kind;
use tripartite::value::Value;

use super::fit::counted;
use super::tally::Tally;

/// What may be a key, the better one first: what stays while the rest changes.
const KEYS: [&str; 16] = [
    "type", "label", "kind", "use", "system", "role", "id", "code", "key", "name", "title", "value", "email", "number",
    "phone", "url",
];

/// More fields than this are data used as keys.
const MOST_FIELDS: usize = 50;

/// What is known of the objects in the lists of one field.
#[derive(Debug, Default)]
pub(super) struct Records {
    fields: Vec<Tally>,
    /// For each candidate in how many records it states something; none once two records of one list had the same.
    keys: BTreeMap<&'static str, Option<u64>>,
    records: u64,
    /// Lists with two records or more: what a key has to tell apart.
    several: u64,
}

impl Records {
    /// Whether the list is one of objects that a schema can declare.
    pub(super) fn add(&mut self, list: &[Value], line: u64) -> bool {
        let maps: Option<Vec<_>> =
            list.iter().map(|value| if let Value::Map(map) = value { Some(map) } else { None }).collect();
        let Some(maps) = maps else { return false };
        let names: BTreeSet<&String> = maps.iter().flat_map(|map| map.keys()).collect();
        let is_new = |name: &&&String| !self.fields.iter().any(|field| field.name == ***name);
        let declares = |name: &&String| !name.is_empty() && !name.contains(['\0', '/', '~']);
        if !names.iter().all(declares) || self.fields.len() + names.iter().filter(is_new).count() > MOST_FIELDS {
            return false;
        }
        for (name, value) in maps.iter().copied().flatten() {
            self.field(name).add(value, line);
        }
        for key in KEYS {
            let values: Vec<&Value> = maps.iter().map(|map| map.get(key).unwrap_or(&Value::Null)).collect();
            let stated = values.iter().filter(|value| !is_blank(value)).count() as u64;
            let count = self.keys.entry(key).or_insert(Some(0));
            *count = count.filter(|_| are_distinct(&values)).map(|count| count + stated);
        }
        self.records += maps.len() as u64;
        self.several += u64::from(maps.len() > 1);
        true
    }

    fn field(&mut self, name: &str) -> &mut Tally {
        let at = self.fields.iter().position(|field| field.name == name).unwrap_or_else(|| {
            self.fields.push(Tally::inside(name.to_owned()));
            self.fields.len() - 1
        });
        &mut self.fields[at]
    }

    pub(super) fn settle(&mut self, home: Option<Region>) {
        self.fields.iter_mut().for_each(|field| field.settle(home));
    }

    /// A set by the first candidate that tells all records of each list apart, and that most of them state.
    pub(super) fn kind(&self, home: Option<Region>) -> Option<(Kind, String)> {
        let fits = |key: &&str| {
            let stated = self.keys.get(key).copied().flatten().unwrap_or(0);
            self.several > 0 && stated > 0 && 10 * stated >= 9 * self.records
        };
        let fields: BTreeMap<String, Kind> = self
            .fields
            .iter()
            .map(|field| Some((field.name.clone(), field.kind(home).ok()?)))
            .collect::<Option<_>>()?;
        let key = KEYS.iter().find(|key| fits(key) && fields.get(**key).is_some_and(Kind::is_scalar))?;
        let of = Kind::Record { fields, strategies: BTreeMap::new(), atomic: false };
        let (records, lists) = (counted(self.records, "record", "records"), counted(self.several, "list", "lists"));
        let why = format!("{records}, {lists} of several, and no two records of one list with the same {key}");
        Some((Kind::SetOfRecords { key: vec![(*key).to_owned()], of: Box::new(of) }, why))
    }

    /// Why the lists are no sets.
    pub(super) fn without_key(&self) -> Option<String> {
        (self.records > 0).then(|| match self.several {
            0 => "no list has two records, so nothing says what tells them apart, and order counts".to_owned(),
            several => format!("in {several} lists of several records no field tells them apart, so order counts"),
        })
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_text().is_some_and(|text| text.trim().is_empty())
}

/// Whether no two values are equal, whatever kind the key has: in case, as an e-mail address, as a telephone number, as a
/// point in time.
fn are_distinct(values: &[&Value]) -> bool {
    let mut forms: [BTreeSet<String>; 4] = Default::default();
    values.iter().all(|value| {
        let raw = match value {
            Value::Text(text) => text.clone(),
            Value::Null => String::new(),
            other => serde_json::to_string(other).unwrap_or_default(),
        };
        let plain = text::canonical(&raw).to_lowercase();
        let digits: Vec<char> = raw.chars().filter(char::is_ascii_digit).collect();
        let tail: String = digits[digits.len().saturating_sub(5)..].iter().collect();
        let mail = email::canonical(&raw).map_or_else(|_| plain.clone(), Into::into);
        let stamp = timestamp::canonical(&raw).map_or_else(|_| plain.clone(), Into::into);
        let tail = if tail.len() < 5 { plain.clone() } else { tail };
        forms.iter_mut().zip([plain, mail, stamp, tail]).all(|(known, form)| known.insert(form))
    })
}
