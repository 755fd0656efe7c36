//! Reports for a public place, such as the log of a public repository: whose addresses and numbers they are is nobody's
//! business there.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::model::Plan;

/// What is shown in the place of the people's addresses and numbers of a plan.
#[derive(Debug)]
pub struct Public {
    search: Option<AhoCorasick>,
    handles: Vec<String>,
}

impl Public {
    /// Handles for everybody that the plan sends something to.
    pub fn of(plan: &Plan) -> Self {
        let (mut words, mut handles) = (Vec::new(), Vec::new());
        let (mut addresses, mut numbers) = (0, 0);
        for one in plan.recipients.iter().filter(|one| !one.is_empty()) {
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
        Self { search: builder.build(&words).ok(), handles }
    }

    /// A text with handles in it.
    pub fn hide(&self, text: &str) -> String {
        match &self.search {
            Some(search) => search.replace_all(text, &self.handles),
            // It cannot be told what is whose: a public place gets nothing then.
            None => String::new(),
        }
    }
}
