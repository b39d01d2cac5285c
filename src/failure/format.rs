//! The error for what a later version of this crate has stored.

/// What is stored has the format of a later version of this crate. It is left as it is; a worker of that version can read
/// it.
///
/// ```
/// use tripartite::gate::{Gate, InvalidGate};
/// let mut later = serde_json::to_value(Gate::new(chrono::DateTime::UNIX_EPOCH))?;
/// later["format"] = 2.into();
/// let later: Gate = serde_json::from_value(later)?;
/// let Err(InvalidGate::Format(error)) = later.check() else { panic!("it is read") };
/// assert_eq!((error.found, error.reads_up_to), (2, 1));
/// assert_eq!(error.to_string(), "this gate has format 2, this version reads up to 1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{what} format {found}, this version reads up to {reads_up_to}")]
#[non_exhaustive]
pub struct FormatError {
    /// What it is, as a sentence begins: "this gate has".
    what: &'static str,
    /// Its format.
    pub found: u32,
    /// The latest format that this version reads.
    pub reads_up_to: u32,
}

impl FormatError {
    pub(crate) fn check(what: &'static str, found: u32, reads_up_to: u32) -> Result<(), Self> {
        if found > reads_up_to { Err(Self { what, found, reads_up_to }) } else { Ok(()) }
    }
}
