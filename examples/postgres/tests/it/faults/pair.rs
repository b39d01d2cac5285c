//! A server and its standby.

use rustix::process::{Pid, Signal, kill_process};

use super::LONG;
use crate::server::{Cluster, Sql};
use crate::waiting::until;

/// Two servers, each of which has the data of the other one.
pub(super) struct Pair {
    servers: [Cluster; 2],
    hosts: [String; 2],
    primary: usize,
    /// Whether a commit waits for the standby.
    is_synchronous: bool,
}

impl Pair {
    /// Two servers that listen at two addresses, the second one as the standby of the first.
    pub(super) fn new(hosts: [String; 2], is_synchronous: bool) -> Self {
        let settings = |host: &str| format!("listen_addresses={host}");
        let primary = Cluster::new(&["-c", &settings(&hosts[0])]);
        let standby = Cluster::without_data(&["-c", &settings(&hosts[1])]);
        primary.let_in();
        standby.follow(&primary);
        let mut pair = Self { servers: [primary, standby], hosts, primary: 0, is_synchronous: false };
        pair.waits(is_synchronous);
        pair
    }

    /// What clients are told: both, and that they need the one that takes writes.
    pub(super) fn address(&self) -> String {
        let hosts = self.hosts.join(",");
        format!("host={hosts} user=postgres dbname=postgres connect_timeout=2 target_session_attrs=read-write")
    }

    pub(super) fn primary(&self) -> &Cluster {
        &self.servers[self.primary]
    }

    pub(super) fn standby(&self) -> &Cluster {
        &self.servers[1 - self.primary]
    }

    pub(super) fn sql(&self) -> Sql {
        Sql::at(&self.primary().address())
    }

    /// From now on a commit waits for the standby, or for none.
    pub(super) fn waits(&mut self, is_synchronous: bool) {
        self.is_synchronous = is_synchronous;
        let names = if is_synchronous { "*" } else { "" };
        let sql = self.sql();
        sql.run(&format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"));
        sql.run("SELECT pg_reload_conf()");
        until("the standby streams", LONG, || {
            let set = sql.value("current_setting('synchronous_standby_names')");
            let state =
                sql.value("SELECT string_agg(sync_state, '') FROM pg_stat_replication WHERE state = 'streaming'");
            set.as_deref() == Some(names) && state.as_deref() == Some(if is_synchronous { "sync" } else { "async" })
        });
    }

    /// Stops what sends the standby its changes, and returns it.
    pub(super) fn hold_back(&self) -> Pid {
        let sender = self.sql().value("SELECT min(pid) FROM pg_stat_replication").unwrap();
        let sender = Pid::from_raw(sender.parse().unwrap()).unwrap();
        kill_process(sender, Signal::STOP).unwrap();
        sender
    }

    /// The server is gone, and its standby takes its place. No commit waits for anybody then.
    pub(super) fn promote(&mut self) {
        self.primary = 1 - self.primary;
        let sql = self.sql();
        assert_eq!(sql.value("pg_promote(true, 60)").as_deref(), Some("true"));
        sql.run("ALTER SYSTEM SET synchronous_standby_names = ''");
        sql.run("SELECT pg_reload_conf()");
    }

    /// The server that was killed is the standby of the other one.
    pub(super) fn rebuild(&mut self) {
        self.standby().follow(self.primary());
        self.waits(self.is_synchronous);
    }
}
