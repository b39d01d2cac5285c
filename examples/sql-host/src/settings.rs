use tripartite::schema::{Field, Schema, SchemaBuilder, SchemaError, Strategy};

/// The field of a listing that holds the id, unless somebody says otherwise.
pub const ID_FIELD: &str = "id";

/// The columns of a store's own table that are not fields.
pub const OWN_COLUMNS: [&str; 4] = ["local_id", "external_id", "active", "revision"];

/// So many entries of the audit one transaction forgets, so that nobody waits long for another.
pub const PRUNED_AT_ONCE: usize = 1000;

/// What a database remembers of how a register of it is used.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The schema.
    pub schema: Schema,
    /// The field of the listing that holds the id.
    pub id_field: String,
}

impl Settings {
    /// The schema with another strategy where no field says otherwise.
    ///
    /// # Errors
    /// [`SchemaError`], when a field cannot go by it.
    pub fn decided_by(&self, strategy: Strategy) -> Result<Schema, SchemaError> {
        self.copied().strategy(strategy).build()
    }

    /// The schema with fields behind its own.
    ///
    /// # Errors
    /// [`SchemaError`], when it has one of their names.
    pub fn with(&self, fields: impl IntoIterator<Item = Field>) -> Result<Schema, SchemaError> {
        fields.into_iter().fold(self.copied(), SchemaBuilder::field).build()
    }

    fn copied(&self) -> SchemaBuilder {
        let text = serde_json::to_string(&self.schema).expect("a schema is plain data");
        serde_json::from_str(&text).expect("it was a schema a moment ago")
    }
}
