//! Fields and atomic groups: what a host declares about each.

use super::{Absent, Kind, Privacy, Strategy};

/// One field of a schema: its kind, and what differs from the schema's defaults.
///
/// ```
/// use tripartite::schema::{Absent, Field, Kind, Strategy};
/// let email = Field::new("email", Kind::Email)
///     .alias("mail")
///     .sensitive()
///     .absent(Absent::ClearedIfReported);
/// let club = Field::new("club", Kind::Name).strategy(Strategy::Enforced).required();
/// assert!(email.is_sensitive() && club.is_required());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) strategy: Option<Strategy>,
    pub(super) absent: Option<Absent>,
    pub(super) aliases: Vec<String>,
    pub(super) required: bool,
    pub(super) identity: bool,
    pub(super) sensitive: Option<Privacy>,
    pub(super) write_canonical: bool,
    pub(super) empty_means_null: bool,
}

impl Field {
    /// A field with the schema's defaults.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// let field = Field::new("notes", Kind::Text);
    /// assert!(!field.is_required() && !field.is_sensitive() && !field.writes_canonical());
    /// ```
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            strategy: None,
            absent: None,
            aliases: Vec::new(),
            required: false,
            identity: false,
            sensitive: None,
            write_canonical: false,
            empty_means_null: false,
        }
    }

    /// Decides this field by a strategy of its own.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Policy, Schema, Strategy, Unit};
    /// let notes = Field::new("notes", Kind::Text).strategy(Strategy::LocalOwned);
    /// let policy = Policy::new(Schema::builder().field(notes).build()?)
    ///     .strategy(Strategy::RemoteWins)?;
    /// // whatever the run says
    /// assert_eq!(policy.rule(Unit::Field(0), None).strategy, Strategy::LocalOwned);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// What the source means by leaving this field out.
    ///
    /// ```
    /// # use tripartite::schema::{Absent, Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("fax", Kind::Text).absent(Absent::Cleared))
    ///     .build()?;
    /// assert_eq!(schema.absent(0), Absent::Cleared);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn absent(mut self, absent: Absent) -> Self {
        self.absent = Some(absent);
        self
    }

    /// The other names, under which it is read as well.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// let field = Field::new("phone", Kind::Text).alias("tel");
    /// assert_eq!(field.aliases().collect::<Vec<_>>(), ["tel"]);
    /// ```
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(String::as_str)
    }

    /// Another name the field is read under: an older name in stored bases, or the source's name for it.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("email", Kind::Email).alias("e_mail").alias("mail"))
    ///     .build()?;
    /// let record = schema.record(&serde_json::json!({"mail": "aine@example.org"}))?;
    /// // Read by any of its names, written by its own.
    /// assert_eq!(
    ///     serde_json::to_string(&schema.named(&record))?,
    ///     r#"{"email":"aine@example.org"}"#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// The field must have a value: a source's null is [`Problem::Required`](crate::value::Problem::Required), and a
    /// new record without it is quarantined.
    ///
    /// ```
    /// use tripartite::detect::{Sides, Verdict, detect};
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::value::Problem;
    /// let schema =
    ///     Schema::builder().field(Field::new("name", Kind::Name).required()).build()?;
    /// let base = schema.record(&serde_json::json!({"name": "Áine"}))?;
    /// // nothing to read is nothing
    /// let remote = schema.record(&serde_json::json!({"name": " "}))?;
    /// let found = detect(&schema, Sides { base: &base, local: &base, remote: &remote });
    /// assert_eq!(found.changes()[0].verdict, Verdict::InvalidRemote(Problem::Required));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The field says who a record is about: a name, a day of birth. Where all such fields that are known of a linked record
    /// move at once, two or more, its id may have been handed to somebody else, and a person is asked.
    ///
    /// A schema that marks none has those of the kinds [`Kind::Name`] and [`Kind::Date`]. One that marks a single field
    /// never asks, for one field alone is corrected often.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// assert!(Field::new("born", Kind::DATE).identity().is_identity());
    /// ```
    #[must_use]
    pub fn identity(mut self) -> Self {
        self.identity = true;
        self
    }

    /// The field holds personal data; hosts ask before they show it.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// assert!(Field::new("phone", Kind::Text).sensitive().is_sensitive());
    /// // no kind is sensitive by itself
    /// assert!(!Field::new("email", Kind::Email).is_sensitive());
    /// ```
    #[must_use]
    pub fn sensitive(self) -> Self {
        self.sensitive_as(Privacy::Plain)
    }

    /// The field holds personal data, and this is what the audit keeps of it.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Privacy};
    /// let phone = Field::new("phone", Kind::Text).sensitive_as(Privacy::Redacted);
    /// assert_eq!((phone.is_sensitive(), phone.privacy()), (true, Privacy::Redacted));
    /// // not sensitive, so as it is
    /// assert_eq!(Field::new("club", Kind::Text).privacy(), Privacy::Plain);
    /// ```
    #[must_use]
    pub fn sensitive_as(mut self, privacy: Privacy) -> Self {
        self.sensitive = Some(privacy);
        self
    }

    /// Writes the canonical form to the host's record, instead of the source's spelling.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("email", Kind::Email).write_canonical())
    ///     .build()?;
    /// let remote = schema.record(&serde_json::json!({"email": "Aine@Example.org"}))?;
    /// // What a user's record would get; without it, `Aine@Example.org`.
    /// assert_eq!(schema.canonical(0, remote.field(0))?.as_text(), Some("aine@example.org"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn write_canonical(mut self) -> Self {
        self.write_canonical = true;
        self
    }

    /// Reads an empty list or object as null.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # use tripartite::value::Value;
    /// let tags = |field: Field| -> Result<Value, Box<dyn std::error::Error>> {
    ///     let schema = Schema::builder().field(field).build()?;
    ///     let record = schema.record(&serde_json::json!({"tags": []}))?;
    ///     Ok(schema.canonical(0, record.field(0))?)
    /// };
    /// let field = Field::new("tags", Kind::set(Kind::Text));
    /// assert_eq!(tags(field.clone())?, Value::List(vec![])); // an empty set is a value
    /// assert_eq!(tags(field.empty_means_null())?, Value::Null);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn empty_means_null(mut self) -> Self {
        self.empty_means_null = true;
        self
    }

    /// The name.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// // never an alias
    /// assert_eq!(Field::new("email", Kind::Email).alias("mail").name(), "email");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// assert_eq!(Field::new("born", Kind::DATE).kind(), &Kind::Date { formats: vec![] });
    /// ```
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether it is marked as one that says who a record is about.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// // it counts as one where no field is marked
    /// assert!(!Field::new("name", Kind::Name).is_identity());
    /// ```
    pub fn is_identity(&self) -> bool {
        self.identity
    }

    /// Whether it must have a value.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// assert!(Field::new("name", Kind::Name).required().is_required());
    /// ```
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Whether it holds personal data.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// // `Debug` of a value shows nothing anyway; this is for a host that shows values on
    /// // purpose.
    /// assert!(Field::new("phone", Kind::Text).sensitive().is_sensitive());
    /// ```
    pub fn is_sensitive(&self) -> bool {
        self.sensitive.is_some()
    }

    /// What the audit keeps of its values.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Privacy};
    /// // restorable, unless asked
    /// assert_eq!(Field::new("phone", Kind::Text).sensitive().privacy(), Privacy::Plain);
    /// ```
    pub fn privacy(&self) -> Privacy {
        self.sensitive.unwrap_or_default()
    }

    /// Whether the canonical form is written.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// // the user's own spelling stays
    /// assert!(!Field::new("email", Kind::Email).writes_canonical());
    /// assert!(Field::new("email", Kind::Email).write_canonical().writes_canonical());
    /// ```
    pub fn writes_canonical(&self) -> bool {
        self.write_canonical
    }

    /// Whether an empty list or object reads as null.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// assert!(
    ///     Field::new("tags", Kind::set(Kind::Text)).empty_means_null().reads_empty_as_null()
    /// );
    /// ```
    pub fn reads_empty_as_null(&self) -> bool {
        self.empty_means_null
    }
}

/// Fields that are decided as one, so that no row is assembled that nobody entered: a name, an address, a document
/// number with its expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub(super) name: String,
    pub(super) fields: Vec<String>,
    pub(super) strategy: Option<Strategy>,
}

impl Group {
    /// A group of fields, by their names.
    ///
    /// ```
    /// use tripartite::schema::{Field, Group, Kind, Schema, SchemaError};
    /// // not checked here, but when the schema is built
    /// let name = Group::new("name", ["first_name", "lastname"]);
    /// let error = Schema::builder()
    ///     .field(Field::new("first_name", Kind::Name))
    ///     .group(name)
    ///     .build()
    ///     .unwrap_err();
    /// assert!(matches!(error, SchemaError::NoSuchField { field, .. } if field == "lastname"));
    /// ```
    pub fn new<F: Into<String>>(name: impl Into<String>, fields: impl IntoIterator<Item = F>) -> Self {
        Self { name: name.into(), fields: fields.into_iter().map(Into::into).collect(), strategy: None }
    }

    /// Decides the group by a strategy of its own.
    ///
    /// ```
    /// # use tripartite::schema::{Field, Group, Kind, Policy, RuleSource, Schema, Strategy, Unit};
    /// let schema = Schema::builder()
    ///     .field(Field::new("passport", Kind::Text))
    ///     .field(Field::new("expires", Kind::DATE))
    ///     .group(Group::new("document", ["passport", "expires"]).strategy(Strategy::LocalWins))
    ///     .build()?;
    /// assert_eq!(Policy::new(schema).rule(Unit::Group(0), None).source, RuleSource::Group);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// The name.
    ///
    /// ```
    /// use tripartite::schema::Group;
    /// // as the audit has it
    /// assert_eq!(Group::new("name", ["first_name", "last_name"]).name(), "name");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }
}
