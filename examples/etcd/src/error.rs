use std::path::PathBuf;

use tonic::{Code, Status};
use tripartite::failure::{Classify, Failure};

use crate::address::AddressError;

/// Why the jobs of a cluster cannot be used.
///
/// | what happened | class |
/// |---|---|
/// | a node or the cluster does not answer, has no leader, is full, or an answer was lost | retry |
/// | the user or the password is refused, or the user may not use the namespace | denied |
/// | the namespace was written by a version that this one does not know, or was renewed after a restore | fatal |
/// | a record is larger than the cluster takes; it holds something else than was put there; no address | fatal |
///
/// After an error of a write, it may have taken effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The text is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A file of the address cannot be read.
    #[error("the file {} of the address cannot be read: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// TLS cannot be set up as the address says.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The store is opened outside of a runtime.
    #[error("a store needs a runtime of tokio: open it within one, or by `open_on`")]
    NoRuntime,
    /// The runtime has ended, and with it all connections.
    #[error("the runtime of the connections has ended")]
    Ended,
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// No node has answered.
    #[error("no node of the cluster has answered: {0}")]
    Unavailable(String),
    /// An answer was lost, and what came of the write cannot be told any more.
    #[error("the answer to a write was lost, and what came of it cannot be told any more")]
    InDoubt,
    /// The space that the cluster may use is used up.
    #[error("the cluster is full: it needs compaction, defragmentation and `alarm disarm`, or a larger quota")]
    Full,
    /// The user may not do this.
    #[error("the cluster refused the user: {0}")]
    Denied(String),
    /// A record or an entry is larger than a request may be.
    #[error(
        "a record is larger than the cluster takes in one request (1.5 MiB, unless `--max-request-bytes` says otherwise)"
    )]
    TooLarge,
    /// The cluster refused the request.
    #[error("the cluster refused a request: {0}")]
    Refused(String),
    /// What stands in the cluster is not what was put there.
    #[error("{0} holds something else than was put there")]
    Unreadable(&'static str),
    /// The namespace has another format.
    #[error("the namespace has format {found}, this version uses format {expected}; {}", advice(*.found, *.expected))]
    Format {
        /// What this version uses.
        expected: u32,
        /// What was found.
        found: u32,
    },
    /// The namespace was [renewed](crate::jobs::renew) since the store was opened.
    #[error("the namespace was renewed since this process began: start the process anew")]
    Renewed,
}

fn advice(found: u32, expected: u32) -> &'static str {
    if found > expected { "use a later version" } else { "use the version that wrote it" }
}

impl Classify for JobsError {
    fn failure(&self) -> Failure {
        match self {
            Self::Unavailable(_) | Self::InDoubt | Self::Full | Self::Ended => Failure::Retry { after: None },
            Self::Denied(_) => Failure::Denied,
            Self::Address(_)
            | Self::File { .. }
            | Self::Tls(_)
            | Self::NoRuntime
            | Self::Random(_)
            | Self::TooLarge
            | Self::Refused(_)
            | Self::Unreadable(_)
            | Self::Format { .. }
            | Self::Renewed => Failure::Fatal,
        }
    }
}

/// What a caller does about a status.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It asks another node. Whether the request took effect, nobody knows.
    Elsewhere,
    /// The token is over: it logs in again. Nothing took effect.
    LogIn,
    /// It gives up. The flag says whether the request may have taken effect all the same.
    Final(JobsError, bool),
}

/// What a status of etcd means. Its codes are coarse, so some are told apart by their words, which etcd keeps stable for its
/// own clients.
pub(crate) fn verdict(status: &Status) -> Verdict {
    let told = || status.message().to_owned();
    let says = |words: &str| status.message().contains(words);
    match status.code() {
        // The request that uses up the last space raises the alarm, takes effect, and is answered by this error.
        Code::ResourceExhausted if says("space exceeded") => Verdict::Final(JobsError::Full, true),
        Code::ResourceExhausted if says("larger than max") => Verdict::Final(JobsError::TooLarge, false),
        Code::InvalidArgument if says("request is too large") => Verdict::Final(JobsError::TooLarge, false),
        Code::InvalidArgument if says("auth store is old") => Verdict::LogIn,
        Code::InvalidArgument if says("authentication failed") || says("user name is empty") => {
            Verdict::Final(JobsError::Denied(told()), false)
        }
        Code::Unauthenticated => Verdict::LogIn,
        Code::PermissionDenied => Verdict::Final(JobsError::Denied(told()), false),
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented => Verdict::Final(JobsError::Refused(told()), false),
        _ => Verdict::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_cluster_is_no_jobs_fault() {
        let passing = [
            Status::unavailable("etcdserver: no leader"),
            Status::unavailable("etcdserver: request timed out, possibly due to previous leader failure"),
            Status::unavailable("transport is closing"),
            Status::resource_exhausted("etcdserver: too many requests"),
            Status::deadline_exceeded("context deadline exceeded"),
            Status::data_loss("etcdserver: corrupt cluster"),
            Status::unknown("raft: stopped"),
            Status::internal("h2 protocol error"),
            Status::cancelled("operation was canceled"),
        ];
        for status in passing {
            assert!(matches!(verdict(&status), Verdict::Elsewhere), "{status:?}");
        }
        let Verdict::Final(full, in_doubt) =
            verdict(&Status::resource_exhausted("etcdserver: mvcc: database space exceeded"))
        else {
            panic!("another node is as full")
        };
        assert!(in_doubt && matches!(full.failure(), Failure::Retry { .. }), "{full}");
        assert!(matches!(JobsError::Unavailable(String::new()).failure(), Failure::Retry { .. }));
        assert!(matches!(JobsError::InDoubt.failure(), Failure::Retry { .. }));
    }

    #[test]
    fn a_refused_user_is_a_persons_business() {
        let words = "etcdserver: authentication failed, invalid user ID or password";
        for status in [Status::invalid_argument(words), Status::permission_denied("etcdserver: permission denied")] {
            let Verdict::Final(error, in_doubt) = verdict(&status) else { panic!("{status:?}") };
            assert!(!in_doubt && error.failure() == Failure::Denied, "{error}");
        }
        for status in [
            Status::unauthenticated("etcdserver: invalid auth token"),
            Status::invalid_argument("etcdserver: revision of auth store is old"),
        ] {
            assert!(matches!(verdict(&status), Verdict::LogIn), "{status:?}");
        }
    }
}
