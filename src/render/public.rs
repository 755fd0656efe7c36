//! Reports for a public place, such as the log of a public repository: whose addresses and numbers they are, where things are kept, and
//! what templates say is nobody's business there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use serde_json::Value;

use crate::history::History;
use crate::model::template::Part;
use crate::model::{Expectation, Plan, StepKind, Template};

/// A shorter piece of a template may be a word of any page.
const PIECE_LENGTH_MIN: usize = 12;
/// One of so many words may be shorter.
const SHORT_PIECE: (usize, usize) = (8, 3);
/// Longer lines may be cut where they are quoted, so they are looked for in pieces too, of so many characters.
const PIECE_LENGTH: usize = 24;

/// What is shown in the place of what a plan's environment is made of.
#[derive(Debug)]
pub enum Public {
    /// The place is none: a text is shown as it is.
    Not,
    /// What to look for, where that can be done, and what is shown in its place.
    Hides(Option<AhoCorasick>, Vec<String>),
}

impl Public {
    /// Handles for everybody that the plan sends something to or hears from, for the places where its eyes look, and for the texts of
    /// its templates, where the place is public.
    pub fn of(plan: &Plan, is_public: bool) -> Self {
        if is_public { Self::hiding(words_of(plan)) } else { Self::Not }
    }

    /// The same for a run, which also tells how these things were when it last passed.
    pub fn of_run(history: &History, is_public: bool) -> Self {
        if !is_public {
            return Self::Not;
        }
        let earlier = history.since.passed.iter().flat_map(|passed| &passed.facets);
        let earlier = earlier.filter(|(name, _)| name.contains("sender") || name.contains("template"));
        let earlier = earlier.flat_map(|(_, value)| pieces(value)).map(|text| ("earlier text", text));
        Self::hiding(words_of(&history.plan).chain(earlier))
    }

    /// Handles for these people, where the place is public.
    pub fn with(people: &[String], is_public: bool) -> Self {
        if !is_public {
            return Self::Not;
        }
        Self::hiding(people.iter().map(|one| (kind_of(one), one.clone())))
    }

    fn hiding(words: impl Iterator<Item = (&'static str, String)>) -> Self {
        let (mut sought, mut handles) = (Vec::new(), Vec::new());
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (kind, word) in words.filter(|(_, word)| !word.is_empty()) {
            if sought.contains(&word) {
                continue;
            }
            let count = counts.entry(kind).or_default();
            *count += 1;
            let handle = format!("⟨{kind} {count}⟩");
            let encoded: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
            sought.extend([word, encoded]);
            handles.extend([handle.clone(), handle]);
        }
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        Self::Hides(builder.build(&sought).ok(), handles)
    }

    /// A text as it may be shown.
    pub fn shown(&self, text: String) -> String {
        match self {
            Self::Not => text,
            Self::Hides(Some(search), handles) => hide_shapes(&search.replace_all(&text, handles)),
            // It cannot be told what is whose: a public place gets nothing then.
            Self::Hides(None, _) => String::new(),
        }
    }
}

fn kind_of(one: &str) -> &'static str {
    if one.contains('@') { "address" } else { "number" }
}

impl Public {
    /// The same for every text in a document of JSON: what stands escaped in it is no text.
    pub fn shown_json(&self, document: Value) -> Value {
        match document {
            Value::String(text) => Value::String(self.shown(text)),
            Value::Array(items) => items.into_iter().map(|item| self.shown_json(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, self.shown_json(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => document,
        }
    }
}

/// What is somebody's, or names a place of ours, by its look: errors of programs and providers name what no plan knows.
pub fn hide_shapes(text: &str) -> String {
    static SHAPES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let shapes = [
            (r"[A-Za-z0-9._%+*-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", "⟨address⟩"),
            (r"(?:\+|%2B)[0-9]{8,15}\b", "⟨number⟩"),
            (r#"\bs3://[^\s,;"<>\\]+"#, "⟨bucket⟩"),
            (r#"\barn:aws[^\s,;"<>\\]*"#, "⟨resource⟩"),
            (r"\b[0-9]{12}\b", "⟨account⟩"),
        ];
        // A pattern that is wrong would be left out, and is seen by a test.
        shapes.into_iter().filter_map(|(shape, handle)| Some((Regex::new(shape).ok()?, handle))).collect()
    });
    let mut out = text.to_owned();
    for (shape, handle) in SHAPES.iter() {
        if let Cow::Owned(hidden) = shape.replace_all(&out, *handle) {
            out = hidden;
        }
    }
    out
}

/// What a plan's environment is made of, with the kind of each.
fn words_of(plan: &Plan) -> impl Iterator<Item = (&'static str, String)> {
    let people = plan.recipients.iter().cloned().chain(plan.senders_and_recipients());
    let people = people.map(|one| (kind_of(&one), one)).collect::<Vec<_>>();
    let places = plan.places.iter().map(|place| ("place", place.clone())).collect::<Vec<_>>();
    people.into_iter().chain(places).chain(template_texts(plan).map(|text| ("template text", text)))
}

/// A text by line, and where it is long in pieces too: whoever quotes it may cut it, or write its marks otherwise.
fn pieces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_telling = |line: &&str| {
        let (length, words) = (line.chars().count(), line.split_whitespace().count());
        length >= PIECE_LENGTH_MIN || (length >= SHORT_PIECE.0 && words >= SHORT_PIECE.1)
    };
    for line in text.lines().map(str::trim).filter(is_telling) {
        let plain = line.replace(['’', '‘'], "'").replace(['“', '”'], "\"").replace(['–', '—'], "-");
        for line in [line.to_owned(), plain] {
            let characters: Vec<char> = line.chars().collect();
            if characters.len() > PIECE_LENGTH {
                found.extend(characters.chunks_exact(PIECE_LENGTH).map(|piece| piece.iter().collect::<String>()));
            }
            found.push(line);
        }
    }
    found
}

/// What templates say, in pieces between their holes, by line.
fn template_texts(plan: &Plan) -> impl Iterator<Item = String> {
    let templates = plan.steps.iter().flat_map(|step| match &step.kind {
        StepKind::Expect { expect: Expectation::Rows(rows), .. } => {
            rows.subjects.iter().chain(&rows.texts).chain(&rows.brand).chain(&rows.footer).collect::<Vec<&Template>>()
        }
        StepKind::Expect { expect: Expectation::Page(page), assumes: Some(_), .. } => page.text.iter().collect(),
        StepKind::Expect { .. } | StepKind::Act { .. } => Vec::new(),
    });
    let texts = templates.flat_map(|template| {
        let literal = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Hole(_) => None,
        };
        template.0.iter().filter_map(literal).collect::<Vec<String>>()
    });
    texts.flat_map(|text| pieces(&text).into_iter()).collect::<Vec<String>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_somebodys_is_known_by_its_look() {
        let said = "s3://a-bucket/x/: AccessDenied: User: arn:aws:sts::123456789012:assumed-role/x is not authorized; tell \
                    someone@agency.gov or some%2Bone%40agency.gov, +12025550123, account 123456789012";
        let shown = hide_shapes(said);
        for private in ["a-bucket", "123456789012", "agency", "2025550123", "assumed-role"] {
            assert!(!shown.contains(private), "{private}: {shown}");
        }
        let common =
            "run 20261127T230240Z-mixbsj at 23:04:05, @cf.app:\"notify-api-x\", commit 68f6145ca5f0, localhost:8080";
        assert_eq!(hide_shapes(common), common);
    }

    #[test]
    fn a_text_that_is_cut_where_it_is_quoted_is_known_too() {
        let text = "Dear ((name)), this is a long line of a template that somebody quotes in part – “here”.";
        let Public::Hides(Some(search), handles) = Public::hiding(pieces(text).into_iter().map(|text| ("text", text)))
        else {
            panic!("it hides nothing")
        };
        let quoted: String = text.replace('–', "-").chars().take(60).collect();
        let shown = search.replace_all(&format!("it says “{quoted}…”"), &handles);
        assert!(!shown.contains("long line") && !shown.contains("somebody"), "{shown}");
    }
}
