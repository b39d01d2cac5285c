//! What people at the club changed by hand: plain SQL, each with its reason.

use tripartite_sqlite::store::{SqliteStore, StoreError};

use crate::term::{Console, dim, wrapped};

const EDITS: &str = include_str!("../../demo/edits.sql");

/// When the first edit is made, in minutes of the day, and how long it is until the next.
const FIRST: usize = 9 * 60 + 5;
const NEXT: usize = 41;

/// Makes each edit, and says why somebody did.
pub(super) fn apply(console: &mut Console, store: &SqliteStore) -> Result<(), StoreError> {
    for (at, (reason, statement)) in edits().enumerate() {
        store.edit(statement)?;
        let minutes = FIRST + at * NEXT;
        let time = dim(format!("{:02}:{:02} ·", minutes / 60 % 24, minutes % 60));
        let mut lines = wrapped(reason, 90).into_iter();
        console.print(format!("  {time} {}", lines.next().unwrap_or_default()));
        for line in lines {
            console.print(format!("          {line}"));
        }
    }
    Ok(())
}

/// A reason and its statement are two lines; blank ones stand between.
fn edits() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pairs = EDITS.split("\n\n").filter_map(|pair| pair.trim().split_once('\n'));
    pairs.map(|(reason, statement)| (reason.trim_start_matches("--").trim(), statement))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_edit_has_a_reason() {
        assert_eq!(super::edits().count(), super::EDITS.matches("UPDATE members").count());
    }
}
