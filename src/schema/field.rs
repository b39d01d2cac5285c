//! Fields: what a host declares about each.

use super::reading::Reading;
use super::{Absent, Kind, NullMeans, Privacy, Strategy};

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
    pub(super) null_means: Option<NullMeans>,
    pub(super) nulls: Vec<String>,
    pub(super) region_from: Option<String>,
    pub(super) from: Option<String>,
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
            null_means: None,
            nulls: Vec::new(),
            region_from: None,
            from: None,
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

    /// What the source means by null: here it may say nothing, where for the other fields it clears, or the other way round.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, NullMeans, Schema};
    /// let team = Field::new("team", Kind::Text).null_means(NullMeans::NoOpinion);
    /// assert_eq!(Schema::builder().field(team).build()?.null_means(0), NullMeans::NoOpinion);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    #[must_use]
    pub fn null_means(mut self, means: NullMeans) -> Self {
        self.null_means = Some(means);
        self
    }

    /// One more spelling of null: `N/A`, `-`, `0000-00-00`. It is null on every side, for match keys too, and before the
    /// kind reads it, so that it is never invalid. Case and blanks at its ends do not count. Inside a set, an object or a
    /// list it holds for each value.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::value::Value;
    /// let born = Field::new("born", Kind::DATE).null("0000-00-00").null("unknown");
    /// let schema = Schema::builder().field(born).build()?;
    /// let record = schema.record(&serde_json::json!({"born": "Unknown "}))?;
    /// assert_eq!(schema.canonical(0, record.field(0))?, Value::Null);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn null(mut self, spelling: impl Into<String>) -> Self {
        self.nulls.push(spelling.into());
        self
    }

    /// The spellings of null beside null itself.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// // what is blank is null anyway, and is not among them
    /// assert_eq!(Field::new("tag", Kind::Text).null("N/A").nulls().collect::<Vec<_>>(), ["N/A"]);
    /// ```
    pub fn nulls(&self) -> impl Iterator<Item = &str> {
        self.nulls.iter().map(String::as_str)
    }

    /// The field of the same record that says where this one's telephone numbers are dialled, as a region of two letters.
    /// Where it says none, the region of the kind counts.
    ///
    /// Each version of a record is read by its own region; where the source leaves it out, by the one it said before. A
    /// number that is taken into a record with another region is written with its country.
    ///
    /// ```
    /// # #[cfg(feature = "phone")] {
    /// use tripartite::detect::{Sides, detect};
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let phone = Field::new("phone", Kind::Phone { region: "IE".parse()? });
    /// let schema = Schema::builder()
    ///     .field(phone.region_from("country"))
    ///     .field(Field::new("country", Kind::Code))
    ///     .build()?;
    /// let record = |phone| schema.record(&serde_json::json!({"phone": phone, "country": "be"}));
    /// let (base, remote) = (record("0470 12 34 56")?, record("+32 470 12 34 56")?);
    /// let sides = Sides { base: &base, local: &base, remote: &remote };
    /// assert!(detect(&schema, sides).is_empty());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn region_from(mut self, field: impl Into<String>) -> Self {
        self.region_from = Some(field.into());
        self
    }

    /// Where the source has it, if not under its name: the name of a member or a column, or a JSON Pointer
    /// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)), which begins with a slash. In a schema file that is `from`. It is
    /// for connectors: [`Schema::record`](super::Schema::record) reads names and aliases. The schema's version is the same
    /// wherever its fields stand.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let email = Field::new("email", Kind::Text).stands_at("/emails/0/value");
    /// let schema = Schema::builder().field(email).build()?;
    /// assert_eq!(schema.fields()[0].place(), Some("/emails/0/value"));
    /// let in_a_file: Schema = serde_json::from_str(
    ///     r#"{"fields": {"email": {"kind": "text", "from": "/emails/0/value"}}}"#,
    /// )?;
    /// assert_eq!(in_a_file.fields()[0], schema.fields()[0]);
    /// let nowhere = Field::new("email", Kind::Text).stands_at("");
    /// assert!(Schema::builder().field(nowhere).build().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stands_at(mut self, place: impl Into<String>) -> Self {
        self.from = Some(place.into());
        self
    }

    /// Where the source has it, if that is stated; [`stands_at`](Self::stands_at) has an example.
    pub fn place(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// What a match key of it depends on.
    pub(crate) fn key_parts(&self) -> (&str, &Kind, &[String], Option<&str>) {
        (&self.name, &self.kind, &self.nulls, self.region_from.as_deref())
    }

    pub(crate) fn reading(&self) -> Reading<'_> {
        self.into()
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
    /// assert_eq!(Field::new("born", Kind::DATE).kind().name(), "date");
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

    /// Whether an empty list or object reads as null. An empty set that may be written as one text always does.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind};
    /// assert!(
    ///     Field::new("tags", Kind::set(Kind::Text)).empty_means_null().reads_empty_as_null()
    /// );
    /// ```
    pub fn reads_empty_as_null(&self) -> bool {
        self.empty_means_null || matches!(self.kind, Kind::Set { delimiter: Some(_), .. })
    }
}
