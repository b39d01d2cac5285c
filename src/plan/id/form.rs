//! The form in which the parts of a plan are hashed: what their JSON says, in fewer bytes and with only one reading.
//!
//! | in JSON | here |
//! |---|---|
//! | null, false, true | one byte |
//! | a whole number, another number | one byte that says which, and eight |
//! | a text | one byte, its length, its bytes |
//! | a list, an object | one byte, what is in it, one byte for the end |
//! | an enum variant with content | one byte, its name, its content |
//! | bytes, which JSON does not have | one byte, their length, they themselves |
//!
//! A number that is not finite is null, as in JSON. An attribute of serde works as in JSON, so a field that is left out
//! there is left out here.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

use crate::value::{parts_of_json, shapes_of_json};

/// What stands before each value. The numbers are part of stored ids.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Mark {
    End,
    Null,
    False,
    True,
    Natural,
    Negative,
    Float,
    Text,
    Bytes,
    List,
    Object,
    Variant,
}

/// Appends the form of what is serialised.
pub(super) struct ToForm<'a>(pub(super) &'a mut Vec<u8>);

/// Why nothing in a plan is refused.
#[derive(Debug)]
pub(super) struct Refused(String);

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Out = Result<(), Refused>;

impl ToForm<'_> {
    fn mark(&mut self, mark: Mark) {
        self.0.push(mark as u8);
    }

    fn word(&mut self, mark: Mark, word: u64) {
        self.mark(mark);
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    /// A length of less than 255 is one byte.
    fn sized(&mut self, mark: Mark, bytes: &[u8]) {
        self.mark(mark);
        match u8::try_from(bytes.len()) {
            Ok(len) if len < u8::MAX => self.0.push(len),
            _ => {
                self.0.push(u8::MAX);
                self.0.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            }
        }
        self.0.extend_from_slice(bytes);
    }

    fn open(mut self, mark: Mark) -> Self {
        self.mark(mark);
        self
    }

    fn variant(&mut self, name: &str) {
        self.sized(Mark::Variant, name.as_bytes());
    }

    fn close(mut self) -> Out {
        self.mark(Mark::End);
        Ok(())
    }

    fn list_of(mut self, variant: &str) -> Self {
        self.variant(variant);
        self.open(Mark::List)
    }

    fn object_of(mut self, variant: &str) -> Self {
        self.variant(variant);
        self.open(Mark::Object)
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Out {
        value.serialize(ToForm(self.0))
    }

    fn put<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Out {
        self.sized(Mark::Text, key.as_bytes());
        self.push(value)
    }
}

macro_rules! as_wider {
    ($wider:ident: $($serialize:ident($narrow:ty))+) => {$(
        fn $serialize(self, v: $narrow) -> Out {
            self.$wider(v.into())
        }
    )+};
}

impl Serializer for ToForm<'_> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_bool(mut self, v: bool) -> Out {
        self.mark(if v { Mark::True } else { Mark::False });
        Ok(())
    }
    as_wider! { serialize_i64: serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) }
    as_wider! { serialize_u64: serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) }
    as_wider! { serialize_f64: serialize_f32(f32) }
    fn serialize_i64(mut self, v: i64) -> Out {
        self.word(if v < 0 { Mark::Negative } else { Mark::Natural }, v.cast_unsigned());
        Ok(())
    }
    fn serialize_u64(mut self, v: u64) -> Out {
        self.word(Mark::Natural, v);
        Ok(())
    }
    fn serialize_f64(mut self, v: f64) -> Out {
        if v.is_finite() {
            self.word(Mark::Float, v.to_bits())
        } else {
            self.mark(Mark::Null)
        }
        Ok(())
    }
    fn serialize_str(mut self, v: &str) -> Out {
        self.sized(Mark::Text, v.as_bytes());
        Ok(())
    }
    fn serialize_bytes(mut self, v: &[u8]) -> Out {
        self.sized(Mark::Bytes, v);
        Ok(())
    }
    fn serialize_unit(mut self) -> Out {
        self.mark(Mark::Null);
        Ok(())
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Out {
        self.variant(variant);
        value.serialize(self)
    }
    fn serialize_seq(self, _len: Option<usize>) -> Result<Self, Refused> {
        Ok(self.open(Mark::List))
    }
    fn serialize_map(self, _len: Option<usize>) -> Result<Self, Refused> {
        Ok(self.open(Mark::Object))
    }
    shapes_of_json!();
}

parts_of_json!(ToForm<'_>, ToForm<'_> => (), Refused);

impl ser::SerializeMap for ToForm<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Out {
        self.push(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Out {
        self.push(value)
    }

    fn end(self) -> Out {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Number, Value as Json, json};

    use super::*;

    fn form<T: Serialize>(value: &T) -> Vec<u8> {
        let mut form = Vec::new();
        value.serialize(ToForm(&mut form)).unwrap();
        form
    }

    fn take<'a>(rest: &mut &'a [u8], len: usize) -> &'a [u8] {
        let (taken, behind) = rest.split_at(len);
        *rest = behind;
        taken
    }

    fn word(rest: &mut &[u8]) -> [u8; 8] {
        take(rest, 8).try_into().unwrap()
    }

    fn text(rest: &mut &[u8]) -> String {
        let len = match take(rest, 1)[0] {
            u8::MAX => usize::try_from(u64::from_le_bytes(word(rest))).unwrap(),
            len => len.into(),
        };
        String::from_utf8(take(rest, len).to_vec()).unwrap()
    }

    /// The value whose form begins here; `None` is the end of a list or an object.
    fn read(rest: &mut &[u8]) -> Option<Json> {
        let mark = take(rest, 1)[0];
        let is = |other: Mark| mark == other as u8;
        Some(match mark {
            _ if is(Mark::End) => return None,
            _ if is(Mark::Null) => Json::Null,
            _ if is(Mark::False) => false.into(),
            _ if is(Mark::True) => true.into(),
            _ if is(Mark::Natural) => u64::from_le_bytes(word(rest)).into(),
            _ if is(Mark::Negative) => i64::from_le_bytes(word(rest)).into(),
            _ if is(Mark::Float) => Number::from_f64(f64::from_le_bytes(word(rest))).unwrap().into(),
            _ if is(Mark::Text) => text(rest).into(),
            _ if is(Mark::Variant) => [(text(rest), read(rest).unwrap())].into_iter().collect::<Map<_, _>>().into(),
            _ if is(Mark::List) => std::iter::from_fn(|| read(rest)).collect::<Vec<_>>().into(),
            _ if is(Mark::Object) => {
                let entries = std::iter::from_fn(|| Some((read(rest)?.as_str()?.to_owned(), read(rest)?)));
                entries.collect::<Map<_, _>>().into()
            }
            _ => panic!("there is no mark {mark}"),
        })
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            prop_oneof![Just(-0.0), -1e300..1e300].prop_map(Json::from),
            "[a\\x00-\\x0c]{0,9}|[a]{250,260}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[ab\\x00]{0,2}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        /// What is read from a form is what was written, to its last byte. So no two values have one form.
        #[test]
        fn a_form_has_one_reading(value in any_json()) {
            let form = form(&value);
            let mut rest = &form[..];
            prop_assert_eq!(read(&mut rest).map(|read| read.to_string()), Some(value.to_string()));
            prop_assert!(rest.is_empty());
        }
    }

    #[derive(serde::Serialize)]
    enum Any {
        Unit,
        One(u8),
        Two(i8, char),
        Named { at: Option<f32>, left_out: () },
    }

    /// Each way in which serde hands over a value.
    #[test]
    fn a_form_says_what_the_json_says() {
        let all = (Any::Unit, Any::One(1), Any::Two(-1, 'é'), Any::Named { at: Some(0.5), left_out: () });
        for (value, says) in [
            (form(&all), json!(["Unit", {"One": 1}, {"Two": [-1, "é"]}, {"Named": {"at": 0.5, "left_out": null}}])),
            (form(&(f64::NAN, f64::INFINITY, None::<u8>)), json!([null, null, null])),
        ] {
            assert_eq!(read(&mut &value[..]), Some(says));
        }
    }
}
