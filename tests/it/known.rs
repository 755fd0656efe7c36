//! Known issues: shown always, and no reason to call a run degraded; they hide nothing else.

use notify_smoke::diagnose::{Explained, verdict};
use notify_smoke::history::History;
use notify_smoke::journal::replay;
use notify_smoke::model::{Event, Expectation, Fact, KnownIssue, Plan, StepKind, Verdict};
use notify_smoke::render::{json, text};

use crate::replay::journals;
use crate::support::Desk;

/// A recorded run whose environment knew of these causes up to that day.
fn recorded(name: &str, causes: &[&str], until: &str) -> History {
    recorded_with(name, causes, until, |_| ())
}

/// The same with another plan.
fn recorded_with(name: &str, causes: &[&str], until: &str, change: impl FnOnce(&mut Plan)) -> History {
    let (_, bytes) = journals().into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}"));
    let mut events: Vec<Event> = replay(&bytes).expect("a journal").events;
    let Fact::RunStarted { plan, .. } = &mut events[0].fact else { panic!("a start") };
    plan.known = causes
        .iter()
        .map(|cause| KnownIssue {
            cause: (*cause).to_owned(),
            reference: "issue 1453".to_owned(),
            reason: "a carrier was changed".to_owned(),
            until: until.parse().expect("a day"),
        })
        .collect();
    change(plan);
    History::of(&events).expect("a history")
}

#[test]
fn what_is_known_does_not_colour_the_verdict_and_is_shown() {
    let history = recorded("degraded-sns-slow", &["sns-slow"], "2026-11-22");
    assert_eq!((history.verdict(), verdict(&history)), (Verdict::Degraded, Verdict::Passed));
    let said = text::text(&history, "runs/x");
    let headline = said.lines().next().expect("a line");
    assert!(headline.starts_with("PASSED  ") && headline.ends_with("  (but for what is known)"), "{said}");
    assert!(said.contains("\nLogin: degraded, known\n"), "{said}");
    let line = "\nKnown: sns-slow was seen; known until 2026-11-22. a carrier was changed (issue 1453)\n";
    assert!(said.contains(line), "{said}");
    let report = json::json(&history);
    assert_eq!((&report["verdict"], &report["known"][0]["seen"]), (&"passed".into(), &true.into()));
    let login = report["scenarios"].as_array().expect("a list").iter().find(|one| one["id"] == "login").expect("login");
    assert_eq!((&login["verdict"], &login["known"]), (&"degraded".into(), &true.into()));
}

#[test]
fn what_is_not_known_counts() {
    let cases: &[(&str, &[&str], &str, &str)] = &[
        (
            "degraded-sns-slow",
            &["ses-slow"],
            "2026-12-31",
            "Known: ses-slow was not seen in this run; known until 2026-12-31.",
        ),
        (
            "degraded-sns-slow",
            &["sns-slow"],
            "2026-11-21",
            "Known: sns-slow was seen, and is known no longer: its time was over on 2026-11-21.",
        ),
        (
            "degraded-sns-slow",
            &["ses-slow"],
            "2026-11-21",
            "Known: ses-slow its time was over on 2026-11-21: take it out of the environment file.",
        ),
        // Which of the two it was cannot be told, and only one is known.
        ("degraded-twice", &["worker-twice"], "2026-12-31", "Known: worker-twice was seen; known until 2026-12-31."),
    ];
    for (name, causes, until, sentence) in cases {
        let history = recorded(name, causes, until);
        assert_eq!(verdict(&history), Verdict::Degraded, "{name} {causes:?} {until}");
        let said = text::text(&history, "runs/x");
        assert!(said.contains(sentence), "{said}");
    }
    assert_eq!(verdict(&recorded("degraded-twice", &["worker-twice", "ses-twice"], "2026-12-31")), Verdict::Passed);
}

/// Twice and late: the candidates of the one say nothing of the other.
#[test]
fn a_second_thing_counts() {
    let known = ["worker-twice", "ses-twice"];
    let hasty = |plan: &mut Plan| {
        for step in &mut plan.steps {
            if let StepKind::Expect { expect: Expectation::Page(_), window, .. } = &mut step.kind {
                window.on_time_ms = 1;
            }
        }
    };
    assert_eq!(verdict(&recorded_with("degraded-twice", &known, "2026-12-31", |_| ())), Verdict::Passed);
    assert_eq!(verdict(&recorded_with("degraded-twice", &known, "2026-12-31", hasty)), Verdict::Degraded);
}

/// What is known leaves the headline to what is not.
#[test]
fn the_headline_is_for_what_counts() {
    let known = ["sns-slow"];
    let slow_pages = |plan: &mut Plan| {
        for step in &mut plan.steps {
            if let StepKind::Expect { expect: Expectation::Page(_), window, .. } = &mut step.kind {
                window.on_time_ms = 1;
            }
        }
    };
    let history = recorded_with("degraded-sns-slow", &known, "2026-12-31", slow_pages);
    let said = text::text(&history, "runs/x");
    assert!(said.lines().nth(1).is_some_and(|line| line.starts_with("admin: the page came late")), "{said}");
}

#[test]
fn a_failure_is_never_known() {
    let all: Vec<&str> = notify_smoke::diagnose::CAUSES.iter().map(|cause| cause.id).collect();
    for (name, _) in journals() {
        let history = recorded(&name, &all, "2026-12-31");
        let softer = verdict(&history);
        let expected = if history.verdict() == Verdict::Degraded { Verdict::Passed } else { history.verdict() };
        assert_eq!(softer, expected, "{name}");
        assert_eq!(Explained::of(&history).known().len(), all.len());
    }
}

#[test]
fn check_refuses_what_cannot_be_known_and_warns_of_what_is_over() {
    let day =
        |days: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days)).strftime("%F").to_string();
    let cases = [
        ("sns-slo", day(10), 2, "no report names a cause `sns-slo`"),
        ("scheduler-missed", day(10), 2, "`scheduler-missed` is a failure, and a failure is never known"),
        ("sns-slow", day(100), 2, "`sns-slow` would be known for "),
        ("sns-slow", "soon".to_owned(), 2, "`until` is no day"),
        ("sns-slow", day(-3), 0, "warning: environments/local.yaml:"),
        ("sns-slow", day(80), 0, ""),
    ];
    for (cause, until, code, sentence) in cases {
        let desk = Desk::new();
        let entry = format!("poll: 100ms\nknown:\n  - {{ cause: {cause}, reference: x, reason: y, until: {until} }}");
        desk.edit("environments/local.yaml", "poll: 100ms", &entry);
        let said = desk.run(&["check"]);
        assert_eq!(said.code, code, "{cause} {until}: {}", said.err);
        assert!(said.err.contains(sentence), "{cause} {until}: {}", said.err);
    }
}

/// A list of its own is read at each run; where it cannot be read, none of it counts, and that is said.
#[test]
fn known_issues_may_be_kept_elsewhere() {
    let sandbox = crate::support::Sandbox::start(&["--fault", "sns=slow:6s"]);
    let until = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).strftime("%F").to_string();
    let list = |cause: &str| {
        format!("- {{ cause: {cause}, reference: issue 1, reason: a queue was moved, until: {until} }}\n")
    };
    let smoke = |at: &str| {
        // Of its own, since each of these runs leaves a code behind.
        let desk = Desk::new();
        desk.write("known.yaml", list("sns-slow").as_bytes());
        desk.write("wrong.yaml", list("sns-slwo").as_bytes());
        let said = desk.run(&[
            "smoke",
            "local",
            crate::faults::RESET,
            crate::faults::LOGIN,
            "--known",
            at,
            "--sandbox",
            sandbox.control_url(),
        ]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        (desk.report()["verdict"].clone(), said.err)
    };
    assert_eq!(smoke("known.yaml"), ("passed".into(), String::new()));
    let api = crate::actions::Api::start(&[crate::actions::Answer::Status(404, "")]);
    for (at, why) in
        [("wrong.yaml", "no report names a cause `sns-slwo`"), (api.url.as_str(), "its address answered 404")]
    {
        let (verdict, said) = smoke(at);
        assert_eq!(verdict, "degraded", "{at}: {said}");
        assert!(said.contains(&format!("The known issues at {at} cannot be read: {why}")), "{said}");
    }
}
