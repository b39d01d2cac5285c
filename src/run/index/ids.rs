//! Ids, each once, in the order in which they came.
//!
//! A host reads its index in some order, and a source lists its records in some order. Both orders are mostly the same
//! every night, and often they are equal. So an id is first looked for near the place where the last one was found. Ids
//! that come in ascending order cannot repeat, so no table is made of them until an id is asked for out of order:
//!
//! | ids came | then asked for | what it costs |
//! |---|---|---|
//! | `1 2 3 4` | `1 2 3 4` | one comparison each |
//! | `1 2 3 4` | `1 2 4` | the same: the next few are looked at |
//! | `1 2 3 4` | `3 1 …` | a table of all ids, once; then a look-up each |
//! | `3 1 2` | | a table from the first that does not ascend |

use std::cmp::Ordering;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::chunks::Chunks;

/// The size of a block of id texts in bytes. No id is longer.
const BLOCK: usize = 1 << 16;

/// How many ids after the last one found are compared before the table is asked. The first id follows the last.
const AHEAD: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Ids {
    text: Vec<Vec<u8>>,
    places: Chunks<Place>,
    /// The table of all ids; `None` as long as they ascend and no id was asked for out of order.
    table: Option<HashTable<u32>>,
    /// The last one that was found or added.
    recent: usize,
}

/// Where the text of an id is: its block, its first byte and its length.
#[derive(Debug, Clone, Copy)]
struct Place {
    block: u32,
    start: u16,
    len: u16,
}

impl Ids {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn get(&self, at: usize) -> &str {
        std::str::from_utf8(self.bytes(at)).unwrap_or_default()
    }

    /// The position of an id. A new id is added.
    pub(super) fn place(&mut self, id: &str) -> usize {
        let found = if self.ascends_to(id) { None } else { self.ahead(id).or_else(|| self.find(id)) };
        self.recent = found.unwrap_or_else(|| self.add(id));
        self.recent
    }

    /// The position of an id, if it is there. Ascending ids are searched by bisection.
    pub(super) fn look_up(&self, id: &str) -> Option<usize> {
        if let Some(at) = self.ahead(id) {
            return Some(at);
        }
        if let Some(table) = &self.table {
            let same = |&at: &u32| self.bytes(at as usize) == id.as_bytes();
            return table.find(xxh3_64(id.as_bytes()), same).map(|&at| at as usize);
        }
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.bytes(middle).cmp(id.as_bytes()) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// Whether all ids ascend, and this one comes after the last.
    fn ascends_to(&self, id: &str) -> bool {
        let last = self.len().checked_sub(1).map(|last| self.bytes(last));
        self.table.is_none() && last.is_none_or(|last| last < id.as_bytes())
    }

    /// Compares the next few ids after the last one found.
    fn ahead(&self, id: &str) -> Option<usize> {
        let around = |at: usize| if at < self.len() { at } else { at - self.len() };
        let mut near = (self.recent..self.recent + AHEAD.min(self.len())).map(around);
        near.find(|&at| self.bytes(at) == id.as_bytes())
    }

    /// Asks the table, and adds the id to it if it is new.
    fn find(&mut self, id: &str) -> Option<usize> {
        let mut table = self.table.take().unwrap_or_else(|| self.table_of_all());
        let hash = xxh3_64(id.as_bytes());
        let found = table.find(hash, |&at| self.bytes(at as usize) == id.as_bytes()).copied();
        if found.is_none() {
            table.insert_unique(hash, self.len() as u32, |&at| xxh3_64(self.bytes(at as usize)));
        }
        self.table = Some(table);
        found.map(|at| at as usize)
    }

    fn table_of_all(&self) -> HashTable<u32> {
        let mut table = HashTable::with_capacity(self.len() + 1);
        for at in 0..self.len() {
            table.insert_unique(xxh3_64(self.bytes(at)), at as u32, |&at| xxh3_64(self.bytes(at as usize)));
        }
        table
    }

    fn add(&mut self, id: &str) -> usize {
        if self.text.last().is_none_or(|block| block.len() + id.len() > BLOCK) {
            self.text.push(Vec::with_capacity(BLOCK));
        }
        let (at, number) = (self.len(), self.text.len() - 1);
        if let Some(block) = self.text.last_mut() {
            self.places.push(Place { block: number as u32, start: block.len() as u16, len: id.len() as u16 });
            block.extend_from_slice(id.as_bytes());
        }
        at
    }

    fn bytes(&self, at: usize) -> &[u8] {
        let Place { block, start, len } = self.places[at];
        &self.text[block as usize][usize::from(start)..][..usize::from(len)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Ids;

    proptest! {
        /// Whatever order ids come in, each has one place, and keeps it.
        #[test]
        fn an_id_has_one_place(
            ascending in any::<bool>(),
            mut first in prop::collection::vec(0u16..300, 0..300),
            then in prop::collection::vec((0u16..400, 1u16..20), 0..100),
        ) {
            if ascending {
                first.sort_unstable();
            }
            // Runs that ascend, as listings do, and jumps between them.
            let runs = then.into_iter().flat_map(|(start, len)| start..start + len);
            let (mut ids, mut model) = (Ids::default(), BTreeMap::new());
            for number in first.into_iter().chain(runs) {
                let id = format!("{number:03}");
                prop_assert_eq!(ids.look_up(&id), model.get(&number).copied());
                let expected = *model.entry(number).or_insert(ids.len());
                prop_assert_eq!(ids.place(&id), expected);
                prop_assert_eq!(ids.get(expected), id);
            }
            prop_assert_eq!(ids.len(), model.len());
        }
    }

    #[test]
    fn ids_that_are_longer_than_what_is_left_of_a_block() {
        let mut ids = Ids::default();
        let long: Vec<String> = (0..1000).map(|number| format!("{number:0500}")).collect();
        for (at, id) in long.iter().enumerate() {
            assert_eq!(ids.place(id), at);
        }
        assert!(long.iter().enumerate().all(|(at, id)| ids.get(at) == id && ids.place(id) == at));
    }

    /// As if 4 GiB of text were there already.
    #[test]
    fn ids_beyond_four_gibibytes_of_text() {
        let mut ids = Ids { text: vec![Vec::new(); (1 << 16) + 3], ..Ids::default() };
        let some: Vec<String> = (0..1000).map(|number| format!("{number:0500}")).collect();
        let places: Vec<usize> = some.iter().map(|id| ids.place(id)).collect();
        assert!(some.iter().zip(places).all(|(id, at)| ids.get(at) == id && ids.look_up(id) == Some(at)));
    }

    #[test]
    fn no_table_is_made_of_what_is_in_order() {
        let mut ids = Ids::default();
        for turn in 0..2 {
            for number in (0..1000).filter(|number| turn == 0 || number % 100 != 0) {
                ids.place(&format!("{number:04}"));
            }
        }
        assert!(ids.table.is_none());
        ids.place("0500");
        assert!(ids.table.is_some());
    }
}
