//! Malformed items: that they stay, and what is told of them.

use std::collections::BTreeSet;

use super::probe::{malformed, records};
use super::world::{full, id};
use super::{Fixture, Statement, probe::Probe};
use crate::source::Item;

/// What no report may have.
const CONTENT: &str = "Sorcha 087 765 4321";

/// Lets the source say records and, behind each of them, something that cannot be read. The last one is a record.
/// Returns whether it can.
fn mixed<F: Fixture>(probe: &Probe<'_, F>, id: impl Fn(usize) -> Option<crate::id::ExternalId>) -> bool {
    let unreadable = |number: usize| Statement::Unreadable { id: id(number), content: format!("{CONTENT} {number}") };
    probe.has(full(0));
    (1..4).all(|number| {
        let can = probe.says(&unreadable(number));
        probe.has(full(number));
        can
    })
}

promises! { $ __conformance_connector_malformed in connector::malformed:
    /// Return an item that cannot be read as `Item::Malformed`, and the items around it as they are.
    fn malformed_stays(probe) {
        let with_id = |number: usize| Some(id(&format!("unreadable {number}")));
        for ids in [&(|_| None) as &dyn Fn(usize) -> _, &with_id] {
            let probe = probe.anew();
            if mixed(&probe, ids) {
                let items = probe.list().items;
                probe.equal("how many are malformed", &malformed(&items).len(), &3);
                probe.equal("how many are records", &records(&items).len(), &4);
                probe.lists_full(&items, 0..4);
            }
        }
    }

    /// Give the id of an item that cannot be read, if the id can be read.
    fn malformed_with_its_id(probe) {
        let with_id = |number: usize| Some(id(&format!("unreadable {number}")));
        if mixed(probe, with_id) {
            let ids: Vec<_> = malformed(&probe.list().items).iter().map(|one| one.id.clone()).collect();
            probe.equal("the ids", &ids.into_iter().collect::<BTreeSet<_>>(), &(1..4).map(with_id).collect());
        }
        // An id that cannot be read is not made up.
        let probe = probe.anew();
        if mixed(&probe, |_| None) {
            let made_up = malformed(&probe.list().items).iter().filter(|one| one.id.is_some()).count();
            probe.equal("how many have an id", &made_up, &0);
        }
    }

    /// Say where an item that cannot be read stands and what is wrong with it, without its content.
    fn malformed_without_content(probe) {
        if mixed(probe, |_| None) {
            let items = probe.list().items;
            let listed = malformed(&items);
            let places: BTreeSet<_> = listed.iter().map(|one| one.place.as_str()).collect();
            probe.equal("how many places there are", &places.len(), &listed.len());
            for item in &items {
                let Item::Malformed(one) = item else { continue };
                let is_told = !one.place.is_empty() && !one.problem.is_empty();
                probe.holds(is_told, || format!("a place of {:?} with a problem of {:?}", one.place, one.problem));
                let told = format!("{} {}", one.place, one.problem);
                let quoted = CONTENT.split(' ').find(|word| told.contains(word));
                probe.equal("what is quoted of the content", &quoted, &None);
            }
        }
    }
}
