//! What happens in a history, made plainer by one thing at a time, so that what breaks a law is short.

use super::act::{Act, How, Setup};
use super::source::Look;
use super::words::{Way, Words};

impl Setup {
    /// The same beginning, but for one thing that is as plain as can be.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let mut all =
            vec![Self { two: false, ..*self }, Self { counts: false, ..*self }, Self { missing_after: 1, ..*self }];
        for at in 0..2 {
            let way = self.ways[at];
            let plainer = [
                Way { shape: 0, ..way },
                Way { strategy: 0, ..way },
                Way { note: None, ..way },
                Way { absent: 0, ..way },
                Way { first: 0, ..way },
            ];
            all.extend(plainer.map(|way| {
                let mut ways = self.ways;
                ways[at] = way;
                Self { ways, ..*self }
            }));
        }
        all.retain(|setup| setup != self);
        all
    }
}

impl Act {
    /// The same act, but for one thing that is as plain as can be.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let looks = |look: &Look| {
            let plain = Look::WHOLE;
            let mut all = vec![
                Look { size: plain.size, ..*look },
                Look { turn: 0, ..*look },
                Look { twice: None, ..*look },
                Look { lost: None, ..*look },
                Look { end: plain.end, ..*look },
                Look { gone: false, ..*look },
                Look { odd: None, ..*look },
            ];
            all.retain(|other| other != look);
            all
        };
        let hows = |how: &How| {
            let plain = How::PLAIN;
            let mut all = vec![
                How { streaming: false, ..*how },
                How { batch: plain.batch, ..*how },
                How { guarded: None, ..*how },
                How { share: None, ..*how },
                How { only: 0, ..*how },
            ];
            all.retain(|other| other != how);
            all
        };
        let plainer_words = |words: &Words| -> Vec<Words> {
            let at = (0..words.len()).filter(|&at| words[at] != 1);
            at.map(|at| {
                let mut words = *words;
                words[at] = 1;
                words
            })
            .collect()
        };
        match *self {
            Self::Says { source, id, words } => {
                plainer_words(&words).into_iter().map(|words| Self::Says { source, id, words }).collect()
            }
            Self::Renames { source, from, to, spelled: true } => {
                vec![Self::Renames { source, from, to, spelled: false }]
            }
            Self::Joins { words, ids } => {
                plainer_words(&words).into_iter().map(|words| Self::Joins { words, ids }).collect()
            }
            Self::Plans { source, look } => looks(&look).into_iter().map(|look| Self::Plans { source, look }).collect(),
            Self::Starts { slot, source, look, how } => {
                let looks = looks(&look).into_iter().map(|look| Self::Starts { slot, source, look, how });
                looks.chain(hows(&how).into_iter().map(|how| Self::Starts { slot, source, look, how })).collect()
            }
            Self::Twin { source, look, how, call, at } => {
                let looks = looks(&look).into_iter().map(|look| Self::Twin { source, look, how, call, at });
                let hows = hows(&how).into_iter().map(|how| Self::Twin { source, look, how, call, at });
                looks.chain(hows).collect()
            }
            Self::Again { source, look, gone, moves, told } => {
                let looks = looks(&look).into_iter().map(|look| Self::Again { source, look, gone, moves, told });
                let fewer = [(None, told), (gone, told.saturating_sub(1))].map(|(gone, told)| Self::Again {
                    source,
                    look,
                    gone,
                    moves,
                    told,
                });
                looks.chain(fewer).filter(|plainer| plainer != self).collect()
            }
            _ => Vec::new(),
        }
    }
}
