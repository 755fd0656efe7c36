//! Who is told of a run, and when: a failure as soon as it is final, everything else at the end, and nothing again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::JoinSet;

use crate::announce::{Message, Slack, Untold, job_page};
use crate::config::ResolvedAnnounce;
use crate::diagnose::Explained;
use crate::engine::Observer;
use crate::history::History;
use crate::model::line::RunLine;
use crate::model::outcome::Outcome;
use crate::model::{Plan, Verdict};
use crate::port::Objects;
use crate::render::github::{lead, line};
use crate::store::Lines;

/// The store is asked for no longer what came before.
const ASK_LONGEST: Duration = Duration::from_secs(10);
/// What came longer ago is no series.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(14 * 24);
/// At its end a run waits so long for those who are told: three tries of each.
const TELL_LONGEST: Duration = Duration::from_secs(45);
/// Whoever was stopped is killed soon.
const STOPPED_LONGEST: Duration = Duration::from_secs(2);
const ALL: [Verdict; 6] = [
    Verdict::Passed,
    Verdict::Degraded,
    Verdict::NotVerified,
    Verdict::Inconclusive,
    Verdict::Errored,
    Verdict::Failed,
];

/// A channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    Team,
    Alerts,
}

/// Tells of one run.
pub(super) struct Announcer {
    to: ResolvedAnnounce,
    /// The newest run before this one that has come to its end, and why that is not known.
    before: Result<Option<RunLine>, String>,
    /// An earlier process of the run may have told its failure, or was on its way to.
    was_told: bool,
    told_early: AtomicBool,
    sending: std::sync::Mutex<JoinSet<Result<(), Untold>>>,
}

impl Announcer {
    /// Nobody, where the environment names none. `is_shared` where other machines' runs are known, `was_told` where an earlier
    /// process of the run has told its failure.
    pub(super) async fn new(
        to: &ResolvedAnnounce,
        (objects, is_shared): (Arc<dyn Objects>, bool),
        plan: &Plan,
        was_told: bool,
    ) -> Option<Arc<Self>> {
        if to.team.is_none() && to.alerts.is_none() {
            return None;
        }
        let before = match tokio::time::timeout(ASK_LONGEST, newest(objects, plan)).await {
            Ok(Ok(None)) if !is_shared => Err("there is no store, and no run before it here".to_owned()),
            Ok(before) => before,
            Err(_) => Err("the store did not answer in time".to_owned()),
        };
        Some(Arc::new(Self {
            to: to.clone(),
            before,
            was_told,
            told_early: AtomicBool::new(false),
            sending: std::sync::Mutex::default(),
        }))
    }

    /// After each event: a failure that is final is told at once, though the rest of the run goes on.
    pub(super) fn observe(&self, history: &History) {
        let is_told = self.was_told || self.told_early.load(Ordering::Relaxed);
        if is_told || !history.has_failed_already() {
            return;
        }
        self.told_early.store(true, Ordering::Relaxed);
        self.send(channels(Outcome::Failed, None, self.to.pages), &message(history, Outcome::Failed));
    }

    /// At the end of the run. Why somebody was not told.
    pub(super) async fn end(&self, history: &History, was_stopped: bool) -> Option<String> {
        let outcome = Outcome::of(crate::diagnose::own_verdict(history));
        let early = self.told_early.load(Ordering::Relaxed);
        let before = self.before.as_ref().ok().and_then(Option::as_ref).map(|line| Outcome::of(line.verdict));
        // Where nobody knows what came before, only a failure is told: all else would be told again and again.
        let is_told = self.before.is_ok() || outcome == Outcome::Failed;
        if (early || self.was_told) && outcome != Outcome::Failed && !was_stopped {
            // Whoever was told of a failure is told that it is none.
            self.send(channels(Outcome::Failed, None, self.to.pages), &message(history, outcome));
        } else if !early && history.ended && is_told {
            self.send(channels(outcome, before, self.to.pages), &message(history, outcome));
        }
        let mut sending = std::mem::take(&mut *self.sending.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let mut why = None;
        let all = async {
            while let Some(sent) = sending.join_next().await {
                if let Ok(Err(Untold(untold))) = sent {
                    why.get_or_insert(untold);
                }
            }
        };
        let longest = if was_stopped { STOPPED_LONGEST } else { TELL_LONGEST };
        if tokio::time::timeout(longest, all).await.is_err() {
            why.get_or_insert_with(|| "not everybody was told in time".to_owned());
        }
        why.or_else(|| self.before.as_ref().err().map(|why| format!("what came before is not known: {why}")))
    }

    fn send(&self, channels: Vec<Channel>, message: &Message) {
        let webhooks = channels.into_iter().filter_map(|channel| match channel {
            Channel::Team => self.to.team.clone(),
            Channel::Alerts => self.to.alerts.clone(),
        });
        let mut sending = self.sending.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for webhook in webhooks {
            let message = message.clone();
            sending.spawn(async move { Slack::at(&webhook)?.tell(&message).await });
        }
    }
}

/// The newest run that has tested all that this one tests.
async fn newest(objects: Arc<dyn Objects>, plan: &Plan) -> Result<Option<RunLine>, String> {
    let lines = Lines::new(objects, &plan.environment);
    let wanted = |line: &RunLine| plan.judged().all(|scenario| line.scenarios.contains(&scenario.id));
    lines.newest_of(&ALL, LOOKED_BACK, wanted).await.map_err(|away| away.0)
}

/// Shows a run to whoever looks, and to those who are told of it.
pub(super) fn watching(mut shown: Box<Observer>, announcer: Option<Arc<Announcer>>) -> Box<Observer> {
    let Some(announcer) = announcer else { return shown };
    Box::new(move |history, event| {
        shown(history, event);
        announcer.observe(history);
    })
}

/// Who is told of an outcome after another one.
fn channels(outcome: Outcome, before: Option<Outcome>, pages: bool) -> Vec<Channel> {
    let both = if pages { vec![Channel::Team, Channel::Alerts] } else { vec![Channel::Team] };
    let judged_before = !matches!(before, Some(Outcome::NotJudged(_)));
    match outcome {
        Outcome::Failed => both,
        // Recovery only: those who were told of the failure.
        Outcome::Passed if before == Some(Outcome::Failed) => both,
        Outcome::Passed if matches!(before, Some(Outcome::Degraded | Outcome::NotJudged(_))) => vec![Channel::Team],
        Outcome::Degraded if before == Some(Outcome::Failed) => both,
        // The first of a series.
        Outcome::Degraded if before != Some(Outcome::Degraded) => vec![Channel::Team],
        // The second in a row.
        Outcome::NotJudged(_) if !judged_before => vec![Channel::Team],
        Outcome::Refused | Outcome::WrongFiles => vec![Channel::Team],
        Outcome::Passed | Outcome::Degraded | Outcome::NotJudged(_) | Outcome::Waiting | Outcome::CutOff => Vec::new(),
    }
}

fn message(history: &History, outcome: Outcome) -> Message {
    let explained = Explained::of(history);
    let mut facts = Vec::new();
    if let Some((component, title)) = lead(&explained) {
        facts.push(("Component", format!("{component}: {title}")));
    }
    let stories = explained.stories();
    if let Some(first) = stories.first().and_then(|story| story.candidates.first()) {
        if let Some(impact) = first.impact(&history.plan) {
            facts.push(("Impact", impact.to_owned()));
        }
        facts.push(("Next", first.next_step.clone()));
    }
    if let Some(passed) = &history.since.passed {
        facts.push(("Last passed", format!("{} UTC", passed.at.strftime("%F %H:%M"))));
    }
    facts.push(("Run", format!("{}, because: {}", history.run, history.occasion.because.name())));
    facts.extend(job_page().map(|page| ("Job", page)));
    Message { line: line(history, outcome), facts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_of_what() {
        let errored = Outcome::NotJudged(Verdict::Errored);
        let (team, both, nobody) = (vec![Channel::Team], vec![Channel::Team, Channel::Alerts], Vec::new());
        for (outcome, before, pages, told) in [
            (Outcome::Failed, None, true, &both),
            (Outcome::Failed, Some(Outcome::Failed), false, &team),
            (Outcome::Passed, Some(Outcome::Failed), true, &both),
            (Outcome::Passed, Some(Outcome::Passed), true, &nobody),
            (Outcome::Passed, None, true, &nobody),
            (Outcome::Degraded, Some(Outcome::Passed), true, &team),
            (Outcome::Degraded, Some(Outcome::Degraded), true, &nobody),
            (errored, Some(Outcome::Passed), true, &nobody),
            (errored, Some(errored), true, &team),
            (Outcome::Waiting, None, true, &nobody),
        ] {
            assert_eq!(&channels(outcome, before, pages), told, "{outcome:?} after {before:?}");
        }
    }
}
