//! What no single file can tell: words that nothing uses, times that cannot hold together, environments that would take
//! each other's codes.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::pins::{named_host, not_pinned};
use crate::diagnose::CAUSES;
use crate::model::{
    Act, Capture, Captured, Component, Environment, KnownIssue, Road, Runbook, Scenario, Service, Step, WindowFrom,
};
use crate::yaml::{Problem, Source, did_you_mean};

/// The real service has whole hours to choose from.
const SLOT_MS: u64 = 3_600_000;
/// Windows that no scenario names: the default one, and those of the look back at receipts.
const OWN_WINDOWS: [&str; 3] = ["page", "receipt-email", "receipt-sms"];

/// The files of one service.
pub(super) struct Files<'a> {
    pub(super) service: (&'a Service, Source),
    pub(super) runbook: (&'a Runbook, Source),
    pub(super) scenarios: Vec<(&'a Scenario, Source)>,
}

/// What would go wrong in a run.
pub(super) fn errors(files: &Files<'_>) -> Vec<Problem> {
    run_longest(files).into_iter().collect()
}

/// What is of no use, or will be missed one day.
pub(super) fn warnings(files: &Files<'_>) -> Vec<Problem> {
    let mut found = unused_windows(files);
    found.extend(files.scenarios.iter().flat_map(|(scenario, source)| unused_captures(scenario, source)));
    found.extend(files.scenarios.iter().filter_map(|(scenario, source)| proves_nothing(scenario, source)));
    found.extend(missing_next_steps(files));
    found.extend(unused_roads(files));
    found.extend(unlikely(files));
    found
}

/// A run has to outlive the wait for its slot, and what may come late after that.
fn run_longest(files: &Files<'_>) -> Option<Problem> {
    let (service, source) = &files.service;
    let longest = |from: WindowFrom| {
        let windows = service.windows.values().filter(move |window| window.from == from);
        windows.map(|window| window.while_moving_ms.unwrap_or(0).max(window.late_ms)).max()
    };
    let schedules = |scenario: &Scenario| scenario.steps.iter().any(|step| matches!(step, Step::Act(Act::Schedule)));
    let any = files.scenarios.iter().any(|(scenario, _)| schedules(scenario));
    let pickup = longest(WindowFrom::Slot).filter(|_| any)?;
    let needed_ms = SLOT_MS + service.lead_ms + pickup + longest(WindowFrom::Pickup).unwrap_or(0);
    (service.run_longest_ms < needed_ms).then(|| {
        let what = format!(
            "a run of at most {} min cannot wait for the next full hour and what comes after it, {} min",
            service.run_longest_ms / 60_000,
            needed_ms.div_ceil(60_000)
        );
        let mend = format!("Write `run-longest: {}m`, or shorten the windows.", needed_ms.div_ceil(60_000));
        Problem::at_word(source, "run-longest", what, mend)
    })
}

/// A scenario that only takes things for granted passes whatever is broken.
fn proves_nothing(scenario: &Scenario, source: &Source) -> Option<Problem> {
    let proves = scenario.steps.iter().any(|step| matches!(step, Step::Expect(expect) if !expect.proves.is_empty()));
    (scenario.control.is_none() && !proves).then(|| {
        let what = "nothing in this scenario proves anything: it only assumes";
        Problem::at_word(source, "steps:", what, "Write `proves: [...]` at an expectation that shows a part at work.")
    })
}

fn unused_windows(files: &Files<'_>) -> Vec<Problem> {
    let (service, source) = &files.service;
    let mut used: BTreeSet<&str> = OWN_WINDOWS.into();
    for (scenario, _) in &files.scenarios {
        used.extend(scenario.steps.iter().filter_map(|step| match step {
            Step::Expect(expect) => expect.within.as_deref(),
            Step::Act(_) => None,
        }));
    }
    let unused = service.windows.keys().filter(|name| !used.contains(name.as_str()));
    let problem = |name: &String| {
        let mend = "Take it out, or name it in a `within`.";
        Problem::at_word(source, &format!("{name}:"), format!("nothing uses the window `{name}`"), mend)
    };
    unused.map(problem).collect()
}

/// A code that is captured and typed in nowhere. A captured link tells whose mail it is, and a page where a job is.
fn unused_captures(scenario: &Scenario, source: &Source) -> Vec<Problem> {
    let captured = scenario.steps.iter().filter_map(|step| match step {
        Step::Expect(expect) => expect.capture.as_ref(),
        Step::Act(_) => None,
    });
    let used = |name: &str| {
        scenario.steps.iter().any(|step| match step {
            Step::Act(Act::Fill(fields)) => fields.iter().any(|(_, value)| value.holes().any(|hole| hole == name)),
            Step::Act(_) | Step::Expect(_) => false,
        })
    };
    let unused = captured.filter(|capture| matches!(capture.of, Captured::Digits(_)) && !used(&capture.name));
    let problem = |capture: &Capture| {
        let what = format!("`{}` is captured and nothing uses it", capture.name);
        let mend = "Take the `capture` out, or fill it in in a later step.";
        Problem::at_word(source, &format!("{}:", capture.name), what, mend)
    };
    unused.map(problem).collect()
}

fn unused_roads(files: &Files<'_>) -> Vec<Problem> {
    let (service, source) = &files.service;
    let steps = files.scenarios.iter().flat_map(|(scenario, _)| &scenario.steps);
    let used: BTreeSet<&str> = steps
        .filter_map(|step| match step {
            Step::Expect(expect) => expect.road.as_deref(),
            Step::Act(_) => None,
        })
        .collect();
    let unused = service.roads.all.iter().filter(|road| !used.contains(road.id.as_str()));
    let problem = |road: &Road| {
        let what = format!("no step passes the road `{}`", road.id);
        Problem::at_word(source, &format!("{}:", road.id), what, "Take it out, or name it in a step.")
    };
    unused.map(problem).collect()
}

/// Words of `likely` that are neither a part nor a cause: they decide nothing.
fn unlikely(files: &Files<'_>) -> Vec<Problem> {
    let (service, source) = &files.service;
    let parts = Component::PROVABLE.into_iter().chain(Component::AROUND).map(Component::name);
    let known: Vec<&str> = parts.chain(CAUSES.iter().map(|cause| cause.id)).collect();
    let strange = service.roads.likely.iter().filter(|word| !known.contains(&word.as_str()));
    let problem = |word: &String| {
        let mend = format!("`notify-smoke explain` lists the causes.{}", did_you_mean(word, &known));
        Problem::at_word(source, word, format!("`{word}` is no component or cause"), mend)
    };
    strange.map(problem).collect()
}

/// What a run can name: whatever lies on a road, and what a step proves that has none.
fn missing_next_steps(files: &Files<'_>) -> Vec<Problem> {
    let (runbook, source) = &files.runbook;
    let steps = files.scenarios.iter().flat_map(|(scenario, _)| &scenario.steps);
    let on_roads = files.service.0.roads.all.iter().flat_map(|road| &road.stages).map(|stage| stage.part);
    let proven: BTreeSet<Component> = steps
        .filter_map(|step| match step {
            Step::Expect(expect) => Some(&expect.proves),
            Step::Act(_) => None,
        })
        .flatten()
        .copied()
        .chain(on_roads)
        .collect();
    let missing = proven.iter().filter(|component| !runbook.steps.contains_key(component.name()));
    let problem = |component: &Component| {
        let what = format!("the run book does not say what to do when {component} is broken");
        Problem::of_file(&source.name, what, format!("Add `{component}:` with the next step."))
    };
    missing.map(problem).collect()
}

/// The longest time for which a finding can be known.
const KNOWN_DAYS_MAX: i32 = 90;

/// Known issues that no report can show, or that nobody looks after any more. Of each: the problem, and whether it is only a
/// warning.
pub(super) fn known(issues: &[KnownIssue], source: &Source, today: Date) -> Vec<(Problem, bool)> {
    let problem = |issue: &KnownIssue| {
        let cause = CAUSES.iter().find(|cause| cause.id == issue.cause);
        let ahead = (issue.until - today).get_days();
        let (what, mend, is_warning) = match cause {
            None => {
                let ids: Vec<&str> = CAUSES.iter().map(|cause| cause.id).collect();
                let near = did_you_mean(&issue.cause, &ids);
                let mend = format!("`notify-smoke explain` lists them.{near}");
                (format!("no report names a cause `{}`", issue.cause), mend, false)
            }
            Some(cause) if !cause.can_degrade() => {
                let mend = "Take it out: only what makes a run degraded can be known.".to_owned();
                (format!("`{}` is a failure, and a failure is never known", issue.cause), mend, false)
            }
            Some(_) if ahead > KNOWN_DAYS_MAX => {
                let mend = format!("Write a day of the next {KNOWN_DAYS_MAX}; look at it again then.");
                (format!("`{}` would be known for {ahead} days", issue.cause), mend, false)
            }
            Some(_) if ahead < 0 => {
                let mend = "Take it out, or look at it again and write a new day.".to_owned();
                (format!("`{}` was known until {}: it counts again", issue.cause, issue.until), mend, true)
            }
            Some(_) => return None,
        };
        Some((Problem::at_word(source, &issue.cause, what, mend), is_warning))
    };
    issues.iter().filter_map(problem).collect()
}

/// An environment that is not pinned can be checked, and not run.
pub(super) fn unpinned(environment: &Environment, source: &Source) -> Option<Problem> {
    let (what, mend) = not_pinned(environment)?;
    Some(Problem::at_word(source, "base-url:", what, &mend))
}

/// Two environments of one host, or whose texts come to one number from one sender: nobody could tell whose code it is.
pub(super) fn crossed(environments: &[(&Environment, Source)]) -> Vec<Problem> {
    let mut found = Vec::new();
    for (index, (one, source)) in environments.iter().enumerate() {
        let host = named_host(one);
        let same = |(other, _): &&(&Environment, Source)| named_host(other) == host;
        if let Some((other, _)) = environments[..index].iter().filter(|_| host.is_some()).find(same) {
            let what = format!("{} is the host of `{}` too", host.unwrap_or_default(), other.name);
            let word = if one.pinned.host.is_some() { "host:" } else { "base-url:" };
            found.push(Problem::at_word(source, word, what, "Each environment has a host of its own."));
        }
        // A sandbox has a number and a sender of its own each time.
        let texts = |environment: &Environment| {
            let texts = environment.user_mobile.clone().zip(environment.sms_sender.clone());
            texts.filter(|_| environment.sandbox.is_none())
        };
        let Some(ours) = texts(one) else { continue };
        if let Some((other, _)) = environments[..index].iter().find(|(other, _)| texts(other).as_ref() == Some(&ours)) {
            let what = format!("codes of this environment cannot be told from those of `{}`", other.name);
            let mend = "Give one of them another number, or the sender that its texts really come from.";
            found.push(Problem::at_word(source, "sms-sender:", what, mend));
        }
    }
    found
}
