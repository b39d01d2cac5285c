//! Whether the floor inserts what the host leaves behind.

use std::path::Path;

use rusqlite::Connection;

/// What is compared of each table: everything, but fingerprints and prints, the run and its time by their lengths.
const TABLES: [(&str, &str); 4] = [
    ("members", "*"),
    (
        "tripartite_links",
        "external_id, base, length(base_schema), base_version, length(seen), length(policy), synced_revision, deactivated, \
            shape, typeof(print)",
    ),
    ("tripartite_shapes", "id, length(schema), fields"),
    ("tripartite_audit", "seq, length(run), length(at), external_id, subject, field, verdict, detail, decision, entry"),
];

/// The first table that differs is an error.
pub(super) fn check(floor: &Path, host: &Path) -> Result<(), String> {
    let told = |error: rusqlite::Error| error.to_string();
    let conn = Connection::open(floor).map_err(told)?;
    conn.execute("ATTACH ?1 AS host", [host.to_string_lossy()]).map_err(told)?;
    for (table, columns) in TABLES {
        let only = |one: &str, other: &str| {
            let sql = format!(
                "SELECT count(*) FROM (SELECT {columns} FROM {one}.{table} EXCEPT SELECT {columns} FROM {other}.{table})"
            );
            conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(told)
        };
        let (floor, host) = (only("main", "host")?, only("host", "main")?);
        if (floor, host) != (0, 0) {
            return Err(format!("{table}: {floor} rows only in the floor's database, {host} only in the host's"));
        }
    }
    Ok(())
}
