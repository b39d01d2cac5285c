//! Pages: whether all of a listing is on them.

use super::probe::records;

promises! { $ __conformance_connector_pages in connector::pages:
    /// List every record of the source, on as many pages as it takes.
    fn every_record(probe) {
        // Up to the last place of a page, and one behind it: where one place too many or too few loses a record.
        let page = probe.page();
        let sizes = [1, page - 1, page, page + 1, 2 * page, 2 * page + page / 2 + 1];
        for size in sizes {
            let probe = probe.anew();
            probe.has_full(0..size);
            let listed = probe.list();
            probe.lists_full(&listed.items, 0..size);
            probe.equal("how many records are listed", &records(&listed.items).len(), &size);
        }
    }

    /// Begin at the first page if there is no cursor, also after an enumeration that was broken off.
    fn begins_anew(probe) {
        let size = probe.page() * 2 + 1;
        probe.has_full(0..size);
        let connector = probe.connect();
        probe.fetch(&connector, None);
        for _ in 0..2 {
            let listed = probe.turn(&connector, |_| ());
            probe.lists_full(&listed.items, 0..size);
        }
    }

    /// Give a page without items if the source has no record.
    fn empty_source(probe) {
        probe.equal("how many items there are", &probe.list().items.len(), &0);
        // Also one that had records.
        probe.has_full(0..1);
        probe.remove(&super::world::nth(0));
        probe.equal("how many items there are", &probe.list().items.len(), &0);
    }
}
