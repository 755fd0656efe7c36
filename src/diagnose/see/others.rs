//! What other messages of the same run say of one that did not come as it should.

use super::evidence::Evidence;
use crate::diagnose::sign::Sign;
use crate::history::History;
use crate::model::{Expectation, Gap, MessageKind, RowsNeeded, StepId, StepKind, Timing};

impl Evidence {
    /// Mail and text go through one worker and one queue, and part only at the provider.
    pub(super) fn other_messages(&mut self, history: &History, step: StepId) {
        for other in history.plan.steps.iter().filter(|other| other.id != step) {
            let StepKind::Expect { expect, .. } = &other.kind else { continue };
            self.rows_beside(history, (step, other.id), expect);
            let what = match expect {
                Expectation::Text(_) => "text",
                Expectation::Email(_) => "mail",
                // Rows go through other queues, and long after.
                Expectation::Rows(_) | Expectation::Page(_) | Expectation::Job => continue,
            };
            let state = history.step(other.id);
            match (state.met, state.closed) {
                (Some(met), _) if met.timing == Timing::OnTime => {
                    let text = format!("the same run's {what} came on time, through the same worker and queue");
                    self.note(Sign::WorkerProven, met.moment, text);
                }
                (None, Some((moment, Gap::WindowClosed)))
                    if state.mailbox.as_ref().is_some_and(|eye| eye.alive.is_some()) =>
                {
                    self.note(Sign::BothAbsent, moment, format!("the same run's {what} is missing too"));
                }
                _ => {}
            }
        }
    }

    /// Mails of the run's list, beside a mail that is missing: the provider takes some.
    fn rows_beside(&mut self, history: &History, (step, other): (StepId, StepId), expect: &Expectation) {
        let Expectation::Rows(rows) = expect else { return };
        let StepKind::Expect { expect: Expectation::Email(_), .. } = &history.plan.step(step).kind else { return };
        let met = history.step(other).met.filter(|_| rows.kind == MessageKind::Email && rows.need == RowsNeeded::All);
        if let Some(met) = met {
            let text = format!("all {} mails of the run's list came, through the same provider", rows.texts.len());
            self.note(Sign::OthersCame, met.moment, text);
        }
    }
}
