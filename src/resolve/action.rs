//! The table of resolution: a verdict and a strategy give an action.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Decision, UnitResolver};
use crate::detect::{RemoteChange, Verdict};
use crate::schema::{Dispute, Fallback, Field, Kind, Resolver, Ruling, Strategy};
use crate::value::{Record, Value};

/// What is to be done with one value, before it is known what that comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Leave both sides and the base.
    Ignore,
    /// Leave local, advance the base: nothing is in dispute.
    Acknowledge,
    TakeRemote,
    Revert,
    KeepLocal,
    Hold,
    Write(Value),
}

impl Action {
    pub(super) fn decision(&self) -> Decision {
        match self {
            Self::Ignore | Self::Acknowledge => Decision::Nothing,
            Self::TakeRemote => Decision::TookRemote,
            Self::Revert => Decision::DriftReverted,
            Self::KeepLocal => Decision::KeptLocal,
            Self::Hold => Decision::HeldOpen,
            Self::Write(_) => Decision::Merged,
        }
    }

    /// Whether the base becomes what the source says.
    pub(super) fn advances(&self) -> bool {
        !matches!(self, Self::Ignore | Self::Hold)
    }
}

impl From<Fallback> for Action {
    fn from(fallback: Fallback) -> Self {
        match fallback {
            Fallback::Review => Self::Hold,
            Fallback::Local => Self::KeepLocal,
            Fallback::Remote => Self::TakeRemote,
        }
    }
}

impl UnitResolver<'_, '_> {
    /// What a strategy does about a verdict; `ask` puts a conflict to a host's resolver.
    pub(super) fn act(
        &self,
        verdict: &Verdict,
        strategy: &Strategy,
        no_local: bool,
        ask: impl FnOnce(&dyn Resolver) -> Ruling,
    ) -> Action {
        match verdict {
            Verdict::InSync | Verdict::Adopted | Verdict::Converged => Action::Acknowledge,
            Verdict::NotReported | Verdict::InvalidRemote(_) => Action::Ignore,
            Verdict::LocalOnly(_) if *strategy == Strategy::Enforced => Action::Revert,
            Verdict::LocalOnly(_) => Action::Acknowledge,
            Verdict::RemoteOnly(change) => match strategy {
                Strategy::LocalOwned => Action::KeepLocal,
                Strategy::FillOnly if !no_local || *change == RemoteChange::Cleared => Action::KeepLocal,
                _ => Action::TakeRemote,
            },
            Verdict::Conflict(_) => match strategy {
                Strategy::RemoteWins | Strategy::Enforced => Action::TakeRemote,
                Strategy::LocalWins | Strategy::LocalOwned => Action::KeepLocal,
                Strategy::FillOnly if no_local => Action::TakeRemote,
                Strategy::FillOnly => Action::KeepLocal,
                Strategy::Merge { fallback } => (*fallback).into(),
                Strategy::NewestWins { stamp, skew, fallback } => {
                    self.newest(stamp, *skew).unwrap_or_else(|| (*fallback).into())
                }
                Strategy::Custom { resolver } => match self.schema().resolver(resolver) {
                    None => Action::Hold,
                    Some(resolver) => match ask(resolver) {
                        Ruling::TakeRemote => Action::TakeRemote,
                        Ruling::KeepLocal => Action::KeepLocal,
                        Ruling::HoldOpen => Action::Hold,
                        Ruling::Write(value) => Action::Write(value),
                    },
                },
            },
        }
    }

    /// The newer side, if both have a timestamp and they differ by more than the skew.
    fn newest(&self, stamp: &str, skew: Duration) -> Option<Action> {
        let position = self.schema().position(stamp)?;
        let Kind::Timestamp(notation) = self.schema().fields()[position].kind() else { return None };
        let at = |record: &Record| match record.field(position).to_value() {
            Value::Text(text) => notation.parse(&text),
            // Seconds since 1970 are mostly sent as a number.
            Value::Int(seconds) => notation.parse(&seconds.to_string()),
            _ => None,
        };
        let lead = at(self.sides.remote)?.signed_duration_since(at(self.sides.local)?);
        let is_ahead = |lead: TimeDelta| lead.to_std().is_ok_and(|lead| lead > skew);
        if is_ahead(lead) { Some(Action::TakeRemote) } else { is_ahead(-lead).then_some(Action::KeepLocal) }
    }

    /// A resolver's ruling on a field, as one of the sides where it equals one.
    pub(super) fn rule_by(&self, resolver: &dyn Resolver, field: &Field, dispute: &Dispute<'_>) -> Ruling {
        match resolver.resolve(dispute) {
            Ruling::Write(value) if self.schema().same_value(field, &value, dispute.local) => Ruling::KeepLocal,
            Ruling::Write(value) if self.schema().same_value(field, &value, dispute.remote) => Ruling::TakeRemote,
            Ruling::Write(value) if self.schema().canonical_of(field, &value).is_err() => Ruling::HoldOpen,
            ruling => ruling,
        }
    }
}
