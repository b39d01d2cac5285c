//! Paths into nested values, as JSON Pointers (RFC 6901): `~` is written `~0`, `/` is written `~1`.

use super::Value;

/// The pointer to the value behind a path of keys.
pub(crate) fn pointer(path: &[impl AsRef<str>]) -> String {
    path.iter().map(|key| format!("/{}", key.as_ref().replace('~', "~0").replace('/', "~1"))).collect()
}

/// The value at a pointer; null where there is none.
pub(crate) fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    pointer.split('/').skip(1).fold(value, |value, key| match value {
        Value::Map(map) => map.get(&key.replace("~1", "/").replace("~0", "~")).unwrap_or(&Value::Null),
        _ => &Value::Null,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn keys_with_slashes_and_tildes_are_found_again() {
        let inner = Value::Map(BTreeMap::from([("~/~1".to_owned(), Value::from("found"))]));
        let outer = Value::Map(BTreeMap::from([("a/b".to_owned(), inner)]));
        let path = pointer(&["a/b", "~/~1"]);
        assert_eq!(path, "/a~1b/~0~1~01");
        assert_eq!(at(&outer, &path).as_text(), Some("found"));
        assert!(at(&outer, "/a/b").is_null());
    }
}
