//! What is looked for in every text: all of it in one pass, however much there is.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

use super::encodings;
use crate::model::environment::SECRET_LENGTH_MIN;

/// More than these are no run's secrets: some four hundred links in all their encodings.
const NEEDLES_MAX: usize = 8_000;

/// So many are searched for on their own before all are put together anew, which takes a while.
const NEW_MAX: usize = 256;

/// Secrets in all their encodings, and what takes the place of each.
#[derive(Default)]
pub(super) struct Needles {
    all: Vec<(String, String)>,
    known: BTreeSet<String>,
    /// How many of them the first search has; the second one has the others.
    settled: usize,
    searches: [OnceLock<Search>; 2],
}

/// Nothing, where there is nothing to look for; an error, where it cannot be looked for.
type Search = Option<Result<AhoCorasick, BuildError>>;

/// Where something stands, and the number of the needle.
type Span = (Range<usize>, usize);

impl Needles {
    /// Looks for `value` from now on. A value that is too short to be told from a word is none.
    pub(super) fn add(&mut self, value: &str, instead: &str) {
        if value.chars().count() < SECRET_LENGTH_MIN {
            return;
        }
        for needle in encodings::all(value) {
            if !self.is_full() && self.known.insert(needle.clone()) {
                self.all.push((needle, instead.to_owned()));
                self.searches[1] = OnceLock::new();
            }
        }
        if self.all.len() - self.settled > NEW_MAX {
            self.settled = self.all.len();
            self.searches = Default::default();
        }
    }

    /// Whether there is no room for more: what comes now cannot be known by its value.
    pub(super) fn is_full(&self) -> bool {
        self.all.len() >= NEEDLES_MAX
    }

    /// A text without any of them. Where two lie across one another, what takes their place is that of the longer one: the
    /// end of a secret is as good as a piece of it.
    pub(super) fn out_of(&self, text: &str) -> String {
        let Some(mut found) = self.found_in(text) else { return "⟨hidden⟩".to_owned() };
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut spans: Vec<Span> = Vec::new();
        for (range, needle) in found {
            match spans.last_mut().filter(|(before, _)| range.start < before.end) {
                Some((before, of)) => {
                    before.end = before.end.max(range.end);
                    if self.all[needle].0.len() > self.all[*of].0.len() {
                        *of = needle;
                    }
                }
                None => spans.push((range, needle)),
            }
        }
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for (range, needle) in spans {
            out.push_str(&text[at..range.start]);
            out.push_str(&self.all[needle].1);
            at = range.end;
        }
        out.push_str(&text[at..]);
        out
    }

    /// Whether one of at least so many bytes stands in a text; also where that cannot be told.
    pub(super) fn stand_in(&self, text: &str, bytes_min: usize) -> bool {
        let is_long = |(_, needle): &Span| self.all[*needle].0.len() >= bytes_min;
        self.found_in(text).is_none_or(|found| found.iter().any(is_long))
    }

    /// Where any of them stands, if that can be told.
    fn found_in(&self, text: &str) -> Option<Vec<Span>> {
        let (old, new) = self.all.split_at(self.settled);
        let mut found = Vec::new();
        for (search, needles, first) in [(&self.searches[0], old, 0), (&self.searches[1], new, self.settled)] {
            let make = || (!needles.is_empty()).then(|| searching(needles));
            match search.get_or_init(make) {
                Some(Ok(search)) => {
                    let spans = search.find_overlapping_iter(text);
                    found.extend(spans.map(|one| (one.range(), first + one.pattern().as_usize())));
                }
                Some(Err(_)) => return None,
                None => {}
            }
        }
        Some(found)
    }
}

/// Made quickly: it is made anew for each secret that is learned.
fn searching(needles: &[(String, String)]) -> Result<AhoCorasick, BuildError> {
    let kind = Some(AhoCorasickKind::NoncontiguousNFA);
    AhoCorasick::builder().kind(kind).build(needles.iter().map(|(needle, _)| needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_that_lie_across_one_another_leave_no_piece() {
        let mut needles = Needles::default();
        for (value, instead) in [("abcdefgh", "⟨a⟩"), ("efghijklmnop", "⟨b⟩"), ("abcd-abcd", "⟨c⟩")] {
            needles.add(value, instead);
        }
        for (text, left) in [
            ("x abcdefghijklmnop y", "x ⟨b⟩ y"),
            ("abcdefgh, efghijklmnop", "⟨a⟩, ⟨b⟩"),
            ("abcd-abcd-abcd", "⟨c⟩"),
            ("abcdefg", "abcdefg"),
            ("", ""),
        ] {
            assert_eq!(needles.out_of(text), left, "{text}");
        }
    }

    #[test]
    fn there_is_an_end_to_what_is_looked_for() {
        let mut needles = Needles::default();
        (0..NEEDLES_MAX).for_each(|number| needles.add(&format!("secret-{number:06}"), "⟨x⟩"));
        assert!(needles.is_full());
        assert_eq!(needles.all.len(), NEEDLES_MAX);
        assert_eq!(needles.out_of("secret-000001"), "⟨x⟩");
    }
}
