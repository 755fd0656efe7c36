//! Whether what was deployed is what answers: by looks at `/_status` on connections of their own, before and after everything else.

use std::collections::BTreeMap;

use super::{History, Moment, ProbeState};
use crate::model::occasion::is_commit;

/// Instances answer in turn, so one look tells of one of them.
const LOOKS: u32 = 5;
/// Looks that fail are tried again, so many in all.
const TRIES_MAX: u32 = 8;

/// What the looks have told.
#[derive(Debug, Clone, Default)]
pub struct Builds {
    /// Before everything else, and after it.
    rounds: [Round; 2],
    /// The first answer of another build than was expected.
    wrong: Option<WrongBuild>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Round {
    tries: u32,
    told: u32,
    last: u64,
}

/// A part answered as something else than was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongBuild {
    pub moment: Moment,
    pub part: String,
    pub expected: String,
    pub answered: String,
}

impl Builds {
    pub(super) fn looked(&mut self, probe: ProbeState, expected: &BTreeMap<String, String>, after: bool) {
        let round = &mut self.rounds[usize::from(after)];
        (round.tries, round.last) = (round.tries + 1, probe.moment.t);
        let Some(health) = probe.health else { return };
        round.told += 1;
        for (part, told) in [("admin", &health.admin), ("api", &health.api)] {
            let Some(commit) = expected.get(part) else { continue };
            if self.wrong.is_none() && !told.build().is_some_and(|build| is_commit(build, commit)) {
                self.wrong = Some(WrongBuild {
                    moment: probe.moment,
                    part: part.to_owned(),
                    expected: commit.clone(),
                    answered: told.version.clone(),
                });
            }
        }
    }
}

impl History {
    /// Whether builds are still to be looked at, before or after everything else; and when the last look was.
    pub fn looks_for_builds(&self, after: bool) -> Option<u64> {
        let round = self.builds.rounds[usize::from(after)];
        let left = !self.occasion.expected.is_empty() && round.told < LOOKS && round.tries < TRIES_MAX;
        left.then_some(round.last)
    }

    /// The part that answered as something else than was deployed, if one did.
    pub fn wrong_build(&self) -> Option<&WrongBuild> {
        self.builds.wrong.as_ref()
    }

    /// Whether the builds that were deployed have answered every time, before and after.
    pub fn builds_seen(&self) -> bool {
        self.builds.wrong.is_none() && self.builds.rounds.iter().all(|round| round.told >= LOOKS)
    }
}
