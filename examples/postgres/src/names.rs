//! Names and texts as SQL quotes them.

/// The name of the schema whose tables are used, unless the host says otherwise. In the package's own statements it stands
/// for whichever is used.
pub(crate) const SCHEMA: &str = "tripartite";

/// Text as SQL quotes it.
pub(crate) fn quoted(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        out.push(c);
        if c == mark {
            out.push(c);
        }
    }
    out.push(mark);
    out
}

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
