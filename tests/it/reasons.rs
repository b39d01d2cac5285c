//! Reasons about whole records and about what is set aside: each sentence is read again as the reason that it says.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tripartite::audit::{AuditEntry, RecordReason, Situation};
use tripartite::id::{ExternalId, LocalId};
use tripartite::plan::{AsideReason, Quarantined};

/// The stored sentence of an entry about a record as a whole is its reason, said.
pub(crate) fn said_by_its_reason(entry: &AuditEntry) {
    if let AuditEntry::Record(entry) = entry {
        assert_eq!(entry.reason().map(|reason| reason.to_string()), Some(entry.why.clone()), "{:?}", entry.situation);
    }
}

/// What is set aside has a reason as data: its own, or the answer of the match rules. Only a connector has words of its own.
pub(crate) fn set_aside_for_a_reason(aside: &Quarantined) {
    let said = aside.reason().map(|reason| reason.to_string());
    let is_data = said.as_ref() == Some(&aside.problem) || aside.matched.is_some();
    assert!(is_data || aside.situation == Situation::Malformed, "{aside:?}");
}

#[test]
fn each_sentence_is_read_as_the_reason_that_said_it() {
    let (records, asides) = (RecordReason::one_of_each(), AsideReason::one_of_each());
    for reason in &records {
        assert_eq!(RecordReason::read(&reason.to_string()).as_ref(), Some(reason));
    }
    for reason in &asides {
        assert_eq!(AsideReason::read(&reason.to_string()).as_ref(), Some(reason));
    }
    let said: BTreeSet<_> = records.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), records.len(), "two reasons in the same words");
}

proptest! {
    /// Whatever the names are, the sentence stays; and of names that are none of its words the reason stays, too.
    #[test]
    fn a_sentence_is_read_whatever_it_names(
        rule in "\\PC{1,12}", field in "[a-z_]{1,9}", id in "[!-~]{1,20}", local in "[!-~]{1,20}", shown in "[A-Z0-9-]{1,9}",
    ) {
        let (id, local) = (ExternalId::new(id).unwrap(), LocalId::new(local).unwrap());
        let (to, from) = (ExternalId::new(&*shown).unwrap(), id.clone());
        let fields = vec![field.clone(), "town".to_owned()];
        for reason in [
            RecordReason::Found { rule, local: local.clone() },
            RecordReason::Double { double: local.clone(), local, id: to.clone() },
            RecordReason::GoneEdited { fields: fields.clone() },
        ] {
            let said = reason.to_string();
            prop_assert_eq!(RecordReason::read(&said).map(|read| read.to_string()), Some(said));
        }
        for reason in [RecordReason::MissingEdited { fields }, RecordReason::Parted { other: to.clone() }] {
            prop_assert_eq!(RecordReason::read(&reason.to_string()), Some(reason));
        }
        for reason in [AsideReason::GivenTwice { to }, AsideReason::IdTaken { from }, AsideReason::Required { field }] {
            prop_assert_eq!(AsideReason::read(&reason.to_string()), Some(reason));
        }
    }

    /// What is no such sentence is no reason, and reading it does not panic.
    #[test]
    fn no_other_text_is_a_reason(text in "\\PC*") {
        prop_assert_eq!((RecordReason::read(&text), AsideReason::read(&text)), (None, None));
    }
}
