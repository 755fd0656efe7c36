//! What something that went wrong looks like, from its signs.

use super::evidence::Evidence;
use crate::diagnose::sign::Sign;
use crate::diagnose::way::Symptom;
use crate::history::History;
use crate::model::{Blemish, Check, StepId, Timing, Verdict};

/// Signs and what they look like; the first that was seen counts.
const LOOKS: [(Sign, Symptom); 15] = [
    (Sign::Untrusted, Symptom::Untrusted),
    (Sign::Gateway, Symptom::Gateway),
    (Sign::Unreachable, Symptom::Unreachable),
    (Sign::ErrorPage, Symptom::ErrorPage),
    (Sign::LoginRefused, Symptom::Refused),
    (Sign::ListedLate, Symptom::ListedLate),
    (Sign::OneLost, Symptom::OneLost),
    (Sign::Duplicate, Symptom::Twice),
    (Sign::WrongMessage, Symptom::Wrong),
    (Sign::Late, Symptom::Late),
    (Sign::AllCame, Symptom::Late),
    (Sign::Denied, Symptom::Denied),
    (Sign::Wrong, Symptom::Lacks),
    (Sign::PageAbsent, Symptom::Lacks),
    (Sign::Absent, Symptom::Never),
];

/// What it looks like as a whole.
pub(super) fn of(evidence: &Evidence) -> Symptom {
    LOOKS.into_iter().find(|(sign, _)| evidence.has(*sign)).map_or(Symptom::Lacks, |(_, symptom)| symptom)
}

/// What is wrong with a step, each by itself: what came late may have come twice as well. Nothing where the step as a whole
/// says it.
pub(super) fn blemishes(history: &History, step: StepId, verdict: Verdict) -> Vec<Option<Symptom>> {
    let state = history.step(step);
    let twice = matches!(&state.standing, Some((_, Check::Met { blemish: Some(Blemish::Duplicate { .. }), .. })));
    let late = state.met.is_some_and(|met| matches!(met.timing, Timing::Late | Timing::TooLate));
    if verdict == Verdict::Degraded && twice && late {
        return vec![Some(Symptom::Late), Some(Symptom::Twice)];
    }
    vec![None]
}
