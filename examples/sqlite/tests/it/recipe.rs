//! The statements that the page `store::recipe` gives to hosts do what it says.

use rusqlite::{Connection, OptionalExtension};

const PAGE: &str = include_str!("../../../../src/store/recipe.md");

/// A club's own table with three members, and then the statements of the page.
fn attached() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(
        "CREATE TABLE members(id INTEGER PRIMARY KEY, name TEXT, email TEXT);
        INSERT INTO members VALUES (1, 'Áine', 'a@x.org'), (2, 'Seán', 's@x.org'), (3, 'Róisín', 'r@x.org')",
    )
    .unwrap();
    let (_, sql) = PAGE.split_once("```sql\n").unwrap();
    conn.execute_batch(sql.split_once("```").unwrap().0).unwrap();
    conn
}

fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn revision(conn: &Connection, id: i64) -> i64 {
    number(conn, &format!("SELECT revision FROM members WHERE id = {id}"))
}

fn do_all(conn: &Connection, sql: &str) {
    conn.execute_batch(sql).unwrap();
}

#[test]
fn every_change_makes_the_revision_larger_and_a_replaced_row_is_beyond_the_old_one() {
    let conn = attached();
    do_all(&conn, "UPDATE members SET external_id = 'FED-' || id");
    let mut last = revision(&conn, 2);
    for sql in [
        "UPDATE members SET email = 'new@x.org' WHERE id = 2",
        "UPDATE members SET email = 'new@x.org' WHERE id = 2", // a write that changes nothing may count
        "UPDATE members SET revision = 0 WHERE id = 2",        // a client that does not know the column
        "UPDATE members SET email = 'b@x.org'",
        "INSERT OR REPLACE INTO members(id, name, external_id) VALUES (2, 'Seán', 'FED-2')",
        "DELETE FROM members WHERE id = 2; INSERT INTO members(id, name, external_id) VALUES (2, 'Ada', 'FED-2')",
        "PRAGMA recursive_triggers = ON; UPDATE members SET name = 'Sean' WHERE id = 2",
    ] {
        do_all(&conn, sql);
        let now = revision(&conn, 2);
        assert!(now > last, "{sql}: {now} after {last}");
        last = now;
    }
    let stale = conn.execute("UPDATE members SET name = 'x' WHERE external_id = 'FED-2' AND revision = 1", []);
    assert_eq!(stale, Ok(0), "what is expected is compared");
}

#[test]
fn who_is_deleted_is_kept_as_removed_and_an_id_that_is_taken_away_is_free() {
    let conn = attached();
    do_all(
        &conn,
        "UPDATE members SET external_id = 'FED-' || id; INSERT INTO sync_links(external_id) SELECT external_id FROM members",
    );
    let before = revision(&conn, 1);
    do_all(&conn, "DELETE FROM members WHERE id = 1");
    assert!(number(&conn, "SELECT removed FROM sync_links WHERE external_id = 'FED-1'") > before);

    do_all(
        &conn,
        "UPDATE members SET external_id = NULL WHERE id = 2; UPDATE members SET external_id = 'FED-2' WHERE id = 3",
    );
    let link = |id: &str| {
        let sql = "SELECT 1 FROM sync_links WHERE external_id = ?1";
        conn.query_row(sql, [id], |_| Ok(())).optional().unwrap().is_some()
    };
    assert!(!link("FED-2") && !link("FED-3"), "nobody inherits what was remembered of another");
    assert!(link("FED-1"));
}

#[test]
fn whose_keys_are_to_be_computed_is_marked_by_every_change() {
    let conn = attached();
    let marked = || number(&conn, "SELECT count(*) FROM sync_unkeyed");
    assert_eq!(marked(), 3, "those that were there before");
    for (sql, now) in [
        ("DELETE FROM sync_unkeyed", 0),
        ("UPDATE members SET email = 'n@x.org' WHERE id = 1", 1),
        ("INSERT INTO members(id, name) VALUES (4, 'Ada')", 2),
        ("DELETE FROM members WHERE id = 2", 3),
    ] {
        do_all(&conn, sql);
        assert_eq!(marked(), now, "{sql}");
    }
}
