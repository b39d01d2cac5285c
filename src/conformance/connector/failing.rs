//! Failures: their classes, and what comes after them.

use std::time::Duration;

use super::probe::records;
use crate::failure::Failure;
use crate::source::Next;

promises! { $ __conformance_connector_failing in connector::failing:
    /// Classify a failure as what it is, and hand on how long the source asks to wait.
    fn failure_as_classified(probe) {
        let wait = |seconds| Failure::Retry { after: Some(Duration::from_secs(seconds)) };
        let soon = Failure::Retry { after: None };
        let classes = [soon, wait(120), wait(7), Failure::Denied, Failure::Gone, Failure::Fatal];
        for class in classes {
            let probe = probe.anew();
            probe.has_full(0..1);
            let connector = probe.connect();
            if probe.fail(Some(class)) {
                probe.equal("the failure", &probe.failure(&connector, None), &class);
            }
        }
    }

    /// Give the page of a cursor that is asked for again after a failure.
    fn goes_on_after_a_failure(probe) {
        let size = probe.page() * 2 + 1;
        probe.has_full(0..size);
        let connector = probe.connect();
        let mut items = Vec::new();
        let mut after = None;
        loop {
            // Each page fails once.
            if !probe.fail(Some(Failure::Retry { after: None })) {
                break;
            }
            probe.failure(&connector, after.as_ref());
            probe.fail(None);
            let page = probe.fetch(&connector, after.as_ref());
            items.extend(page.items);
            match page.next {
                Next::More(cursor) => after = Some(cursor),
                _ => {
                    probe.equal("how many records are listed", &records(&items).len(), &size);
                    break;
                }
            }
        }
    }
}
