//! What the job's page and the controls say of rows that did not come as they should, and what follows from it.

use super::evidence::Evidence;
use super::sign::Sign;
use super::{Cause, causes};
use crate::history::{Fate, History};
use crate::model::scenario::Control;
use crate::model::{
    Expectation, Gap, JobReading, MessageKind, Observation, RowsExpectation, RowsNeeded, StepId, StepKind, WindowFrom,
};

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
        0 => (Sign::NoRowMade, text),
        made if made < rows => (Sign::RowNotMade, text),
        made if made > rows => (Sign::TooManyRows, text),
        _ => (Sign::RowsMade, text),
    })
}

/// The candidates for rows that did not come as they should.
pub(super) fn of_rows(rows: &RowsExpectation, from: WindowFrom, evidence: &Evidence) -> Vec<&'static Cause> {
    let is_sms = rows.kind == MessageKind::Sms;
    let (unsent, twice) =
        if is_sms { (&causes::SNS_UNSENT, &causes::SNS_TWICE) } else { (&causes::SES_UNSENT, &causes::SES_TWICE) };
    if evidence.has(Sign::Duplicate) {
        return if evidence.has(Sign::TooManyRows) {
            vec![&causes::ROW_TWICE]
        } else if evidence.has(Sign::RowsMade) {
            vec![twice]
        } else {
            vec![&causes::SENT_TWICE, twice]
        };
    }
    if evidence.has(Sign::Wrong) {
        return vec![&causes::WRONG_ROW];
    }
    if evidence.has(Sign::GivenUp) {
        return vec![&causes::WORKER_GAVE_UP];
    }
    if evidence.has(Sign::Undelivered) {
        return if is_sms {
            vec![&causes::NUMBER_DEAF, &causes::SNS_REFUSED]
        } else {
            vec![&causes::SES_BOUNCED, &causes::MAILBOX_REFUSES]
        };
    }
    match rows.need {
        // Sent now, the scheduler has no part in it.
        RowsNeeded::First if from != WindowFrom::Slot => of_missing(evidence, unsent, is_sms),
        RowsNeeded::First => of_pickup(evidence),
        RowsNeeded::All => of_missing(evidence, unsent, is_sms),
    }
}

fn of_pickup(evidence: &Evidence) -> Vec<&'static Cause> {
    let late = evidence.has(Sign::Late);
    if evidence.has(Sign::HeartbeatCame) {
        return vec![&causes::SCHEDULER_MISSED];
    }
    if late {
        return if evidence.has(Sign::JobWaits) {
            vec![&causes::SCHEDULER_LATE]
        } else {
            vec![&causes::SCHEDULER_LATE, &causes::QUEUE_BUSY]
        };
    }
    if evidence.has(Sign::JobWaits) || evidence.has(Sign::HeartbeatMissing) {
        return vec![&causes::WORKER_MISSED, &causes::SCHEDULER_MISSED];
    }
    vec![&causes::SCHEDULER_MISSED, &causes::WORKER_MISSED, &causes::S3_JOB]
}

fn of_missing(evidence: &Evidence, unsent: &'static Cause, is_sms: bool) -> Vec<&'static Cause> {
    let late = evidence.has(Sign::Late);
    if late && (evidence.has(Sign::NoRowMade) || evidence.has(Sign::RowNotMade)) {
        return vec![&causes::QUEUE_BUSY];
    }
    if evidence.has(Sign::NoRowMade) {
        return vec![&causes::S3_JOB, &causes::WORKER_STOOD];
    }
    if evidence.has(Sign::RowNotMade) {
        return vec![&causes::WORKER_LOST_ROW];
    }
    let mut found = vec![unsent, &causes::WORKER_UNSENT];
    if is_sms && !late {
        found.push(&causes::TEXT_LOST);
    }
    if !late && !evidence.has(Sign::RowsMade) {
        found.push(&causes::S3_JOB);
    }
    found
}
