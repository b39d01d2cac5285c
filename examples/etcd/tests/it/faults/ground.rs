//! A cluster, workers and who triggers them, on a network of their own, and what is done to them.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::EtcdJobStore;

use super::Fault;
use super::crew::{Crew, Scratch};
use super::far::Far;
use super::labour::{KEYS, clock_of, key, now};
use super::network::{HOSTS, NODES, Network};
use super::worker::Orders;
use crate::history::nanoseconds;
use crate::server::{Cluster, Place, fast_directory, namespace, open, pause, until};

/// Which node has the small disk.
const SMALL: usize = 1;

pub(super) struct Ground {
    // In this order they are dropped: who asks and who works, the nodes, their networks.
    crew: Crew<EtcdJobStore>,
    cluster: Cluster,
    _disk: Disk,
    far: Option<Far>,
    network: Network,
    place: Scratch,
}

/// A small disk of a node.
struct Disk(PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Program::new("umount").arg(&self.0).status();
    }
}

impl Ground {
    /// Clients reach the nodes by relays, if they are to be far away.
    pub(super) fn new(network: Network, lease: Duration, may_be_far: bool) -> Self {
        let scratch = Scratch::within(&fast_directory());
        let place = &scratch.0;
        let small = place.join("disk");
        fs::create_dir(&small).unwrap();
        let mounted =
            Program::new("mount").args(["-t", "tmpfs", "-o", "size=220m", "tmpfs"]).arg(&small).status().unwrap();
        assert!(mounted.success(), "a root may mount");
        let at = |number: usize, dir: &Path| Place {
            client: format!("{}:2379", network.address(number)),
            peer: format!("{}:2380", network.address(number)),
            data: if number == SMALL { small.join("data") } else { dir.join(number.to_string()) },
            within: network.within(number),
        };
        let cluster = Cluster::at("http", |dir| (0..NODES).map(|number| at(number, dir)).collect(), &[]);
        let far = may_be_far.then(|| Far::new(&network));
        let nodes: Vec<_> = match &far {
            Some(far) => far.nodes.clone(),
            None => cluster.nodes.iter().map(|node| node.client.clone()).collect(),
        };
        let address: Address = format!("etcd://{}/{}", nodes.join(","), namespace()).parse().unwrap();
        let workers = (0..HOSTS).map(|host| {
            let orders = Orders { address: address.clone(), place: place.clone(), lease, host, threads: 3 };
            let within = network.within(NODES + host);
            let mut program = Program::new(&within[0]);
            program.args(&within[1..]).arg(env::current_exe().unwrap());
            program.args(["--ignored", "--exact", "faults::worker::process"]).envs(orders.tell());
            program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        });
        let crew = Crew::begin(place, workers.collect(), || open(&address));
        Self { crew, cluster, _disk: Disk(small), far, network, place: scratch }
    }

    /// Lets something go wrong for a while, and waits until jobs are done again.
    pub(super) fn suffer(&mut self, fault: Fault, hold: Duration) {
        let leader = self.cluster.leader();
        let begun = nanoseconds();
        let chosen = self.inject(fault, leader);
        pause(hold);
        let healed = nanoseconds();
        self.heal(fault, chosen);
        self.crew.recovers(fault.name(), begun, healed);
        until("a leader", Duration::from_secs(30), || self.cluster.nodes.iter().all(|node| node.leads().is_some()));
        pause(Duration::from_millis(700));
    }

    /// Returns the node, or the host of workers, that suffers.
    fn inject(&mut self, fault: Fault, leader: usize) -> usize {
        let others: Vec<_> = (0..NODES).filter(|node| *node != leader).collect();
        let turn = self.crew.moments.len();
        let (follower, host) = (others[turn % others.len()], NODES + turn % HOSTS);
        match fault {
            Fault::KillLeader => self.cluster.nodes[leader].signal(Signal::KILL),
            Fault::KillFollower => self.cluster.nodes[follower].signal(Signal::KILL),
            Fault::StopLeader => self.cluster.nodes[leader].signal(Signal::STOP),
            Fault::StopFollower => self.cluster.nodes[follower].signal(Signal::STOP),
            Fault::CutLeader => {
                self.network.deafen(leader, &others);
                self.network.silence(leader, &others);
            }
            Fault::CutWorker => self.network.isolate(host),
            Fault::DeafLeader => self.network.deafen(leader, &others),
            Fault::MuteLeader => self.network.silence(leader, &others),
            Fault::Loss => (0..NODES + HOSTS).for_each(|host| self.network.worsen(host, 5, 200)),
            Fault::Far => self.far.as_ref().unwrap().set(true),
            Fault::DiskFull => self.fill_disk(),
            Fault::Clock => {
                let ahead = if (turn / HOSTS).is_multiple_of(2) { 600 } else { -600 };
                fs::write(clock_of(&self.place.0, turn % HOSTS), ahead.to_string()).unwrap();
            }
            Fault::NoQuorum => others.iter().for_each(|node| self.cluster.nodes[*node].signal(Signal::KILL)),
            Fault::Compaction => self.compact(),
        }
        match fault {
            Fault::KillFollower | Fault::StopFollower => follower,
            Fault::CutWorker => host,
            Fault::Clock => turn % HOSTS,
            _ => leader,
        }
    }

    fn heal(&mut self, fault: Fault, chosen: usize) {
        match fault {
            Fault::KillLeader | Fault::KillFollower => self.cluster.nodes[chosen].start(),
            Fault::StopLeader | Fault::StopFollower => self.cluster.nodes[chosen].signal(Signal::CONT),
            Fault::CutLeader | Fault::CutWorker | Fault::DeafLeader | Fault::MuteLeader => self.network.heal(chosen),
            Fault::Loss => (0..NODES + HOSTS).for_each(|host| self.network.heal(host)),
            Fault::Far => self.far.as_ref().unwrap().set(false),
            Fault::DiskFull => {
                fs::remove_file(self.place.0.join("disk/filler")).unwrap();
                self.cluster.nodes[SMALL].start();
            }
            Fault::Clock => {
                fs::remove_file(clock_of(&self.place.0, chosen)).unwrap();
                repair(&self.crew);
            }
            Fault::NoQuorum => {
                (0..NODES).filter(|node| *node != chosen).for_each(|node| self.cluster.nodes[node].start())
            }
            Fault::Compaction => {}
        }
    }

    /// A node notices when its file has to grow. So the files are made small first, and then large records are stored.
    fn fill_disk(&self) {
        self.compact();
        fill(&self.place.0.join("disk/filler"));
        let (key, row) = (StoreKey::of("large", []), Row::new(vec![0; 1 << 19], Shard(0)));
        for _ in 0..200 {
            if self.cluster.nodes[SMALL].leads().is_none() {
                return;
            }
            let version = block_on(self.crew.probe.store().get(&key)).unwrap().map(|stored| stored.version);
            let _ = block_on(self.crew.probe.store().compare_and_swap(&SwapOf::new(
                key.clone(),
                version,
                Some(row.clone()),
            )));
        }
        panic!("a node goes on without a disk");
    }

    fn compact(&self) {
        for node in &self.cluster.nodes {
            let read = node.ask("kv/range", &json!({"key": "AA=="})).unwrap();
            let revision = read["header"]["revision"].clone();
            let _ = node.ask("kv/compaction", &json!({"revision": revision, "physical": true}));
            let _ = node.ask("maintenance/defragment", &json!({}));
        }
    }

    /// Waits until everything is done, and checks all that was written down.
    pub(super) fn check(mut self) -> String {
        self.crew.check(|crew| {
            if crew.moments.iter().any(|moment| moment.fault == Fault::Clock.name()) {
                // An end that was under way when the clock was put right may have been stored with its time after the first
                // repair.
                repair(crew);
            }
        })
    }
}

/// What a person does once the clocks are right.
fn repair(crew: &Crew<EtcdJobStore>) {
    (0..KEYS).for_each(|number| block_on(crew.probe.repair_clock_skew(&key(number), now())).unwrap());
}

/// Takes all the room that is left.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 20, 1 << 12] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}
