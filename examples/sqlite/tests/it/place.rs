//! A directory of its own with a database, which goes with the test.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;

pub(crate) struct Place {
    pub(crate) dir: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tripartite-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Self { dir }
    }

    /// One whose database an earlier version wrote; `sqlite3 FILE .dump` shows what stands in it.
    pub(crate) fn of(database: &[u8]) -> Self {
        let place = Self::new();
        fs::write(place.db(), database).unwrap();
        place
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir.join("members.db")
    }

    pub(crate) fn sql(&self) -> Connection {
        Connection::open(self.db()).unwrap()
    }

    pub(crate) fn edit(&self, sql: &str) {
        self.sql().execute_batch(sql).unwrap();
    }

    /// One value, as text.
    pub(crate) fn value(&self, sql: &str) -> Option<String> {
        self.sql().query_row(&format!("SELECT CAST(({sql}) AS TEXT)"), [], |row| row.get(0)).unwrap()
    }

    /// Every row and column of a table, in order.
    pub(crate) fn dump(&self, table: &str) -> Vec<String> {
        let conn = self.sql();
        let mut statement = conn.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect::<Vec<_>>().join("|"))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.db()).unwrap()
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
