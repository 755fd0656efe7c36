//! Candidates: why, what would decide, what to do. Each is told once, however many scenarios it explains.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::diagnose::{Because, Diagnosis, Story};
use crate::render::numbered;

/// Facts that lead; the others stand with the other candidates.
const LEADING: usize = 3;

/// What was told already: causes with their steps, and facts by the number of their event.
#[derive(Default)]
pub(super) struct Told {
    causes: BTreeSet<&'static str>,
    facts: BTreeSet<u64>,
}

impl Told {
    fn is_new(&mut self, because: &Because) -> bool {
        self.facts.insert(because.seq)
    }
}

fn fact(because: &Because) -> String {
    format!("{} ({}, event {})", because.text, because.at.strftime("%H:%M:%S"), because.seq)
}

/// The first candidate of what leads.
pub(super) fn lead(out: &mut String, story: &Story, first: &Diagnosis, told: &mut Told) {
    let facts: Vec<&Because> = first.because.iter().filter(|because| told.is_new(because)).take(LEADING).collect();
    for (number, because) in facts.into_iter().enumerate() {
        let label = if number == 0 { "Because" } else { "" };
        let _ = writeln!(out, "{label:<10} {}", fact(because));
    }
    let _ = writeln!(out, "To decide  {}", story.decides());
    next(out, first, told, "Next");
}

/// A cause by itself.
pub(super) fn plain(out: &mut String, cause: &Diagnosis, told: &mut Told) {
    let _ = writeln!(out, "{:<10} {}: {}", "Component", cause.called, cause.title);
    let _ = writeln!(out, "To decide  {}", cause.decides);
    next(out, cause, told, "Next");
}

/// What a story may also come from, each told once.
pub(super) fn others(out: &mut String, story: &Story, told: &mut Told) {
    for other in story.candidates.iter().skip(1) {
        if told.causes.contains(other.cause.id) {
            continue;
        }
        // Two things at once are less likely than one.
        let with = if other.together > story.candidates[0].together { ", and something else besides," } else { "" };
        let _ = writeln!(out, "\nOr{with} {}: {}", other.called, other.title);
        for because in other.because.iter().filter(|because| told.is_new(because)) {
            let _ = writeln!(out, "  because  {}", fact(because));
        }
        let _ = writeln!(out, "  decide   {}", other.decides);
        next(out, other, told, "  next");
    }
}

fn next(out: &mut String, diagnosis: &Diagnosis, told: &mut Told, label: &str) {
    let width = 10;
    if !told.causes.insert(diagnosis.cause.id) {
        let _ = writeln!(out, "{label:<width$} as above");
        return;
    }
    for (number, step) in numbered(&diagnosis.next_step).into_iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        let _ = writeln!(out, "{label:<width$} {step}");
    }
}
