//! Two rows of one schema, and in which fields they are the same.
//!
//! Most of two rows is the same, so the fields that both begin with and those that both end with are found once, over the
//! bytes of all of them together. Only what stands between is compared field by field.

use super::Record;
use super::record::{Cell, END_BITS, END_MASK};
use super::shared::{shared_end, shared_start};

/// Two rows, one beside the other.
pub(crate) struct Pair<'a> {
    cells: &'a [Cell],
    others: &'a [Cell],
    payload: &'a [u8],
    besides: &'a [u8],
    /// So many fields both have.
    both: usize,
    /// The fields before this one are the same.
    from: usize,
    /// And so are those from this one on.
    to: usize,
}

impl<'a> Pair<'a> {
    pub(crate) fn of(one: &'a Record, other: &'a Record) -> Self {
        let ((cells, payload), (others, besides)) = (one.parts(), other.parts());
        let both = cells.len().min(others.len());
        let mut pair = Self { cells, others, payload, besides, both, from: 0, to: both };
        pair.from = pair.first();
        pair.to = pair.last();
        pair
    }

    /// Whether both rows have a field, and the same in it.
    #[inline]
    pub(crate) fn is_same(&self, position: usize) -> bool {
        position < self.from || (self.to..self.both).contains(&position) || self.has_same(position)
    }

    fn has_same(&self, position: usize) -> bool {
        let (Some(cell), Some(other)) = (self.cells.get(position), self.others.get(position)) else { return false };
        let bytes = self.payload.get(start(self.cells, position)..end(cell));
        tag(cell) == tag(other) && bytes == self.besides.get(start(self.others, position)..end(other))
    }

    /// How many fields are the same before the first that may differ.
    fn first(&self) -> usize {
        let shared = shared_start(self.payload, self.besides);
        let cells = self.cells.iter().zip(self.others);
        cells.take_while(|(cell, other)| cell == other && end(cell) <= shared).count()
    }

    /// Behind which field all are the same.
    fn last(&self) -> usize {
        let (len, besides) = (self.payload.len(), self.besides.len());
        // What stands behind the last field is no field, and shifts all of them where one row has more of it.
        let beyond = (len - start(self.cells, self.both), besides - start(self.others, self.both));
        if self.cells.len() != self.others.len() || beyond.0 != beyond.1 {
            return self.both;
        }
        let shared = shared_end(self.payload, self.besides);
        let is_same = |&at: &usize| {
            let behind = len - start(self.cells, at);
            let alike = behind <= shared && behind == besides - start(self.others, at);
            alike && tag(&self.cells[at]) == tag(&self.others[at])
        };
        self.both - (self.from..self.both).rev().take_while(is_same).count()
    }
}

fn tag(cell: &Cell) -> u32 {
    u32::from_le_bytes(*cell) >> END_BITS
}

fn end(cell: &Cell) -> usize {
    (u32::from_le_bytes(*cell) & END_MASK) as usize
}

fn start(cells: &[Cell], position: usize) -> usize {
    position.checked_sub(1).map_or(0, |before| end(&cells[before]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pair;
    use crate::value::{Record, RecordBuilder, Value};

    fn row(fields: &[Option<Value>], extra: &str) -> Record {
        let mut row = RecordBuilder::new(fields.len());
        for (position, value) in fields.iter().enumerate() {
            if let Some(value) = value {
                row.set(position, value).unwrap();
            }
        }
        if !extra.is_empty() {
            row.set_extra([("x".to_owned(), Value::from(extra))].into()).unwrap();
        }
        row.finish()
    }

    fn any_field() -> impl Strategy<Value = Option<Value>> {
        prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            Just(Some(Value::Bool(true))),
            (0i64..3).prop_map(|int| Some(Value::from(int))),
            // Of one letter, so that bytes are the same also where fields begin and end elsewhere.
            "a{0,9}".prop_map(|text| Some(Value::Text(text))),
            "[ab]{0,20}".prop_map(|text| Some(Value::Text(text))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Also of rows of which one has a field less, or more to say beyond them.
        #[test]
        fn what_two_rows_share_is_what_their_fields_share(
            fields in prop::collection::vec(any_field(), 0..8),
            edits in prop::collection::vec((0usize..8, any_field()), 0..3),
            shorter in 0usize..2,
            extra in ["a{0,3}", "a{0,3}"],
        ) {
            let mut others = fields.clone();
            for (position, value) in edits {
                if let Some(field) = others.get_mut(position) {
                    *field = value;
                }
            }
            others.truncate(others.len().saturating_sub(shorter));
            let (one, other) = (row(&fields, &extra[0]), row(&others, &extra[1]));
            let pair = Pair::of(&one, &other);
            for position in 0..10 {
                let both = position < one.len() && position < other.len();
                let same = both && one.field(position) == other.field(position);
                prop_assert_eq!(pair.is_same(position), same, "field {}", position);
            }
        }
    }
}
