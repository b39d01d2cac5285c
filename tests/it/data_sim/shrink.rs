//! The shortest history that breaks the same law.

use super::act::{Act, Setup};
use super::laws::Broken;
use super::play;
use super::store::Fault;

pub(super) fn shortest(setup: Setup, acts: Vec<Act>, fault: Fault, broken: &Broken) -> (Setup, Vec<Act>, Broken) {
    let mut best = (setup, acts, broken.clone());
    loop {
        let len = best.1.len();
        let tried = without(&best.0, &best.1).into_iter().chain(simpler(&best.0, &best.1));
        let mut found = None;
        for (setup, acts) in tried {
            match play(setup, &acts, fault) {
                Err(other) if other.law == broken.law => {
                    found = Some((setup, acts, other));
                    break;
                }
                _ => {}
            }
        }
        match found {
            Some(shorter) if shorter.1.len() <= len => best = shorter,
            _ => return best,
        }
    }
}

/// The history without some of its acts, most of them first.
fn without(setup: &Setup, acts: &[Act]) -> Vec<(Setup, Vec<Act>)> {
    let mut all = Vec::new();
    let mut size = acts.len() / 2;
    while size > 0 {
        for at in (0..acts.len()).step_by(size) {
            let rest = acts.iter().enumerate().filter(|(index, _)| *index < at || *index >= at + size);
            all.push((*setup, rest.map(|(_, act)| *act).collect()));
        }
        size /= 2;
    }
    all
}

/// The history with one act, or its beginning, made plainer.
fn simpler(setup: &Setup, acts: &[Act]) -> Vec<(Setup, Vec<Act>)> {
    let mut all: Vec<(Setup, Vec<Act>)> = setup.simpler().into_iter().map(|setup| (setup, acts.to_vec())).collect();
    for (at, act) in acts.iter().enumerate() {
        for plainer in act.simpler() {
            let mut acts = acts.to_vec();
            acts[at] = plainer;
            all.push((*setup, acts));
        }
    }
    all
}
