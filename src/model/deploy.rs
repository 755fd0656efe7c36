//! What those who deploy say of it: when a deploy began, and when it was over.

use serde::{Deserialize, Serialize};

/// One side of a deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeployEdge {
    Start,
    End,
}

/// One mark, as a run has read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployMark {
    pub edge: DeployEdge,
    /// What is deployed, such as `api`; empty where nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// When it was set, in milliseconds of the run; before its start, below zero.
    pub t: i64,
}

/// A deploy, in milliseconds of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    pub part: String,
    pub from: i64,
    /// Without it, nobody has said that it is over.
    pub until: Option<i64>,
}

/// A deploy whose end nobody marked is taken to be over then: its pipeline was cut off.
const LONGEST_MS: i64 = 60 * 60 * 1_000;

impl Deploy {
    /// Deploys from their marks. A start beside one that is open begins none, since pipelines are tried again without having ended; an end
    /// whose start is not known stands for what came before it, but not for what came before the end of another one.
    pub fn of(marks: &[DeployMark]) -> Vec<Self> {
        let mut marks: Vec<&DeployMark> = marks.iter().collect();
        marks.sort_by_key(|mark| mark.t);
        let mut deploys: Vec<Self> = Vec::new();
        for mark in marks {
            let last = deploys.iter_mut().rev().find(|deploy| deploy.part == mark.part);
            let is_open = last
                .as_ref()
                .is_some_and(|last| last.until.is_none() && mark.t.saturating_sub(last.from) <= LONGEST_MS);
            match (mark.edge, last) {
                (DeployEdge::Start, Some(_)) if is_open => {}
                (DeployEdge::End, Some(last)) if is_open => last.until = Some(mark.t),
                (DeployEdge::Start, last) => {
                    // Its pipeline was cut off.
                    if let Some(stale) = last.filter(|last| last.until.is_none()) {
                        stale.until = Some(stale.from.saturating_add(LONGEST_MS));
                    }
                    deploys.push(Self { part: mark.part.clone(), from: mark.t, until: None });
                }
                (DeployEdge::End, last) => {
                    let before = last
                        .map_or(i64::MIN, |last| last.until.unwrap_or_else(|| last.from.saturating_add(LONGEST_MS)));
                    let from = mark.t.saturating_sub(LONGEST_MS).max(before);
                    deploys.push(Self { part: mark.part.clone(), from, until: Some(mark.t) });
                }
            }
        }
        deploys
    }

    /// Whether it went on at some moment of this time, in milliseconds of the run.
    pub fn crosses(&self, from: u64, until: u64) -> bool {
        let (from, until) = (i64::try_from(from).unwrap_or(i64::MAX), i64::try_from(until).unwrap_or(i64::MAX));
        let over = self.until.unwrap_or_else(|| self.from.saturating_add(LONGEST_MS));
        self.from <= until && over >= from
    }
}

/// What is deployed is named in a few letters, digits and `-_.,`; it comes into reports.
pub fn is_part(part: &str) -> bool {
    part.len() <= 64 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.,".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(edge: DeployEdge, part: &str, t: i64) -> DeployMark {
        DeployMark { edge, part: part.to_owned(), t }
    }

    #[test]
    fn a_start_and_an_end_of_one_part_are_a_deploy() {
        let marks = [
            mark(DeployEdge::End, "api", 900),
            mark(DeployEdge::Start, "api", 100),
            mark(DeployEdge::Start, "admin", 500),
        ];
        let deploys = Deploy::of(&marks);
        let api = deploys.iter().find(|deploy| deploy.part == "api").expect("one of the api");
        assert_eq!((api.from, api.until), (100, Some(900)));
        assert!(api.crosses(0, 100) && api.crosses(400, 500) && api.crosses(900, 2_000));
        assert!(!api.crosses(0, 99) && !api.crosses(901, 2_000));
        let admin = deploys.iter().find(|deploy| deploy.part == "admin").expect("one of the admin app");
        assert!(admin.until.is_none() && admin.crosses(3_000_000, 3_000_001) && !admin.crosses(4_000_000, 4_000_001));
    }

    #[test]
    fn an_end_without_a_start_is_one_too() {
        let deploys = Deploy::of(&[mark(DeployEdge::End, "", 5_000)]);
        assert!(deploys[0].crosses(0, 10) && !deploys[0].crosses(5_001, 6_000));
    }

    /// Start or end of the API's, in minutes.
    fn api(edge: DeployEdge, minute: i64) -> DeployMark {
        mark(edge, "api", minute * 60_000)
    }

    fn minutes(marks: &[DeployMark]) -> Vec<(i64, Option<i64>)> {
        let deploys = Deploy::of(marks);
        deploys.iter().map(|deploy| (deploy.from / 60_000, deploy.until.map(|until| until / 60_000))).collect()
    }

    #[test]
    fn starts_and_ends_that_do_not_match_are_kept_apart() {
        use DeployEdge::{End, Start};
        // A pipeline that was cut off is over after an hour, and takes nothing from the next one.
        assert_eq!(minutes(&[api(Start, 0), api(Start, 130), api(End, 135)]), [(0, Some(60)), (130, Some(135))]);
        assert_eq!(minutes(&[api(Start, 0), api(Start, 130)]), [(0, Some(60)), (130, None)]);
        // One that was cut off and tried again is over with its end.
        assert_eq!(minutes(&[api(Start, 0), api(Start, 5), api(End, 12)]), [(0, Some(12))]);
        // Two at once are told by their ends.
        assert_eq!(minutes(&[api(Start, 0), api(Start, 2), api(End, 5), api(End, 9)]), [(0, Some(5)), (5, Some(9))]);
        // An end that was marked twice reaches no further back than the first one.
        assert_eq!(minutes(&[api(Start, 0), api(End, 5), api(End, 6)]), [(0, Some(5)), (5, Some(6))]);
    }
}
