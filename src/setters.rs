//! Setters that all read alike: each takes the value, sets its field and gives back the whole.

/// Chained setters, one for each field: `name: type of the parameter,`. Doc comments before one are added to its own.
macro_rules! setters {
    ($($(#[$more:meta])* $field:ident: $from:ty,)+) => {$(
        #[doc = concat!("Sets the field [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[doc = ""]
        $(#[$more])*
        #[must_use]
        pub fn $field(mut self, $field: $from) -> Self {
            self.$field = $field.into();
            self
        }
    )+};
}

pub(crate) use setters;
