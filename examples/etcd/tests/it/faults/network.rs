//! Networks of the test's own: a namespace for each host, and a bridge between them.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// So many nodes, and so many hosts of workers.
pub(crate) const NODES: usize = 3;
pub(crate) const HOSTS: usize = 2;

/// The hosts. The test itself is at the bridge, and reaches all of them.
pub(crate) struct Network {
    name: String,
    /// The first three numbers of all addresses.
    net: String,
    /// Removes the namespaces and the bridge once this process has closed its end of a pipe, however it ended.
    watch: Option<Child>,
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Network {
    /// `None` where this process may not make one, or `ip` and `nft` are missing; then it says so.
    pub(crate) fn new() -> Option<Self> {
        let network = Self::made();
        if network.is_none() {
            let what = "this process may make no networks: it is not root, or `ip` or `nft` are missing";
            let _ = writeln!(io::stderr().lock(), "\n== LEFT OUT: FAULTS OF NETWORKS WERE NOT TRIED, for {what}.\n");
        }
        network
    }

    fn made() -> Option<Self> {
        // A network that is gone leaves its devices behind for a moment.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let name = format!("t{process:x}-{number}");
        let net = format!("10.{}.{}", 64 + (process + 37 * number) % 128, process / 128 % 256);
        let names: Vec<_> = (0..NODES + HOSTS).map(|host| format!("{name}-{host}")).collect();
        let script = "trap '' INT TERM HUP; cat >/dev/null; for n in $1; do ip netns pids $n | xargs -r kill -9; ip netns del $n; done; ip link del $0";
        let mut watch = Command::new("/bin/sh");
        watch
            .args(["-c", script, &name, &names.join(" ")])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let network = Self { name, net, watch: watch.spawn().ok() };
        network.build().then_some(network)
    }

    fn build(&self) -> bool {
        let bridge = &*self.name;
        let at_bridge = format!("{}.1/24", self.net);
        let mut is_up = run("nft", &["list", "tables"])
            && run("ip", &["link", "add", bridge, "type", "bridge"])
            && run("ip", &["addr", "add", &at_bridge, "dev", bridge])
            && run("ip", &["link", "set", bridge, "up"]);
        for host in 0..NODES + HOSTS {
            let (space, outer) = (self.space(host), format!("{}v{host}", self.name));
            let address = format!("{}/24", self.address(host));
            is_up = is_up
                && run("ip", &["netns", "add", &space])
                && run("ip", &["link", "add", &outer, "type", "veth", "peer", "name", "eth0", "netns", &space])
                && run("ip", &["link", "set", &outer, "master", bridge, "up"])
                && run("ip", &["-n", &space, "addr", "add", &address, "dev", "eth0"])
                && run("ip", &["-n", &space, "link", "set", "eth0", "up"])
                && run("ip", &["-n", &space, "link", "set", "lo", "up"])
                && self.rule(host, "add table inet f")
                && self.rule(host, "add chain inet f i { type filter hook input priority 0; }")
                && self.rule(host, "add chain inet f o { type filter hook output priority 0; }");
        }
        is_up
    }

    fn space(&self, host: usize) -> String {
        format!("{}-{host}", self.name)
    }

    /// The address of a node, or of a host of workers, which come behind the nodes.
    pub(crate) fn address(&self, host: usize) -> String {
        format!("{}.{}", self.net, 11 + host)
    }

    /// Another address of the bridge, for a server that the test runs beside itself.
    pub(crate) fn beside(&self, number: usize) -> String {
        let address = format!("{}.{}", self.net, 201 + number);
        assert!(run("ip", &["addr", "add", &format!("{address}/24"), "dev", &self.name]));
        address
    }

    /// A host reaches nobody, and nobody reaches it.
    pub(crate) fn isolate(&self, host: usize) {
        assert!(self.rule(host, "add rule inet f i drop") && self.rule(host, "add rule inet f o drop"));
    }

    /// The command that runs another one on a host.
    pub(crate) fn within(&self, host: usize) -> Vec<String> {
        ["ip", "netns", "exec", &self.space(host)].map(str::to_owned).to_vec()
    }

    fn rule(&self, host: usize, rule: &str) -> bool {
        let mut nft = Command::new("ip");
        nft.args(["netns", "exec", &self.space(host), "nft", "-f", "-"]);
        let nft = nft.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        nft.is_ok_and(|mut nft| {
            let is_told = nft.stdin.take().is_some_and(|mut stdin| stdin.write_all(rule.as_bytes()).is_ok());
            is_told && nft.wait().is_ok_and(|status| status.success())
        })
    }

    /// A host hears nothing from some others any more.
    pub(crate) fn deafen(&self, host: usize, others: &[usize]) {
        let from: Vec<_> = others.iter().map(|other| self.address(*other)).collect();
        assert!(self.rule(host, &format!("add rule inet f i ip saddr {{ {} }} drop", from.join(", "))));
    }

    /// A host is heard by some others no more.
    pub(crate) fn silence(&self, host: usize, others: &[usize]) {
        let to: Vec<_> = others.iter().map(|other| self.address(*other)).collect();
        assert!(self.rule(host, &format!("add rule inet f o ip daddr {{ {} }} drop", to.join(", "))));
    }

    /// Of a hundred packets to a host so many are lost; where the kernel has `netem`, those from it are late, too.
    pub(crate) fn worsen(&self, host: usize, lost: u32, milliseconds: u32) {
        assert!(self.rule(host, &format!("add rule inet f i numgen random mod 100 < {lost} drop")));
        let delay = format!("{milliseconds}ms");
        let _ = run("tc", &["-n", &self.space(host), "qdisc", "add", "dev", "eth0", "root", "netem", "delay", &delay]);
    }

    pub(crate) fn heal(&self, host: usize) {
        assert!(self.rule(host, "flush table inet f"));
        let _ = run("tc", &["-n", &self.space(host), "qdisc", "del", "dev", "eth0", "root"]);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            let _ = watch.wait();
        }
    }
}
