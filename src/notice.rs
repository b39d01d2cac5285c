//! Notices: what people must hear about, as data, each once.
//!
//! A notice is the difference between two versions of a record, the one before and the one after a swap: whoever made
//! the swap has the notice, and nobody else. Its id says the same thing again, for a host that hands it out twice after
//! a crash: it is made of the key and the token of the attempt, so it is the same for the same event and never for
//! another.
//!
//! | before | after | notice |
//! |---|---|---|
//! | slot running | dead | a job died |
//! | dead | dead, and triggered since | none |
//! | health closed | open | a connector opened |
//! | half-open, the probe failed | open | none: it was open before |
//! | half-open | closed | a connector recovered |
//! | anything else | needs an operator | a credential must be renewed |
//! | times of a source as they should be | far from now, though nothing waits that long | a clock was ahead |
//! | needs an operator | closed by [`reset`](crate::health::Health::reset) | none: the person who did it knows |

use std::fmt::{self, Write as _};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::health::{Circuit, Health};
use crate::id::SyncKey;
use crate::queue::{Death, Slot, State, Token};

/// Something people must hear about.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::failure::Failure;
/// use tripartite::health::{Health, HealthRules};
/// use tripartite::id::{ConnectorId, OrgId, SyncKey};
/// use tripartite::notice::{Notice, What};
/// use tripartite::queue::Token;
/// let key =
///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
/// let before = Health::new(DateTime::<Utc>::UNIX_EPOCH);
/// let after = before.judge(
///     &HealthRules::default(),
///     Token(1),
///     Err(Failure::Denied),
///     DateTime::<Utc>::UNIX_EPOCH,
/// );
/// let notice = Notice::of_health(&key, &before, &after).ok_or("none")?;
/// assert_eq!(notice.id, "needs_operator/ballybeg/federation/1");
/// assert_eq!(Notice::of_health(&key, &after, &after), None); // once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a notice that is not sent is heard by nobody"]
#[non_exhaustive]
pub struct Notice {
    /// What the host tells duplicates by: the same event has the same id, whichever worker reports it.
    pub id: String,
    /// About which key.
    pub key: SyncKey,
    /// Since when it is so.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: What,
}

/// What happened.
///
/// ```
/// use tripartite::notice::What;
/// // as its id begins
/// assert_eq!(serde_json::to_string(&What::ConnectorRecovered)?, r#""connector_recovered""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A job is dead: it is not tried again until somebody redrives it, or it is wanted again.
    JobDied {
        /// Why.
        reason: Death,
    },
    /// A connector fails for an organisation, and is left alone for a while.
    ConnectorOpened {
        /// How many attempts failed in a row.
        failures: u32,
        /// When it is tried again.
        next_probe: Option<DateTime<Utc>>,
    },
    /// A connector that was left alone answers again.
    ConnectorRecovered,
    /// A credential was refused and must be renewed.
    NeedsOperator,
    /// A run looked at everything and wrote nothing, because its plan went beyond a limit.
    PlanBlocked {
        /// Which limit, in the report's words.
        why: String,
    },
    /// More conflicts wait for a person than before.
    ConflictsWaiting {
        /// How many wait.
        waiting: u64,
    },
    /// Fields that only the source or only the schema has, or whose values their kind does not read, and of which nobody was
    /// told before.
    SchemaDrift {
        /// What the source states and the schema does not have: it is not synced.
        undeclared: Vec<String>,
        /// What the schema has and no record of a complete listing states.
        unstated: Vec<String>,
        /// What has values that its kind does not read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread: Vec<String>,
    },
    /// Match rules that named nobody for some records, because more than a few records have the same key. Each rule is
    /// told once. A record that no other rule found was created.
    CrowdedRules {
        /// The rules.
        rules: Vec<String>,
    },
    /// A clock that was far ahead has left its times with a source: nothing happens to it until they have come, or somebody
    /// has [set them back](crate::work::Queue::repair_all_clock_skew).
    TimesAhead {
        /// The first of them that was seen.
        until: DateTime<Utc>,
    },
}

impl What {
    fn name(&self) -> &'static str {
        match self {
            Self::JobDied { .. } => "job_died",
            Self::ConnectorOpened { .. } => "connector_opened",
            Self::ConnectorRecovered => "connector_recovered",
            Self::NeedsOperator => "needs_operator",
            Self::PlanBlocked { .. } => "plan_blocked",
            Self::ConflictsWaiting { .. } => "conflicts_waiting",
            Self::SchemaDrift { .. } => "schema_drift",
            Self::CrowdedRules { .. } => "crowded_rules",
            Self::TimesAhead { .. } => "times_ahead",
        }
    }
}

impl Notice {
    /// Something that happened in, or to, the attempt with a token.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// use tripartite::notice::{Notice, What};
    /// use tripartite::queue::Token;
    /// let key = |org, connector| {
    ///     Ok::<_, tripartite::id::IdError>(SyncKey {
    ///         org: OrgId::new(org)?,
    ///         connector: ConnectorId::new(connector)?,
    ///     })
    /// };
    /// let notice = |key| {
    ///     Notice::new(&key, Token(7), DateTime::<Utc>::UNIX_EPOCH, What::ConnectorRecovered)
    /// };
    /// // Different keys have different ids, also where a key has the character that divides.
    /// assert_ne!(notice(key("a/b", "c")?).id, notice(key("a", "b/c")?).id);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn new(key: &SyncKey, token: Token, at: DateTime<Utc>, what: What) -> Self {
        Self::numbered(key, token.0, at, what)
    }

    fn numbered(key: &SyncKey, number: impl fmt::Display, at: DateTime<Utc>, what: What) -> Self {
        let mut id = what.name().to_owned();
        for part in [key.org.as_str(), key.connector.as_str()] {
            id.push('/');
            escape(&mut id, part);
        }
        // Writing into a text does not fail.
        let _ = write!(id, "/{number}");
        Self { id, key: key.clone(), at, what }
    }

    /// What a change of a slot has to tell.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use std::time::Duration;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::failure::Failure;
    /// use tripartite::id::SyncKey;
    /// use tripartite::notice::Notice;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Token, Trigger};
    /// # let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
    /// # let step = |slot: &Slot, command| slot.step(&rules, None, command, now, Fraction::ONE).next;
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// # let (worker, nonce, lease) = ("w1".parse()?, "n1".parse()?, Duration::from_secs(300));
    /// # let running = step(&step(&Slot::new(now), trigger), Command::Claim { worker, nonce, lease });
    /// let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// let fail = Command::Fail {
    ///     token: Token(1),
    ///     failure: Failure::Gone,
    ///     message: "account closed".into(),
    /// };
    /// let dead = step(&running, fail);
    /// assert!(Notice::of_slot(&key, &running, &dead).is_some());
    /// // A dead key that is paused is still dead, and nobody hears of it again.
    /// assert_eq!(Notice::of_slot(&key, &dead, &step(&dead, Command::Pause)), None);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of_slot(key: &SyncKey, before: &Slot, after: &Slot) -> Option<Self> {
        let State::Dead { reason, at, .. } = &after.state else { return None };
        let known = matches!(before.state, State::Dead { .. }) && before.token == after.token;
        (!known).then(|| Self::new(key, after.token, *at, What::JobDied { reason: reason.clone() }))
    }

    /// What a change of a health record has to tell. [`Notice`] has an example.
    pub fn of_health(key: &SyncKey, before: &Health, after: &Health) -> Option<Self> {
        let judged = after.judged() > before.judged();
        let what = match (before.circuit(), after.circuit()) {
            (Circuit::NeedsOperator { .. }, Circuit::NeedsOperator { .. }) => return None,
            (_, Circuit::NeedsOperator { .. }) => What::NeedsOperator,
            (Circuit::Closed, Circuit::Open { until, .. }) => {
                What::ConnectorOpened { failures: after.view().failures, next_probe: Some(*until) }
            }
            (Circuit::Closed, _) => return None,
            (_, Circuit::Closed) if judged => What::ConnectorRecovered,
            _ => return None,
        };
        Some(Self::new(key, after.judged(), after.updated_at(), what))
    }

    /// What a run's plan has to tell: that it was blocked, unless it was for the same reason the time before.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// use tripartite::notice::Notice;
    /// use tripartite::queue::Token;
    /// let key =
    ///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
    /// let at = DateTime::<Utc>::UNIX_EPOCH;
    /// let told = |before, after| Notice::of_plan(&key, Token(7), at, before, after).is_some();
    /// assert!(told(None, Some("31 % would be deactivated")));
    /// assert!(!told(Some("31 % would be deactivated"), Some("31 % would be deactivated")));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of_plan(
        key: &SyncKey,
        token: Token,
        at: DateTime<Utc>,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Option<Self> {
        let why = after.filter(|_| before != after)?.to_owned();
        Some(Self::new(key, token, at, What::PlanBlocked { why }))
    }

    /// What a run's conflicts have to tell: that more wait than before.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// use tripartite::notice::Notice;
    /// use tripartite::queue::Token;
    /// let key =
    ///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
    /// let at = DateTime::<Utc>::UNIX_EPOCH;
    /// let told =
    ///     |before, after| Notice::of_conflicts(&key, Token(7), at, before, after).is_some();
    /// assert!(told(0, 2));
    /// assert!(!told(2, 2) && !told(2, 1)); // somebody is at it
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of_conflicts(key: &SyncKey, token: Token, at: DateTime<Utc>, before: u64, after: u64) -> Option<Self> {
        (after > before).then(|| Self::new(key, token, at, What::ConflictsWaiting { waiting: after }))
    }

    /// What a run's fields have to tell: those that are new among the undeclared, the unstated and the unread ones.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// use tripartite::notice::Notice;
    /// use tripartite::queue::Token;
    /// let key =
    ///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
    /// let at = DateTime::<Utc>::UNIX_EPOCH;
    /// assert!(
    ///     Notice::of_fields(&key, Token(7), at, vec!["licence_no".to_owned()], vec![], vec![])
    ///         .is_some()
    /// );
    /// // the next night has nothing new
    /// assert!(Notice::of_fields(&key, Token(8), at, vec![], vec![], vec![]).is_none());
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of_fields(
        key: &SyncKey,
        token: Token,
        at: DateTime<Utc>,
        undeclared: Vec<String>,
        unstated: Vec<String>,
        unread: Vec<String>,
    ) -> Option<Self> {
        let news = !undeclared.is_empty() || !unstated.is_empty() || !unread.is_empty();
        news.then(|| Self::new(key, token, at, What::SchemaDrift { undeclared, unstated, unread }))
    }

    /// What a run's match rules have to tell: those that newly named nobody, because many records share what they compare.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// use tripartite::notice::Notice;
    /// use tripartite::queue::Token;
    /// let key =
    ///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
    /// let at = DateTime::<Utc>::UNIX_EPOCH;
    /// assert!(Notice::of_rules(&key, Token(7), at, vec!["e-mail".to_owned()]).is_some());
    /// assert!(Notice::of_rules(&key, Token(8), at, vec![]).is_none());
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of_rules(key: &SyncKey, token: Token, at: DateTime<Utc>, rules: Vec<String>) -> Option<Self> {
        (!rules.is_empty()).then(|| Self::new(key, token, at, What::CrowdedRules { rules }))
    }

    /// That a source has times from the future. No attempt is to blame that could be named: its id ends with the time.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta, Utc};
    /// use tripartite::id::{ConnectorId, OrgId, SyncKey};
    /// use tripartite::notice::Notice;
    /// let key =
    ///     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
    /// let now = DateTime::<Utc>::UNIX_EPOCH;
    /// let notice = Notice::of_skew(&key, now + TimeDelta::days(365), now);
    /// assert_eq!(notice.id, "times_ahead/ballybeg/federation/31536000");
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn of_skew(key: &SyncKey, until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self::numbered(key, until.timestamp(), now, What::TimesAhead { until })
    }
}

/// Percent-encodes what divides the parts of an id.
fn escape(out: &mut String, part: &str) {
    for c in part.chars() {
        match c {
            '/' => out.push_str("%2F"),
            '%' => out.push_str("%25"),
            other => out.push(other),
        }
    }
}
