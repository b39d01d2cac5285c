//! One row of a table: its cells by the columns of the header.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::id::ExternalId;
use tripartite::source::{Item, RemoteRecord};
use tripartite::value::{RecordBuilder, Value};

use super::{Origin, Records, malformed, version_of};

/// The names of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header(pub(crate) Vec<String>);

/// What stands in each column.
#[derive(Debug)]
pub(crate) struct Layout {
    targets: Vec<Target>,
    /// The names of the columns, for what is beyond the schema.
    names: Vec<String>,
    id: usize,
    version: Option<usize>,
    gone: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Id,
    Field(usize),
    /// A member of an object that is a field.
    Part(usize, Vec<String>),
    Extra,
}

/// Words that stand in the names of columns which hold ids. Only such a name is shown: without a header the first row is
/// a person's.
const ID_WORDS: [&str; 12] = ["id", "no", "nr", "number", "key", "code", "uuid", "guid", "uid", "ref", "member", "num"];

impl Layout {
    /// Finds the columns of the fields.
    pub(crate) fn new(records: &Records, header: &Header) -> Result<Self, String> {
        let names: Vec<String> = header.0.iter().enumerate().map(|(at, name)| named(at, name)).collect();
        let mut seen = BTreeSet::new();
        if let Some(at) = names.iter().position(|name| !seen.insert(name)) {
            return Err(format!(
                "two columns have one name, column {} and one before it; give one another name",
                at + 1
            ));
        }
        let at = |from: &Origin| {
            let (Origin::Name(name) | Origin::Pointer(name)) = from else { return None };
            names.iter().position(|column| column == name)
        };
        let id = at(&records.id).ok_or_else(|| no_id_column(&records.id, &names))?;
        let mut targets = vec![Target::Extra; names.len()];
        for (field, from) in records.columns.iter() {
            let position = records.schema.position(field).ok_or_else(|| format!("there is no field `{field}`"))?;
            place(&mut targets, &names, from, Target::Field(position), &mut Vec::new())?;
        }
        let mapped: Vec<usize> = records.columns.fields().filter_map(|field| records.schema.position(field)).collect();
        for (column, name) in names.iter().enumerate().filter(|(column, _)| *column != id) {
            let own = records.schema.position(name).filter(|position| !mapped.contains(position));
            if let (Some(position), Target::Extra) = (own, &targets[column]) {
                targets[column] = Target::Field(position);
            }
        }
        targets[id] = Target::Id;
        let optional = |from: Option<&Origin>| match from {
            None => Ok(None),
            Some(from) => at(from).map(Some).ok_or_else(|| format!("there is no column `{from}`")),
        };
        let version = optional(records.version.as_ref())?;
        let gone = optional(records.gone.as_ref().map(|gone| &gone.from))?;
        twice(&targets, records)?;
        Ok(Self { targets, names, id, version, gone })
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.targets.len()
    }

    /// The column of the id.
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// The item that a row is, which has as many cells as there are columns.
    pub(crate) fn read<'c>(
        &self,
        records: &Records,
        cell: impl Fn(usize) -> &'c str,
        place: impl Fn() -> String,
    ) -> Item {
        let id = match ExternalId::new(cell(self.id)) {
            Ok(id) => id,
            Err(_) if cell(self.id).is_empty() => {
                return malformed(&place(), None, format!("has no id: `{}` is empty", records.id));
            }
            Err(error) => return malformed(&place(), None, format!("`{}`: {error}", records.id)),
        };
        let version = self.version.and_then(|at| version_of(&Value::from(cell(at))));
        if let (Some(gone), Some(at)) = (&records.gone, self.gone)
            && gone.words.iter().any(|word| word == cell(at))
        {
            return Item::Tombstone { id, version };
        }
        match self.record(records, &cell) {
            Ok(record) => Item::Record(RemoteRecord::new(id, record).version(version)),
            Err(problem) => malformed(&place(), Some(id), format!("cannot be read: {problem}")),
        }
    }

    fn record<'c>(
        &self,
        records: &Records,
        cell: impl Fn(usize) -> &'c str,
    ) -> Result<tripartite::value::Record, tripartite::value::RecordError> {
        let mut row = RecordBuilder::new(records.schema.fields().len());
        let (mut parts, mut extra) = (BTreeMap::<usize, BTreeMap<String, Value>>::new(), BTreeMap::new());
        for (column, target) in self.targets.iter().enumerate() {
            let text = cell(column);
            if records.unstated.as_deref() == Some(text) {
                continue;
            }
            match target {
                Target::Id => {}
                // A cell cannot tell an empty text from none.
                Target::Field(position) if text.is_empty() => row.set(*position, &Value::Null)?,
                Target::Field(position) => row.set_text(*position, text)?,
                Target::Part(position, path) => set(parts.entry(*position).or_default(), path, value(text)),
                Target::Extra if text.is_empty() => {}
                Target::Extra => drop(extra.insert(self.names[column].clone(), value(text))),
            }
        }
        for (position, map) in parts {
            row.set(position, &Value::Map(map))?;
        }
        if !extra.is_empty() {
            row.set_extra(extra)?;
        }
        Ok(row.finish())
    }
}

fn value(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::from(text) }
}

fn set(map: &mut BTreeMap<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => drop(map.insert(last.clone(), value)),
        [first, rest @ ..] => {
            let inner = map.entry(first.clone()).or_insert_with(|| Value::Map(BTreeMap::new()));
            if let Value::Map(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

fn named(at: usize, name: &str) -> String {
    let name = name.trim();
    if name.is_empty() { format!("column {}", at + 1) } else { name.to_owned() }
}

fn place(
    targets: &mut [Target],
    names: &[String],
    from: &Origin,
    target: Target,
    path: &mut Vec<String>,
) -> Result<(), String> {
    match from {
        Origin::Name(name) | Origin::Pointer(name) => {
            let column = names.iter().position(|column| column == name);
            let column = column.ok_or_else(|| format!("there is no column `{name}`"))?;
            targets[column] = target;
            Ok(())
        }
        Origin::Parts(parts) => parts.iter().try_for_each(|(part, from)| {
            path.push(part.clone());
            let (Target::Field(position) | Target::Part(position, _)) = &target else { return Ok(()) };
            let placed = place(targets, names, from, Target::Part(*position, path.clone()), path);
            path.pop();
            placed
        }),
    }
}

/// A field that two columns state, by its name and by an alias.
fn twice(targets: &[Target], records: &Records) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for target in targets {
        if let Target::Field(position) = target
            && !seen.insert(*position)
        {
            let field = records.schema.fields()[*position].name();
            return Err(format!("two columns state the field `{field}`, by its name and by an alias"));
        }
    }
    Ok(())
}

/// What is told where no column has the id's name.
fn no_id_column(id: &Origin, names: &[String]) -> String {
    let is_word = |name: &&String| {
        let lower = name.to_lowercase();
        let mut words = lower.split(|char: char| !char.is_alphanumeric());
        words.any(|word| ID_WORDS.contains(&word))
    };
    let perhaps: Vec<_> = names.iter().filter(is_word).map(|name| format!("`{name}`")).collect();
    let perhaps = if perhaps.is_empty() { String::new() } else { format!("; perhaps it is {}", perhaps.join(" or ")) };
    let columns = if names.len() == 1 {
        "its one column is not".to_owned()
    } else {
        format!("none of its {} columns is", names.len())
    };
    format!(
        "{columns} called `{id}`, so no row has an id; name the id's column{perhaps}. Without a header, state the names of the columns"
    )
}
