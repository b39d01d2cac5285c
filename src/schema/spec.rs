//! The schema in the form of a configuration file.
//!
//! Settings are taken out of an object one by one, so that every error names its place, and what is left over is an
//! unknown setting rather than one that is silently ignored.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::words::Texts;
use super::write::ValueDeserializer;
use super::{Field, Group, IdRule, Kind, NullMeans, Privacy, Schema, SchemaBuilder, SchemaError, Strategy};
use crate::normalize::boolean::Words;
use crate::normalize::phone::Region;
use crate::normalize::{decimal, timestamp};
use crate::value::Value;

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.spec().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SchemaBuilder::deserialize(deserializer)?.build().map_err(de::Error::custom)
    }
}

impl Serialize for SchemaBuilder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("absent", &self.absent)?;
        if self.null_means != NullMeans::Cleared {
            map.serialize_entry("null_means", &self.null_means)?;
        }
        map.serialize_entry("strategy", &self.strategy)?;
        if let Some(first_sync) = self.first_sync {
            map.serialize_entry("first_sync", &first_sync)?;
        }
        if let Some(gone) = &self.gone {
            map.serialize_entry("gone", gone)?;
        }
        if self.ids != IdRule::EXACT {
            map.serialize_entry("ids", &self.ids)?;
        }
        map.serialize_entry("fields", &Pairs(self.fields.iter().map(|field| (field.name(), field))))?;
        if !self.groups.is_empty() {
            map.serialize_entry("groups", &Pairs(self.groups.iter().map(|group| (group.name(), group))))?;
        }
        map.end()
    }
}

struct Pairs<I>(I);

impl<'a, T: Serialize + 'a, I: Iterator<Item = (&'a str, &'a T)> + Clone> Serialize for Pairs<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        kind_entries(&self.kind, &mut map)?;
        if let Some(strategy) = &self.strategy {
            map.serialize_entry("strategy", strategy)?;
        }
        if let Some(absent) = &self.absent {
            map.serialize_entry("absent", absent)?;
        }
        if let Some(means) = &self.null_means {
            map.serialize_entry("null_means", means)?;
        }
        if !self.nulls.is_empty() {
            map.serialize_entry("nulls", &self.nulls)?;
        }
        if let Some(from) = &self.region_from {
            map.serialize_entry("region_from", from)?;
        }
        if let Some(from) = &self.from {
            map.serialize_entry("from", from)?;
        }
        if !self.aliases.is_empty() {
            map.serialize_entry("aliases", &self.aliases)?;
        }
        match self.sensitive {
            None => {}
            Some(Privacy::Plain) => map.serialize_entry("sensitive", &true)?,
            Some(privacy) => map.serialize_entry("sensitive", &privacy)?,
        }
        let flags = [
            ("required", self.required),
            ("identity", self.identity),
            ("write_canonical", self.write_canonical),
            ("empty_means_null", self.empty_means_null),
        ];
        for (name, _) in flags.iter().filter(|(_, on)| *on) {
            map.serialize_entry(name, &true)?;
        }
        map.end()
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        kind_entries(self, &mut map)?;
        map.end()
    }
}

fn kind_entries<M: SerializeMap>(kind: &Kind, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("kind", kind.name())?;
    match kind {
        Kind::Phone { region } => map.serialize_entry("region", region),
        Kind::Date { formats, zone } | Kind::Timestamp(timestamp::Notation { formats, zone }) => {
            if !formats.is_empty() {
                map.serialize_entry("formats", formats)?;
            }
            zone.map_or(Ok(()), |zone| map.serialize_entry("zone", &zone))
        }
        Kind::Boolean(words) if *kind != Kind::BOOLEAN => {
            map.serialize_entry("true", &words.yes)?;
            map.serialize_entry("false", &words.no)
        }
        Kind::Decimal(decimal::Notation { comma, precision }) => {
            if *comma {
                map.serialize_entry("comma", comma)?;
            }
            precision.map_or(Ok(()), |places| map.serialize_entry("precision", &places))
        }
        Kind::Set { of, delimiter } => {
            map.serialize_entry("of", of)?;
            delimiter.as_ref().map_or(Ok(()), |delimiter| map.serialize_entry("delimiter", delimiter))
        }
        Kind::SetOfRecords { key, of } => {
            map.serialize_entry("key", key)?;
            record_entries(of, map)
        }
        Kind::Record { .. } => record_entries(kind, map),
        _ => Ok(()),
    }
}

fn record_entries<M: SerializeMap>(kind: &Kind, map: &mut M) -> Result<(), M::Error> {
    let Kind::Record { fields, strategies, atomic } = kind else { return Ok(()) };
    let decided =
        |(key, kind): (&'_ String, &'_ Kind)| (key.clone(), Decided(kind.clone(), strategies.get(key).cloned()));
    map.serialize_entry("fields", &fields.iter().map(decided).collect::<BTreeMap<_, _>>())?;
    if *atomic { map.serialize_entry("atomic", atomic) } else { Ok(()) }
}

/// A key of a record, with the strategy that it may have of its own.
struct Decided(Kind, Option<Strategy>);

impl Serialize for Decided {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        kind_entries(&self.0, &mut map)?;
        if let Some(strategy) = &self.1 {
            map.serialize_entry("strategy", strategy)?;
        }
        map.end()
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(strategy) = &self.strategy else {
            return self.fields.serialize(serializer);
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("fields", &self.fields)?;
        map.serialize_entry("strategy", strategy)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for SchemaBuilder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SpecVisitor)
    }
}

struct SpecVisitor;

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = SchemaBuilder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schema: an object with `fields`, and perhaps `absent`, `null_means`, `strategy`, `first_sync`, `gone`, `ids` and `groups`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<SchemaBuilder, A::Error> {
        let mut settings = Settings { place: "schema".to_owned(), map: BTreeMap::new() };
        let (mut fields, mut groups) = (None, None);
        while let Some(key) = access.next_key::<String>()? {
            let twice = match key.as_str() {
                "fields" => fields.replace(access.next_value::<InOrder>()?).is_some(),
                "groups" => groups.replace(access.next_value::<InOrder>()?).is_some(),
                _ => settings.map.insert(key.clone(), access.next_value()?).is_some(),
            };
            if twice {
                return Err(de::Error::custom(format!("schema: `{key}` is stated twice")));
            }
        }
        let Some(fields) = fields else {
            return Err(de::Error::custom("schema: `fields` is missing"));
        };
        read_schema(settings, fields, groups.unwrap_or_default()).map_err(de::Error::custom)
    }
}

/// An object whose order counts: the order of the fields is the order of their columns.
#[derive(Default)]
struct InOrder(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for InOrder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = InOrder;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<InOrder, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = access.next_entry()? {
                    pairs.push(pair);
                }
                Ok(InOrder(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

fn read_schema(mut settings: Settings, fields: InOrder, groups: InOrder) -> Result<SchemaBuilder, SchemaError> {
    let mut spec = SchemaBuilder {
        absent: settings.take("absent")?.unwrap_or_default(),
        null_means: settings.take("null_means")?.unwrap_or_default(),
        gone: settings.take("gone")?,
        ids: settings.take("ids")?.unwrap_or_default(),
        strategy: settings.take("strategy")?.unwrap_or_default(),
        first_sync: settings.take("first_sync")?,
        ..SchemaBuilder::default()
    };
    settings.finish()?;
    for (name, value) in fields.0 {
        spec.fields.push(read_field(name, value)?);
    }
    for (name, value) in groups.0 {
        spec.groups.push(read_group(name, value)?);
    }
    Ok(spec)
}

fn read_field(name: String, value: Value) -> Result<Field, SchemaError> {
    let mut settings = Settings::of(format!("field `{name}`"), value)?;
    let mut field = Field::new(name.clone(), read_kind(&name, &mut settings)?);
    field.strategy = settings.take("strategy")?;
    field.absent = settings.take("absent")?;
    field.null_means = settings.take("null_means")?;
    field.nulls = settings.take::<Texts>("nulls")?.unwrap_or_default().0;
    field.region_from = settings.take("region_from")?;
    field.from = settings.take("from")?;
    field.aliases = settings.take("aliases")?.unwrap_or_default();
    field.required = settings.take("required")?.unwrap_or_default();
    field.identity = settings.take("identity")?.unwrap_or_default();
    field.sensitive = match settings.map.get("sensitive") {
        Some(Value::Bool(_)) => settings.take::<bool>("sensitive")?.filter(|on| *on).map(|_| Privacy::Plain),
        _ => settings.take("sensitive")?,
    };
    field.write_canonical = settings.take("write_canonical")?.unwrap_or_default();
    field.empty_means_null = settings.take("empty_means_null")?.unwrap_or_default();
    settings.finish()?;
    Ok(field)
}

/// `"kind": "phone", "region": "IE"` and `"kind": {"phone": {"region": "IE"}}` are the same.
fn read_kind(field: &str, settings: &mut Settings) -> Result<Kind, SchemaError> {
    match settings.map.remove("kind") {
        Some(Value::Text(kind)) => kind_of(field, &kind, settings),
        Some(Value::Map(map)) if map.len() == 1 => {
            let (kind, value) = map.into_iter().next().unwrap_or_default();
            let mut nested = Settings::of(format!("{}, kind `{kind}`", settings.place), value)?;
            let kind = kind_of(field, &kind, &mut nested)?;
            nested.finish()?;
            Ok(kind)
        }
        Some(other) => Err(settings.wrong("kind", &format!("expected the name of a kind, found {}", other.shape()))),
        None => Err(settings.wrong("kind", "is missing")),
    }
}

fn kind_of(field: &str, name: &str, settings: &mut Settings) -> Result<Kind, SchemaError> {
    Ok(match name {
        "text" => Kind::Text,
        "name" => Kind::Name,
        "email" => Kind::Email,
        "phone" => Kind::Phone {
            region: settings.take::<Region>("region")?.ok_or_else(|| {
                settings.wrong("region", "is missing: where are numbers without a country code dialled?")
            })?,
        },
        "code" => Kind::Code,
        "date" => Kind::Date { formats: formats(settings)?, zone: settings.take("zone")? },
        "timestamp" => {
            Kind::Timestamp(timestamp::Notation { formats: formats(settings)?, zone: settings.take("zone")? })
        }
        "integer" => Kind::Integer,
        "decimal" => Kind::Decimal(decimal::Notation {
            comma: settings.take("comma")?.unwrap_or_default(),
            precision: settings.take("precision")?,
        }),
        "boolean" => Kind::Boolean(Words {
            yes: settings.take::<Texts>("true")?.unwrap_or_default().0,
            no: settings.take::<Texts>("false")?.unwrap_or_default().0,
        }),
        "address" => Kind::Address,
        "set" => match settings.map.remove("of") {
            Some(of) => Kind::Set { of: Box::new(nested_kind(field, of)?), delimiter: settings.take("delimiter")? },
            None => return Err(settings.wrong("of", "is missing: what does the set hold?")),
        },
        "set_of_records" => Kind::SetOfRecords {
            key: match settings.take("key")? {
                Some(key) => key,
                None => return Err(settings.wrong("key", "is missing: which fields tell one record from another?")),
            },
            of: Box::new(read_record(field, settings)?),
        },
        "list" => Kind::List,
        "record" => read_record(field, settings)?,
        "map" => Kind::Map,
        custom => Kind::Custom(custom.to_owned()),
    })
}

fn formats(settings: &mut Settings) -> Result<Vec<String>, SchemaError> {
    Ok(settings.take::<Texts>("formats")?.unwrap_or_default().0)
}

fn read_record(field: &str, settings: &mut Settings) -> Result<Kind, SchemaError> {
    let fields = match settings.map.remove("fields") {
        Some(Value::Map(fields)) => fields,
        Some(other) => {
            return Err(settings.wrong("fields", &format!("expected an object, found {}", other.shape())));
        }
        None => return Err(settings.wrong("fields", "is missing: which keys does the record have?")),
    };
    let (mut kinds, mut strategies) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in fields {
        let mut nested = nested_settings(&format!("{field}/{key}"), value)?;
        let kind = read_kind(&format!("{field}/{key}"), &mut nested)?;
        strategies.extend(nested.take("strategy")?.map(|strategy| (key.clone(), strategy)));
        nested.finish()?;
        kinds.insert(key, kind);
    }
    Ok(Kind::Record { fields: kinds, strategies, atomic: settings.take("atomic")?.unwrap_or_default() })
}

/// `"text"` is short for `{"kind": "text"}`.
fn nested_kind(field: &str, value: Value) -> Result<Kind, SchemaError> {
    let mut settings = nested_settings(field, value)?;
    let kind = read_kind(field, &mut settings)?;
    settings.finish()?;
    Ok(kind)
}

fn nested_settings(field: &str, value: Value) -> Result<Settings, SchemaError> {
    let value = match value {
        Value::Text(kind) => Value::Map(BTreeMap::from([("kind".to_owned(), Value::Text(kind))])),
        Value::Map(map) if !map.contains_key("kind") => {
            Value::Map(BTreeMap::from([("kind".to_owned(), Value::Map(map))]))
        }
        other => other,
    };
    Settings::of(format!("field `{field}`"), value)
}

/// `["a", "b"]` is short for `{"fields": ["a", "b"]}`.
fn read_group(name: String, value: Value) -> Result<Group, SchemaError> {
    let value = match value {
        list @ Value::List(_) => Value::Map(BTreeMap::from([("fields".to_owned(), list)])),
        other => other,
    };
    let mut settings = Settings::of(format!("group `{name}`"), value)?;
    let fields = settings.take("fields")?.unwrap_or_default();
    let strategy = settings.take("strategy")?;
    settings.finish()?;
    Ok(Group { name, fields, strategy })
}

struct Settings {
    place: String,
    map: BTreeMap<String, Value>,
}

/// A problem with what was found: a setting is nobody's value.
fn shown(problem: &str, found: &Value) -> String {
    match found.as_text().filter(|text| !problem.contains(text)) {
        Some(text) => format!("{problem} `{text}`"),
        None => problem.to_owned(),
    }
}

impl Settings {
    fn of(place: String, value: Value) -> Result<Self, SchemaError> {
        match value {
            Value::Map(map) => Ok(Self { place, map }),
            other => {
                let problem = format!("expected an object, found {}", other.shape());
                Err(SchemaError::Setting { place, problem })
            }
        }
    }

    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, SchemaError> {
        match self.map.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match T::deserialize(ValueDeserializer(value.clone())) {
                Ok(setting) => Ok(Some(setting)),
                Err(problem) => Err(self.wrong(name, &shown(&problem.to_string(), &value))),
            },
        }
    }

    fn wrong(&self, name: &str, problem: &str) -> SchemaError {
        SchemaError::Setting { place: self.place.clone(), problem: format!("`{name}`: {problem}") }
    }

    fn finish(self) -> Result<(), SchemaError> {
        match self.map.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(SchemaError::Setting { place: self.place, problem: format!("unknown setting `{name}`") }),
        }
    }
}
