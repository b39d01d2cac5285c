//! How records, due times and logs stand in the cluster.
//!
//! | key, behind `NAMESPACE/` | value |
//! |---|---|
//! | `m` | the format, a space, 32 hexadecimal digits that [`renew`](crate::jobs::renew) draws anew |
//! | `r/KEY` | a record: its form, shard, due time, nonce and bytes |
//! | `d/SHARD/TIME/KEY` | nothing: the record of the key is due then |
//! | `l/LOG` NUL `TIME/ID` | the bytes of an entry |
//! | `i/LOG` NUL `ID` | the time of the entry with this id, and a nonce |
//!
//! `SHARD` is 4 and `TIME` 16 hexadecimal digits: microseconds since 1970, with the sign flipped, so that the order of the keys is
//! that of the times. A nonce is of the call that has written the value.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use tripartite::jobs::{LogEntry, LogPosition, Mark, Row, Shard, StoreKey};

use crate::error::JobsError;
use crate::rpc::KeyValue;

/// What this version writes.
pub(crate) const FORMAT: u32 = 1;
/// The form of a record's value.
const FORM: u8 = 1;
/// The bytes of a value before those of the record.
const HEAD: usize = 1 + 2 + 1 + 8 + 16;

/// Tells by which call a value was written.
pub(crate) type Nonce = [u8; 16];

/// The keys of a namespace.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    namespace: String,
}

impl Layout {
    pub(crate) fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }

    pub(crate) fn meta(&self) -> Vec<u8> {
        format!("{}/m", self.namespace).into_bytes()
    }

    pub(crate) fn record(&self, key: &StoreKey) -> Vec<u8> {
        format!("{}/r/{}", self.namespace, key.as_str()).into_bytes()
    }

    /// The records under a key: the first key, and the end. `0` comes right behind `/`.
    pub(crate) fn records(&self, under: &StoreKey, after: Option<&StoreKey>) -> (Vec<u8>, Vec<u8>) {
        let (namespace, under) = (&self.namespace, under.as_str());
        let first = format!("{namespace}/r/{under}/").into_bytes();
        let behind = after.map(|after| right_behind(self.record(after)));
        (behind.unwrap_or_default().max(first), format!("{namespace}/r/{under}0").into_bytes())
    }

    pub(crate) fn key_of(&self, record: &[u8]) -> Result<StoreKey, JobsError> {
        let text =
            std::str::from_utf8(record).ok().and_then(|text| text.strip_prefix(&format!("{}/r/", self.namespace)));
        text.and_then(|text| text.parse().ok()).ok_or(JobsError::Unreadable("the key of a record"))
    }

    /// Where it stands that a record is due; `None` if it is not.
    pub(crate) fn mark(&self, key: &StoreKey, Mark { due, shard }: Mark) -> Option<Vec<u8>> {
        due.map(|due| self.mark_of(shard, due, key))
    }

    fn mark_of(&self, shard: Shard, due: DateTime<Utc>, key: &StoreKey) -> Vec<u8> {
        format!("{}/d/{:04x}/{:016x}/{}", self.namespace, shard.0, sortable(due), key.as_str()).into_bytes()
    }

    /// The marks of a shard until a time, behind a position: the first key, and the end.
    pub(crate) fn marks(
        &self,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&(DateTime<Utc>, StoreKey)>,
    ) -> (Vec<u8>, Vec<u8>) {
        let first = match after {
            Some((at, key)) => right_behind(self.mark_of(shard, *at, key)),
            None => format!("{}/d/{:04x}/", self.namespace, shard.0).into_bytes(),
        };
        (first, format!("{}/d/{:04x}/{:016x}0", self.namespace, shard.0, sortable(until)).into_bytes())
    }

    /// The marks of jobs that wait for a worker: the shards above 32,767.
    pub(crate) fn waiting(&self) -> (Vec<u8>, Vec<u8>) {
        (format!("{}/d/8000/", self.namespace).into_bytes(), format!("{}/d/ffff0", self.namespace).into_bytes())
    }

    pub(crate) fn marked(&self, mark: &[u8]) -> Result<(DateTime<Utc>, StoreKey), JobsError> {
        let read = || {
            let text = std::str::from_utf8(mark).ok()?.strip_prefix(&format!("{}/d/", self.namespace))?;
            let (time, key) = text.get(5..)?.split_once('/')?;
            Some((moment_of(u64::from_str_radix(time, 16).ok()?)?, key.parse().ok()?))
        };
        read().ok_or(JobsError::Unreadable("the mark of a due key"))
    }

    pub(crate) fn id(&self, log: &StoreKey, id: &str) -> Vec<u8> {
        format!("{}/i/{}\0{id}", self.namespace, log.as_str()).into_bytes()
    }

    pub(crate) fn entry(&self, log: &StoreKey, position: &LogPosition) -> Vec<u8> {
        [self.entries_from(log, position.at), format!("/{}", position.id).into_bytes()].concat()
    }

    /// Where the entries of a time begin.
    pub(crate) fn entries_from(&self, log: &StoreKey, at: DateTime<Utc>) -> Vec<u8> {
        format!("{}/l/{}\0{:016x}", self.namespace, log.as_str(), sortable(at)).into_bytes()
    }

    /// Where the entries of a log begin.
    pub(crate) fn entries(&self, log: &StoreKey) -> Vec<u8> {
        format!("{}/l/{}\0", self.namespace, log.as_str()).into_bytes()
    }

    pub(crate) fn position(&self, log: &StoreKey, entry: &[u8]) -> Result<LogPosition, JobsError> {
        let read = || {
            let rest = std::str::from_utf8(entry.strip_prefix(&*self.entries(log))?).ok()?;
            let (time, id) = rest.split_once('/')?;
            Some(LogPosition::new(moment_of(u64::from_str_radix(time, 16).ok()?)?, id.to_owned()))
        };
        read().ok_or(JobsError::Unreadable("the key of an entry"))
    }

    pub(crate) fn log_entry(&self, log: &StoreKey, kv: KeyValue) -> Result<LogEntry, JobsError> {
        Ok(LogEntry::new(self.position(log, &kv.key)?, kv.value))
    }
}

/// The first key behind a key.
pub(crate) fn right_behind(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

/// The value of a record.
pub(crate) fn packed(row: &Row, nonce: &Nonce) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEAD + row.bytes.len());
    value.push(FORM);
    value.extend(row.shard.0.to_be_bytes());
    value.push(row.due.is_some().into());
    value.extend(row.due.map_or(0, sortable).to_be_bytes());
    value.extend(nonce);
    value.extend(&row.bytes);
    value
}

/// The record of a value, and the nonce of the call that wrote it.
pub(crate) fn unpacked(value: &[u8]) -> Result<(Row, Nonce), JobsError> {
    let read = || {
        let (head, bytes) = value.split_at_checked(HEAD)?;
        let (shard, time) = (head.get(1..3)?.try_into().ok()?, head.get(4..12)?.try_into().ok()?);
        let due = match head.get(3)? {
            0 => None,
            1 => Some(moment_of(u64::from_be_bytes(time))?),
            _ => return None,
        };
        let row = Row::new(bytes.to_vec(), Shard(u16::from_be_bytes(shard))).due(due);
        (head.first() == Some(&FORM)).then_some((row, head.get(12..)?.try_into().ok()?))
    };
    read().ok_or(JobsError::Unreadable("a record"))
}

/// The value that keeps an id apart.
pub(crate) fn packed_id(at: DateTime<Utc>, nonce: &Nonce) -> Vec<u8> {
    [&sortable(at).to_be_bytes()[..], nonce].concat()
}

/// Whether a call has written such a value.
pub(crate) fn is_id_by(value: &[u8], nonce: &Nonce) -> bool {
    value.get(8..) == Some(nonce)
}

/// What `m` holds.
pub(crate) fn packed_meta(epoch: &Nonce) -> Vec<u8> {
    format!("{FORMAT} {:032x}", u128::from_be_bytes(*epoch)).into_bytes()
}

/// Checks that this version knows what is in a namespace.
pub(crate) fn check_format(meta: &[u8]) -> Result<(), JobsError> {
    let text = std::str::from_utf8(meta).ok().and_then(|text| text.split_once(' '));
    let found = text.and_then(|(format, _)| format.parse().ok()).ok_or(JobsError::Unreadable("the key `m`"))?;
    if found == FORMAT { Ok(()) } else { Err(JobsError::Format { expected: FORMAT, found }) }
}

/// A time as a number of the same order: to the microsecond, in the years 1 to 9999.
fn sortable(at: DateTime<Utc>) -> u64 {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let first = day(1, 1, 1).and_time(NaiveTime::MIN).and_utc();
    let last = day(9999, 12, 31).and_hms_micro_opt(23, 59, 59, 999_999).unwrap_or_default().and_utc();
    at.clamp(first, last).timestamp_micros().cast_unsigned() ^ (1 << 63)
}

fn moment_of(sortable: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros((sortable ^ (1 << 63)).cast_signed())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::microseconds(micros)
    }

    fn text(key: Vec<u8>) -> String {
        String::from_utf8(key).unwrap()
    }

    /// What an earlier version has written must be found: a change here is a new format.
    #[test]
    fn keys_stand_as_they_stood() {
        let (layout, key) = (Layout::new("north"), StoreKey::of("slot", ["a", "f"]));
        let row = Row::new(b"{}".to_vec(), Shard(65534)).due(at(1));
        assert_eq!(text(layout.record(&key)), "north/r/slot/a/f");
        assert_eq!(layout.mark(&key, row.mark()).map(text).as_deref(), Some("north/d/fffe/8000000000000001/slot/a/f"));
        let position = LogPosition::new(at(-1), "a/b".to_owned());
        assert_eq!(text(layout.entry(&key, &position)), "north/l/slot/a/f\x007fffffffffffffff/a/b");
        assert_eq!(text(layout.id(&key, "a/b")), "north/i/slot/a/f\0a/b");
        assert_eq!(text(layout.meta()), "north/m");
        assert_eq!(text(packed_meta(&[1; 16])), "1 01010101010101010101010101010101");
    }

    #[test]
    fn values_stand_as_they_stood() {
        let row = Row::new(b"{}".to_vec(), Shard(65534)).due(at(1));
        let nonce = *b"0123456789abcdef";
        let value = b"\x01\xff\xfe\x01\x80\0\0\0\0\0\0\x010123456789abcdef{}";
        assert_eq!(packed(&row, &nonce), value);
        assert_eq!(unpacked(value).unwrap(), (row, nonce));
        let idle = Row::new(vec![], Shard(3));
        assert_eq!(unpacked(&packed(&idle, &nonce)).unwrap(), (idle, nonce));
        assert_eq!(packed_id(at(1), &nonce), b"\x80\0\0\0\0\0\0\x010123456789abcdef");
    }

    #[test]
    fn what_was_not_put_there_is_told() {
        let whole = packed(&Row::new(vec![], Shard(3)), &[7; 16]);
        for cut in 0..whole.len() {
            assert!(unpacked(&whole[..cut]).is_err(), "{cut} bytes");
        }
        let of_another_form = [&[2], &whole[1..]].concat();
        assert!(unpacked(&of_another_form).is_err());
        let layout = Layout::new("north");
        for mark in [
            &b"north/d/fffe/80000000000000/x"[..],
            b"north/d/fffe/8000000000000001",
            b"south/d/fffe/8000000000000001/a",
            b"north/d/",
        ] {
            assert!(layout.marked(mark).is_err(), "{mark:?}");
        }
        assert!(matches!(check_format(b"2 00"), Err(JobsError::Format { expected: 1, found: 2 })));
        assert!(check_format(b"").is_err());
    }

    #[test]
    fn keys_are_in_the_order_of_the_times() {
        let times = [DateTime::<Utc>::MIN_UTC, at(-1), at(0), at(1), at(1_000_000), DateTime::<Utc>::MAX_UTC];
        assert!(times.is_sorted_by(|a, b| sortable(*a) < sortable(*b)));
        for time in times {
            let back = moment_of(sortable(time)).unwrap();
            assert_eq!(sortable(back), sortable(time));
        }
    }
}
