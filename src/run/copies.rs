//! A second copy may come after a run has ended. The next run of an environment looks for it once, before it asks for
//! anything itself.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::Recorded;
use super::ports::vault;
use crate::config::Resolved;
use crate::engine::Ports;
use crate::history::History;
use crate::judge::carries;
use crate::model::{Expectation, LateCopy, Message, MessageKind, Observation, Plan, PlannedStep, RowsNeeded, StepKind};
use crate::port::Which;
use crate::store;

/// A mailbox keeps nothing for longer that anybody would look for.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Copies of the newest ended run's messages that came after it. An eye that cannot see tells of none, and the old report
/// says up to when it has looked.
pub(super) async fn of_last_run(ports: &Ports, resolved: &Resolved, plan: &Plan, runs: &Path) -> Vec<LateCopy> {
    let newest = store::newest_runs(runs, &plan.environment, 1);
    let Some(Recorded { history, .. }) = newest.first().and_then(|folder| Recorded::read(folder).ok()) else {
        return Vec::new();
    };
    let age = Timestamp::now().duration_since(history.started_at);
    if !history.ended || history.plan.base_url != plan.base_url || age > KEPT {
        return Vec::new();
    }
    let mut copies = Vec::new();
    for (kind, eye) in [(MessageKind::Email, Some(&ports.inbox)), (MessageKind::Sms, ports.number.as_ref())] {
        let (Some(eye), Some(known)) = (eye, known_ids(&history, kind)) else { continue };
        let Ok(seen) = eye.look(Which::NotIn(&known)).await else { continue };
        // What is read here is another run's: this one's vault must learn nothing of it.
        let mut vault = vault(resolved, plan);
        let read = seen.messages.into_iter().map(|raw| vault.message(raw, &history.token));
        let messages: Vec<Message> = read.collect();
        copies.extend(in_messages(&history, kind, &messages));
    }
    copies
}

/// What an eye showed before the run's actions and in its looks; nothing where the run has proven nothing by it.
fn known_ids(history: &History, kind: MessageKind) -> Option<BTreeSet<String>> {
    let mut steps = history.plan.steps.iter().filter(|step| proves_message(history, step, kind)).peekable();
    steps.peek()?;
    let awaits = |step: &PlannedStep| match &step.kind {
        StepKind::Expect { trigger, .. } => {
            kind_of(step) == Some(kind)
                && history.step(*trigger).started.is_some()
                && history.step(step.id).met.is_none()
        }
        StepKind::Act { .. } => false,
    };
    // What comes while something was still awaited is that.
    if history.plan.steps.iter().any(awaits) {
        return None;
    }
    let mut known = BTreeSet::new();
    // What came between the marks of two steps was seen by one of all that look at this eye.
    for step in history.plan.steps.iter().filter(|step| kind_of(step) == Some(kind)) {
        let state = history.step(step.id);
        known.extend(state.mailbox.iter().flat_map(|mailbox| mailbox.ids.iter().cloned()));
        for (_, observation) in state.looks.first.iter().chain(&state.looks.seen) {
            if let Observation::Messages { messages, .. } = observation {
                known.extend(messages.iter().map(|message| message.id.clone()));
            }
        }
    }
    Some(known)
}

/// The kind of message that a step expects.
fn kind_of(step: &PlannedStep) -> Option<MessageKind> {
    match &step.kind {
        StepKind::Expect { expect: Expectation::Email(_), .. } => Some(MessageKind::Email),
        StepKind::Expect { expect: Expectation::Text(_), .. } => Some(MessageKind::Sms),
        StepKind::Expect { expect: Expectation::Rows(rows), .. } => Some(rows.kind),
        StepKind::Expect { .. } | StepKind::Act { .. } => None,
    }
}

/// Whether all that a step expects was here: only then is one more a copy. A code tells nobody whose it is.
fn proves_message(history: &History, step: &PlannedStep, kind: MessageKind) -> bool {
    let all = match &step.kind {
        StepKind::Expect { expect: Expectation::Email(_), .. } => true,
        StepKind::Expect { expect: Expectation::Rows(rows), .. } => rows.need == RowsNeeded::All,
        StepKind::Expect { .. } | StepKind::Act { .. } => false,
    };
    all && kind_of(step) == Some(kind) && history.step(step.id).met.is_some()
}

fn in_messages(history: &History, kind: MessageKind, messages: &[Message]) -> Vec<LateCopy> {
    let found = history.plan.judged().filter_map(|scenario| {
        let mut steps = scenario.steps.iter().rev().map(|step| history.plan.step(*step));
        let step = steps.find(|step| proves_message(history, step, kind))?;
        let of_list = !matches!(&step.kind, StepKind::Expect { expect: Expectation::Email(_), .. });
        // Only the service's own mail has a link that is a secret.
        let is_copy = |message: &&Message| carries(message, &history.token) && message.links.is_empty() == of_list;
        let count = messages.iter().filter(is_copy).count();
        (count > 0).then(|| LateCopy {
            run: history.run.clone(),
            scenario: scenario.id.clone(),
            of_list,
            kind,
            count: u32::try_from(count).unwrap_or(u32::MAX),
        })
    });
    found.collect()
}
