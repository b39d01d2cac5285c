//! What other crates make of the same people.

use serde_json::Value as Json;
use treediff::tools::{ChangeType, Recorder};

use crate::people::Person;

/// Base, local and remote.
pub(crate) type Jsons = [Json; 3];
/// Base, local and remote.
pub(crate) type Persons = [Person; 3];

/// How many versions differ from their base, by `serde_json`'s equality.
pub(crate) fn json_equality(people: &[Jsons]) -> usize {
    people.iter().map(|[base, local, remote]| usize::from(base != local) + usize::from(base != remote)).sum()
}

/// How many operations the patches from the base to both sides have.
pub(crate) fn json_patch(people: &[Jsons]) -> usize {
    let operations =
        |[base, local, remote]: &Jsons| json_patch::diff(base, local).0.len() + json_patch::diff(base, remote).0.len();
    people.iter().map(operations).sum()
}

/// How many fields differ from their base.
pub(crate) fn treediff(people: &[Jsons]) -> usize {
    let changes = |base, other| {
        let mut recorder = Recorder::default();
        treediff::diff(base, other, &mut recorder);
        recorder.calls.iter().filter(|call| !matches!(call, ChangeType::Unchanged(..))).count()
    };
    people.iter().map(|[base, local, remote]| changes(base, local) + changes(base, remote)).sum()
}

/// How many versions differ from their base, by derived equality of a struct of six strings.
pub(crate) fn struct_equality(people: &[Persons]) -> usize {
    people.iter().map(|[base, local, remote]| usize::from(base != local) + usize::from(base != remote)).sum()
}

/// How many versions differ from their base; the differences themselves are written to a buffer that is used again.
pub(crate) fn serde_diff(people: &[Persons]) -> usize {
    let mut buffer = Vec::new();
    let mut differs = |base, other| {
        buffer.clear();
        let diff = serde_diff::Diff::serializable(base, other);
        serde_json::to_writer(&mut buffer, &diff).expect("a buffer takes everything");
        usize::from(diff.has_changes())
    };
    people.iter().map(|[base, local, remote]| differs(base, local) + differs(base, remote)).sum()
}
