//! Names and texts as SQL quotes them.

pub(crate) use tripartite_sql::quoted;

/// The name of the schema whose tables are used, unless the host says otherwise. In the package's own statements it stands
/// for whichever is used.
pub(crate) const SCHEMA: &str = "tripartite";

/// A statement of the package on the tables of a schema. Only for text that is written here.
pub(crate) fn in_schema(schema: &str, sql: &str) -> String {
    match schema {
        SCHEMA => sql.to_owned(),
        other => sql.replace("tripartite.", &format!("{}.", quoted(other, '"'))),
    }
}

/// Whether PostgreSQL keeps a name whole: it cuts off what is longer, and takes no NUL.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_the_tables_of_one_schema() {
        let sql = "SELECT bytes FROM tripartite.jobs";
        assert_eq!(in_schema(SCHEMA, sql), sql);
        assert_eq!(in_schema("Club \"A\"", sql), "SELECT bytes FROM \"Club \"\"A\"\"\".jobs");
    }
}
