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
    /// The same where the one that was expected had answered before everything else.
    superseded: Option<WrongBuild>,
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
        let told =
            health.parts().into_iter().filter_map(|(part, told)| Some((part, told.build(), expected.get(part)?)));
        let told: Vec<(&str, Option<&str>, &String)> = told.collect();
        // A page that fails for a moment tells of no build: it is looked at again.
        if told.iter().any(|(_, build, _)| build.is_none()) {
            return;
        }
        round.told += 1;
        let was_right = after && self.wrong.is_none() && self.rounds[0].told >= LOOKS;
        for (part, build, commit) in told {
            let Some(build) = build.filter(|build| !is_commit(build, commit)) else { continue };
            let wrong = WrongBuild {
                moment: probe.moment,
                part: part.to_owned(),
                expected: commit.clone(),
                answered: build.to_owned(),
            };
            // What was there before, each time, has given way to another deploy.
            let place = if was_right { &mut self.superseded } else { &mut self.wrong };
            place.get_or_insert(wrong);
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

    /// The part that answered as what was deployed before everything else, and as something else after it.
    pub fn superseded_build(&self) -> Option<&WrongBuild> {
        self.builds.superseded.as_ref()
    }

    /// Whether the builds that were deployed have answered every time, before and after.
    pub fn builds_seen(&self) -> bool {
        self.builds.wrong.is_none()
            && self.builds.superseded.is_none()
            && self.builds.rounds.iter().all(|round| round.told >= LOOKS)
    }
}
