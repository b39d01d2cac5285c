//! An error of any type, with its class: what the erased forms of the traits fail with.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::pin::Pin;

use super::{Classify, Failure};

/// The answer of an erased call: a boxed future, which is one allocation.
pub type DynFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, DynError>> + Send + 'a>>;

/// An error of any type, with the class that it had. Its text, its `Debug` text and its sources are those of the error
/// inside, so each cause is told once.
///
/// A handler that opens several kinds of source has it as its own error type, too.
///
/// ```
/// use tripartite::failure::{Classify, DynError, Failure};
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("401 Unauthorized")]
/// # struct Refused;
/// # impl Classify for Refused {
/// #     fn failure(&self) -> Failure {
/// #         Failure::Denied
/// #     }
/// # }
/// let error = DynError::erase(Refused);
/// assert_eq!((error.failure(), error.to_string()), (Failure::Denied, "401 Unauthorized".into()));
/// // What was erased twice was erased once: the host's own type is found at the first try.
/// assert!(DynError::erase(error).downcast_ref::<Refused>().is_some());
/// ```
pub struct DynError {
    failure: Failure,
    error: Box<dyn Error + Send + Sync>,
}

impl DynError {
    /// An error, or a text, of a stated class.
    ///
    /// ```
    /// use tripartite::failure::{Classify, DynError, Failure};
    /// let error = DynError::new(Failure::Gone, "there is no source of this name");
    /// assert_eq!(error.to_string(), "there is no source of this name");
    /// assert_eq!(error.failure(), Failure::Gone);
    /// ```
    pub fn new(failure: Failure, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { failure, error: error.into() }
    }

    /// An error that states its class itself. One that is erased already is returned as it is.
    ///
    /// [`DynError`] has an example.
    pub fn erase(error: impl Error + Classify + Send + Sync + 'static) -> Self {
        let failure = error.failure();
        let mut error = Some(error);
        match (&mut error as &mut dyn Any).downcast_mut::<Option<Self>>().and_then(Option::take) {
            Some(erased) => erased,
            None => Self { failure, error: error.map(Box::new).expect("only an erased error is taken out") },
        }
    }

    /// The error inside, if it is of this type. Use it where a host does something about one error of its own.
    ///
    /// [`DynError`] has an example.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.error.downcast_ref()
    }
}

impl Classify for DynError {
    fn failure(&self) -> Failure {
        self.failure
    }
}

impl Error for DynError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl fmt::Display for DynError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for DynError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}
