use super::{Absent, Kind, Strategy};

/// One field of a schema: its kind, and what differs from the schema's defaults.
///
/// ```
/// use tripartite::schema::{Absent, Field, Kind, Strategy};
/// let email = Field::new("email", Kind::Email).alias("mail").sensitive().absent(Absent::ClearedIfReported);
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
    pub(super) sensitive: bool,
    pub(super) write_canonical: bool,
    pub(super) empty_means_null: bool,
}

impl Field {
    /// A field with the schema's defaults.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            strategy: None,
            absent: None,
            aliases: Vec::new(),
            required: false,
            sensitive: false,
            write_canonical: false,
            empty_means_null: false,
        }
    }

    /// Decides this field by a strategy of its own.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// What the source means by leaving this field out.
    #[must_use]
    pub fn absent(mut self, absent: Absent) -> Self {
        self.absent = Some(absent);
        self
    }

    /// Another name the field is read under: an older name in stored bases, or the source's name for it.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// The field must have a value: a source's null is [`Problem::Required`](crate::value::Problem::Required), and a
    /// new record without it is quarantined.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The field holds personal data; hosts ask before they show it.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Writes the canonical form to the host's record, instead of the source's spelling.
    #[must_use]
    pub fn write_canonical(mut self) -> Self {
        self.write_canonical = true;
        self
    }

    /// Reads an empty list or object as null.
    #[must_use]
    pub fn empty_means_null(mut self) -> Self {
        self.empty_means_null = true;
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether it must have a value.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Whether it holds personal data.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Whether the canonical form is written.
    pub fn writes_canonical(&self) -> bool {
        self.write_canonical
    }

    /// Whether an empty list or object reads as null.
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
    pub fn new<F: Into<String>>(name: impl Into<String>, fields: impl IntoIterator<Item = F>) -> Self {
        Self { name: name.into(), fields: fields.into_iter().map(Into::into).collect(), strategy: None }
    }

    /// Decides the group by a strategy of its own.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
