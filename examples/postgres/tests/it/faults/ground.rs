//! Two servers, workers and who triggers them, and what is done to them.

use std::env;
use std::time::Duration;

use rustix::process::Signal;
use tripartite::drive::block_on;
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;

use super::Fault;
use super::crew::{Crew, Scratch};
use super::network::{HOSTS, NODES, Network};
use super::pair::Pair;
use super::worker::{self, SCHEMA};
use crate::history::nanoseconds;
use crate::server::runtime;
use crate::waiting::pause;

pub(super) struct Ground {
    // In this order they are dropped: who asks and who works, the servers, their networks.
    crew: Crew<PostgresJobStore>,
    pair: Pair,
    network: Network,
    _place: Scratch,
}

fn open(address: &str) -> PostgresJobStore {
    let pool = Pool::on(runtime(), address).unwrap().at_most(1);
    block_on(PostgresJobStore::open_in(pool, SCHEMA)).unwrap()
}

impl Ground {
    pub(super) fn new(network: Network) -> Self {
        let place = Scratch::within(&env::temp_dir());
        let pair = Pair::new([0, 1].map(|number| network.beside(number)), true);
        let address = pair.address();
        block_on(format::migrate(&Pool::on(runtime(), &address).unwrap(), SCHEMA)).unwrap();
        let workers = (0..HOSTS).map(|host| worker::begin(&network.within(NODES + host), &address, &place.0, host));
        let crew = Crew::begin(&place.0, workers.collect(), || open(&address));
        Self { crew, pair, network, _place: place }
    }

    /// Lets something go wrong for a while, and waits until jobs are done again.
    pub(super) fn suffer(&mut self, fault: Fault, hold: Duration) {
        let begun = nanoseconds();
        let host = NODES + self.crew.moments.len() % HOSTS;
        match fault {
            Fault::Kill => self.pair.primary().kill(),
            Fault::Stop => self.pair.primary().signal(Signal::STOP),
            Fault::CutWorker => self.network.isolate(host),
            Fault::Failover => self.pair.primary().signal(Signal::KILL),
        }
        pause(hold);
        match fault {
            Fault::Kill => self.pair.primary().start(),
            Fault::Stop => self.pair.primary().signal(Signal::CONT),
            Fault::CutWorker => self.network.heal(host),
            Fault::Failover => self.pair.promote(),
        }
        let healed = nanoseconds();
        self.crew.recovers(fault.name(), begun, healed);
        pause(Duration::from_secs(2));
        if fault == Fault::Failover {
            self.pair.rebuild();
        }
    }

    /// Waits until everything is done, and checks all that was written down.
    pub(super) fn check(mut self) -> String {
        self.crew.check(|_| ())
    }
}
