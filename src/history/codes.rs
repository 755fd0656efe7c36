//! A code that its page refuses was not the one that was asked for: a text of an earlier request came first. It is told by its
//! page alone, so the wait goes on for another one, which is typed in its place.

use super::History;
use super::state::StepState;
use crate::model::{Check, Expectation, Observation, StepId, StepKind, Wrong};

/// Codes that one run gives its page: the service counts wrong ones, and locks the user at ten.
const CODES_MAX: usize = 3;

/// A code that was typed, and where.
struct Typed {
    text: StepId,
    /// What was done with it, up to the press that its page answers.
    acts: Vec<StepId>,
    page: StepId,
}

impl History {
    /// Whether codes were refused in place of which another one may still come.
    pub fn awaits_another_code(&self, text: StepId) -> bool {
        let state = self.step(text);
        !state.refused_texts.is_empty() && state.met.is_none()
    }

    /// Something was said of a page: where it is that the code was refused, the code's text is waited for anew.
    pub(super) fn refuse_code(&mut self, page: StepId, check: &Check) {
        let Check::Never { wrong: Wrong::SignInRefused, .. } = check else { return };
        let Some(typed) = self.typed_for(|typed| typed.page == page) else { return };
        let state = self.step(typed.text);
        if state.met.is_none() || state.refused_codes + 1 >= CODES_MAX {
            return;
        }
        let refused: Vec<String> = match (&state.captured, &state.looks.seen) {
            (Some((code, _)), Some((_, Observation::Messages { messages, .. }))) => {
                messages.iter().filter(|text| text.codes.contains(code)).map(|text| text.id.clone()).collect()
            }
            _ => Vec::new(),
        };
        // A look of an earlier process has other handles: without the text there is nothing to tell the next one from.
        if refused.is_empty() {
            return;
        }
        let state = &mut self.steps[typed.text.index()];
        state.refused_texts.extend(refused);
        state.refused_codes += 1;
        (state.met, state.check, state.captured, state.standing) = (None, None, None, None);
        for act in typed.acts {
            let state = &mut self.steps[act.index()];
            *state = StepState { times_started: state.times_started, ..StepState::default() };
        }
    }

    /// The page that has refused a code, when the next one is typed: it has to be looked at anew.
    pub(super) fn page_of_next_code(&self, act: StepId) -> Option<StepId> {
        let typed = self.typed_for(|typed| typed.acts.contains(&act))?;
        (self.step(typed.text).refused_codes > 0).then_some(typed.page)
    }

    /// A text whose code is captured, followed by actions and the page that answers them.
    fn typed_for(&self, is_it: impl Fn(&Typed) -> bool) -> Option<Typed> {
        self.plan.scenarios.iter().find_map(|scenario| {
            let text = scenario.steps.iter().position(|step| {
                let kind = &self.plan.step(*step).kind;
                matches!(kind, StepKind::Expect { expect: Expectation::Text(_), capture: Some(_), .. })
            })?;
            let after = &scenario.steps[text + 1..];
            let is_act = |step: &&StepId| matches!(self.plan.step(**step).kind, StepKind::Act { .. });
            let acts: Vec<StepId> = after.iter().take_while(is_act).copied().collect();
            let page = *after.get(acts.len())?;
            Some(Typed { text: scenario.steps[text], acts, page }).filter(&is_it)
        })
    }
}
