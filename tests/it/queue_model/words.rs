//! A trace in words.

use super::gated;
use super::moves::{Act, Bounds};
use super::real::{Answer, Ask, Say};

const NAMES: [&str; 2] = ["a", "b"];

impl Act {
    pub(super) fn words(self, bounds: &Bounds) -> String {
        let asks = bounds.asks;
        match self {
            Self::Tick => "a tick passes".to_owned(),
            Self::Asked(say, answer) => format!("somebody says {}: {}", say.words(asks), answer.words()),
            Self::Ignored(say) => format!("somebody says {}, which is answered and not recorded", say.words(asks)),
            Self::Read { who, at, stale } => {
                let what = if stale { "what was stored before" } else { "what is stored" };
                format!("{} reads {what}, to {}", NAMES[who], format!("{at:?}").to_lowercase())
            }
            Self::Wrote { who, say, answer, lost } => {
                let lost = if lost { "; it took effect, and the answer is lost" } else { "" };
                format!("{} writes {}: {}{lost}", NAMES[who], say.words(asks), answer.words())
            }
            Self::Answered { who, say, answer } => {
                format!("{} need not write {}: {}", NAMES[who], say.words(asks), answer.words())
            }
            Self::Conflict { who, say } => format!("{} would write {}: conflict", NAMES[who], say.words(asks)),
            Self::Appended { who, token } => format!("{} appends the end of token {token} to the history", NAMES[who]),
            Self::Crash { who } => format!("{} crashes", NAMES[who]),
        }
    }
}

impl gated::Act {
    pub(super) fn words(self, asks: &[Ask]) -> String {
        match self {
            Self::Tick => "a tick passes".to_owned(),
            Self::Asked { key, which } => format!("somebody says {} of key {key}", Say::Trigger(which).words(asks)),
            Self::Admit { who, key, until: Some(until) } => {
                format!("{} has a ticket for key {key} until {until}", NAMES[who])
            }
            Self::Admit { who, key, until: None } => format!("{} gets no ticket for key {key}", NAMES[who]),
            Self::Say { who, key, say, answer, lost } => {
                let lost = if lost { "; the answer is lost" } else { "" };
                format!("{} says {} of key {key}: {}{lost}", NAMES[who], say.words(asks), answer.words())
            }
            Self::TooLong { who } => format!("{} does not claim: the lease would outlive the ticket", NAMES[who]),
            Self::Release { who } => format!("{} gives its ticket back", NAMES[who]),
            Self::Crash { who } => format!("{} crashes", NAMES[who]),
        }
    }
}

impl Say {
    fn words(self, asks: &[Ask]) -> String {
        match self {
            Self::Trigger(which) => format!("trigger ({})", asks[usize::from(which)].name),
            Self::Claim { worker, nonce } => format!("claim by {}, nonce {nonce}", NAMES[usize::from(worker)]),
            other => format!("{other:?}").to_lowercase(),
        }
    }
}

impl Answer {
    fn words(self) -> String {
        match self {
            Self::Claimed { token, attempt } => format!("claimed, token {token}, attempt {attempt}"),
            Self::Retrying(at) => format!("retrying at {at}"),
            Self::Snoozed(at) => format!("snoozed until {at}"),
            other => format!("{other:?}").to_lowercase(),
        }
    }
}
