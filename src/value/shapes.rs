//! The shapes of serde that say the same as another one, for serialisers that know those of JSON.

/// The methods of a `Serializer` for such shapes. It has `list_of` and `object_of` for an enum variant with content, and its type
/// for each shape is the one for a sequence, or for a map.
macro_rules! shapes_of_json {
    () => {
        fn serialize_char(self, v: char) -> Result<Self::Ok, Self::Error> {
            self.serialize_str(v.encode_utf8(&mut [0; 4]))
        }
        fn serialize_none(self) -> Result<Self::Ok, Self::Error> {
            self.serialize_unit()
        }
        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Self::Error> {
            value.serialize(self)
        }
        fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, Self::Error> {
            self.serialize_unit()
        }
        fn serialize_unit_variant(
            self,
            _: &'static str,
            _: u32,
            variant: &'static str,
        ) -> Result<Self::Ok, Self::Error> {
            self.serialize_str(variant)
        }
        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<Self::Ok, Self::Error> {
            value.serialize(self)
        }
        fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, Self::Error> {
            self.serialize_seq(Some(len))
        }
        fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Self::SerializeTuple, Self::Error> {
            self.serialize_seq(Some(len))
        }
        fn serialize_struct(self, _: &'static str, len: usize) -> Result<Self::SerializeStruct, Self::Error> {
            self.serialize_map(Some(len))
        }
        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            variant: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Self::Error> {
            Ok(self.list_of(variant))
        }
        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            variant: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Self::Error> {
            Ok(self.object_of(variant))
        }
    };
}

/// The parts of what is serialised: those of a list by `push`, those of an object by `put`; `close` ends either.
macro_rules! parts_of_json {
    ($list:ty { $($role:ident :: $push:ident),+ } $object:ty { $($entries:ident),+ } => $ok:ty, $error:ty) => {
        $(
            impl ser::$role for $list {
                type Ok = $ok;
                type Error = $error;
                fn $push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), $error> {
                    self.push(value)
                }
                fn end(self) -> Result<$ok, $error> {
                    self.close()
                }
            }
        )+
        $(
            impl ser::$entries for $object {
                type Ok = $ok;
                type Error = $error;
                fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), $error> {
                    self.put(key, value)
                }
                fn end(self) -> Result<$ok, $error> {
                    self.close()
                }
            }
        )+
    };
    ($list:ty, $object:ty => $ok:ty, $error:ty) => {
        parts_of_json! {
            $list {
                SerializeSeq::serialize_element,
                SerializeTuple::serialize_element,
                SerializeTupleStruct::serialize_field,
                SerializeTupleVariant::serialize_field
            }
            $object { SerializeStruct, SerializeStructVariant } => $ok, $error
        }
    };
}

pub(crate) use {parts_of_json, shapes_of_json};
