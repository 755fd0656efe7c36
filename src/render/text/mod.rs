//! The verdict screen: read at three in the morning, so the first line says it all and the rest is in order of use: what is
//! broken, whom it hits, what was seen, what to do; then one line a scenario; then everything else.

mod candidate;
mod frame;
mod hops;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{seconds, words};
use crate::diagnose::{Earlier, Explained, Story};
use crate::history::{History, Judged};
use crate::model::environment::is_loopback;
use crate::model::{Check, Plan, PlannedScenario, StepId, Verdict};
use candidate::Told;

/// So much of the digest of a journal's last line is enough to hold against it, in characters.
const HEAD_SHOWN: usize = 12;

/// The screen. `folder` is where the run lies.
pub fn text(history: &History, folder: &str) -> String {
    screen(history, folder, false)
}

/// The same with every hop of every scenario.
pub fn all(history: &History, folder: &str) -> String {
    screen(history, folder, true)
}

fn screen(history: &History, folder: &str, all: bool) -> String {
    let explained = Explained::of(history);
    let mut out = headline(history, explained.verdict());
    let stories = unknown_first(&explained, history);
    let earlier = explained.looked_back();
    let mut told = Told::default();
    let lead = stories.first();
    match (lead, earlier.first()) {
        (Some(story), _) => out.push_str(&block(history, story, &mut told)),
        (None, Some(earlier)) => {
            let _ = writeln!(out, "{}: {}", what_of(earlier).to_lowercase(), of_earlier(earlier));
        }
        (None, None) => {}
    }
    out.push('\n');
    for scenario in history.plan.judged() {
        one_line(&mut out, &explained, history, scenario);
    }
    for leased in &history.leases {
        let _ = writeln!(out, "note: {}", super::lease(leased));
    }
    for story in stories.iter().skip(1) {
        out.push('\n');
        out.push_str(&block(history, story, &mut told));
    }
    for earlier in &earlier {
        receipts(&mut out, earlier, &mut told);
    }
    for story in &stories {
        candidate::others(&mut out, story, &mut told);
    }
    hops::hops(&mut out, &explained, history, all);
    frame::known(&mut out, &explained);
    frame::frame(&mut out, history);
    let since = super::since::lines(history);
    if !since.is_empty() {
        let _ = writeln!(out, "\n{}", since.join("\n"));
    }
    let head = history.head.get(..HEAD_SHOWN).map(|head| format!(" (ends with {head})")).unwrap_or_default();
    let _ = writeln!(out, "\nJournal and evidence: {folder}{head}");
    for file in hops::pictures(history) {
        let _ = writeln!(out, "Picture: {folder}/evidence/{file}");
    }
    out
}

fn headline(history: &History, verdict: Verdict) -> String {
    let plan = &history.plan;
    let word = if history.waits() { "waiting" } else { words(verdict) };
    let softer = verdict < history.verdict();
    format!(
        "{}  {} ({})  {}  run {}{}{}\n",
        word.to_uppercase(),
        plan.environment,
        plan.service_name,
        seconds(history.last.t),
        history.run,
        away(plan).map(|host| format!("  at {host}")).unwrap_or_default(),
        if softer { "  (but for what is known)" } else { "" }
    )
}

/// Where the service is, unless it is this machine.
fn away(plan: &Plan) -> Option<String> {
    let is_here = plan.base_url.parse().is_ok_and(|url| is_loopback(&url));
    super::host(plan).filter(|_| !is_here)
}

/// What is not known comes first, and keeps its order.
fn unknown_first(explained: &Explained<'_>, history: &History) -> Vec<Story> {
    let is_known = |story: &Story| {
        let mut scenarios = history.plan.judged().filter(|scenario| story.scenarios.contains(&scenario.id));
        !story.scenarios.is_empty() && scenarios.all(|scenario| explained.is_known(scenario))
    };
    let (known, mut unknown): (Vec<Story>, Vec<Story>) = explained.stories().into_iter().partition(is_known);
    unknown.extend(known);
    unknown
}

/// One thing that is wrong, in order of use.
fn block(history: &History, story: &Story, told: &mut Told) -> String {
    let mut out = String::new();
    let Some(first) = story.candidates.first() else { return out };
    let others: BTreeSet<&str> =
        story.candidates[1..].iter().map(|other| other.called.as_str()).filter(|name| *name != first.called).collect();
    let or = if others.is_empty() {
        String::new()
    } else {
        format!("; or it is {}", others.into_iter().collect::<Vec<_>>().join(", "))
    };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}: {}{or}", first.called, first.title);
    if let Some(impact) = first.impact(&history.plan) {
        let _ = writeln!(out, "Impact     {impact}");
    }
    out.push('\n');
    if let Some(step) = story.steps.first() {
        let _ = writeln!(out, "Expected   {} ({})", history.name(*step), history.plan.scenario_of(*step).name);
        let _ = writeln!(out, "Last seen  {}", last_seen(history, *step));
    }
    candidate::lead(&mut out, story, first, told);
    out
}

fn last_seen(history: &History, step: StepId) -> String {
    let state = history.step(step);
    let at = state.looks.last.map(|(_, moment)| {
        format!(" (last look at {} UTC, {} after the start)", moment.at.strftime("%H:%M:%S"), seconds(moment.t))
    });
    let verdict = history.scenario_verdict(history.plan.scenario_of(step));
    let judged = verdict.steps.iter().find(|(of, _)| *of == step).map(|(_, judged)| judged);
    let why = judged.map(|Judged { why, .. }| why.as_str()).unwrap_or_default();
    let said = match &state.check {
        Some((_, Check::Met { seen, .. })) if why.is_empty() => seen.clone(),
        _ => why.to_owned(),
    };
    format!("{said}{}", at.unwrap_or_default())
}

/// A scenario in one line, and what else has to be said of it.
fn one_line(out: &mut String, explained: &Explained<'_>, history: &History, scenario: &PlannedScenario) {
    let verdict = history.scenario_verdict(scenario);
    let known = if explained.is_known(scenario) { ", known" } else { "" };
    let _ = writeln!(out, "{}: {}{known}", scenario.name, hops::word(history, verdict.verdict));
    if let Some(before) = &verdict.blocked_by {
        let _ = writeln!(out, "  note       {before} did not get so far, so this was not tried");
    }
    if let Some(softened) = &verdict.softened {
        let _ = writeln!(out, "  note       {softened}");
    }
    for note in hops::notes(history, scenario) {
        let _ = writeln!(out, "  note       {note}");
    }
    hops::later(out, history, scenario);
    hops::job_note(out, history, scenario);
}

/// What was looked at of an earlier run.
fn what_of(earlier: &Earlier) -> &'static str {
    if earlier.looked.copies.is_some() { "Copies" } else { "Receipts" }
}

fn of_earlier(earlier: &Earlier) -> String {
    let looked = &earlier.looked;
    if let Some(copies) = &looked.copies {
        return format!("{copies} of run {}", looked.run);
    }
    let opposite = if looked.opposite > 0 { "; the service was told the opposite" } else { "" };
    let more = if looked.more > 0 { format!("; {} more than its list has rows", looked.more) } else { String::new() };
    format!(
        "{} of {} message(s) of run {} are shown as delivered{opposite}{more}",
        looked.told,
        looked.words.len(),
        looked.run
    )
}

/// What was found at the job of an earlier run.
fn receipts(out: &mut String, earlier: &Earlier, told: &mut Told) {
    let looked = &earlier.looked;
    let known = if earlier.is_known { ", known" } else { "" };
    let _ = writeln!(out, "\n{} of run {} ({}): degraded{known}", what_of(earlier), looked.run, looked.scenario);
    let words = if looked.words.is_empty() { String::new() } else { format!(": {}", looked.words.join(", ")) };
    let _ = writeln!(out, "Last seen  {}{words}", of_earlier(earlier));
    for cause in &earlier.causes {
        candidate::plain(out, cause, told);
    }
}
