//! What is looked for in every text: all of it in one pass, however much there is.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

use super::encodings;
use super::folded::Folded;
use crate::model::environment::SECRET_LENGTH_MIN;

/// More than these are no run's secrets: some four hundred links in all their encodings.
const NEEDLES_MAX: usize = 8_000;

/// So many are searched for on their own before all are put together anew, which takes a while.
const NEW_MAX: usize = 256;

/// A value of so many letters and more is found in whatever way its letters are set; a shorter one might be part of a sentence.
const LOOSE_MIN: usize = 12;

/// Secrets in all their encodings, and what takes the place of each.
#[derive(Default)]
pub(super) struct Needles {
    exact: Searched,
    /// Letters alone, forwards and backwards, in small letters or capitals: they are looked for in how a text reads.
    loose: Searched,
}

/// Where something stands, how long the needle is, and what takes its place.
type Span<'n> = (Range<usize>, usize, &'n str);

impl Needles {
    /// Looks for `value` from now on. A value that is too short to be told from a word is none.
    pub(super) fn add(&mut self, value: &str, instead: &str) {
        if value.chars().count() < SECRET_LENGTH_MIN {
            return;
        }
        for needle in encodings::all(value) {
            self.exact.add(needle, instead, NEEDLES_MAX);
        }
        let letters = Folded::of(value).letters;
        if letters.chars().count() >= LOOSE_MIN {
            self.loose.add(letters.chars().rev().collect(), instead, NEEDLES_MAX);
            self.loose.add(letters, instead, NEEDLES_MAX);
        }
    }

    /// Whether there is no room for more: what comes now cannot be known by its value.
    pub(super) fn is_full(&self) -> bool {
        self.exact.all.len() >= NEEDLES_MAX
    }

    /// A text without any of them. Where two lie across one another, what takes their place is that of the longer one: the
    /// end of a secret is as good as a piece of it.
    pub(super) fn out_of(&self, text: &str) -> String {
        let Some(mut found) = self.found_in(text) else { return "⟨hidden⟩".to_owned() };
        found.sort_by_key(|(range, ..)| (range.start, std::cmp::Reverse(range.end)));
        let mut spans: Vec<Span<'_>> = Vec::new();
        for (range, length, instead) in found {
            match spans.last_mut().filter(|(before, ..)| range.start < before.end) {
                Some((before, longest, of)) => {
                    before.end = before.end.max(range.end);
                    if length > *longest {
                        (*longest, *of) = (length, instead);
                    }
                }
                None => spans.push((range, length, instead)),
            }
        }
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for (range, _, instead) in spans {
            out.push_str(&text[at..range.start]);
            out.push_str(instead);
            at = range.end;
        }
        out.push_str(&text[at..]);
        out
    }

    /// Whether one of at least so many bytes stands in a text; also where that cannot be told.
    pub(super) fn stand_in(&self, text: &str, bytes_min: usize) -> bool {
        self.found_in(text).is_none_or(|found| found.iter().any(|(_, length, _)| *length >= bytes_min))
    }

    /// Where any of them stands, if that can be told.
    fn found_in(&self, text: &str) -> Option<Vec<Span<'_>>> {
        let mut found = self.exact.found_in(text)?;
        if !self.loose.all.is_empty() {
            let folded = Folded::of(text);
            let loose = self.loose.found_in(&folded.letters)?;
            found.extend(loose.into_iter().map(|(range, length, instead)| (folded.place(range), length, instead)));
        }
        Some(found)
    }
}

/// Needles that are looked for together.
#[derive(Default)]
struct Searched {
    all: Vec<(String, String)>,
    known: BTreeSet<String>,
    /// How many of them the first search has; the second one has the others.
    settled: usize,
    searches: [OnceLock<Search>; 2],
}

/// Nothing, where there is nothing to look for; an error, where it cannot be looked for.
type Search = Option<Result<AhoCorasick, BuildError>>;

impl Searched {
    fn add(&mut self, needle: String, instead: &str, most: usize) {
        if self.all.len() < most && self.known.insert(needle.clone()) {
            self.all.push((needle, instead.to_owned()));
            self.searches[1] = OnceLock::new();
        }
        if self.all.len() - self.settled > NEW_MAX {
            self.settled = self.all.len();
            self.searches = Default::default();
        }
    }

    fn found_in(&self, text: &str) -> Option<Vec<Span<'_>>> {
        let (old, new) = self.all.split_at(self.settled);
        let mut found = Vec::new();
        for (search, needles) in [(&self.searches[0], old), (&self.searches[1], new)] {
            let make = || (!needles.is_empty()).then(|| searching(needles));
            match search.get_or_init(make) {
                Some(Ok(search)) => found.extend(search.find_overlapping_iter(text).map(|one| {
                    let (needle, instead) = &needles[one.pattern().as_usize()];
                    (one.range(), needle.len(), instead.as_str())
                })),
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
    fn a_secret_is_one_however_its_letters_are_set() {
        let mut needles = Needles::default();
        needles.add("Ingi.ZOhfgA.GP6z-k2F", "⟨x⟩");
        needles.add("qwertzui", "⟨y⟩");
        for shown in [
            "Ingi.\u{200b}ZOhfgA.\u{ad}GP6z-k2F",
            "I n g i . Z O h f g A . G P 6 z - k 2 F",
            "Ingi.ZOhfgA.\r\n  GP6z-k2F",
            "Ｉｎｇｉ．ＺＯｈｆｇＡ．ＧＰ６ｚ－ｋ２Ｆ",
            "F2k-z6PG.AgfhOZ.ignI",
            "INGI.ZOHFGA.GP6Z-K2F",
        ] {
            assert_eq!(needles.out_of(&format!("see: {shown} (so)")), "see: ⟨x⟩ (so)", "{shown:?}");
        }
        assert_eq!(needles.out_of("q wert zui"), "q wert zui", "short ones are parts of sentences");
    }

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
        assert_eq!(needles.exact.all.len(), NEEDLES_MAX);
        assert_eq!(needles.out_of("secret-000001"), "⟨x⟩");
    }
}
