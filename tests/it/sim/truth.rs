//! What is said of random faults, held against what the world itself knows: which fault was on, and what was delivered when.
//! Of the diagnosis only the words that a report shows are read here, as texts.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use notify_smoke::history::History;
use notify_smoke::journal;
use notify_smoke::model::{Event, Fact, MessageKind, Plan, Verdict};
use tokio::time::Instant;

use super::rim::{Outcome, Trouble};
use super::service::Truth;
use super::table::{plan_for, run, run_with, said};
use super::world::Chance;
use super::{all_seeds, seeds};
use crate::faults::{CSV, LOGIN, RESET, TEXTS};
use crate::table::ROWS;

const NOW: &str = "csv-now";

const RUNS: &[&[&str]] = &[
    &[RESET],
    &[LOGIN],
    &[RESET, LOGIN],
    &[RESET, LOGIN, CSV],
    &[RESET, LOGIN, NOW],
    &[LOGIN, CSV],
    &[LOGIN, NOW],
    &[LOGIN, TEXTS],
];

/// Faults, and the causes under which each of them is rightly named.
const FAULTS: &[(&str, &[&str])] = &[
    ("edge=502@forgot-password", &["router", "no-instance"]),
    ("edge=503@services", &["router", "no-instance"]),
    ("edge=504@new-password", &["router", "no-instance"]),
    ("edge=challenge@forgot-password", &["edge-page"]),
    ("admin=500@sign-in", &["admin-error"]),
    ("admin=500@new-password", &["admin-error"]),
    ("admin=500@templates", &["admin-error"]),
    ("admin=500@check", &["admin-error"]),
    ("admin=500@start-job", &["admin-error"]),
    ("admin=slow:7s@forgot-password", &["admin-slow"]),
    ("admin=slow:6s@sign-in", &["admin-slow"]),
    ("admin=no-script", &["upload-stuck"]),
    ("admin=now-checked", &["time-not-kept"]),
    ("admin=other-time", &["time-not-kept"]),
    ("admin=sends-now", &["sent-at-once"]),
    ("api=down", &["api-down"]),
    ("api=503", &["api-down"]),
    ("api=404", &["api-down"]),
    ("api=down@dashboard", &["api-down"]),
    ("api=slow:5500ms", &["api-slow"]),
    ("queue=down", &["broker-down"]),
    ("queue=deaf", &["worker-silent", "worker-both-silent", "worker-missed", "worker-unsent"]),
    ("reset=accepted-not-sent", &["api-claimed"]),
    ("reset=other-host", &["wrong-mail"]),
    ("reset=twice", &["worker-twice"]),
    ("ses=down", &["ses-silent", "ses-unsent"]),
    ("ses=down@job", &["ses-silent", "ses-unsent"]),
    ("ses=fail:503@1st", &["ses-slow", "ses-unsent", "queue-busy", "scheduler-late"]),
    ("ses=fail:500@50%", &["ses-slow", "ses-unsent", "ses-silent"]),
    ("ses=slow:5s", &["ses-slow", "ses-unsent"]),
    ("ses=again:100ms", &["ses-twice"]),
    ("ses=bounced", &["ses-silent", "ses-bounced"]),
    ("sns=down", &["sns-silent", "sns-unsent"]),
    ("sns=down@job", &["sns-silent", "sns-unsent"]),
    ("sns=slow:5s", &["sns-slow", "sns-unsent"]),
    ("sns=again:100ms", &["sns-twice"]),
    ("sns=quota", &["sns-silent", "sns-unsent"]),
    ("sns=opted-out", &["number-deaf"]),
    ("code=lost:1", &["text-lost"]),
    ("code=lost:2", &["sns-silent"]),
    ("code=limited", &["codes-limited"]),
    ("sender=other", &["sender-other"]),
    ("worker=stopped", &["worker-silent", "worker-both-silent", "worker-missed"]),
    ("worker=stopped@job", &["worker-missed", "worker-stood", "worker-unsent"]),
    ("worker=stale@1st", &["worker-slow", "worker-unsent", "queue-busy"]),
    ("s3=down@upload", &["s3-upload"]),
    ("s3=down@start-job", &["s3-start"]),
    ("s3=down@process", &["s3-job"]),
    ("scheduler=stopped", &["scheduler-missed"]),
    ("scheduler=late:1", &["scheduler-late"]),
    ("scheduler=at-once", &["sent-early"]),
    ("row=lost:1", &["worker-lost-row"]),
    ("row=lost", &["worker-stood"]),
    ("row=twice@1st", &["row-twice"]),
    ("row=redelivered:1", &["queue-busy"]),
    ("row=swapped", &["wrong-row"]),
    ("row=wrong-personalisation", &["wrong-row"]),
    ("queue=busy:300", &["queue-busy"]),
    ("template=edited", &["template-changed"]),
    ("way=late-list:5s@mailbox", &["mailbox-late"]),
    ("way=late-list:5s@number", &["number-late"]),
];

/// What looks the same from outside, by hand: the first is true, and the second may stand before it.
const ALIKE: &[(&str, &str)] = &[
    // The page says yes, and nothing comes.
    ("api-claimed", "ses-silent"),
    ("worker-silent", "ses-silent"),
    ("worker-silent", "sns-silent"),
    ("codes-limited", "sns-silent"),
    ("number-deaf", "sns-silent"),
    ("text-lost", "sns-once"),
    // An error page does not say whose it is.
    ("admin-error", "s3-upload"),
    ("admin-error", "broker-down"),
    ("s3-start", "admin-error"),
    ("s3-start", "broker-down"),
    // What was made and did not come.
    ("sns-unsent", "worker-unsent"),
    ("ses-unsent", "worker-unsent"),
    ("worker-stood", "s3-job"),
    ("worker-missed", "scheduler-missed"),
    // Late is late.
    ("worker-slow", "ses-slow"),
    ("worker-slow", "sns-slow"),
    ("worker-unsent", "ses-unsent"),
    ("sent-early", "sent-at-once"),
    ("sender-other", "sns-silent"),
    ("worker-twice", "ses-twice"),
];

fn plans() -> &'static BTreeMap<&'static [&'static str], Plan> {
    static PLANS: OnceLock<BTreeMap<&'static [&'static str], Plan>> = OnceLock::new();
    PLANS.get_or_init(|| RUNS.iter().map(|run| (*run, plan_for(run))).collect())
}

/// What is said of a scenario that did not pass and that no other one has blocked.
fn broken(outcome: &Outcome, run: &[&str]) -> Vec<(String, String, Option<String>, Vec<String>)> {
    let told = |id: &&str| {
        let (verdict, first, all) = said(outcome, id);
        (verdict != "passed" && !all.is_empty()).then(|| ((*id).to_owned(), verdict, first, all.into_iter().collect()))
    };
    run.iter().filter_map(told).collect()
}

fn report(outcome: &Outcome) -> String {
    notify_smoke::render::text::all(&outcome.history, "")
}

/// In every scenario that a fault broke, it is among the causes; and nearly always first, or there is no telling.
#[test]
fn a_random_fault_is_named_in_each_scenario_that_it_broke() {
    let count = seeds() / 10;
    let found = all_seeds(count, |seed| {
        let mut chance = Chance::new(seed ^ 0xfa_017);
        let (fault, causes) = FAULTS[usize::try_from(chance.below(FAULTS.len() as u64)).expect("small")];
        let run_of = RUNS[usize::try_from(chance.below(RUNS.len() as u64)).expect("small")];
        let told = format!("{fault} in {run_of:?}, seed {seed}");
        let outcome = run(&told, &plans()[run_of], &[fault], seed, None);
        let mut first = Vec::new();
        for (id, verdict, leads, all) in broken(&outcome, run_of) {
            let named = causes.iter().any(|cause| all.iter().any(|said| said == cause));
            assert!(named, "{told}: {id} is {verdict}, and {all:?} names none of {causes:?}\n{}", report(&outcome));
            let leads = leads.expect("a first one");
            let alike = |cause: &&str| ALIKE.contains(&(cause, leads.as_str()));
            let right = causes.contains(&leads.as_str());
            let no_telling = causes.iter().any(alike);
            first.push((right || no_telling, format!("{told}: {id}: {leads} leads {all:?}")));
            // A part that fails now and then is at work in between.
            if !right && !no_telling {
                never_at_work(&told, &id, &leads, &outcome);
            }
        }
        first
    });
    let all: Vec<(bool, String)> = found.into_iter().flatten().collect();
    let right = all.iter().filter(|(right, _)| *right).count();
    let wrong: Vec<&String> = all.iter().filter(|(right, _)| !right).map(|(_, told)| told).take(12).collect();
    assert!(
        all.len() * 2 > usize::try_from(count).expect("small") / 2,
        "only {} of {count} runs broke anything",
        all.len()
    );
    assert!(right * 10 >= all.len() * 9, "first in only {right} of {}: {wrong:#?}", all.len());
}

/// The first candidate is no part that the world saw at work on the same way after what it is blamed for was asked for.
fn never_at_work(told: &str, id: &str, leads: &str, outcome: &Outcome) {
    let Truth { reset_at, code_at, job_at, delivered, .. } = &outcome.truth;
    let asked = match id {
        RESET => reset_at,
        LOGIN => code_at,
        _ => job_at,
    };
    let Some(asked) = asked else { return };
    let after = |kind: Option<MessageKind>, own: Option<bool>, since: Instant| {
        delivered.iter().any(|(at, of, is_own)| {
            *at > since && kind.is_none_or(|kind| kind == *of) && own.is_none_or(|own| own == *is_own)
        })
    };
    let at_work = match leads {
        // Two presses of one moment are not told apart by who came first.
        "ses-silent" => after(Some(MessageKind::Email), None, *asked),
        "sns-silent" => after(Some(MessageKind::Sms), None, *asked),
        "worker-silent" | "worker-both-silent" => after(None, Some(true), *asked),
        _ => false,
    };
    // What came after its window has closed was not there to be seen.
    let seen = outcome.history.ended && at_work && !late_only(asked, delivered);
    assert!(
        !seen,
        "{told}: {leads} leads for {id}, which was at work: {delivered:?}, asked {asked:?}\n{}",
        report(outcome)
    );
}

/// Whether all that was delivered after `asked` came when nobody waited any more.
fn late_only(asked: &Instant, delivered: &[(Instant, MessageKind, bool)]) -> bool {
    let limit = *asked + std::time::Duration::from_secs(12);
    delivered.iter().filter(|(at, ..)| at > asked).all(|(at, ..)| *at > limit)
}

/// A process that is stopped now and then, a lid that is closed, a machine that is busy: nothing of it is the service's.
#[test]
fn nobody_is_charged_with_our_own_pauses() {
    let wrong: Vec<String> = all_seeds(seeds() / 10, |seed| {
        let run_of = RUNS[usize::try_from(seed % RUNS.len() as u64).expect("small")];
        let told = format!("stopped now and then, {run_of:?}, seed {seed}");
        let trouble = Trouble::Stopped { one_in: 10 + seed % 40 };
        let outcome = run_with(&told, &plans()[run_of], (&[], trouble), seed, None, |_| {});
        let verdict = outcome.history.verdict();
        matches!(verdict, Verdict::Failed | Verdict::Degraded)
            .then(|| format!("{told}: {verdict}\n{}", report(&outcome)))
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{} runs, such as {}", wrong.len(), wrong[0]);
}

/// What is taken out of a journal can only leave more causes open.
#[test]
fn without_one_proof_no_set_is_smaller() {
    let mut taken = 0;
    for row in ROWS {
        let outcome = run(row.name, &plan_for(row.run), &[row.fault], 0, None);
        let events = journal::replay(&outcome.journal).expect("a journal").events;
        for (id, _, _, all) in broken(&outcome, row.run) {
            let plan = &outcome.history.plan;
            let of_others = |event: &&Event| match &event.fact {
                Fact::Checked { step, check, .. } => check.is_met() && plan.scenario_of(*step).id != id,
                _ => false,
            };
            for proof in events.iter().filter(of_others) {
                let without: Vec<Event> = events.iter().filter(|event| event.seq != proof.seq).cloned().collect();
                let history = History::of(&without).expect("a history");
                let scenario = history.plan.scenarios.iter().find(|scenario| scenario.id == id).expect("it");
                // Kept from going on, it is another one's to explain.
                if history.scenario_verdict(scenario).blocked_by.is_some() {
                    continue;
                }
                let candidates = notify_smoke::diagnose::diagnose(&history, scenario);
                let left: Vec<&str> = candidates.iter().map(|candidate| candidate.cause.id).collect();
                let lost: Vec<&String> = all.iter().filter(|cause| !left.contains(&cause.as_str())).collect();
                assert!(
                    lost.is_empty(),
                    "{}: {id} without event {}: {lost:?} are gone from {all:?}",
                    row.name,
                    proof.seq
                );
                taken += 1;
            }
        }
    }
    assert!(taken > 500, "only {taken} proofs");
}

/// Faults that show in one scenario each: two of them at once are both named.
const PAIRS: &[(&str, &str, &str)] = &[
    ("reset=accepted-not-sent", RESET, "api-claimed"),
    ("reset=twice", RESET, "worker-twice"),
    ("admin=slow:7s@forgot-password", RESET, "admin-slow"),
    ("admin=500@new-password", RESET, "admin-error"),
    ("reset=other-host", RESET, "wrong-mail"),
    ("sns=slow:5s", LOGIN, "sns-slow"),
    ("sns=fail:500@1st", LOGIN, "sns-slow"),
    ("code=lost:1", LOGIN, "text-lost"),
    ("sns=again:100ms", LOGIN, "sns-twice"),
    ("sns=down", LOGIN, "sns-silent"),
    ("ses=down", RESET, "ses-silent"),
    ("scheduler=stopped", CSV, "scheduler-missed"),
    ("scheduler=late:1", CSV, "scheduler-late"),
    ("s3=down@upload", CSV, "s3-upload"),
    ("s3=down@process", CSV, "s3-job"),
    ("row=lost:1", CSV, "worker-lost-row"),
    ("row=twice@1st", CSV, "row-twice"),
    ("row=swapped", CSV, "wrong-row"),
    ("row=wrong-personalisation", CSV, "wrong-row"),
    ("admin=500@check", CSV, "admin-error"),
];

#[test]
fn two_faults_at_once_are_both_named() {
    const THREE: &[&str] = &[RESET, LOGIN, CSV];
    let pairs: Vec<_> = PAIRS
        .iter()
        .flat_map(|one| PAIRS.iter().map(move |two| (one, two)))
        .filter(|(one, two)| one.1 < two.1)
        // Without a session nothing is uploaded, and without SES no row comes.
        .filter(|(one, two)| {
            ![one, two].iter().any(|of| of.0 == "sns=down" && [one, two].iter().any(|other| other.1 == CSV))
        })
        .filter(|(one, two)| {
            ![one, two].iter().any(|of| of.0 == "ses=down" && [one, two].iter().any(|other| other.1 == CSV))
        })
        .collect();
    let count = pairs.len() as u64 * 4;
    all_seeds(count, |number| {
        let (one, two) = pairs[usize::try_from(number / 4).expect("small")];
        let told = format!("{} and {}, seed {}", one.0, two.0, number % 4);
        let outcome = run(&told, &plans()[THREE], &[one.0, two.0], number % 4, None);
        for (_, id, cause) in [one, two] {
            let (verdict, _, all) = said(&outcome, id);
            assert!(
                all.contains(*cause),
                "{told}: {id} is {verdict}, and {all:?} does not name {cause}\n{}",
                report(&outcome)
            );
        }
    });
}
