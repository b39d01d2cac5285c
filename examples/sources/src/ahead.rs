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

use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::source::{Connector, Cursor, Item, Next, Page};
use tripartite::value::Record;

/// How many bytes of records may wait, and the page that reaches it; one more is being read, and one looked at.
pub const HELD: usize = 96 << 20;

/// A listing that is read ahead by a thread of its own, for a connector whose calls block.
///
/// ```
/// use tripartite::drive::block_on;
/// use tripartite::schema::{Field, Kind, Schema};
/// use tripartite::source::{Connector, Next};
/// use tripartite_sources::ahead::Ahead;
/// use tripartite_sources::file::{Opened, Reading};
/// use tripartite_sources::records::Records;
/// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// let text = "{\"id\": 1, \"name\": \"Áine\"}\n{\"id\": 2, \"name\": \"Seán\"}\n";
/// let opened = Opened::bytes("two", text.as_bytes(), &Reading::default(), "id")?;
/// let ahead = Ahead::of(opened.listing(Records::new(schema, "id"))?.pages_of(1));
/// let Next::More(second) = block_on(ahead.fetch(None))?.next else { unreachable!() };
/// assert_eq!(block_on(ahead.fetch(Some(&second)))?.items.len(), 1);
/// // once more: read where it is asked for
/// assert_eq!(block_on(ahead.fetch(Some(&second)))?.items.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ahead<C: Connector> {
    listing: Arc<C>,
    shelf: Arc<Shelf<C::Error>>,
}

/// What was read and not asked for yet.
struct Shelf<E> {
    state: Mutex<State<E>>,
    moved: Condvar,
}

struct State<E> {
    waiting: VecDeque<Waiting<E>>,
    held: usize,
    /// The reader's share of the page that the run is looking at.
    lent: Vec<Record>,
    /// Its share of the pages before, for it to let go of.
    spent: Vec<Vec<Record>>,
    /// Nobody will ask, or nobody will read.
    over: bool,
}

struct Waiting<E> {
    after: Option<Cursor>,
    page: Result<Page, E>,
    share: Vec<Record>,
    size: usize,
}

impl<E> Waiting<E> {
    fn new(after: Option<Cursor>, page: Result<Page, E>) -> Self {
        let items = page.as_ref().map_or(&[][..], |page| &page.items);
        // A page without items takes room, too.
        let size = size_of::<Self>() + items.iter().map(size).sum::<usize>();
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

impl<C: Connector + Send + Sync + 'static> Ahead<C>
where
    C::Error: Send,
{
    /// Begins to read.
    pub fn of(listing: C) -> Self {
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
    pub fn idle(listing: C) -> Self {
        let ahead = Self {
            listing: Arc::new(listing),
            shelf: Arc::new(Shelf { state: Mutex::default(), moved: Condvar::new() }),
        };
        ahead.shelf.end();
        ahead
    }
}

impl<C: Connector> Drop for Ahead<C> {
    fn drop(&mut self) {
        self.shelf.end();
    }
}

impl<C: Connector + Send + Sync> Connector for Ahead<C>
where
    C::Error: Send,
{
    type Error = C::Error;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, C::Error> {
        match self.shelf.take(after) {
            Some(page) => page,
            None => self.listing.fetch(after).await,
        }
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, C::Error> {
        self.shelf.end();
        self.listing.fetch_only(ids, after).await
    }
}

/// Reads from the beginning to the end, an error or whoever ends it.
fn read<C: Connector>(listing: &C, shelf: &Shelf<C::Error>) {
    // Also when it panics: then whoever asks reads for itself.
    let _ended = Ended(shelf);
    let mut after = None;
    loop {
        let page = block_on(listing.fetch(after.as_ref()));
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

struct Ended<'a, E>(&'a Shelf<E>);

impl<E> Drop for Ended<'_, E> {
    fn drop(&mut self) {
        self.0.no_more();
    }
}

impl<E> Default for State<E> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), held: 0, lent: Vec::new(), spent: Vec::new(), over: false }
    }
}

impl<E> Shelf<E> {
    /// Waits for room; `false` when nobody will ask for it.
    fn put(&self, waiting: Waiting<E>) -> bool {
        let state = self.state();
        let full = |state: &mut State<E>| state.held >= HELD && !state.over;
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
    fn take(&self, after: Option<&Cursor>) -> Option<Result<Page, E>> {
        let state = self.state();
        let empty = |state: &mut State<E>| state.waiting.is_empty() && !state.over;
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

    fn state(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
