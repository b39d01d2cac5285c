//! Cases of a suite that asks for a fixture: each a function, a value in the list of all, and a test.

/// Defines cases once, and from that: a function for each, the list of them, and the macro that makes each a test.
macro_rules! promises {
    ($dollar:tt $tests:ident in $suite:ident::$module:ident:
        $($(#[doc = $promise:literal])+ fn $name:ident($probe:ident) $body:block)+
    ) => {
        $(
            $(#[doc = $promise])+
            ///
            /// # Panics
            /// When the promise is broken.
            #[track_caller]
            pub fn $name<F: $crate::conformance::$suite::Fixture>(fresh: impl Fn() -> F + Sync) {
                let (case, words) = (stringify!($name), concat!($($promise),+).trim_ascii_start());
                let promise = $crate::conformance::promise::Promise { case, words };
                $crate::conformance::promise::check(|| {
                    let $probe = &$crate::conformance::$suite::probe::Probe::new(&fresh, promise);
                    $body
                });
            }
        )+

        pub(super) fn cases<F: $crate::conformance::$suite::Fixture>() -> Vec<$crate::conformance::of_fixture::Case<F>> {
            vec![$($crate::conformance::of_fixture::Case {
                name: stringify!($name),
                promise: concat!($($promise),+).trim_ascii_start(),
                run: |fresh| $name(fresh),
            }),+]
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! $tests {
            ($dollar fixture:expr) => {
                $(
                    #[test]
                    fn $name() {
                        $crate::conformance::$suite::$module::$name(|| $dollar fixture);
                    }
                )+
            };
        }
    };
}

/// One promise of a trait, and the check of it with a fixture.
///
/// [`records`](crate::conformance::records) and [`connector`](crate::conformance::connector) have examples.
#[derive(Debug)]
#[non_exhaustive]
pub struct Case<F> {
    /// Its name: that of the test, and of the function.
    pub name: &'static str,
    /// The promise, as the trait's documentation has it.
    pub promise: &'static str,
    pub(super) run: fn(&(dyn Fn() -> F + Sync)),
}

impl<F> Case<F> {
    /// Checks fixtures that `fresh` makes, each of them with no record in it.
    ///
    /// # Panics
    /// When the promise is broken.
    #[track_caller]
    pub fn run(&self, fresh: &(dyn Fn() -> F + Sync)) {
        (self.run)(fresh);
    }
}
