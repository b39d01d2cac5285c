//! Reading ahead changes the time and nothing else: also where a page fails, where the reader panics, and where a run is
//! given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::source::{Connector, Cursor, Next, Page};
use tripartite_sources::ahead::Ahead;

#[derive(Debug, thiserror::Error)]
#[error("the line is dead")]
struct Lost;

impl Classify for Lost {
    fn failure(&self) -> Failure {
        Failure::Retry { after: None }
    }
}

/// So many pages, and then what `end` says.
struct Pages {
    count: usize,
    end: fn() -> Result<Page, Lost>,
    dropped: Arc<AtomicBool>,
}

impl Pages {
    fn of(count: usize, end: fn() -> Result<Page, Lost>) -> Self {
        Self { count, end, dropped: Arc::default() }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::Relaxed);
    }
}

impl Connector for Pages {
    type Error = Lost;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Lost> {
        let page: usize = after.map_or(0, |after| after.0.parse().unwrap());
        if page == self.count {
            return (self.end)();
        }
        Ok(Page::new(Vec::new(), Next::More(Cursor((page + 1).to_string()))))
    }
}

/// What each fetch comes to, until there is an end, or for so many of them.
fn fetched(source: &impl Connector<Error = Lost>, most: usize) -> Vec<String> {
    let (mut after, mut all) = (None, Vec::new());
    while all.len() < most {
        match block_on(source.fetch(after.as_ref())) {
            Err(error) => all.push(error.to_string()),
            Ok(Page { next: Next::More(next), .. }) => {
                all.push(next.0.clone());
                after = Some(next);
            }
            Ok(page) => {
                all.push(format!("{:?}", page.next));
                break;
            }
        }
    }
    all
}

/// After it, whoever asks reads for himself, and hears what there is to hear.
#[test]
fn an_error_comes_where_its_page_would_have() {
    for count in [0, 1, 4] {
        let plain = fetched(&Pages::of(count, || Err(Lost)), 6);
        assert_eq!(plain[count], "the line is dead");
        assert_eq!(fetched(&Ahead::of(Pages::of(count, || Err(Lost))), 6), plain, "{count} pages");
    }
}

#[test]
fn a_reader_that_panics_keeps_nobody_waiting() {
    static PANICKED: AtomicBool = AtomicBool::new(false);
    let end = || {
        assert!(PANICKED.swap(true, Ordering::Relaxed), "on purpose, the first time");
        Ok(Page::new(Vec::new(), Next::Partial))
    };
    assert_eq!(fetched(&Ahead::of(Pages::of(2, end)), 6), ["1", "2", "Partial"]);
}

#[test]
fn a_run_that_is_given_up_ends_its_reader() {
    let endless = Pages::of(usize::MAX, || Err(Lost));
    let dropped = Arc::clone(&endless.dropped);
    let ahead = Ahead::of(endless);
    assert!(block_on(ahead.fetch(None)).is_ok());
    drop(ahead);
    // It ends with what it is about, a page or less from now.
    while !dropped.load(Ordering::Relaxed) {
        std::thread::yield_now();
    }
}
