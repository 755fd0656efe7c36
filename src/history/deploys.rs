//! What was deployed while a run went on: by the builds that answered, and by the marks of those who deploy.

use std::collections::{BTreeMap, BTreeSet};

use super::History;
use crate::model::deploy::{Deploy, DeployMark};
use crate::model::{Health, PlannedScenario, Verdict};

/// A service that answers with another build each time has no more to tell.
const CHANGES_MAX: usize = 16;
/// A rolling deploy takes no longer, in milliseconds.
const ROLLING_LONGEST_MS: u64 = 15 * 60 * 1_000;

/// Builds as they answered, and marks.
#[derive(Debug, Clone, Default)]
pub struct Deploys {
    /// By part: when the latest look at it began, in milliseconds of the run, and what it told.
    latest: BTreeMap<&'static str, (u64, String)>,
    changes: Vec<Change>,
    /// Every build that answered.
    seen: BTreeSet<(&'static str, String)>,
    /// Parts of which an earlier build has come back.
    returned: BTreeSet<&'static str>,
    /// What the marks in the store tell, once they were read.
    pub marked: Vec<Deploy>,
    /// When they were read last, in milliseconds of the run.
    pub read_at: Option<u64>,
    /// Why the marks could not be read.
    pub unasked: Option<String>,
}

/// Another build of a part answered than in the look before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub part: &'static str,
    pub before: String,
    pub after: String,
    /// When the look began that still saw the build before, in milliseconds of the run.
    pub from: u64,
    /// When the one was known that saw the build after.
    pub until: u64,
}

impl Deploys {
    /// A look that began at `since` and was known at `t`.
    pub(super) fn looked(&mut self, health: &Health, since: u64, t: u64) {
        for (part, told) in health.parts() {
            let Some(build) = told.build() else { continue };
            // An answer that comes late says nothing of now.
            if self.latest.get(part).is_some_and(|(latest, _)| *latest > since) {
                continue;
            }
            let latest = self.latest.insert(part, (since, build.to_owned()));
            let is_new = self.seen.insert((part, build.to_owned()));
            let Some((from, before)) = latest.filter(|(_, before)| before != build) else { continue };
            // Instances that answer in turn are one deploy on its way, for as long as one takes. What comes back later is a deploy too,
            // and told once: two versions that stay beside each other are none each time.
            if !is_new {
                let last = self.changes.iter_mut().rev().find(|change| change.part == part);
                match last {
                    Some(last) if t.saturating_sub(last.from) <= ROLLING_LONGEST_MS => {
                        last.until = t;
                        continue;
                    }
                    Some(_) | None if !self.returned.insert(part) => continue,
                    Some(_) | None => {}
                }
            }
            if self.changes.len() < CHANGES_MAX {
                self.changes.push(Change { part, before, after: build.to_owned(), from, until: t });
            }
        }
    }

    pub(super) fn read(&mut self, marks: &[DeployMark], unasked: Option<&String>, t: u64) {
        self.marked = Deploy::of(marks);
        self.read_at = Some(t);
        self.unasked = unasked.cloned();
    }

    /// Every build that answered, with its part.
    pub fn seen(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.seen.iter().map(|(part, build)| (*part, build.as_str()))
    }

    /// Builds that came in the run, in the order in which they were seen.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl History {
    /// What was deployed while a scenario worked, in a sentence. What came when it was over has not touched it.
    pub fn deployed_during(&self, scenario: &PlannedScenario) -> Option<String> {
        let (from, until) = self.worked_between(scenario)?;
        let change = self.deploys.changes.iter().find(|change| change.from <= until && change.until >= from);
        if let Some(Change { part, before, after, .. }) = change {
            return Some(format!(
                "deployed during the run: {part} answered as {before} before it, and as {after} after it"
            ));
        }
        let marked = self.deploys.marked.iter().find(|deploy| deploy.crosses(from, until))?;
        Some(format!("deployed during the run: {}", self.told(marked)))
    }

    /// Whether nothing but a deploy that crossed it keeps the run from being judged.
    pub fn only_crossed(&self) -> bool {
        let verdicts: Vec<_> = self.plan.judged().map(|scenario| self.scenario_verdict(scenario)).collect();
        let open = || verdicts.iter().filter(|verdict| verdict.verdict >= Verdict::Inconclusive);
        self.verdict() == Verdict::Inconclusive
            && self.frame_verdict() < Verdict::Inconclusive
            && open().all(|verdict| verdict.softened.is_some())
    }

    /// What was deployed while the run went on, and when; one for each.
    pub fn deployed(&self) -> Vec<String> {
        let changes = self.deploys.changes.iter().map(|change| {
            let Change { part, before, after, from, until } = change;
            format!(
                "{part} answered as {before} until {} UTC, and as {after} from {} UTC on",
                self.clock_time(*from),
                self.clock_time(*until)
            )
        });
        let crosses = |deploy: &&Deploy| deploy.crosses(0, self.last.t);
        let marks = self.deploys.marked.iter().filter(crosses).map(|deploy| self.told(deploy));
        changes.chain(marks).collect()
    }

    fn told(&self, deploy: &Deploy) -> String {
        let part = if deploy.part.is_empty() { "a deploy" } else { &deploy.part };
        let began =
            if deploy.from < 0 { "before it".to_owned() } else { format!("at {} UTC", self.marked_at(deploy.from)) };
        match deploy.until {
            Some(until) => {
                format!("{part}, by the marks begun {began} and over at {} UTC", self.marked_at(until))
            }
            None => format!("{part}, by the marks begun {began} and not over yet"),
        }
    }

    fn marked_at(&self, t: i64) -> String {
        self.clock_time(u64::try_from(t).unwrap_or(0))
    }

    /// A moment of the run by this machine's clock.
    fn clock_time(&self, t: u64) -> String {
        let since = jiff::SignedDuration::from_millis(i64::try_from(t).unwrap_or(i64::MAX));
        let at = self.started_at.saturating_add(since).unwrap_or(self.started_at);
        at.strftime("%H:%M:%S").to_string()
    }
}
