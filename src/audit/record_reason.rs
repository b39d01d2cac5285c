//! Why something was decided about a record as a whole, as data.

use super::RecordEntry;
use super::sentences::sentences;
use crate::id::{ExternalId, LocalId};

sentences! {
    /// Why something was decided about a record as a whole: names and ids, never a value of a field.
    ///
    /// Its `Display` says it in English: that is the sentence of an entry, [`RecordEntry::why`], and
    /// [`RecordEntry::reason`] reads it again. A host that speaks another language makes its own sentence of the data. This
    /// enum is exhaustive: a catalogue says each of them.
    ///
    /// ```
    /// use tripartite::audit::RecordReason;
    /// let reason = RecordReason::Rekeyed { from: "7".parse()? };
    /// let sentence = "The source called this record 7 before; its link and base moved with it.";
    /// assert_eq!((reason.to_string().as_str(), RecordReason::read(sentence)), (sentence, Some(reason)));
    /// assert_eq!(RecordReason::read("somebody wrote this"), None);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub enum RecordReason {
        /// The source sent an older version than the one that was decided on.
        Stale => "What the source sent is older than what was decided on, so it was ignored.";
        /// It was removed here, and the source changed it.
        Removed => "The source changed this record, but somebody here removed it, so it stays removed.";
        /// The source's id may mean another one by now.
        Replaced => "Every field that says who this is changed at the source at once: its id may have been given to somebody else. Nothing of it was written, and a person decides whether it is the same one.";
        /// The source lists it again.
        Reappeared => "The source lists this record again, so it is active again.";
        /// Only the source had it.
        Created => "The source has this record and nothing here is linked to it, so it was created.";
        /// A complete listing no longer has it.
        Missing => "The source's complete listing no longer has this record, so it was marked inactive.";
        /// The source says that it is gone.
        Gone => "The source says that this record is gone, so it was marked inactive.";
        /// A complete listing no longer has it, and it was edited here.
        MissingEdited {
            /// The fields that were edited.
            fields: Vec<String>
        } => "The source's complete listing no longer has this record, but somebody here edited {fields}; it was marked inactive, and whether it stays so is for a person to decide.";
        /// The source says that it is gone, and it was edited here.
        GoneEdited {
            /// The fields that were edited.
            fields: Vec<String>
        } => "The source says that this record is gone, but somebody here edited {fields}; it was marked inactive, and whether it stays so is for a person to decide.";
        /// It was made active again here, and the source still does not have it.
        KeptActive => "The source still does not have this record, but somebody here made it active again after a sync had marked it inactive, so it stays active.";
        /// A trusted match rule linked it.
        Found {
            /// The rule.
            rule: String,
            /// The record here.
            local: LocalId
        } => "The match rule `{rule}` says that record {local} here, which had no external id, is this one; the two were linked.";
        /// The source gave it another id.
        Rekeyed {
            /// Its id before.
            from: ExternalId
        } => "The source called this record {from} before; its link and base moved with it.";
        /// A person left it removed.
        LeftRemoved => "Asked about a record that was removed here and changed at the source, a person left it removed.";
        /// A person took it back after it was removed here.
        TakenBack => "Asked about a record that was removed here and changed at the source, a person took it back.";
        /// A person said that the id still means the same one.
        Same => "Asked whether the source still means the same one by this id, a person said so and took what it says.";
        /// A person said that the id means another one.
        Another => "Asked whether the source still means the same one by this id, a person said that it is another; this one gave the id up.";
        /// A person left it inactive although it was edited here.
        LeftInactive => "Asked about a record that was edited here and that the source no longer has, a person left it inactive.";
        /// A person took it back although the source no longer has it.
        KeptOn => "Asked about a record that was edited here and that the source no longer has, a person took it back.";
        /// A person linked it.
        Linked {
            /// The record here.
            local: LocalId
        } => "A person said that record {local} here is this one; the two were linked.";
        /// A person said that the source gave it another id.
        Renamed {
            /// Its id before.
            from: ExternalId
        } => "A person said that the record which the source called {from} is this one; its link and base moved.";
        /// A person said that another record of the source is not this one.
        Parted {
            /// The other one.
            other: ExternalId
        } => "A person said that {other} of the source is not this record.";
        /// A person said that a record here is not this one.
        Rejected {
            /// The record here.
            local: LocalId
        } => "A person said that record {local} here is not this one.";
        /// A person said that it was entered twice.
        Double {
            /// The record here that gave the id up.
            double: LocalId,
            /// The record here that is the right one.
            local: LocalId,
            /// The id.
            id: ExternalId
        } => "A person said that record {double} here is record {local}, and was entered twice; it gave {id} up, and keeps its values.";
    }
}

impl RecordEntry {
    /// Why it was decided, as data; `None` where another version wrote a sentence that this one does not have.
    ///
    /// ```
    /// use tripartite::audit::{RecordEntry, RecordReason};
    /// let stored = r#"{"situation": "Rekeyed", "action": "touch",
    ///     "why": "The source called this record F-6 before; its link and base moved with it."}"#;
    /// let entry: RecordEntry = serde_json::from_str(stored)?;
    /// assert_eq!(entry.reason(), Some(RecordReason::Rekeyed { from: "F-6".parse()? }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reason(&self) -> Option<RecordReason> {
        RecordReason::read(&self.why)
    }
}
