//! What the job's page and the controls say of rows that did not come as they should.

use super::evidence::Evidence;
use crate::diagnose::sign::Sign;
use crate::diagnose::way::Reach;
use crate::history::{Fate, History};
use crate::model::scenario::Control;
use crate::model::{Expectation, Gap, JobReading, Observation, RowsNeeded, StepId, StepKind};

/// How far a job got.
pub(super) fn reach(evidence: &Evidence) -> Reach {
    let told = [
        (Sign::JobWaits, Reach::Waits),
        (Sign::DoneEmpty, Reach::DoneEmpty),
        (Sign::NoRowMade, Reach::Begun),
        (Sign::RowNotMade, Reach::Some),
        (Sign::TooManyRows, Reach::TooMany),
        (Sign::RowsMade, Reach::All),
    ];
    told.into_iter().find(|(sign, _)| evidence.has(*sign)).map_or(Reach::Unknown, |(_, reach)| reach)
}

impl Evidence {
    /// What the job's page said, the first time and the last.
    pub(super) fn job(&mut self, history: &History, step: StepId) {
        let StepKind::Expect { expect: Expectation::Rows(rows), aside: Some((_, look)), .. } =
            &history.plan.step(step).kind
        else {
            return;
        };
        match history.fate(step) {
            Some((moment, Fate::GivenUp(word))) => {
                self.note(Sign::GivenUp, moment, format!("the job's page says “{word}” of a message"));
            }
            Some((moment, Fate::Undelivered(word))) => {
                self.note(Sign::Undelivered, moment, format!("the job's page says “{word}” of a message"));
            }
            Some((moment, Fate::Gone)) => self.note(Sign::Gone, moment, "the job has no page any more"),
            None => {}
        }
        let looks = &history.step(*look).looks;
        // Rows that came late: what was there when they were missed tells more than what is there in the end.
        let state = history.step(step);
        let came = state.met.is_some() && (rows.need == RowsNeeded::First || state.standing.is_some());
        let twice = self.has(Sign::Duplicate);
        let told = if came && !twice { &looks.first } else { &looks.seen };
        let Some((moment, Observation::Page(page))) = told else { return };
        let reading = page.job(&history.plan.sentences);
        let Some((sign, text)) = read(&reading, rows.texts.len()) else { return };
        self.note(sign, *moment, text);
    }

    /// Whether a control that was run has told something.
    pub(super) fn controls(&mut self, history: &History) {
        let controls =
            history.plan.scenarios.iter().filter(|scenario| matches!(scenario.control, Some(Control::MissedSchedule)));
        for step in controls.flat_map(|scenario| &scenario.steps) {
            let StepKind::Expect { expect: Expectation::Email(_), .. } = &history.plan.step(*step).kind else {
                continue;
            };
            let state = history.step(*step);
            if let Some(met) = state.met {
                self.note(Sign::HeartbeatCame, met.moment, "a mail that was asked for after the slot came at once");
            } else if let Some((moment, Gap::WindowClosed)) = state.closed {
                self.note(
                    Sign::HeartbeatMissing,
                    moment,
                    "a mail that was asked for after the slot did not come either",
                );
            }
        }
    }
}

fn read(reading: &JobReading, rows: usize) -> Option<(Sign, String)> {
    let made = reading.rows.len();
    if reading.waits {
        return Some((Sign::JobWaits, "the job's page says that its time has not come".to_owned()));
    }
    if !reading.begun {
        return None;
    }
    let text = format!("the job's page shows {made} message(s) made of {rows} row(s)");
    Some(match made {
        0 if reading.done => {
            (Sign::DoneEmpty, format!("the job's page says that it is done, with no message of {rows} row(s)"))
        }
        0 => (Sign::NoRowMade, text),
        made if made < rows => (Sign::RowNotMade, text),
        made if made > rows => (Sign::TooManyRows, text),
        _ => (Sign::RowsMade, text),
    })
}
