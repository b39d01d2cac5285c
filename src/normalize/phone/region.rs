//! The country whose way of dialling a source uses.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[cfg(not(feature = "phone"))]
use super::letters::Home;
#[cfg(feature = "phone")]
use super::plan::Home;

/// The region that a national number, one without a country code, is dialled in.
///
/// Two letters of ISO 3166-1 (and `AC`, `TA`, `XK`, which the numbering plans know), in either case; shown and
/// serialised in upper case. Without the feature `phone` any two letters are one, and no schema takes it.
///
/// ```
/// use tripartite::normalize::phone::Region;
///
/// let region = Region::new("ie")?;
/// assert_eq!(region.to_string(), "IE");
/// // The region of +44 is called GB.
/// assert!(Region::new("UK").is_err());
/// # Ok::<(), tripartite::normalize::phone::UnknownRegion>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Home);

/// The region of a field is not one that has a numbering plan.
///
/// ```
/// use tripartite::normalize::phone::Region;
///
/// let error = Region::new("Ireland").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "expected the two letters of a region with phone numbers, such as IE, \
///      got \"Ireland\""
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("expected the two letters of a region with phone numbers, such as IE, got {code:?}")]
#[non_exhaustive]
pub struct UnknownRegion {
    /// The code as it was given.
    pub code: String,
}

impl Region {
    /// The region with this code.
    ///
    /// # Errors
    ///
    /// [`UnknownRegion`] if no numbering plan is known for it.
    ///
    /// ```
    /// use tripartite::normalize::phone::Region;
    ///
    /// assert_eq!(Region::new("IE").map(|region| region.to_string()), Ok("IE".to_owned()));
    /// // Antarctica has a code and no phone numbers of its own.
    /// assert!(Region::new("AQ").is_err());
    /// ```
    pub fn new(code: &str) -> Result<Self, UnknownRegion> {
        Home::find(code).map(Self).ok_or_else(|| UnknownRegion { code: code.to_owned() })
    }

    #[cfg(feature = "phone")]
    pub(super) fn home(self) -> Home {
        self.0
    }
}

impl Display for Region {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        Self::new(code)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::new(&code).map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[cfg(feature = "phone")]
mod tests {
    use super::Region;

    #[test]
    fn codes() -> serde_json::Result<()> {
        let ireland: Region = serde_json::from_str("\"ie\"")?;
        assert_eq!(serde_json::to_string(&ireland)?, "\"IE\"");
        assert_eq!(format!("{ireland:?}"), "Region(IE)");
        for (code, why) in [
            ("", "nothing"),
            ("I", "one letter"),
            ("IRL", "three letters"),
            ("I1", "a digit"),
            ("é", "two bytes that are no letters"),
            ("001", "the world has codes and no way of dialling"),
            ("UK", "reserved for GB"),
            ("ZZ", "unassigned"),
        ] {
            assert!(Region::new(code).is_err(), "{why}");
            assert!(serde_json::from_value::<Region>(code.into()).is_err(), "{why}");
        }
        Ok(())
    }
}
