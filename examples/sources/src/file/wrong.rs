//! Files that are no listings: what they are called, and what to do.

/// What a file is, by its first bytes, and what to do.
pub(super) fn by_bytes(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const UNPACK: &str = "unpack it, or pack the listing with gzip or zstd";
    const KINDS: [(&[u8], &str, &str); 14] = [
        (b"%PDF-", "is a PDF document", "export the list as CSV or as a spreadsheet"),
        (b"{\\rtf", "is a document in rich text", "export the list as CSV or as a spreadsheet"),
        (
            b"SQLite format 3\0",
            "is an SQLite database",
            "export its table as CSV: sqlite3 -header -csv FILE 'SELECT ...'",
        ),
        (b"PAR1", "is a Parquet file", "export it as CSV or JSON lines"),
        (b"Obj\x01", "is an Avro file", "export it as JSON lines"),
        (b"BZh", "is packed with bzip2", UNPACK),
        (b"\xfd7zXZ\0", "is packed with xz", UNPACK),
        (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", UNPACK),
        (b"Rar!\x1a\x07", "is a RAR archive", UNPACK),
        (b"\x04\x22\x4d\x18", "is packed with LZ4", UNPACK),
        (b"\x89PNG", "is a picture", "get the list itself"),
        (b"\xff\xd8\xff", "is a picture", "get the list itself"),
        (b"GIF8", "is a picture", "get the list itself"),
        (b"\x7fELF", "is a program", "get the list itself"),
    ];
    let found = KINDS.iter().find(|(magic, ..)| head.starts_with(magic));
    let tar = head.get(257..262) == Some(b"ustar");
    match found {
        Some((_, is, remedy)) => Some((is, remedy)),
        None if tar => Some(("is a tar archive", UNPACK)),
        None => None,
    }
}

/// What a text is, if it is no listing, and what to do.
pub(super) fn by_text(head: &str) -> Option<(&'static str, &'static str)> {
    const EXPORT: &str = "export the list as CSV, JSON or a spreadsheet";
    let text = head.trim_start();
    let first = text.lines().next().unwrap_or_default().trim_end();
    let lower: String = text.chars().take(200).collect::<String>().to_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<head") {
        return Some((
            "is a web page, perhaps an error or a login page",
            "look at it in a browser, and get the list again",
        ));
    }
    if lower.starts_with('<') {
        return Some(("is XML", EXPORT));
    }
    if lower.starts_with("begin:vcard") {
        return Some(("is a file of vCards", "export the contacts as CSV"));
    }
    if lower.starts_with("begin:vcalendar") {
        return Some(("is a calendar", EXPORT));
    }
    if is_ldif(text) {
        return Some(("is LDIF", "ask the directory for CSV or JSON, or use its SCIM service"));
    }
    if is_yaml(text, first) {
        return Some(("is YAML", "write it as JSON: yq -o=json FILE"));
    }
    if is_ini(first) {
        return Some(("is a configuration file", "get the list itself"));
    }
    None
}

fn is_ldif(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match lines.next() {
        Some(line) if line.starts_with("version: ") => lines.next().is_some_and(|line| line.starts_with("dn:")),
        Some(line) => line.starts_with("dn: ") || line.starts_with("dn:: "),
        None => false,
    }
}

fn is_yaml(text: &str, first: &str) -> bool {
    if first.starts_with("%YAML") || first == "---" {
        return true;
    }
    // A mapping, or a list of mappings: `name: x`, `- name: x`, never with the separators of a table in its first line.
    let is_entry = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ");
        let is_key =
            |key: &str| !key.is_empty() && key.chars().all(|char| char.is_alphanumeric() || "_-. ".contains(char));
        line.split_once(':').is_some_and(|(key, rest)| is_key(key) && (rest.is_empty() || rest.starts_with(' ')))
    };
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entries = lines.by_ref().take(3).filter(|line| is_entry(line)).count();
    let is_table = [',', ';', '\t', '|'].iter().any(|sign| first.contains(*sign));
    !is_table && (entries >= 2 || entries == 1 && text.lines().count() == 1)
}

fn is_ini(first: &str) -> bool {
    let inner = first.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|name| !name.is_empty() && name.chars().all(|char| char.is_alphabetic() || "_-. ".contains(char)))
        && inner != Some("null")
}
