//! The schema's file: the fields and their rules, and beside them how members are found that have no external id.
//!
//! ```json
//! {
//!   "fields": {"name": {"kind": "name"}, "born": {"kind": "date"}, "email": {"kind": "email"}},
//!   "match": [
//!     {"name": "e-mail and birthday", "fields": ["email", "born"], "trust": "trusted"},
//!     {"name": "name and birthday", "fields": ["name", "born"]}
//!   ]
//! }
//! ```
//!
//! A rule that is trusted links by itself, the others propose. They are no part of the schema: nothing that is linked is
//! looked at again because one of them changed. Neither are the guards: what a run may do unasked, where that differs from
//! [the default](Guards).
//!
//! ```json
//! {"guards": {"deactivations": {"percent": 5}, "fields": {"fax": {"emptied": {"absolute": 3}}}}}
//! ```

use std::fs;
use std::path::Path;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use tripartite::matching::{MatchRule, MatchRules};
use tripartite::plan::Guards;
use tripartite::schema::{Schema, SchemaBuilder};

/// The settings that are not the schema's.
const MATCH: &str = "match";
const GUARDS: &str = "guards";

/// A schema, and the match rules and guards beside it.
///
/// ```
/// use nightly_sync::schema_file::SchemaFile;
/// let text = r#"{"match": [{"name": "e-mail", "fields": ["email"]}], "fields": {"email": {"kind": "email"}}}"#;
/// let file: SchemaFile = serde_json::from_str(text)?;
/// assert_eq!((file.schema.fields().len(), file.rules.len()), (1, 1));
/// let error = serde_json::from_str::<SchemaFile>(&text.replace(r#"["email"]"#, r#"["mail"]"#)).unwrap_err();
/// // Where in the file stands behind it.
/// assert!(error.to_string().starts_with("match rule `e-mail`: there is no field `mail` at line 1 column "));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SchemaFile {
    /// The schema.
    pub schema: Schema,
    /// The match rules, which fit it.
    pub rules: Vec<MatchRule>,
    /// What a run may do unasked.
    pub guards: Guards,
}

impl<'de> Deserialize<'de> for SchemaFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Whole)
    }
}

/// A file has no schema.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct SchemaFileError {
    /// The file.
    pub file: String,
    /// Why.
    pub problem: String,
}

impl SchemaFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`SchemaFileError`], which says where in the file.
    pub fn open(file: &Path) -> Result<Self, SchemaFileError> {
        let problem = |problem: String| SchemaFileError { file: file.display().to_string(), problem };
        let text = fs::read_to_string(file).map_err(|error| problem(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| problem(error.to_string()))
    }
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = SchemaFile;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a schema: an object with `fields`, and perhaps `match` and `guards`")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<SchemaFile, A::Error> {
        let (mut rules, mut guards) = (None, None);
        let rest = MapAccessDeserializer::new(Rest { access, rules: &mut rules, guards: &mut guards });
        let schema = SchemaBuilder::deserialize(rest)?.build().map_err(A::Error::custom)?;
        let rules = rules.unwrap_or_default();
        MatchRules::new(&schema, rules.clone()).map_err(A::Error::custom)?;
        let guards: Guards = guards.unwrap_or_default();
        if let Some(name) = guards.field_names().find(|name| schema.position(name).is_none()) {
            return Err(A::Error::custom(format!("guards: there is no field `{name}`")));
        }
        Ok(SchemaFile { schema, rules, guards })
    }
}

/// All settings of the schema, in their order.
struct Rest<'r, A> {
    access: A,
    rules: &'r mut Option<Vec<MatchRule>>,
    guards: &'r mut Option<Guards>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.access.next_key::<String>()? {
            let twice = match key.as_str() {
                MATCH => self.rules.replace(self.access.next_value()?).is_some(),
                GUARDS => self.guards.replace(self.access.next_value()?).is_some(),
                _ => return seed.deserialize(key.into_deserializer()).map(Some),
            };
            if twice {
                return Err(A::Error::custom(format!("schema: `{key}` is stated twice")));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.access.next_value_seed(seed)
    }
}
