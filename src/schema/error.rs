//! Why a schema cannot be built.

/// Why a schema, or a policy on it, cannot be built. Each says which field, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There is no field.
    #[error("a schema has at least one field")]
    NoFields,
    /// There are more fields than a record can have.
    #[error("a schema has at most {max} fields, this one has {found}")]
    TooManyFields {
        /// The most a record can have.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// A field or group has no name.
    #[error("a field or group has an empty name")]
    EmptyName,
    /// Two fields, aliases or groups have one name.
    #[error("the name `{name}` stands for two things")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A kind that is neither built in nor registered.
    #[error(
        "field `{field}`: unknown kind `{kind}`; expected text, name, code, email, phone, date, timestamp, integer, decimal, \
         boolean, address, set, set_of_records, list, record, map or a kind of the host's own"
    )]
    UnknownKind {
        /// The field.
        field: String,
        /// What was found.
        kind: String,
    },
    /// A kind that this build cannot read, because the crate was compiled without the feature that brings it.
    #[error(
        "field `{field}`: the kind `{kind}` needs the feature `{feature}` of tripartite, which is off in this build"
    )]
    FeatureOff {
        /// The field.
        field: String,
        /// The kind.
        kind: String,
        /// The feature that brings it.
        feature: &'static str,
    },
    /// A setting that is missing, unknown, or of the wrong shape.
    #[error("{place}: {problem}")]
    Setting {
        /// Where, as a path in the schema.
        place: String,
        /// What is wrong with it, and what was expected.
        problem: String,
    },
    /// The elements of a set are not scalars.
    #[error("field `{field}`: a set holds scalar values, not `{of}`")]
    SetOf {
        /// The field.
        field: String,
        /// What was found.
        of: String,
    },
    /// A group names what is no field.
    #[error("group `{group}`: there is no field `{field}`")]
    NoSuchField {
        /// The group.
        group: String,
        /// What it names.
        field: String,
    },
    /// A group of fewer than two fields decides nothing.
    #[error("group `{group}` has fewer than two fields")]
    SmallGroup {
        /// The group.
        group: String,
    },
    /// A group names one field twice, perhaps by an alias.
    #[error("group `{group}` names field `{field}` twice")]
    TwiceInGroup {
        /// The group.
        group: String,
        /// The field.
        field: String,
    },
    /// A field cannot be decided twice.
    #[error("field `{field}` is in two groups, `{first}` and `{second}`")]
    TwoGroups {
        /// The field.
        field: String,
        /// One group.
        first: String,
        /// The other.
        second: String,
    },
    /// A group is decided as one, so its fields cannot have different strategies.
    #[error("group `{group}` is decided as one, but its fields `{first}` and `{second}` have different strategies")]
    MixedGroup {
        /// The group.
        group: String,
        /// One of its fields.
        first: String,
        /// One with another strategy.
        second: String,
    },
    /// `newest_wins` needs a field of kind `timestamp`.
    #[error("strategy newest_wins: `{stamp}` is not a field of kind timestamp")]
    NoStamp {
        /// What it names.
        stamp: String,
    },
    /// No resolver is registered under this name.
    #[error("strategy custom: no resolver `{resolver}` is registered")]
    NoResolver {
        /// The name.
        resolver: String,
    },
}
