//! What no gate keeps waiting: schedules, leases that are over, and attempts for the history.

use chrono::{DateTime, Utc};

use super::{
    ActiveTick, Clock, Command, Due, Handler, JobStore, Outcome, Readiness, State, SyncKey, WorkError, earlier,
    readiness,
};

impl<S: JobStore + Sync, H: Handler, C: Clock> ActiveTick<'_, S, H, C> {
    /// Handles a key that no gate keeps waiting: a schedule, a lease, attempts for the history.
    pub(super) async fn handle(&mut self, due: Due) -> Result<(), WorkError<S::Error>> {
        match due {
            Due::Connection(connector) => {
                let now = self.cx.time();
                let (fired, broken) = self.cx.queue.fire_readable(&connector, now).await?;
                self.tick.next = earlier(self.tick.next, (!fired.is_empty()).then_some(now));
                self.tick.fired.extend(fired);
                self.tick.broken.extend(broken);
            }
            Due::Unknown(key) => self.tick.broken.push((key, "this version does not know the record".to_owned())),
            Due::Slot(key) => self.handle_slot(key).await?,
        }
        Ok(())
    }

    /// Handles a slot that is due. It only lists a job that is ready.
    async fn handle_slot(&mut self, key: SyncKey) -> Result<(), WorkError<S::Error>> {
        let known = self.cx.queue.relist_slot(&key).await?;
        let Some(slot) = known.record.clone() else { return Ok(()) };
        let now = self.cx.time();
        self.cx.queue.append(&key, known, now).await?;
        match (readiness(&slot, now), &slot.state) {
            (Readiness::Ready(kind), _) => self.memory.due_queue.add(key, kind),
            (_, State::Running { lease_until, .. }) if *lease_until <= now => self.expire(&key, now).await?,
            (Readiness::NotBefore(at), _) => self.tick.next = earlier(self.tick.next, Some(at)),
            (Readiness::Nothing, _) => {}
        }
        Ok(())
    }

    /// Gives up a job whose worker has vanished.
    async fn expire(&mut self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let (queue, fraction) = (self.cx.queue, self.cx.clock.fraction());
        let applied = queue.apply_with(key, None, Command::Expire, now, fraction).await?;
        self.memory.notices.extend(applied.notice);
        let next = match applied.outcome {
            Outcome::Refused(_) => return Ok(()),
            Outcome::Retrying { at } => Some(at),
            // A job that was asked for after the cancel is due at once.
            Outcome::Cancelled => Some(now),
            _ => None,
        };
        self.tick.expired.push((key.clone(), applied.outcome));
        queue.flush(key, now).await?;
        self.tick.next = earlier(self.tick.next, next);
        Ok(())
    }
}
