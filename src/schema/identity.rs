//! Identity: which fields say who a record is about, and when two records are about two people.

use super::{Kind, NullMeans, Schema};
use crate::value::{FieldRef, Record, Value};

impl Schema {
    /// The positions of the fields that say who a record is about: those that are marked, else all names and dates.
    pub(crate) fn identity(&self) -> impl Iterator<Item = usize> {
        let is_marked = self.fields().iter().any(|field| field.is_identity());
        let says = move |kind: &Kind| matches!(kind, Kind::Name | Kind::Date { .. }) && !is_marked;
        let all = self.fields().iter().enumerate();
        all.filter(move |(_, field)| field.is_identity() || says(field.kind())).map(|(at, _)| at)
    }

    /// Whether a record says of itself that it is about somebody else: every field of identity that is `known`, two or
    /// more, is another one. What is emptied is another one beside a field that is not; what is not said, or cannot be
    /// read, is none. Where two columns changed places, the values are the same ones.
    pub(crate) fn is_another(&self, known: &Record, said: &Record) -> bool {
        // One that stands as it stood says who it is, and costs no canonical form: nearly every record that changed.
        if self.identity().any(|at| self.stands(at, known.field(at), said.field(at))) {
            return false;
        }
        let all = self.identity().filter_map(|at| Some((at, self.told(at, known.field(at))?)));
        let known: Vec<(usize, Value)> = all.collect();
        let told: Vec<Value> = known.iter().filter_map(|&(at, _)| self.told(at, said.field(at))).collect();
        let clears = |at| self.null_means(at) == NullMeans::Cleared;
        let emptied =
            |at: usize| clears(at) && !said.field(at).is_missing() && self.is_null(&self.fields()[at], said.field(at));
        let is_said = |&(at, _): &(usize, Value)| emptied(at) || self.told(at, said.field(at)).is_some();
        let is_new = !known.iter().any(|(_, value)| told.contains(value));
        known.len() > 1 && !told.is_empty() && is_new && known.iter().all(is_said)
    }

    /// Whether two records agree in any field that says who they are about.
    pub(crate) fn is_partly(&self, one: &Record, other: &Record) -> bool {
        let agree = |at| self.told(at, one.field(at)).is_some_and(|told| Some(told) == self.told(at, other.field(at)));
        self.identity().any(agree)
    }

    /// Whether both say the same, letter by letter, and it can be read.
    fn stands(&self, at: usize, known: FieldRef<'_>, said: FieldRef<'_>) -> bool {
        let field = &self.fields()[at];
        let reads = || self.reads_at_a_glance(field, said) || self.canonical(at, said).is_ok();
        known == said && !self.is_null(field, said) && reads()
    }

    fn told(&self, at: usize, raw: FieldRef<'_>) -> Option<Value> {
        if self.is_null(&self.fields()[at], raw) { None } else { self.canonical(at, raw).ok() }
    }
}
