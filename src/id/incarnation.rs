//! The incarnation of a worker: the random id of one start.

use std::fmt;

/// How many random bytes an incarnation has.
pub const INCARNATION_LEN: usize = 16;

/// One start of a worker: random bytes that the host draws anew each time it makes one.
///
/// A [`WorkerId`](super::WorkerId) is a name for people, and two workers may have the same: replicas with a hard-coded
/// name, or a pod that is started again while the old one still runs. Nonces of claims are made of the incarnation, so that
/// no worker takes another one's claim for its own.
///
/// ```
/// use tripartite::id::{Incarnation, NotRandom};
/// let mut random = [0; 16];
/// getrandom::fill(&mut random)?; // the host's own source of randomness
/// assert!(Incarnation::new(random).is_ok());
/// // A process id, a counter or a time is not random.
/// assert_eq!(Incarnation::new(4711_u128.to_be_bytes()), Err(NotRandom));
/// # Ok::<(), getrandom::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation([u8; INCARNATION_LEN]);

/// The bytes are a small number, so nobody drew them at random.
///
/// [`Incarnation`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an incarnation needs 16 bytes of entropy, and half of these are zero")]
pub struct NotRandom;

impl Incarnation {
    /// Checks random bytes and makes them an incarnation.
    ///
    /// [`Incarnation`] has an example.
    ///
    /// # Errors
    /// [`NotRandom`], when the first or the last eight bytes are all zero: of bytes that were drawn at random, one in
    /// 2⁶³ is refused.
    pub fn new(bytes: [u8; INCARNATION_LEN]) -> Result<Self, NotRandom> {
        let (first, last) = bytes.split_at(INCARNATION_LEN / 2);
        let zero = |half: &[u8]| half.iter().all(|byte| *byte == 0);
        if zero(first) || zero(last) { Err(NotRandom) } else { Ok(Self(bytes)) }
    }
}

/// In 32 hexadecimal digits.
impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({self})")
    }
}
