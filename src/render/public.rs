//! Reports for a public place, such as the log of a public repository: whose addresses and numbers they are is nobody's
//! business there.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::model::Plan;

/// What is shown in the place of the people's addresses and numbers of a plan.
#[derive(Debug)]
pub enum Public {
    /// The place is none: a text is shown as it is.
    Not,
    /// Whom to look for, where that can be done, and what is shown in their place.
    Hides(Option<AhoCorasick>, Vec<String>),
}

impl Public {
    /// Handles for everybody that the plan sends something to, where the place is public.
    pub fn of(plan: &Plan, is_public: bool) -> Self {
        Self::with(&plan.recipients, is_public)
    }

    /// Handles for these people, where the place is public.
    pub fn with(recipients: &[String], is_public: bool) -> Self {
        if !is_public {
            return Self::Not;
        }
        let (mut words, mut handles) = (Vec::new(), Vec::new());
        let (mut addresses, mut numbers) = (0, 0);
        for one in recipients.iter().filter(|one| !one.is_empty()) {
            let handle = if one.contains('@') {
                addresses += 1;
                format!("⟨address {addresses}⟩")
            } else {
                numbers += 1;
                format!("⟨number {numbers}⟩")
            };
            let encoded: String = url::form_urlencoded::byte_serialize(one.as_bytes()).collect();
            words.extend([one.clone(), encoded]);
            handles.extend([handle.clone(), handle]);
        }
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        Self::Hides(builder.build(&words).ok(), handles)
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
