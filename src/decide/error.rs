//! Why a decision or a restoration cannot be made.

use crate::schema::Privacy;
use crate::value::Problem;

/// Why a decision or a restoration cannot be made. It names fields and groups, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// There is no open conflict about it: it was decided, or the sides agree by now.
    #[error("there is no open conflict about `{unit}`")]
    NotOpen {
        /// The field or group.
        unit: String,
    },
    /// The schema no longer has it.
    #[error("the schema has no field or group `{unit}`")]
    NoSuchUnit {
        /// The field or group.
        unit: String,
    },
    /// Two answers to one question.
    #[error("`{unit}` is answered twice")]
    Twice {
        /// The field or group.
        unit: String,
    },
    /// The value is none of the field.
    #[error("the value for `{field}` {problem}")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// Of a value without a base nobody knows what each part was, so all of its places are answered at once.
    #[error("`{unit}` has no base, so its {open} open places are answered together")]
    AllPlaces {
        /// The field.
        unit: String,
        /// How many places are open.
        open: usize,
    },
    /// The key of a record says which one of its set it is.
    #[error("the value for `{place}` has another key")]
    OtherKey {
        /// The field, and the place in it.
        place: String,
    },
    /// There is no value of a record as a whole.
    #[error("a record as a whole stays removed or is taken back; it has no value to enter")]
    WholeRecord,
    /// A record is removed or it is not: the conflict about that comes before those about its fields.
    #[error("the record as a whole is decided alone, without answers about its fields")]
    NotAlone,
    /// The value of a group is a map by the names of its fields.
    #[error("`{group}` is decided as one: its value is an object of its fields, and of nothing else")]
    NoTuple {
        /// The group.
        group: String,
    },
    /// The next sync would undo it.
    #[error("`{unit}` is enforced: the next sync would bring back the source's value")]
    Enforced {
        /// The field or group.
        unit: String,
    },
    /// A user removed the record here.
    #[error("the record was removed here, so there is nothing to write to")]
    Removed,
    /// The audit holds no value of it.
    #[error("the audit keeps `{field}` {}, so there is no value to restore", how(*.privacy))]
    NotKept {
        /// The field.
        field: String,
        /// How it is kept.
        privacy: Privacy,
    },
    /// A conflict about it waits: its answer decides, and an edit before it might not stay.
    #[error("there is an open conflict about `{unit}`, which is to be decided first")]
    Open {
        /// The field or group.
        unit: String,
    },
    /// A user edited the double: the edits would stay with the record that is marked inactive.
    #[error("it was edited here since it was created{}, and that would stay with the record that is marked inactive", of(.fields))]
    Edited {
        /// The fields and groups, as far as the schema has them.
        fields: Vec<String>,
    },
    /// The id that a record has which gave its own up is longer than ids may be.
    #[error("its id is too long to be given up")]
    LongId,
    /// The entry tells of no value that was overwritten.
    #[error("nothing of `{field}` was overwritten by this entry")]
    NothingOverwritten {
        /// The field.
        field: String,
    },
    /// The value stands there already.
    #[error("`{field}` has this value already")]
    InPlace {
        /// The field.
        field: String,
    },
    /// Restoring a part of a group would make a tuple that nobody entered.
    #[error("`{group}` is decided as one, and the entry of its field `{field}` is missing")]
    PartOfGroup {
        /// The group.
        group: String,
        /// A field without an entry.
        field: String,
    },
}

fn of(fields: &[String]) -> String {
    if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) }
}

fn how(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Plain => "plain",
        Privacy::Redacted => "redacted",
        Privacy::Hashed => "as a hash",
    }
}
