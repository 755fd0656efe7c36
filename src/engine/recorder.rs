//! The one writer: distils, judges, writes, folds, in this order.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::work::{Outcome, Probed};
use crate::history::History;
use crate::journal::Journal;
use crate::judge::{Context, Judgement, judge};
use crate::model::deploy::DeployMark;
use crate::model::{
    Act, Acted, Captured, Check, Event, Expectation, Fact, Lane, Observation, PortFailure, Seen, StepId, StepKind,
};
use crate::policy;
use crate::port::{AgedMark, Away, Mark, MaskedPng, RawAct, Sighting};
use crate::reading::one_line;
use crate::redact::{Texts as _, Vault};

/// Told of every event after it was written, with the history that holds it already.
pub type Observer = dyn FnMut(&History, &Event) + Send;

/// Says of one look whether it meets its expectation; the flag is set for the look after everything else. It is
/// [`crate::judge::judge`], but for tests that ask what each check is worth.
pub type Judge = dyn Fn(StepId, bool, &Expectation, &Observation, &Context<'_>) -> Judgement + Send;

fn by_the_rules() -> Box<Judge> {
    Box::new(|_, _, expectation, observation, context| judge(expectation, observation, context))
}

/// A look that succeeded.
#[derive(Clone, Copy)]
struct Look {
    step: StepId,
    since: u64,
    /// It is the one after everything else.
    standing: bool,
    took_ms: Option<u64>,
    document: Option<u64>,
    busy_percent: Option<u8>,
}

pub(super) struct Recorder {
    judge: Box<Judge>,
    journal: Journal,
    vault: Vault,
    history: History,
    observer: Box<Observer>,
}

impl Recorder {
    pub(super) fn start(
        mut journal: Journal,
        vault: Vault,
        first: Fact,
        at: Timestamp,
        mut observer: Box<Observer>,
    ) -> std::io::Result<Self> {
        let event = journal.append(vault.clean(first), 0, at)?;
        let mut history = History::begin(&event).map_err(std::io::Error::other)?;
        journal.head().clone_into(&mut history.head);
        observer(&history, &event);
        Ok(Self { judge: by_the_rules(), journal, vault, history, observer })
    }

    pub(super) fn go_on(journal: Journal, vault: Vault, history: History, observer: Box<Observer>) -> Self {
        Self { judge: by_the_rules(), journal, vault, history, observer }
    }

    pub(super) fn judge_by(&mut self, judge: Box<Judge>) {
        self.judge = judge;
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    pub(super) fn into_history(self) -> History {
        self.history
    }

    pub(super) fn record(&mut self, mut fact: Fact, t: u64, at: Timestamp) -> std::io::Result<()> {
        fact.in_lines();
        let event = self.journal.append(self.vault.clean(fact), t.max(self.history.last.t), at)?;
        self.history.apply(&event);
        self.journal.head().clone_into(&mut self.history.head);
        (self.observer)(&self.history, &event);
        Ok(())
    }

    pub(super) fn is_once(&self, step: StepId) -> bool {
        matches!(&self.history.plan.step(step).kind, StepKind::Act { act, .. } if act.is_once())
    }

    pub(super) fn is_of_number(&self, step: StepId) -> bool {
        matches!(&self.history.plan.step(step).kind, StepKind::Expect { expect, .. } if expect.is_of_number())
    }

    pub(super) fn looks_at_page(&self, step: StepId) -> bool {
        matches!(&self.history.plan.step(step).kind, StepKind::Expect { expect, .. } if !expect.is_message())
    }

    /// The messages that were there before the trigger.
    pub(super) fn known_ids(&self, step: StepId) -> BTreeSet<String> {
        self.history.step(step).mailbox.as_ref().map(|mailbox| mailbox.ids.clone()).unwrap_or_default()
    }

    /// The messages that an expectation has seen.
    pub(super) fn message_ids(&self, step: StepId) -> BTreeSet<String> {
        match &self.history.step(step).looks.seen {
            Some((_, Observation::Messages { messages, .. })) => {
                messages.iter().map(|message| message.id.clone()).collect()
            }
            Some((_, Observation::Page(_))) | None => BTreeSet::new(),
        }
    }

    /// The action with its secrets filled in.
    pub(super) fn raw_act(&self, step: StepId, t: u64, at: Timestamp) -> Result<RawAct, String> {
        let StepKind::Act { act, .. } = &self.history.plan.step(step).kind else {
            return Err("this step is no action".to_owned());
        };
        let value = |name: &str| self.value(step, name);
        let missing = |name: String| format!("nothing is known for {{{{ {name} }}}}");
        match act {
            Act::Visit(target) => {
                let text = target.text(&value).map_err(missing)?;
                let url = if text.starts_with('/') { format!("{}{text}", self.history.plan.base_url) } else { text };
                policy::may_open(&self.history.plan, &url)?;
                Ok(RawAct::Visit(url))
            }
            Act::Fill(fields) => {
                let fill = |(label, value_of): &(String, crate::model::Template)| {
                    Ok((label.clone(), value_of.text(&value).map_err(missing)?))
                };
                fields.iter().map(fill).collect::<Result<_, String>>().map(RawAct::Fill)
            }
            Act::Press(button) => Ok(RawAct::Press(button.clone())),
            Act::Follow(link) => Ok(RawAct::Follow(link.text(&value).map_err(missing)?)),
            Act::Attach(list) => {
                let name = list.file.text(&value).map_err(missing)?;
                let rows: Result<Vec<Vec<String>>, String> = list
                    .rows
                    .iter()
                    .map(|row| row.iter().map(|cell| cell.text(&value).map_err(missing)).collect())
                    .collect();
                let csv = csv(&list.columns, &rows?);
                Ok(RawAct::Attach { field: list.field.clone(), name, csv })
            }
            Act::Schedule => {
                let lead = SignedDuration::from_millis(i64::try_from(self.history.plan.lead_ms).unwrap_or(0));
                let now = self.history.service_time(t, at);
                let reload = self.history.step(step).times_started > 0;
                let choice = self.history.plan.times.choice.clone();
                Ok(RawAct::Schedule { not_before: now.saturating_add(lead).unwrap_or(now), reload, choice })
            }
        }
    }

    fn value(&self, step: StepId, name: &str) -> Option<String> {
        if name == "token" {
            return Some(self.history.token.clone());
        }
        if let Some(secret) = self.vault.secret(name) {
            return Some(secret.to_owned());
        }
        let holder = self.history.plan.capture_step(step, name)?;
        let (handle, _) = self.history.step(holder).captured.as_ref()?;
        let is_page = matches!(&self.history.plan.step(holder).kind,
            StepKind::Expect { capture: Some(capture), .. } if capture.of == Captured::Page);
        if is_page { Some(handle.clone()) } else { self.vault.captured(handle).map(str::to_owned) }
    }

    /// Records what came of a job.
    pub(super) fn outcome(
        &mut self,
        lane: Lane,
        outcome: Outcome,
        busy_percent: Option<u8>,
        (t, at): (u64, Timestamp),
    ) -> std::io::Result<()> {
        match outcome {
            Outcome::Probed(Probed { when, since, told }) => {
                let (health, failure) = split(told);
                self.record(Fact::Probed { when, since: Some(since), health, failure }, t, at)
            }
            Outcome::Deploys(marks) => self.record(deploys(marks, t), t, at),
            Outcome::Opened(Ok(browser), _) => self.record(Fact::BrowserOpened { lane, browser }, t, at),
            Outcome::Opened(Err(why), _) => self.record(Fact::BrowserFailed { lane, why }, t, at),
            Outcome::Closed(_) => self.record(Fact::BrowserGone { lane, condemned: false }, t, at),
            Outcome::Marked(step, Ok(mark)) => {
                let Mark { ids, alive, clock_offset_ms } = mark;
                self.record(Fact::Marked { step, ids, alive, clock_offset_ms }, t, at)
            }
            Outcome::Marked(step, Err(why)) => self.record(Fact::MarkFailed { step, why }, t, at),
            Outcome::Recalled(step, result) => self.recalled(step, result, t, at),
            Outcome::Pictured(step, picture) => self.picture(step, picture, t, at),
            Outcome::Acted(step, acted) => {
                let condemned = matches!(acted, Acted::Unknown { .. });
                self.record(Fact::Acted { step, acted }, t, at)?;
                if condemned { self.record(Fact::BrowserGone { lane, condemned }, t, at) } else { Ok(()) }
            }
            Outcome::Denied(step, why) => self.record(Fact::Refused { step, why }, t, at),
            Outcome::SawPage { step, since, page: Ok(page) } => {
                let told = |ms: u64| Some(ms).filter(|ms| *ms > 0);
                let (took_ms, document) = (told(page.took_ms), told(page.document));
                let snapshot = self.vault.page(page);
                let look = Look { step, since, standing: false, took_ms, document, busy_percent };
                self.saw(look, Observation::Page(Box::new(snapshot)), t, at)
            }
            Outcome::SawPage { step, since, page: Err(why) } => {
                self.record(failed_look(step, since, why), t, at)?;
                self.record(Fact::BrowserGone { lane, condemned: true }, t, at)
            }
            Outcome::SawMailbox { step, since, standing, messages, .. } => match messages {
                Ok(seen) => {
                    let messages = seen
                        .messages
                        .into_iter()
                        .map(|message| self.vault.message(message, &self.history.token))
                        .collect();
                    let look = Look { step, since, standing, took_ms: None, document: None, busy_percent: None };
                    self.saw(look, Observation::Messages { messages, unreadable: seen.unreadable }, t, at)
                }
                Err(why) => self.record(failed_look(step, since, why), t, at),
            },
            Outcome::Waited | Outcome::Leased(_) => Ok(()),
        }
    }

    /// A look that succeeded: written, judged, and the judgement written where it says something new.
    fn saw(&mut self, look: Look, observation: Observation, t: u64, at: Timestamp) -> std::io::Result<()> {
        let Look { step, since, standing, took_ms, document, busy_percent } = look;
        let state = self.history.step(step);
        let same = state.looks.seen.as_ref().is_some_and(|(_, before)| *before == observation);
        let mut judgement = self.judged(step, standing, &observation, document, (t, at));
        judgement.check.texts(&mut |text| *text = one_line(text));
        let seen = if same { Seen::Same } else { Seen::New(observation) };
        self.record(Fact::Looked { step, since, seen, took_ms, document, busy_percent }, t, at)?;
        let known = self.history.step(step).check.as_ref().map(|(_, check)| check);
        if standing || known != Some(&judgement.check) {
            let Judgement { check, captured } = judgement;
            self.record(Fact::Checked { step, check, standing, captured }, t, at)?;
        }
        Ok(())
    }

    fn judged(
        &self,
        step: StepId,
        standing: bool,
        observation: &Observation,
        document: Option<u64>,
        (t, at): (u64, Timestamp),
    ) -> Judgement {
        let StepKind::Expect { expect, trigger, capture, .. } = &self.history.plan.step(step).kind else {
            return Check::not_yet("this step expects nothing").into();
        };
        let address = self.history.address(*trigger);
        let context = Context {
            address: address.as_deref(),
            plan: &self.history.plan,
            token: &self.history.token,
            acted: self.history.acted_between(*trigger),
            eye_ahead_ms: self.history.eye_ahead_ms(step),
            capture: capture.as_ref().map(|capture| &capture.of),
            open_codes: self.history.open_codes,
            shared_since: self.history.shared_since.map(|since| {
                let ago = i64::try_from(t.saturating_sub(since)).unwrap_or(i64::MAX);
                let at = at.saturating_sub(SignedDuration::from_millis(ago)).unwrap_or(at);
                self.history.service_time(since, at)
            }),
            is_stale: document.is_some_and(|document| self.history.is_stale(step, document)),
            dialogs_before: self.history.step(*trigger).dialogs_before,
            refused_texts: &self.history.step(step).refused_texts,
            requests: self.history.requests(step),
            slot: self.history.slot_of(step),
            now: self.history.service_time(t, at),
        };
        (self.judge)(step, standing, expect, observation, &context)
    }

    /// Handles are counted anew in each process, so the name of what was found again may be another one now.
    fn recalled(
        &mut self,
        step: StepId,
        result: Result<Sighting, PortFailure>,
        t: u64,
        at: Timestamp,
    ) -> std::io::Result<()> {
        let (seen, failure) = split(result);
        let token = self.history.token.clone();
        let messages =
            seen.unwrap_or_default().messages.into_iter().map(|message| self.vault.message(message, &token)).collect();
        let captured = self
            .judged(step, false, &Observation::Messages { messages, unreadable: Vec::new() }, None, (t, at))
            .captured;
        self.record(Fact::Recalled { step, captured, failure }, t, at)
    }

    fn picture(&mut self, step: StepId, picture: Option<MaskedPng>, t: u64, at: Timestamp) -> std::io::Result<()> {
        let name = format!("step-{}.png", step.0 + 1);
        let kept = picture.is_some_and(|picture| self.journal.keep(&name, &self.vault.picture(picture)).is_ok());
        // Evidence is a help, not a proof: without a picture the verdict is the same.
        self.record(Fact::Evidence { step, file: kept.then_some(name) }, t, at)
    }
}

/// A look that did not succeed.
fn failed_look(step: StepId, since: u64, why: PortFailure) -> Fact {
    Fact::Looked { step, since, seen: Seen::Failed(why), took_ms: None, document: None, busy_percent: None }
}

/// A list as a file, with quotes where a value needs them.
fn csv(columns: &[String], rows: &[Vec<String>]) -> String {
    let cell = |text: &String| {
        if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
    };
    let line = |cells: &[String]| cells.iter().map(cell).collect::<Vec<_>>().join(",");
    let mut lines: Vec<String> = std::iter::once(line(columns)).chain(rows.iter().map(|row| line(row))).collect();
    lines.push(String::new());
    lines.join("\r\n")
}

/// Marks by the time of the run, which is `t` now.
fn deploys(marks: Result<Vec<AgedMark>, Away>, t: u64) -> Fact {
    let now = i64::try_from(t).unwrap_or(i64::MAX);
    let at =
        |mark: AgedMark| DeployMark { edge: mark.edge, part: mark.part, t: now.saturating_sub_unsigned(mark.age_ms) };
    match marks {
        Ok(marks) => Fact::Deploys { marks: marks.into_iter().map(at).collect(), unasked: None },
        Err(Away(why)) => Fact::Deploys { marks: Vec::new(), unasked: Some(one_line(&why)) },
    }
}

fn split<T>(result: Result<T, PortFailure>) -> (Option<T>, Option<PortFailure>) {
    match result {
        Ok(value) => (Some(value), None),
        Err(failure) => (None, Some(failure)),
    }
}
