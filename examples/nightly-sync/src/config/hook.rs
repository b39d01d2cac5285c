//! Who is told of what.

use tripartite_sources::http::Secret;

/// What somebody may want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A sync failed, and does not go on by itself.
    Failed,
    /// A guard stopped a plan.
    Blocked,
    /// More waits for a person than before.
    Questions,
    /// A sync that had failed succeeded.
    Recovered,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Blocked, Self::Questions, Self::Recovered];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Questions => "questions",
            Self::Recovered => "recovered",
        }
    }
}

/// Somebody who is told.
#[derive(Debug, Clone)]
pub struct Hook {
    /// What it is called; two never have one name.
    pub name: String,
    /// Of what.
    pub on: Vec<Event>,
    /// How.
    pub target: Target,
}

/// How somebody is told.
#[derive(Debug, Clone)]
pub enum Target {
    /// A program, with its arguments. It has the text on standard input.
    Command(Vec<String>),
    /// An address, which gets a message signed by Standard Webhooks.
    Url {
        /// The address.
        url: String,
        /// The secret that signs; without one, nothing is signed.
        secret: Option<Secret>,
    },
}
