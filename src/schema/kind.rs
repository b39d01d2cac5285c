//! Kinds: what a field holds, and so what counts as equal.

use std::collections::BTreeMap;

use super::Strategy;
use crate::normalize::boolean::Words;
use crate::normalize::phone::Region;
use crate::normalize::zone::Zone;
use crate::normalize::{decimal, timestamp};
use crate::value::{Problem, Value};

/// What a field holds, which decides what counts as equal. Equality is by canonical form; see
/// [`normalize`](crate::normalize) for each kind's exact rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Free text: NFC, white space collapsed.
    Text,
    /// A person's or thing's name: as text; apostrophe and dash variants are equal; case counts.
    Name,
    /// A code, such as a login or a licence number: case and blanks at the ends do not count, leading zeros do.
    Code,
    /// An e-mail address: case does not count, the domain goes through IDNA. It needs the feature `idn`.
    Email,
    /// A telephone number, read as dialled in a region, compared in E.164. It needs the feature `phone`.
    Phone {
        /// Where a number without a country code is dialled.
        region: Region,
    },
    /// A calendar date.
    Date {
        /// The formats it may be written in (chrono's `strftime` syntax); ISO 8601 when empty.
        formats: Vec<String>,
        /// The zone of the days, where the source may also send them as instants.
        zone: Option<Zone>,
    },
    /// A point in time: RFC 3339, or as the source writes it.
    Timestamp(timestamp::Notation),
    /// A whole number of any size.
    Integer,
    /// A decimal number of any size, and of any precision where none is declared.
    Decimal(decimal::Notation),
    /// True or false: `true` and `false`, `1` and `0`, or the source's own words.
    Boolean(Words),
    /// A postal address: case, white space and comma-spacing do not count.
    Address,
    /// Distinct values without an order, merged element by element. One value alone is a set of one.
    Set {
        /// The kind of each element; a scalar one.
        of: Box<Kind>,
        /// What stands between the elements where the source writes them as one text.
        delimiter: Option<String>,
    },
    /// Records without an order, each with a key: e-mail addresses by their type, telephone numbers by their label. Records
    /// of one key are matched, whatever their places, and merged as the record says.
    SetOfRecords {
        /// The fields of a record that are its key; at least one. Their canonical forms count, and null is a key, too.
        key: Vec<String>,
        /// What each record holds: a [`Kind::Record`] that has the key's fields among its own.
        of: Box<Kind>,
    },
    /// An ordered list, compared and decided as a whole.
    List,
    /// An object with known keys.
    Record {
        /// The kind of each known key; other keys are compared as in [`Kind::Map`].
        fields: BTreeMap<String, Kind>,
        /// Who decides a key, where it is not who decides the field; of a record that is not atomic.
        strategies: BTreeMap<String, Strategy>,
        /// Decided as a whole, instead of key by key.
        atomic: bool,
    },
    /// Any object, merged key by key, recursively; lists inside are decided as a whole.
    Map,
    /// A host's own kind, by the name it was registered under.
    Custom(String),
}

impl Kind {
    /// Dates in ISO 8601 only.
    pub const DATE: Self = Self::Date { formats: Vec::new(), zone: None };

    /// Points in time in RFC 3339 only.
    pub const TIMESTAMP: Self = Self::Timestamp(timestamp::Notation { formats: Vec::new(), zone: None });

    /// Decimal numbers with a point, every digit of which counts.
    pub const DECIMAL: Self = Self::Decimal(decimal::Notation { comma: false, precision: None });

    /// `true` and `false`, `1` and `0`.
    pub const BOOLEAN: Self = Self::Boolean(Words { yes: Vec::new(), no: Vec::new() });

    /// Dates in the formats of a source.
    ///
    /// ```
    /// use tripartite::schema::Kind;
    /// // as it is written there, and nothing else: ISO 8601 only if it is named
    /// assert_ne!(Kind::dates(["%d/%m/%Y", "%Y-%m-%d"]), Kind::dates(["%d/%m/%Y"]));
    /// assert_eq!(Kind::dates([""; 0]), Kind::DATE);
    /// ```
    pub fn dates<F: Into<String>>(formats: impl IntoIterator<Item = F>) -> Self {
        Self::Date { formats: formats.into_iter().map(Into::into).collect(), zone: None }
    }

    /// A set of values of a scalar kind.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema, SchemaError};
    /// let of_lists = Field::new("tags", Kind::set(Kind::List)); // elements must be scalars
    /// let error = Schema::builder().field(of_lists).build().unwrap_err();
    /// assert_eq!(error, SchemaError::SetOf { field: "tags".to_owned(), of: "list".to_owned() });
    /// ```
    pub fn set(of: Kind) -> Self {
        Self::Set { of: Box::new(of), delimiter: None }
    }

    /// A set that the source writes as one text, such as `coach; referee`. Blanks between elements count as they do in
    /// the elements' kind, and a text that names none is null, because it cannot say that a set is empty.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::value::Value;
    /// let schema = Schema::builder()
    ///     .field(Field::new("roles", Kind::delimited(";", Kind::Text)))
    ///     .build()?;
    /// let record = |roles: &str| schema.record(&serde_json::json!({"roles": roles}));
    /// let (one, other) = (record("coach; referee")?, record("referee;coach;")?);
    /// assert!(schema.same(0, one.field(0), other.field(0)));
    /// assert_eq!(schema.canonical(0, record(";")?.field(0))?, Value::Null);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delimited(delimiter: impl Into<String>, of: Kind) -> Self {
        Self::Set { of: Box::new(of), delimiter: Some(delimiter.into()) }
    }

    /// A set of records, each with a key. Records of one key are matched and merged field by field; a record that one side
    /// added or removed is added or removed alone.
    ///
    /// ```
    /// use tripartite::detect::{Sides, detect};
    /// use tripartite::resolve::resolve;
    /// use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let phone = [("label", Kind::Text), ("number", Kind::Text)];
    /// let schema = Schema::builder()
    ///     .field(Field::new("phones", Kind::set_of_records(["label"], phone)))
    ///     .build()?;
    /// let phones = |list: &[(&str, &str)]| {
    ///     let phone = |(label, number)| serde_json::json!({"label": label, "number": number});
    ///     let list: Vec<_> = list.iter().copied().map(phone).collect();
    ///     schema.record(&serde_json::json!({ "phones": list }))
    /// };
    /// let base = phones(&[("home", "1"), ("work", "2")])?;
    /// let local = phones(&[("home", "7"), ("work", "2")])?; // edited here
    /// let remote = phones(&[("work", "2"), ("mobile", "3"), ("home", "1")])?;
    /// let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
    /// let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
    /// // The source's order means nothing, the edit stays, and what is new stands at the end.
    /// let merged = phones(&[("home", "7"), ("work", "2"), ("mobile", "3")])?;
    /// assert_eq!(resolved.local(), merged);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_of_records<const N: usize>(
        key: [&'static str; N],
        fields: impl IntoIterator<Item = (&'static str, Kind)>,
    ) -> Self {
        Self::SetOfRecords { key: key.map(str::to_owned).into(), of: Box::new(Self::record(fields)) }
    }

    /// An object with known keys, merged key by key.
    ///
    /// ```
    /// use tripartite::schema::Kind;
    /// let address = Kind::record([("street", Kind::Address), ("town", Kind::Name)]);
    /// // for one that is decided as a whole, `Kind::Record { atomic: true, .. }`
    /// assert!(address.is_granular());
    /// ```
    pub fn record(fields: impl IntoIterator<Item = (&'static str, Kind)>) -> Self {
        let fields = fields.into_iter().map(|(key, kind)| (key.to_owned(), kind)).collect();
        Self::Record { fields, strategies: BTreeMap::new(), atomic: false }
    }

    /// Decides one key of a record, or of the records of a set, by a strategy of its own. The strategy of a record override
    /// still comes first. A record that one side has not is added or removed whole, by the strategy of the field.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema, Strategy};
    /// let mail = [("type", Kind::Text), ("value", Kind::Email), ("primary", Kind::BOOLEAN)];
    /// // which address is written to first is the host's own business
    /// let mails =
    ///     Kind::set_of_records(["type"], mail).strategy("primary", Strategy::LocalOwned);
    /// assert!(Schema::builder().field(Field::new("mails", mails.clone())).build().is_ok());
    /// let wrong = mails.strategy("premium", Strategy::LocalOwned);
    /// let error = Schema::builder().field(Field::new("mails", wrong)).build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "field `mails`: a strategy is stated for `premium`, which is not among its `fields`"
    /// );
    /// ```
    #[must_use]
    pub fn strategy(mut self, key: impl Into<String>, strategy: Strategy) -> Self {
        match &mut self {
            Self::Record { strategies, .. } => {
                strategies.insert(key.into(), strategy);
                self
            }
            Self::SetOfRecords { of, .. } => {
                let inner = std::mem::replace(&mut **of, Self::Map).strategy(key, strategy);
                **of = inner;
                self
            }
            _ => self,
        }
    }

    /// The strategy of one key of its own.
    pub(crate) fn strategy_of(&self, key: &str) -> Option<&Strategy> {
        match self {
            Self::Record { strategies, .. } => strategies.get(key),
            _ => None,
        }
    }

    /// The strategies of all keys in it, however deep.
    pub(crate) fn strategies(&self) -> Vec<&Strategy> {
        match self {
            Self::Record { fields, strategies, .. } => {
                strategies.values().chain(fields.values().flat_map(Self::strategies)).collect()
            }
            Self::SetOfRecords { of, .. } => of.strategies(),
            _ => Vec::new(),
        }
    }

    /// The name, as a schema file has it.
    ///
    /// ```
    /// use tripartite::schema::Kind;
    /// assert_eq!(Kind::set(Kind::Email).name(), "set"); // without what it is of
    /// assert_eq!(Kind::Custom("eircode".to_owned()).name(), "eircode");
    /// ```
    pub fn name(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Name => "name",
            Self::Code => "code",
            Self::Email => "email",
            Self::Phone { .. } => "phone",
            Self::Date { .. } => "date",
            Self::Timestamp(_) => "timestamp",
            Self::Integer => "integer",
            Self::Decimal(_) => "decimal",
            Self::Boolean(_) => "boolean",
            Self::Address => "address",
            Self::Set { .. } => "set",
            Self::SetOfRecords { .. } => "set_of_records",
            Self::List => "list",
            Self::Record { .. } => "record",
            Self::Map => "map",
            Self::Custom(name) => name,
        }
    }

    /// The feature that brings this kind, if this build is without it.
    pub(super) fn feature_that_is_off(&self) -> Option<&'static str> {
        match self {
            Self::Email if cfg!(not(feature = "idn")) => Some("idn"),
            Self::Phone { .. } if cfg!(not(feature = "phone")) => Some("phone"),
            _ => None,
        }
    }

    /// Whether a value is one thing, rather than a collection.
    ///
    /// ```
    /// use tripartite::schema::Kind;
    /// // a host's kind has one text as its form
    /// assert!(Kind::Custom("eircode".to_owned()).is_scalar());
    /// assert!(!Kind::set(Kind::Text).is_scalar());
    /// ```
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::Set { .. } | Self::SetOfRecords { .. } | Self::List | Self::Record { .. } | Self::Map)
    }

    /// Whether it is merged part by part, under every strategy: an object by its keys, a set of records by theirs.
    ///
    /// ```
    /// use tripartite::schema::Kind;
    /// assert!(Kind::Map.is_granular());
    /// assert!(!Kind::set(Kind::Text).is_granular()); // merged, but element by element
    /// ```
    pub fn is_granular(&self) -> bool {
        matches!(self, Self::Map | Self::Record { atomic: false, .. } | Self::SetOfRecords { .. })
    }
}

/// A host's own kind of value.
///
/// * **Must**: be pure and total, answer the same for the same raw value, and map its own canonical forms to
///   themselves.
/// * **May**: refuse a value with a [`Problem`], usually [`Problem::Custom`]; its text must not hold the value.
/// * **The core relies on** two values being equal iff their canonical forms are. Null and missing never get here.
///
/// ```
/// use std::sync::Arc;
/// use tripartite::schema::{CustomKind, Field, Kind, Schema};
/// use tripartite::value::{Problem, Value};
///
/// /// Irish postcodes: "D02 AF30" and "d02af30" are one.
/// struct Eircode;
/// impl CustomKind for Eircode {
///     fn canonical(&self, raw: &Value) -> Result<String, Problem> {
///         let text = raw.as_text().unwrap_or_default();
///         let code: String = text
///             .chars()
///             .filter(|c| !c.is_whitespace())
///             .map(|c| c.to_ascii_uppercase())
///             .collect();
///         let fits = code.len() == 7 && code.bytes().all(|b| b.is_ascii_alphanumeric());
///         fits.then_some(code).ok_or_else(|| Problem::Custom("is not an Eircode".into()))
///     }
/// }
/// let schema = Schema::builder()
///     .field(Field::new("eircode", Kind::Custom("eircode".into())))
///     .kind("eircode", Arc::new(Eircode))
///     .build()?;
/// # let _ = schema;
/// # Ok::<(), tripartite::schema::SchemaError>(())
/// ```
pub trait CustomKind: Send + Sync {
    /// The canonical form of a raw value.
    ///
    /// # Errors
    /// A [`Problem`] when the value is none of this kind.
    fn canonical(&self, raw: &Value) -> Result<String, Problem>;
}
