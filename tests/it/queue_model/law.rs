//! The laws, in the numbering of the queue's invariants.

pub(super) const NO_EFFECT: &str = "what is fenced or refused changes nothing";
pub(super) const TWICE: &str = "a command that is delivered twice takes effect once";
pub(super) const NONCE: &str = "a claim whose answer was lost is recognised: nobody's attempt is lost with it";
pub(super) const HELD: &str = "what a guard held back is wanted until all of it was done or a person cancels it";
pub(super) const UNASKED: &str = "what a guard held back runs again only when somebody asks";
pub(super) const I1: &str = "I1: no effect by a token that is not the slot's";
pub(super) const I2: &str = "I2: at most one live holder of a token";
pub(super) const I3: &str = "I3: at most one terminal entry for each token";
pub(super) const I4: &str = "I4: an idle slot has covered every acknowledged trigger, or holds it back";
pub(super) const I5: &str = "I5: covered <= taken <= wanted, and an idle slot is covered or holds something back";
pub(super) const I6: &str = "I6: token, generations and time only grow";
pub(super) const I7: &str = "I7: no more run than the gate lets";
pub(super) const I8: &str = "I8: failures and rescues stay within their limits";
pub(super) const I9: &str = "I9: no retry before its back-off and its Retry-After";
pub(super) const I10: &str = "I10: no lease outlives its ticket";
pub(super) const I11: &str = "I11: the history is the fold of the transitions";
pub(super) const I12: &str = "I12: without faults, everything is covered, dead or held back in bounded time";
