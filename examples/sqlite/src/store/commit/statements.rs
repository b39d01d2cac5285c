//! The statements that write a record, and what is remembered of it.

use tripartite::schema::Schema;
use tripartite_sql::quoted;

use super::super::names::Names;
use super::super::{entries, load};

/// A base has a text or a shape; without one, the link keeps the base that it has.
const LINK: &str = "
INSERT INTO {tripartite_links}(
    external_id, base, base_schema, base_version, seen, policy, synced_revision, deactivated, shape, print
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?9, ?8 + 1, -?8), ?10, ?11)
ON CONFLICT DO UPDATE SET
    base = iif(coalesce(?2, ?10) IS NULL, base, excluded.base),
    base_schema = iif(coalesce(?2, ?10) IS NULL, base_schema, excluded.base_schema),
    base_version = iif(coalesce(?2, ?10) IS NULL, base_version, excluded.base_version),
    shape = iif(coalesce(?2, ?10) IS NULL, shape, excluded.shape),
    print = iif(coalesce(?2, ?10) IS NULL, print, excluded.print),
    seen = coalesce(excluded.seen, seen),
    policy = coalesce(excluded.policy, policy),
    synced_revision = coalesce(excluded.synced_revision, synced_revision),
    deactivated = iif(ifnull(?9, deactivated > 0), ?8 + 1, -?8)";

/// As [`LINK`], of a link that is there, with a base: nearly all of a night on which much changes.
const RELINK: &str = "
UPDATE {tripartite_links} SET
    base = ?2,
    base_schema = ?3,
    base_version = ?4,
    seen = coalesce(?5, seen),
    policy = coalesce(?6, policy),
    synced_revision = coalesce(?7, synced_revision),
    deactivated = iif(ifnull(?9, deactivated > 0), ?8 + 1, -?8),
    shape = ?10,
    print = ?11
WHERE external_id = ?1";

/// Nothing is to be kept of a base in whose place there is another in a moment.
const CLEAR: [&str; 2] = [
    "UPDATE {tripartite_links} SET shape = NULL WHERE external_id = ?1 AND shape IS NOT NULL",
    "DELETE FROM {tripartite_kept} WHERE external_id = ?1",
];

/// The statements that give a record another external id.
const REKEY: [&str; 5] = [
    "UPDATE {members} SET {external_id} = ?2, {revision} = {revision} + 1 WHERE {external_id} = ?1",
    "UPDATE {tripartite_links} SET external_id = ?2 WHERE external_id = ?1",
    "UPDATE {tripartite_conflicts} SET external_id = ?2 WHERE external_id = ?1",
    "UPDATE {tripartite_kept} SET external_id = ?2 WHERE external_id = ?1",
    "UPDATE OR REPLACE {tripartite_removed} SET external_id = ?2 WHERE external_id = ?1",
];

const OPEN: &str = "
INSERT INTO {tripartite_conflicts}(external_id, unit, conflict, why, opened_run, opened_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET conflict = excluded.conflict, why = iif(excluded.why = '', why, excluded.why)";

const NOTE: &str = "
INSERT INTO {tripartite_audit}(run, at, external_id, subject, field, verdict, detail, decision, entry)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const CLOSE: &str = "DELETE FROM {tripartite_conflicts} WHERE external_id = ?1 AND unit = ?2";

const TAKEN: &str = "
SELECT 1 FROM {members} WHERE {external_id} = ?1 UNION ALL SELECT 1 FROM {tripartite_links} WHERE external_id = ?1";

const FREE: &str = "SELECT {revision} FROM {members} WHERE {local_id} = ?1 AND {external_id} IS NULL";

const TAKE_IN: &str = "UPDATE {members} SET {external_id} = ?2, {revision} = {revision} + 1 WHERE {local_id} = ?1";

const FIND: &str = "SELECT {local_id}, {revision} FROM {members} WHERE {external_id} = ?1";

/// The statements of a register and schema, written once for all batches.
#[derive(Debug)]
pub(in super::super) struct Statements {
    pub(super) names: Names,
    pub(super) members: String,
    pub(super) taken: String,
    pub(super) any: String,
    pub(super) find: String,
    pub(super) find_row: String,
    pub(super) free: String,
    pub(super) take_in: String,
    pub(super) insert: String,
    pub(super) link: String,
    pub(super) relink: String,
    pub(super) rekey: [String; 5],
    pub(super) clear: [String; 2],
    pub(super) open: String,
    pub(super) close: String,
    pub(super) kept: String,
    pub(super) note: String,
    pub(super) entries: entries::Statements,
}

impl Statements {
    pub(in super::super) fn of(names: &Names, schema: &Schema) -> Self {
        let columns: Vec<_> = schema.fields().iter().map(|field| quoted(names.column(field), '"')).collect();
        let (members, marks) = (names.sql("{members}"), ", ?".repeat(columns.len()));
        Self {
            insert: format!(
                "{}, {}) VALUES (?{marks})",
                names.sql("INSERT INTO {members}({external_id}"),
                columns.join(", ")
            ),
            find_row: format!(
                "{}, {} {}",
                names.sql("SELECT {local_id}, {revision}"),
                columns.join(", "),
                names.sql("FROM {members} WHERE {external_id} = ?1")
            ),
            members,
            names: names.clone(),
            taken: names.sql(TAKEN),
            any: names.sql(load::ANY),
            find: names.sql(FIND),
            free: names.sql(FREE),
            take_in: names.sql(TAKE_IN),
            link: names.sql(LINK),
            relink: names.sql(RELINK),
            rekey: REKEY.map(|sql| names.sql(sql)),
            clear: CLEAR.map(|sql| names.sql(sql)),
            open: names.sql(OPEN),
            close: names.sql(CLOSE),
            kept: names.sql("SELECT 1 FROM {tripartite_kept} LIMIT 1"),
            note: names.sql(NOTE),
            entries: entries::Statements::of(names),
        }
    }
}
