//! Why a statement of the source was set aside, as data.

use super::{CreationRefusal, Quarantined};
use crate::audit::sentences;
use crate::id::ExternalId;

sentences! {
    /// Why a statement of the source was set aside, where no match rule says it: ids and names, never a value of a field.
    ///
    /// Its `Display` says it in English: that is [`Quarantined::problem`], and [`Quarantined::reason`] reads it again. What
    /// cannot be read at all is said in the words of its connector, and is none of these. This enum is exhaustive: a
    /// catalogue says each of them.
    ///
    /// ```
    /// use tripartite::plan::AsideReason;
    /// let reason = AsideReason::Required { field: "name".to_owned() };
    /// assert_eq!(reason.to_string(), "field `name` is required, but has no valid value");
    /// assert_eq!(AsideReason::read(&reason.to_string()), Some(reason));
    /// ```
    pub enum AsideReason {
        /// Several records here have the id.
        Shared => "several records here have this id; which of them it is, a person decides";
        /// The listing has it twice, and not the same.
        Contradicted => "the listing has this record twice, and not the same";
        /// Two spellings of one id stand for two records.
        TwoSpellings => "this id and another spelling of it are one, and stand for two records";
        /// The source gave one id to several records.
        GivenTwice {
            /// The id.
            to: ExternalId
        } => "the source gave {to} to this record, and an id is given twice";
        /// The source gave it another id, and contradicts itself.
        MoveContradicted => "the source says that this record has another id, and contradicts itself";
        /// It may have had another id, and the source contradicts itself.
        OriginContradicted => "the source may have called this record otherwise before, and contradicts itself";
        /// The source gave it another id, and several records here have one of the two.
        MoveShared => "the source gave this record another id, and several records here have one of the two";
        /// The source gave the id to a record, and another one here has it.
        IdTaken {
            /// The record that was to have it.
            from: ExternalId
        } => "the source gave this id to the record {from}, but another record here has it";
        /// A required field has no valid value.
        Required {
            /// The field.
            field: String
        } => "field `{field}` is required, but has no valid value";
    }
}

impl From<CreationRefusal> for AsideReason {
    fn from(refusal: CreationRefusal) -> Self {
        match refusal {
            CreationRefusal::Required { field } => Self::Required { field },
        }
    }
}

impl Quarantined {
    /// Why it was set aside, as data; `None` for an answer of the match rules, which is data as
    /// [`matched`](field@Self::matched), and for the words of a connector.
    ///
    /// ```
    /// use tripartite::audit::Situation;
    /// use tripartite::plan::{AsideReason, Quarantined};
    /// let twice = "the listing has this record twice, and not the same";
    /// let aside = Quarantined::new(Situation::DuplicateRemote, twice);
    /// assert_eq!(aside.reason(), Some(AsideReason::Contradicted));
    /// assert_eq!(Quarantined::new(Situation::Malformed, "expected `}`").reason(), None);
    /// ```
    pub fn reason(&self) -> Option<AsideReason> {
        AsideReason::read(&self.problem)
    }
}
