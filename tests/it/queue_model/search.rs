//! Breadth first through every state within the bounds, so that the first violation is one of the shortest.

use std::fmt::Write;
use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashSet;

/// What is searched.
pub(super) trait System {
    type World: Copy;
    type Act;

    /// 128 bits: with ten million states, two share a fingerprint with a chance of one in 10^24.
    fn fingerprint(world: &Self::World) -> u128;

    /// Everything that can happen next.
    fn edges(&mut self, world: &Self::World, out: &mut Vec<Edge<Self>>);

    /// The law that a state breaks, if it breaks one. States are numbered.
    fn check(&mut self, world: &Self::World, number: usize) -> Option<&'static str>;

    /// What happens, in words.
    fn words(&self, world: &Self::World, act: &Self::Act) -> String;
}

/// Something that can happen: what it leads to, and which law it breaks.
pub(super) struct Edge<S: System + ?Sized> {
    pub(super) act: S::Act,
    pub(super) next: S::World,
    pub(super) broken: Option<&'static str>,
}

/// The hash of a number that is a hash already, or that counts.
#[derive(Default)]
pub(super) struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Fibonacci hashing: Knuth, "The Art of Computer Programming", volume 3, section 6.4.
        self.0 = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }

    fn write_u128(&mut self, number: u128) {
        self.0 = number as u64;
    }
}

/// What a search came to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) states: usize,
    pub(super) transitions: usize,
    pub(super) depth: usize,
    pub(super) violation: Option<Violation>,
}

#[derive(Debug)]
pub(super) struct Violation {
    pub(super) law: &'static str,
    /// What happened, one line each.
    pub(super) trace: String,
}

/// Visits every state that the starts lead to, until one breaks a law.
pub(super) fn explore<S: System>(system: &mut S, starts: &[S::World]) -> Found {
    let mut search = Search { starts, seen: HashSet::default(), from: Vec::new() };
    let mut level: Vec<(u32, S::World)> = Vec::new();
    let mut found = Found::default();
    for (number, world) in starts.iter().enumerate() {
        search.visit::<S>(number as u32, START, *world, &mut level);
    }
    let mut edges = Vec::new();
    'levels: while !level.is_empty() {
        found.depth += 1;
        let mut deeper = Vec::new();
        for (number, world) in level {
            if let Some(law) = system.check(&world, number as usize) {
                found.violation = Some(search.violation(system, number, None, law));
                break 'levels;
            }
            edges.clear();
            system.edges(&world, &mut edges);
            found.transitions += edges.len();
            for (step, edge) in edges.iter().enumerate() {
                if let Some(law) = edge.broken {
                    found.violation = Some(search.violation(system, number, Some(step as u8), law));
                    break 'levels;
                }
                search.visit::<S>(number, step as u8, edge.next, &mut deeper);
            }
        }
        level = deeper;
    }
    found.states = search.from.len();
    found
}

/// The step that leads to a start.
const START: u8 = u8::MAX;

struct Search<'a, W> {
    starts: &'a [W],
    seen: HashSet<u128, BuildHasherDefault<Plain>>,
    /// From which state, and by which of its edges, each was first reached.
    from: Vec<(u32, u8)>,
}

impl<W: Copy> Search<'_, W> {
    fn visit<S: System<World = W>>(&mut self, from: u32, step: u8, world: W, level: &mut Vec<(u32, W)>) {
        if self.seen.insert(S::fingerprint(&world)) {
            level.push((self.from.len() as u32, world));
            self.from.push((from, step));
        }
    }

    fn violation<S>(&self, system: &mut S, mut number: u32, last: Option<u8>, law: &'static str) -> Violation
    where
        S: System<World = W>,
    {
        let mut steps: Vec<u8> = last.into_iter().collect();
        let start = loop {
            match self.from[number as usize] {
                (start, START) => break start,
                (from, step) => {
                    steps.push(step);
                    number = from;
                }
            }
        };
        let mut world = self.starts[start as usize];
        let mut trace = format!("{law}\n");
        for step in steps.into_iter().rev() {
            let mut edges = Vec::new();
            system.edges(&world, &mut edges);
            let Edge { act, next, .. } = &edges[usize::from(step)];
            writeln!(trace, "  {}", system.words(&world, act)).unwrap();
            world = *next;
        }
        Violation { law, trace }
    }
}
