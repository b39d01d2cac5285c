//! The elements of a set, whatever a source wrote it as.

use std::borrow::Cow;

use crate::normalize::text;
use crate::value::{Value, scalar_text};

/// The elements of a raw set: those of a list, the parts of a text that has a delimiter, or one value alone. `None` of an
/// object, which is no set.
pub(crate) fn elements<'v>(raw: &'v Value, delimiter: Option<&str>) -> Option<Cow<'v, [Value]>> {
    match (raw, delimiter) {
        (Value::Null, _) => Some(Cow::Borrowed(&[])),
        (Value::List(list), _) => Some(Cow::Borrowed(list)),
        (Value::Map(_), _) => None,
        (Value::Text(text), Some(delimiter)) => {
            Some(text.split(delimiter).filter(|part| !text::is_blank(part)).map(Value::from).collect())
        }
        (one, _) => Some(Cow::Borrowed(std::slice::from_ref(one))),
    }
}

/// Elements as one text, if each of them can be told from the others in it.
pub(crate) fn delimited(elements: &[Value], delimiter: &str) -> Option<Value> {
    let parts: Option<Vec<Cow<'_, str>>> = elements
        .iter()
        .map(|element| match element {
            Value::List(_) | Value::Map(_) | Value::Null => None,
            scalar => Some(scalar_text(scalar)).filter(|part| !part.contains(delimiter)),
        })
        .collect();
    Some(Value::Text(parts?.join(delimiter)))
}

#[cfg(test)]
mod tests {
    use super::{delimited, elements};
    use crate::value::Value;

    #[test]
    fn a_set_in_each_form() {
        let parts = |raw: Value, delimiter| elements(&raw, delimiter).map(std::borrow::Cow::into_owned);
        let texts = |parts: &[&str]| Some(parts.iter().map(|part| Value::from(*part)).collect::<Vec<_>>());
        assert_eq!(parts(Value::from("a; b;;"), Some(";")), texts(&["a", " b"]));
        assert_eq!(parts(Value::from("a; b"), None), texts(&["a; b"]), "one value is a set of one");
        assert_eq!(parts(Value::List(vec![Value::from("a;b")]), Some(";")), texts(&["a;b"]), "a list is one already");
        assert_eq!(parts(Value::Map(Default::default()), Some(";")), None);
        assert_eq!(delimited(&[Value::from("a"), Value::from(5)], ";"), Some(Value::from("a;5")));
        assert_eq!(delimited(&[Value::from("a;b")], ";"), None, "it would be two");
    }
}
