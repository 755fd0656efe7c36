//! Reports for a public place, such as the log of a public repository: whose addresses and numbers they are, where things are kept, and
//! what templates say is nobody's business there.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::model::template::Part;
use crate::model::{Expectation, Plan, StepKind, Template};

/// A shorter piece of a template may be a word of any page.
const PIECE_LENGTH_MIN: usize = 12;

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
        if !is_public {
            return Self::Not;
        }
        let people = plan.senders_and_recipients().into_iter().map(|one| (kind_of(&one), one));
        let places = plan.places.iter().map(|place| ("place", place.clone()));
        Self::hiding(people.chain(places).chain(template_texts(plan).map(|text| ("template text", text))))
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
            Self::Hides(Some(search), handles) => search.replace_all(&text, handles),
            // It cannot be told what is whose: a public place gets nothing then.
            Self::Hides(None, _) => String::new(),
        }
    }
}

fn kind_of(one: &str) -> &'static str {
    if one.contains('@') { "address" } else { "number" }
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
    let pieces = templates.flat_map(|template| {
        let literal = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Hole(_) => None,
        };
        template.0.iter().filter_map(literal).collect::<Vec<String>>()
    });
    let lines = pieces.flat_map(|piece| piece.lines().map(|line| line.trim().to_owned()).collect::<Vec<String>>());
    lines.filter(|line| line.chars().count() >= PIECE_LENGTH_MIN)
}
