//! Reading ahead: the listing's next pages, while the run is busy with something else.
//!
//! | the run | the thread that reads |
//! |---|---|
//! | reads its index | reads the first pages, until [`HELD`] bytes of them are waiting |
//! | looks at a page | reads on |
//! | asks for another page than the next | stops; the page is read where it was asked for |
//!
//! **What does it change?** The time, and nothing else: pages come in their order, each once, and an error comes where
//! its page would have.
//!
//! **Why does the reader keep a share of what it gave away?** So that the thread that allocated a record is the one that
//! frees it, once the run has asked for the page behind. Freed by the other thread, every record would have to get hold
//! of memory that the reader is just then allocating from; the two waited for each other some twenty times a page.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{mem, thread};

use tripartite::id::ExternalId;
use tripartite::source::{Connector, Cursor, Item, Next, Page};
use tripartite::value::Record;

use super::{JsonLines, ListingError};

/// How many bytes of records may wait, and the page that reaches it; one more is being read, and one looked at.
pub const HELD: usize = 96 << 20;

/// A listing that is read ahead.
///
/// ```
/// use nightly_sync::listing::{Ahead, JsonLines, Lines};
/// use tripartite::drive::block_on;
/// use tripartite::source::{Connector, Next};
/// use tripartite::schema::{Field, Kind, Schema};
/// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// let text = "{\"id\": 1, \"name\": \"Áine\"}\n{\"id\": 2, \"name\": \"Seán\"}\n";
/// let ahead = Ahead::of(JsonLines::new(Lines::text("two", text), schema, "id").pages_of(1));
/// let Next::More(second) = block_on(ahead.fetch(None))?.next else { unreachable!() };
/// assert_eq!(block_on(ahead.fetch(Some(&second)))?.items.len(), 1);
/// assert_eq!(block_on(ahead.fetch(Some(&second)))?.items.len(), 1); // once more: read where it is asked for
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ahead {
    listing: Arc<JsonLines>,
    shelf: Arc<Shelf>,
}

/// What was read and not asked for yet.
#[derive(Default)]
struct Shelf {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    held: usize,
    /// The reader's share of the page that the run is looking at.
    lent: Vec<Record>,
    /// Its share of the pages before, for it to let go of.
    spent: Vec<Vec<Record>>,
    /// Nobody will ask, or nobody will read.
    over: bool,
}

struct Waiting {
    after: Option<Cursor>,
    page: Result<Page, ListingError>,
    share: Vec<Record>,
    size: usize,
}

impl Waiting {
    fn new(after: Option<Cursor>, page: Result<Page, ListingError>) -> Self {
        let items = page.as_ref().map_or(&[][..], |page| &page.items);
        let size = items.iter().map(size).sum();
        let share = items.iter().filter_map(record).cloned().collect();
        Self { after, page, share, size }
    }
}

fn record(item: &Item) -> Option<&Record> {
    match item {
        Item::Record(remote) => Some(&remote.record),
        _ => None,
    }
}

/// What an item takes, and its share; an id as if it were held beside it.
fn size(item: &Item) -> usize {
    let held = match item {
        Item::Record(remote) => remote.id.as_str().len() + remote.record.size(),
        Item::Malformed(malformed) => {
            let id = malformed.id.as_ref().map_or(0, |id| id.as_str().len());
            id + malformed.place.len() + malformed.problem.len()
        }
        _ => 0,
    };
    size_of::<Item>() + size_of::<Record>() + held
}

impl Ahead {
    /// Begins to read.
    pub fn of(listing: JsonLines) -> Self {
        let ahead = Self::idle(listing);
        let (listing, shelf) = (Arc::clone(&ahead.listing), Arc::clone(&ahead.shelf));
        ahead.shelf.state().over = false;
        // Where there is no thread to be had, each page is read when it is asked for.
        if thread::Builder::new().spawn(move || read(&listing, &shelf)).is_err() {
            ahead.shelf.end();
        }
        ahead
    }

    /// Reads nothing before it is asked for: for runs of some records.
    pub fn idle(listing: JsonLines) -> Self {
        let ahead = Self { listing: Arc::new(listing), shelf: Arc::default() };
        ahead.shelf.end();
        ahead
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shelf.end();
    }
}

impl Connector for Ahead {
    type Error = ListingError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, ListingError> {
        match self.shelf.take(after) {
            Some(page) => page,
            None => self.listing.fetch(after).await,
        }
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, ListingError> {
        self.shelf.end();
        self.listing.fetch_only(ids, after).await
    }
}

/// Reads from the beginning to the end, an error or whoever ends it.
fn read(listing: &JsonLines, shelf: &Shelf) {
    // Also when it panics: then whoever asks reads for itself.
    let _ended = Ended(shelf);
    let mut after = None;
    loop {
        let page = listing.page(after.as_ref());
        let next = match &page {
            Ok(Page { next: Next::More(cursor), .. }) => Some(cursor.clone()),
            _ => None,
        };
        let more = shelf.put(Waiting::new(after, page));
        match next.filter(|_| more) {
            Some(cursor) => after = Some(cursor),
            None => return,
        }
    }
}

struct Ended<'a>(&'a Shelf);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.no_more();
    }
}

impl Shelf {
    /// Waits for room; `false` when nobody will ask for it.
    fn put(&self, waiting: Waiting) -> bool {
        let state = self.state();
        let full = |state: &mut State| state.held >= HELD && !state.over;
        let mut state = self.moved.wait_while(state, full).unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return false;
        }
        state.held += waiting.size;
        state.waiting.push_back(waiting);
        // Let go of when the lock is, too.
        let _spent = mem::take(&mut state.spent);
        drop(state);
        self.moved.notify_all();
        true
    }

    /// Waits for the next page; `None` when it is another than the one that was asked for, or nobody reads.
    fn take(&self, after: Option<&Cursor>) -> Option<Result<Page, ListingError>> {
        let state = self.state();
        let empty = |state: &mut State| state.waiting.is_empty() && !state.over;
        let mut state = self.moved.wait_while(state, empty).unwrap_or_else(PoisonError::into_inner);
        let next = state.waiting.pop_front().filter(|next| next.after.as_ref() == after);
        match next {
            Some(next) => {
                state.held -= next.size;
                let mut spent = mem::replace(&mut state.lent, next.share);
                if !state.over {
                    state.spent.push(mem::take(&mut spent));
                }
                drop(state);
                self.moved.notify_all();
                Some(next.page)
            }
            None => {
                drop(state);
                self.end();
                None
            }
        }
    }

    fn no_more(&self) {
        self.state().over = true;
        self.moved.notify_all();
    }

    /// What is waiting is given up, too.
    fn end(&self) {
        *self.state() = State { over: true, ..State::default() };
        self.moved.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
