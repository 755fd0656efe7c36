//! A report in Markdown: the summary of a job, and the beginning of an incident's document.

use std::fmt::Write as _;

use super::beside::beside;
use super::github::lead;
use super::public::Public;
use super::unproven::not_proven;
use super::{numbered, seconds, words};
use crate::diagnose::{Explained, Story};
use crate::history::History;
use crate::model::{PlannedScenario, Verdict};

/// GitHub takes 1 MiB of summary a step; what is longer is cut, and that is said.
pub const BYTES_MAX: usize = 900_000;

/// How much of what was seen is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Verdicts, hops, causes and next steps: nothing that stood on a page or in a message.
    Summary,
    /// What was seen, too.
    Full,
}

/// The document.
pub fn markdown(history: &History, detail: Detail, public: &Public) -> String {
    let shown = |text: &str| plain(&public.shown(text.to_owned()));
    let explained = Explained::of(history);
    let plan = &history.plan;
    let word = if history.waits() { "waiting" } else { words(explained.verdict()) };
    let mut out =
        format!("## {} {}: {}\n\n", sign(explained.verdict(), history), shown(&plan.environment), shown(word));
    if let Some((component, title)) = lead(&explained) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "**{}: {}**\n", shown(&component), shown(&title));
    }
    out.push_str("| scenario | verdict | took |\n| --- | --- | --- |\n");
    for scenario in plan.judged() {
        let verdict = history.scenario_verdict(scenario);
        let known = if explained.is_known(scenario) { ", known" } else { "" };
        let took = seconds(history.took_ms(scenario));
        let _ =
            writeln!(out, "| {} | {}{known} | {took} |", shown(&scenario.name), verdict_word(history, verdict.verdict));
    }
    for story in explained.stories() {
        one(&mut out, history, &story, (detail, public));
    }
    for scenario in plan.judged() {
        hops(&mut out, history, scenario, public);
    }
    known(&mut out, &explained, public);
    facts(&mut out, history, public);
    bounded(out)
}

/// What a person sees first.
fn sign(verdict: Verdict, history: &History) -> &'static str {
    match verdict {
        _ if history.waits() => "⏳",
        Verdict::Passed => "✅",
        Verdict::Degraded => "⚠️",
        Verdict::NotVerified | Verdict::Inconclusive | Verdict::Errored => "❔",
        Verdict::Failed => "❌",
    }
}

fn verdict_word(history: &History, verdict: Verdict) -> &'static str {
    if verdict == Verdict::NotVerified && history.waits() { "waiting" } else { words(verdict) }
}

/// One thing that is wrong, in order of use.
fn one(out: &mut String, history: &History, story: &Story, (detail, public): (Detail, &Public)) {
    let shown = |text: &str| plain(&public.shown(text.to_owned()));
    let Some(first) = story.candidates.first() else { return };
    let _ = writeln!(out, "\n### {}: {}\n", shown(&first.called), shown(&first.title));
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "- **{label}**: {}", shown(text));
    };
    if let Some(impact) = first.impact(&history.plan) {
        line("Impact", impact);
    }
    if let Some(step) = story.steps.first() {
        line("Expected", &history.name(*step));
    }
    if detail == Detail::Full {
        first.because.iter().for_each(|because| line("Because", &because.text));
    }
    line("To decide", story.decides());
    steps(out, "Next", &first.next_step, public);
    for other in story.candidates.iter().skip(1) {
        let _ = writeln!(out, "- **Or {}**: {}", shown(&other.called), shown(&other.title));
        steps(out, "Next", &other.next_step, public);
    }
}

/// What to do, step by step.
fn steps(out: &mut String, label: &str, text: &str, public: &Public) {
    let shown = |text: &str| plain(&public.shown(text.to_owned()));
    match numbered(text).as_slice() {
        [only] => {
            let _ = writeln!(out, "- **{label}**: {}", shown(only));
        }
        several => {
            let _ = writeln!(out, "- **{label}**:");
            for step in several {
                let _ = writeln!(out, "  {}", shown(step));
            }
        }
    }
}

/// Every step of a scenario with its verdict, folded.
fn hops(out: &mut String, history: &History, scenario: &PlannedScenario, public: &Public) {
    let shown = |text: &str| plain(&public.shown(text.to_owned()));
    let verdict = history.scenario_verdict(scenario);
    let _ = writeln!(out, "\n<details><summary>{}, hop by hop</summary>\n", shown(&scenario.name));
    out.push_str("| hop | verdict | after |\n| --- | --- | --- |\n");
    for (step, judged) in &verdict.steps {
        let after = history.step(*step).met.map(|met| seconds(met.after_ms)).unwrap_or_default();
        let word = verdict_word(history, judged.verdict);
        let _ = writeln!(out, "| {} | {word} | {after} |", shown(&history.name(*step)));
    }
    out.push_str("\n</details>\n");
}

/// What is known and waited for, whether or not it was seen; never hidden.
fn known(out: &mut String, explained: &Explained<'_>, public: &Public) {
    let shown = |text: &str| plain(&public.shown(text.to_owned()));
    for known in explained.known() {
        let issue = known.issue;
        let seen = if known.seen { "was seen" } else { "was not seen in this run" };
        let (cause, reason, reference) = (shown(&issue.cause), shown(&issue.reason), shown(&issue.reference));
        let over = if known.expired { ", which is over: it counts again" } else { "" };
        let _ = writeln!(out, "\n**Known**: {cause} {seen}; known until {}{over}. {reason} ({reference})", issue.until);
    }
}

/// What belongs to no scenario.
fn facts(out: &mut String, history: &History, public: &Public) {
    let shown = |text: &str| plain(&public.shown(text.to_owned()));
    let occasion = &history.occasion;
    out.push('\n');
    let mut line = |text: String| {
        let _ = writeln!(out, "- {text}");
    };
    line(format!("Run {} of {}, because: {}", shown(&history.run), shown(&history.harness), occasion.because.name()));
    if let Some(health) = history.after.as_ref().or(history.before.as_ref()).and_then(|probe| probe.health.as_ref()) {
        line(format!("Versions: admin {}, api {}", shown(&health.admin.version), shown(&health.api.version)));
    }
    for said in beside(history) {
        line(shown(&said));
    }
    if let Some(due) = history.detached.filter(|_| history.waits()) {
        line(format!("The next thing is due at {} UTC", due.strftime("%F %H:%M:%S")));
    }
    let unproven = not_proven(history);
    if !unproven.is_empty() {
        line(format!("Not proven: {}", shown(&unproven.join(", "))));
    }
    for (name, then, now) in super::since::changed(history) {
        line(format!("Different since it last passed: {} {} → {}", shown(&name), shown(&then), shown(&now)));
    }
    if let Some(passed) = &history.since.passed {
        line(format!("Last passed: {} UTC, run {}", passed.at.strftime("%F %H:%M"), shown(&passed.run)));
    }
}

/// A text that Markdown and HTML take as it is, in a line and in a cell: no link, mention, picture, table or tag comes of it.
pub fn plain(text: &str) -> String {
    let text = text.lines().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(text.len());
    let mut before = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_markup = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '@' | '&' | '~' | '$' => true,
            // `https://` and `:tada:` are more than they are.
            ':' => rest.peek().is_some_and(|next| *next != ' '),
            '.' => before.ends_with("www"),
            _ => false,
        };
        if is_markup {
            // Writing to a String cannot fail.
            let _ = write!(out, "&#{};", c as u32);
        } else if !c.is_control() {
            out.push(c);
        }
        before.push(c.to_ascii_lowercase());
        if before.len() > 16 {
            before = before.chars().skip(8).collect();
        }
    }
    out
}

fn bounded(mut out: String) -> String {
    if out.len() > BYTES_MAX {
        let end = (0..=BYTES_MAX).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(end);
        out.push_str("\n\n(cut here: more than GitHub takes; the journal has all of it)\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_somebody_else_is_markup() {
        let hostile = "| a [x](https://evil.example) ![p](y) <img src=x> @team `code` **b** # h\n- l ~s~ www.evil.example \\| &lt;";
        let said = plain(hostile);
        let markup = |c: char| "|[]<>@`*#~\\_$".contains(c);
        let bare = said.replace("&#", "");
        assert!(!bare.contains(markup) && !bare.contains("://") && !bare.contains("www."), "{said}");
        assert!(!said.contains('\n'), "{said}");
        let common = "passed, 3.2 s (x)? SES: it's “well”; 1. look + wait - then";
        assert_eq!(plain(common), common);
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let said = bounded("ä".repeat(BYTES_MAX));
        assert!(said.len() < BYTES_MAX + 100 && said.ends_with("has all of it)\n"), "{}", said.len());
    }
}
