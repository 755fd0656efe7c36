//! Recorded runs: judged again they give the same checks, and their reports do not change.

use std::time::Duration;

use jiff::SignedDuration;
use notify_smoke::diagnose::{Explained, diagnose};
use notify_smoke::history::History;
use notify_smoke::journal::replay;
use notify_smoke::judge::{Context, judge};
use notify_smoke::model::{
    Check, Component, Event, Expectation, Fact, Gap, Observation, Seen, StepId, StepKind, Verdict,
};

use crate::support::root;

/// The recorded journals, by name.
pub fn journals() -> Vec<(String, Vec<u8>)> {
    let folder = root().join("tests/journals/v1");
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("journals")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .map(|path| {
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), std::fs::read(&path).expect("a journal"))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 3, "only {} journals", found.len());
    found
}

/// Whatever else stands in it: an older program says which one to use.
#[test]
fn a_journal_of_a_newer_program_is_refused_in_one_sentence() {
    let (_, bytes) = journals().into_iter().find(|(name, _)| name == "passed").expect("a journal");
    let whole = String::from_utf8(bytes).expect("text").lines().next().expect("a line").to_owned();
    for line in [whole.replacen("\"v\":1", "\"v\":2", 1), "{\"v\":2,\"what\":[\"nobody knows\"]}".to_owned()] {
        let why = replay(format!("{line}\n").as_bytes()).expect_err("it is newer");
        let wanted =
            "line 1 was written by a newer notify-smoke (format 2, and this one knows none above 1): use that one";
        assert_eq!(why, wanted);
    }
}

#[test]
fn judging_a_journal_again_gives_the_same_checks() {
    for (name, bytes) in journals() {
        let events = replay(&bytes).expect("a journal").events;
        let mut history = History::begin(&events[0]).expect("a start");
        let mut seen: Option<Observation> = None;
        let mut checks = 0;
        for event in &events[1..] {
            match &event.fact {
                Fact::Looked { seen: Seen::New(observation), .. } => seen = Some(observation.clone()),
                Fact::Checked { .. } => {
                    judged_again(&name, &history, event, seen.as_ref());
                    checks += 1;
                }
                _ => {}
            }
            history.apply(event);
        }
        assert!(checks > 0, "{name} holds no check");
    }
}

fn judged_again(name: &str, history: &History, event: &Event, last: Option<&Observation>) {
    let Fact::Checked { step, check, captured, .. } = &event.fact else { return };
    let StepKind::Expect { expect, trigger, capture, .. } = &history.plan.step(*step).kind else {
        panic!("{name}: event {} checks an action", event.seq)
    };
    let observation = history.step(*step).looks.seen.as_ref().map(|(_, seen)| seen).or(last).expect("a look before it");
    let address = history.address(*trigger);
    let context = Context {
        address: address.as_deref(),
        plan: &history.plan,
        token: &history.token,
        acted: history.acted_between(*trigger),
        eye_ahead_ms: history.eye_ahead_ms(*step),
        capture: capture.as_ref().map(|capture| &capture.of),
        open_codes: history.open_codes,
        shared_since: None,
        is_stale: history.lanes[&history.plan.step(*step).lane]
            .document
            .is_some_and(|document| history.is_stale(*step, document)),
        dialogs_before: history.step(*trigger).dialogs_before,
        refused_texts: &history.step(*step).refused_texts,
        requests: history.requests(*step),
        slot: history.slot_of(*step),
        now: history.service_time(event.t, event.at),
    };
    let again = judge(expect, observation, &context);
    assert_eq!((&again.check, &again.captured), (check, captured), "{name}: event {}", event.seq);
}

#[test]
fn old_journals_stay_readable() {
    for (name, bytes) in journals() {
        let history = History::of(&replay(&bytes).expect("a journal").events).expect("a history");
        let stopped = ["waiting", "interrupted"].contains(&name.as_str());
        assert_eq!(history.ended, !stopped, "{name}");
        let verdict = if stopped { "not-verified" } else { name.as_str() };
        assert!(verdict.starts_with(history.verdict().name()), "{name} is {}", history.verdict());
    }
}

/// The driver says done, the browser dies, and its request may never have left.
#[test]
fn a_press_whose_page_was_lost_blames_nobody() {
    let (_, bytes) = journals().into_iter().find(|(name, _)| name == "failed-scheduler-stopped").expect("the journal");
    let mut events = replay(&bytes).expect("a journal").events;
    let blamed = History::of(&events).expect("a history");
    let page = page_after_the_press(&blamed);
    assert_eq!(of_list(&blamed), (Verdict::Failed, vec![Component::Scheduler]));
    events.retain(|event| !matches!(&event.fact, Fact::Looked { step, .. } if *step == page));
    for event in &mut events {
        if matches!(&event.fact, Fact::Checked { step, .. } if *step == page) {
            event.fact = Fact::Closed { step: page, gap: Gap::SessionLost };
        }
    }
    let lost = History::of(&events).expect("a history");
    assert_eq!(of_list(&lost), (Verdict::Inconclusive, vec![Component::Harness]));
}

/// The page that answers the press that makes the job.
fn page_after_the_press(history: &History) -> StepId {
    let steps = &history.plan.steps;
    let is_press = |step: StepId| {
        matches!(&history.plan.step(step).kind, StepKind::Act { watch, .. } if watch.iter().any(|caused| {
            matches!(&history.plan.step(*caused).kind, StepKind::Expect { expect: Expectation::Rows(_), .. })
        }))
    };
    let answers = steps.iter().find(|step| match &step.kind {
        StepKind::Expect { expect: Expectation::Page(_), trigger, .. } => is_press(*trigger),
        StepKind::Expect { .. } | StepKind::Act { .. } => false,
    });
    answers.expect("a page after the press").id
}

fn of_list(history: &History) -> (Verdict, Vec<Component>) {
    let scenario = history.plan.judged().find(|scenario| scenario.id == "scheduled-send").expect("the scenario");
    let named = diagnose(history, scenario).iter().map(|diagnosis| diagnosis.component).collect();
    (history.scenario_verdict(scenario).verdict, named)
}

/// A code of somebody else's sign-in that is listed late would be taken, and prove nothing.
#[test]
fn a_text_from_before_the_press_is_not_ours() {
    let (_, bytes) = journals().into_iter().find(|(name, _)| name == "passed-runbook").expect("the journal");
    let history = History::of(&replay(&bytes).expect("a journal").events).expect("a history");
    let text = history.plan.steps.iter().find_map(|step| match &step.kind {
        StepKind::Expect { expect: expect @ Expectation::Text(_), trigger, .. } => Some((step.id, expect, *trigger)),
        StepKind::Expect { .. } | StepKind::Act { .. } => None,
    });
    let (step, expect, trigger) = text.expect("a text");
    let Some((_, Observation::Messages { messages, .. })) = history.step(step).looks.seen.clone() else {
        panic!("no look")
    };
    let acted = history.acted_between(trigger);
    let judged = |seconds_before: i64, eye_ahead_ms: Option<i64>| {
        let began = acted.expect("a press").0;
        let mut messages = messages.clone();
        for message in &mut messages {
            message.arrived_at = Some(began - SignedDuration::from_secs(seconds_before));
        }
        let context = Context { acted, eye_ahead_ms, ..crate::support::context(&history.plan, &history.token, began) };
        judge(expect, &Observation::Messages { messages, unreadable: Vec::new() }, &context).check
    };
    assert!(matches!(judged(-1, Some(0)), Check::Met { .. }));
    assert!(matches!(judged(4, Some(0)), Check::Met { .. }), "clocks are compared to a second or two");
    let Check::NotYet { why, .. } = judged(30, Some(0)) else { panic!("taken for ours") };
    assert!(why.ends_with("before the press, is here, and ours is not"), "{why}");
    assert!(matches!(judged(30, Some(-30_000)), Check::Met { .. }), "its clock is behind");
    assert!(matches!(judged(-20, Some(60_000)), Check::NotYet { .. }), "its clock is ahead");
    assert!(matches!(judged(30, None), Check::Met { .. }), "nothing is known of its clock");
}

#[test]
fn events_of_a_later_version_are_passed_over() {
    let (_, bytes) = journals().into_iter().find(|(name, _)| name.starts_with("passed")).expect("a passed journal");
    let mut events = replay(&bytes).expect("a journal").events;
    let later: Fact = serde_json::from_str(r#"{"what":"something-new","with":{"much":1}}"#).expect("a fact");
    let last = events.len() - 1;
    let event = Event { fact: later, ..events[last].clone() };
    events.insert(last, event);
    let history = History::of(&events).expect("a history");
    assert_eq!(history.verdict().name(), "passed");
}

/// It is made after each look, for the rows of the terminal.
#[test]
fn a_long_journal_is_diagnosed_in_a_moment() {
    let (_, bytes) = journals().into_iter().find(|(name, _)| name == "failed-scheduler-stopped").expect("the journal");
    let mut events = replay(&bytes).expect("a journal").events;
    let last = events.iter().rposition(|event| matches!(event.fact, Fact::Looked { .. })).expect("a look");
    let again = events[last].clone();
    events.splice(last..last, std::iter::repeat_n(again, 10_000));
    let history = History::of(&events).expect("a history");
    let explained = || {
        let begun = std::time::Instant::now();
        let stories = Explained::of(&history).stories();
        assert!(!stories.is_empty(), "nothing is explained");
        begun.elapsed()
    };
    // The quickest of some: other programs share the machine.
    let took = (0..5).map(|_| explained()).min().expect("a time");
    assert!(took < Duration::from_millis(50), "{took:?}");
}

#[test]
fn a_torn_last_line_is_left_out_and_nothing_else() {
    let (_, bytes) = journals().into_iter().next().expect("a journal");
    let whole = replay(&bytes).expect("a journal");
    let torn = replay(&bytes[..bytes.len() - 10]).expect("a journal");
    assert_eq!(torn.events.len(), whole.events.len() - 1);
    let mut changed = bytes.clone();
    let at = changed.len() / 2;
    changed[at] ^= 1;
    assert!(replay(&changed).is_err());
}
