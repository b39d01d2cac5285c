//! Strategies and what goes with them: fallbacks, the absent and first-sync policies, a host's own resolvers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::value::Value;

/// What is done about a verdict. Strategies act on verdicts, field by field, never on whole records.
///
/// In a configuration file a strategy is its name, or an object of one key where it has settings:
///
/// ```
/// use tripartite::schema::{Fallback, Strategy};
/// let merge: Strategy = serde_json::from_str(r#""merge""#)?;
/// assert_eq!(merge, Strategy::Merge { fallback: Fallback::Review });
/// let merge: Strategy = serde_json::from_str(r#"{"merge": {"fallback": "remote"}}"#)?;
/// assert_eq!(merge, Strategy::Merge { fallback: Fallback::Remote });
/// // The name the replaced system used still reads, and an unknown one is an error, never a
/// // default.
/// assert_eq!("federation_wins".parse(), Ok(Strategy::RemoteWins));
/// assert!("remote_win".parse::<Strategy>().is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Strategy {
    /// On a conflict take remote; edits the source did not touch stay. The default.
    #[default]
    RemoteWins,
    /// On a conflict keep local and acknowledge the remote, so that one event is reported once.
    LocalWins,
    /// Sets merge by element, maps and records by key; what collides goes to the fallback.
    Merge {
        /// What is done where the kind cannot merge.
        fallback: Fallback,
    },
    /// Reverts every local edit: the only strategy that may undo one the source did not touch.
    Enforced,
    /// Never written by a sync.
    LocalOwned,
    /// Writes only into an empty local, and only when the remote moved or there is no base.
    FillOnly,
    /// On a conflict the side with the newer timestamp wins.
    NewestWins {
        /// The field of kind `timestamp` that says, on each side, when that side's value was made.
        stamp: String,
        /// Timestamps that are not further apart than this are a tie; whole seconds in a configuration file.
        skew: Duration,
        /// What is done on a tie, or where a side has no timestamp.
        fallback: Fallback,
    },
    /// On a conflict the host's own [`Resolver`] of this name decides.
    Custom {
        /// The name it was registered under.
        resolver: String,
    },
}

/// What is done about a conflict that cannot be merged.
///
/// ```
/// use tripartite::schema::Fallback;
/// // where nobody said who is right, nobody is taken to be
/// assert_eq!(Fallback::default(), Fallback::Review);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fallback {
    /// Keep local, leave the base, and hold exactly one open conflict until a person decides or the sides agree.
    #[default]
    Review,
    /// As [`Strategy::LocalWins`].
    Local,
    /// As [`Strategy::RemoteWins`].
    Remote,
}

/// What the source means by leaving a field out.
///
/// | base | `NoOpinion` | `ClearedIfReported` | `Cleared` |
/// |---|---|---|---|
/// | A | nothing | empty now | empty now |
/// | null | nothing | nothing | empty |
/// | unknown | nothing | nothing | empty |
///
/// The base of a conflict that is open may have nothing, though the source did report a value. Left out under
/// `ClearedIfReported`, that value is gone: only this side still has one, so the conflict closes, and nothing else
/// moves.
///
/// ```
/// use tripartite::detect::{RemoteChange, Sides, Verdict, detect};
/// use tripartite::schema::{Absent, Field, Kind, Schema};
/// let fax = Field::new("fax", Kind::Text).absent(Absent::ClearedIfReported);
/// let schema = Schema::builder().field(fax).build()?;
/// let base = schema.record(&serde_json::json!({"fax": "01 234 5678"}))?;
/// let remote = schema.missing(); // the key is gone from the payload
/// let found = detect(&schema, Sides { base: &base, local: &base, remote: &remote });
/// assert_eq!(found.changes()[0].verdict, Verdict::RemoteOnly(RemoteChange::Cleared));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Absent {
    /// Nothing at all: partial payloads, webhooks. The default.
    #[default]
    NoOpinion,
    /// That it is empty now, if the base has a value: full records that leave out empty keys.
    ClearedIfReported,
    /// That it is empty.
    Cleared,
}

/// Who is believed when both sides have a value and no base says who changed it.
///
/// ```
/// use tripartite::schema::FirstSync;
/// assert_eq!("adopt_remote".parse(), Ok(FirstSync::AdoptRemote));
/// assert!("remote_wins".parse::<FirstSync>().is_err()); // that is a strategy
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FirstSync {
    /// The source's value is taken.
    AdoptRemote,
    /// The host's value is kept, the source's becomes the base.
    AdoptLocal,
    /// Each difference is held open for a person.
    Review,
}

/// A conflict as a host's [`Resolver`] sees it. Of an atomic group the values are maps, by the fields' names.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Dispute<'a> {
    /// The name of the field or group.
    pub unit: &'a str,
    /// Where inside a map or record, as a JSON Pointer (RFC 6901); empty for the whole field.
    pub path: &'a str,
    /// What the last committed decision saw; `None` when there is no base.
    pub base: Option<&'a Value>,
    /// The host's value.
    pub local: &'a Value,
    /// The source's value.
    pub remote: &'a Value,
}

impl<'a> Dispute<'a> {
    /// A dispute about a field or group, as a test of a [`Resolver`] makes one.
    pub fn new(unit: &'a str, path: &'a str, base: Option<&'a Value>, local: &'a Value, remote: &'a Value) -> Self {
        Self { unit, path, base, local, remote }
    }
}

/// What a [`Resolver`] decides.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Ruling {
    /// The source's value is taken.
    TakeRemote,
    /// The host's value stays, the source's is acknowledged.
    KeepLocal,
    /// A value of its own; the source's is acknowledged.
    Write(Value),
    /// A person must decide.
    HoldOpen,
}

/// A host's own way to decide a conflict.
///
/// * **Must**: answer the same for the same dispute; a plan is recomputed to be approved and to be retried.
/// * **May**: write any value, also one of neither side.
/// * **The core relies on** nothing else: a ruling that equals a side is treated as that side, and a value that is
///   none of the field's kind as [`Ruling::HoldOpen`].
///
/// ```
/// use tripartite::schema::{Dispute, Resolver, Ruling};
/// /// The longer text wins; a tie is for people.
/// struct Longer;
/// impl Resolver for Longer {
///     fn resolve(&self, dispute: &Dispute<'_>) -> Ruling {
///         let len = |text: Option<&str>| text.map_or(0, str::len);
///         match len(dispute.local.as_text()).cmp(&len(dispute.remote.as_text())) {
///             std::cmp::Ordering::Less => Ruling::TakeRemote,
///             std::cmp::Ordering::Equal => Ruling::HoldOpen,
///             std::cmp::Ordering::Greater => Ruling::KeepLocal,
///         }
///     }
/// }
/// ```
pub trait Resolver: Send + Sync {
    /// Decides one conflict.
    fn resolve(&self, dispute: &Dispute<'_>) -> Ruling;
}

/// The text names no strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} `{name}`: expected remote_wins, local_wins, merge, enforced, local_owned or fill_only; newest_wins and custom \
     stand with their settings",
    if SETTINGS.contains(&name.as_str()) { "a name is not enough for strategy" } else { "unknown strategy" }
)]
#[non_exhaustive]
pub struct UnknownStrategy {
    /// What was found.
    pub name: String,
}

/// Strategies that are nothing without their settings.
const SETTINGS: [&str; 2] = ["newest_wins", "custom"];

impl Strategy {
    /// Merging with the default fallback, [`Fallback::Review`].
    pub const MERGE: Self = Self::Merge { fallback: Fallback::Review };

    /// The name, as a configuration file and the audit have it.
    ///
    /// ```
    /// use tripartite::schema::{Fallback, Strategy};
    /// let merge = Strategy::Merge { fallback: Fallback::Local };
    /// // without its settings
    /// assert_eq!((merge.name(), merge.to_string()), ("merge", "merge(local)".to_owned()));
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Self::RemoteWins => "remote_wins",
            Self::LocalWins => "local_wins",
            Self::Merge { .. } => "merge",
            Self::Enforced => "enforced",
            Self::LocalOwned => "local_owned",
            Self::FillOnly => "fill_only",
            Self::NewestWins { .. } => "newest_wins",
            Self::Custom { .. } => "custom",
        }
    }

    /// Whether it decides without looking at who changed what, so that no first-sync policy overrides it.
    pub(crate) fn is_unconditional(&self) -> bool {
        matches!(self, Self::Enforced | Self::LocalOwned | Self::FillOnly)
    }
}

impl Fallback {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Merge { fallback } if *fallback != Fallback::Review => write!(f, "({})", fallback.name()),
            Self::NewestWins { stamp, fallback, .. } => write!(f, "({stamp}, else {})", fallback.name()),
            Self::Custom { resolver } => write!(f, "({resolver})"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        Ok(match name {
            "remote_wins" | "federation_wins" => Self::RemoteWins,
            "local_wins" => Self::LocalWins,
            "merge" => Self::MERGE,
            "enforced" => Self::Enforced,
            "local_owned" => Self::LocalOwned,
            "fill_only" => Self::FillOnly,
            _ => return Err(UnknownStrategy { name: name.to_owned() }),
        })
    }
}

impl FromStr for FirstSync {
    type Err = UnknownFirstSync;

    fn from_str(name: &str) -> Result<Self, UnknownFirstSync> {
        match name {
            "adopt_remote" => Ok(Self::AdoptRemote),
            "adopt_local" => Ok(Self::AdoptLocal),
            "review" => Ok(Self::Review),
            _ => Err(UnknownFirstSync { name: name.to_owned() }),
        }
    }
}

/// The text names no first-sync policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown first-sync policy `{name}`: expected adopt_remote, adopt_local or review")]
#[non_exhaustive]
pub struct UnknownFirstSync {
    /// What was found.
    pub name: String,
}

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MergeSettings {
    fallback: Fallback,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NewestSettings {
    stamp: String,
    #[serde(default)]
    skew_seconds: u64,
    #[serde(default)]
    fallback: Fallback,
}

impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Merge { fallback } if *fallback != Fallback::Review => {
                one_key(serializer, self.name(), &MergeSettings { fallback: *fallback })
            }
            Self::NewestWins { stamp, skew, fallback } => {
                let settings =
                    NewestSettings { stamp: stamp.clone(), skew_seconds: skew.as_secs(), fallback: *fallback };
                one_key(serializer, self.name(), &settings)
            }
            Self::Custom { resolver } => one_key(serializer, self.name(), resolver),
            plain => serializer.serialize_str(plain.name()),
        }
    }
}

fn one_key<S: Serializer>(serializer: S, key: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

impl<'de> Deserialize<'de> for Strategy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrategyVisitor)
    }
}

struct StrategyVisitor;

impl<'de> Visitor<'de> for StrategyVisitor {
    type Value = Strategy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a strategy, or an object with its name as the only key")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Strategy, E> {
        name.parse().map_err(|unknown| match name {
            "newest_wins" => E::custom("`newest_wins` needs its settings: {\"newest_wins\": {\"stamp\": FIELD}}"),
            "custom" => E::custom("`custom` needs the resolver's name: {\"custom\": NAME}"),
            _ => E::custom(unknown),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strategy, A::Error> {
        let Some(name) = map.next_key::<String>()? else {
            return Err(de::Error::custom("a strategy object has exactly one key, its name"));
        };
        let strategy = match name.as_str() {
            "merge" => Strategy::Merge { fallback: map.next_value::<MergeSettings>()?.fallback },
            "newest_wins" => {
                let NewestSettings { stamp, skew_seconds, fallback } = map.next_value()?;
                Strategy::NewestWins { stamp, skew: Duration::from_secs(skew_seconds), fallback }
            }
            "custom" => Strategy::Custom { resolver: map.next_value()? },
            plain => {
                let strategy = plain.parse().map_err(de::Error::custom)?;
                let Settingless {} = map.next_value()?;
                strategy
            }
        };
        match map.next_key::<String>()? {
            None => Ok(strategy),
            Some(_) => Err(de::Error::custom("a strategy object has exactly one key, its name")),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settingless {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_survives_a_round_trip() {
        let all = [
            Strategy::RemoteWins,
            Strategy::LocalWins,
            Strategy::MERGE,
            Strategy::Merge { fallback: Fallback::Local },
            Strategy::Enforced,
            Strategy::LocalOwned,
            Strategy::FillOnly,
            Strategy::NewestWins {
                stamp: "updated_at".into(),
                skew: Duration::from_secs(2),
                fallback: Fallback::Remote,
            },
            Strategy::Custom { resolver: "longer".into() },
        ];
        for strategy in all {
            let json = serde_json::to_string(&strategy).unwrap();
            assert_eq!(serde_json::from_str::<Strategy>(&json).unwrap(), strategy, "{json}");
        }
    }

    #[test]
    fn a_wrong_strategy_is_a_precise_error() {
        let error = |json: &str| serde_json::from_str::<Strategy>(json).unwrap_err().to_string();
        assert!(error(r#""federation_win""#).starts_with("unknown strategy `federation_win`"));
        assert!(error(r#""newest_wins""#).contains("needs its settings"));
        let expected = "expected remote_wins, local_wins, merge, enforced, local_owned or fill_only; \
                        newest_wins and custom stand with their settings";
        for (name, says) in [("x", "unknown strategy `x`"), ("custom", "a name is not enough for strategy `custom`")] {
            assert_eq!(name.parse::<Strategy>().unwrap_err().to_string(), format!("{says}: {expected}"));
        }
        assert!(error(r#"{"merge": {"fallbak": "local"}}"#).contains("unknown field `fallbak`"));
        assert!(error(r#"{"merge": {}, "enforced": {}}"#).contains("exactly one key"));
    }
}
