//! Texts of parts: how a part is written so that what divides parts never stands inside one.

/// Writes each byte of a character that is not plain as an equals sign and two hexadecimal digits. The equals sign itself is never plain.
pub(crate) fn escaped(part: &str, is_plain: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(part.len());
    for char in part.chars() {
        if char != '=' && is_plain(char) {
            out.push(char);
        } else {
            let mut bytes = [0; 4];
            char.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("={byte:02X}")));
        }
    }
    out
}

/// Reads what [`escaped`] wrote, with digits in either case. `None` for an equals sign without a number behind it, and for
/// bytes that are no text.
pub(crate) fn unescaped(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(if byte == b'=' { u8::try_from(digit()? * 16 + digit()?).ok()? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::id::SyncKey;
    use crate::jobs::StoreKey;

    /// Texts in which slashes, escapes and letters outside ASCII meet.
    fn id() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec!["a", "A", "/", "=", "=2F", "=2f", "2F", ".", "é", "É", " "]);
        prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn keys_are_read_from_their_texts_and_differ_where_their_texts_do(
            [a, b, c, d] in [id(), id(), id(), id()],
        ) {
            let key = |org: &str, connector: &str| SyncKey { org: org.parse().unwrap(), connector: connector.parse().unwrap() };
            let (one, other) = (key(&a, &b), key(&c, &d));
            prop_assert_eq!(one.to_string().parse(), Ok(one.clone()));
            prop_assert_eq!(one == other, one.to_string() == other.to_string());
            let stored = StoreKey::of("slot", [a.as_str(), b.as_str()]);
            prop_assert_eq!(stored.parts(), ["slot", &a, &b]);
            prop_assert_eq!(stored.as_str().parse(), Ok(stored.clone()));
            prop_assert!(!stored.as_str().ends_with('.'));
            prop_assert_eq!(stored.former().is_some(), b.ends_with('.'));
            if let Some(former) = stored.former() {
                prop_assert!(former.as_str().ends_with('.'));
                prop_assert_eq!(former.parts(), stored.parts());
                prop_assert_eq!(former.as_str().parse(), Ok(former.clone()));
            }
        }
    }

    #[test]
    fn what_nobody_writes_as_a_key_is_no_key() {
        for text in ["", "a", "a/", "/b", "a/b/c", "a=/b", "a=2/b", "a=GG/b", "a=FF/b", "a\u{7}/b"] {
            assert!(text.parse::<SyncKey>().is_err(), "{text:?}");
        }
        // What is not escaped, escaped though it is plain, or in small letters: not by one writer, so not one key.
        for text in ["slot/é", "slot/a b", "slot/=61", "slot/=2f", "slot/=", "slot/=FF", "slot/a=2E/b", "slot/=2E=2E"]
        {
            assert!(text.parse::<StoreKey>().is_err(), "{text:?}");
            assert!(serde_json::from_value::<StoreKey>(text.into()).is_err(), "{text:?}");
        }
    }
}
