//! Which parts of a fact are text that came from outside. Ids, times, plans (which hold no secret) and handles are
//! not: replacing something in them would break what refers to them.

use crate::model::{Acted, Check, Fact, Health, Message, Observation, PortFailure, Seen, Snapshot};
use crate::reading::one_line;

/// Something whose texts can be visited.
pub trait Texts {
    /// Calls `visit` with every text.
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String));
}

impl Texts for String {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        visit(self);
    }
}

impl Texts for Fact {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Probed { health, failure, .. } => {
                if let Some(health) = health {
                    health.texts(visit);
                }
                if let Some(failure) = failure {
                    failure.texts(visit);
                }
            }
            Self::Recalled { failure: Some(failure), .. } => failure.texts(visit),
            Self::BrowserOpened { browser, .. } => visit(browser),
            Self::BrowserFailed { why, .. } | Self::MarkFailed { why, .. } => why.texts(visit),
            Self::Marked { alive: Some(alive), .. } => visit(alive),
            Self::Refused { why, .. } => visit(why),
            Self::Acted { acted: Acted::NotDone { why } | Acted::Unknown { why }, .. } => why.texts(visit),
            Self::Looked { seen, .. } => seen.texts(visit),
            Self::Checked { check, .. } => check.texts(visit),
            Self::Interrupted { signal } => visit(signal),
            Self::Shared { by, .. } => visit(by),
            Self::Deploys { unasked, .. } => unasked.iter_mut().for_each(visit),
            Self::Leased(leased) => leased.behind.iter_mut().chain(&mut leased.unasked).for_each(visit),
            Self::RunStarted { .. }
            | Self::RunResumed { .. }
            | Self::BrowserGone { .. }
            | Self::Marked { alive: None, .. }
            | Self::Started { .. }
            | Self::Acted { acted: Acted::Done, .. }
            | Self::Recalled { failure: None, .. }
            | Self::Closed { .. }
            | Self::Evidence { .. }
            | Self::Detached { .. }
            | Self::Held { .. }
            | Self::LookedBack { .. }
            | Self::RunEnded
            | Self::Unknown => {}
        }
    }
}

impl Fact {
    /// Makes what is told of it in one line one line: words of the service, of mails and of programs are in it.
    pub fn in_lines(&mut self) {
        match self {
            // A page and a mail are what they are; what is said of them is ours.
            Self::Looked { seen: Seen::New(Observation::Messages { unreadable, .. }), .. } => {
                for text in unreadable {
                    *text = one_line(text);
                }
            }
            Self::Looked { seen: Seen::New(Observation::Page(_)), .. } => {}
            _ => self.texts(&mut |text| *text = one_line(text)),
        }
    }
}

impl Texts for Health {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        visit(&mut self.admin.version);
        visit(&mut self.api.version);
    }
}

impl Texts for PortFailure {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        visit(&mut self.text);
    }
}

impl Texts for Seen {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        match self {
            Self::New(Observation::Page(snapshot)) => snapshot.texts(visit),
            Self::New(Observation::Messages { messages, unreadable }) => {
                unreadable.iter_mut().for_each(&mut *visit);
                for message in messages {
                    message.texts(visit);
                }
            }
            Self::Failed(failure) => failure.texts(visit),
            Self::Same => {}
        }
    }
}

impl Texts for Check {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Met { seen, note, .. } => {
                visit(seen);
                note.iter_mut().for_each(visit);
            }
            Self::NotYet { why, .. } | Self::Never { why, .. } => visit(why),
        }
    }
}

impl Texts for Snapshot {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        visit(&mut self.url);
        visit(&mut self.title);
        visit(&mut self.text);
        visit(&mut self.beside);
        self.sends.values_mut().for_each(&mut *visit);
        self.headings.iter_mut().for_each(&mut *visit);
        self.errors.iter_mut().for_each(&mut *visit);
        self.dialogs.iter_mut().for_each(|dialog| visit(&mut dialog.text));
        self.buttons.iter_mut().for_each(&mut *visit);
        for control in &mut self.controls {
            visit(&mut control.label);
            control.value.iter_mut().for_each(&mut *visit);
        }
        for link in &mut self.links {
            visit(&mut link.text);
            visit(&mut link.href);
        }
        self.tables.iter_mut().flatten().flatten().for_each(visit);
    }
}

impl Texts for Message {
    fn texts(&mut self, visit: &mut dyn FnMut(&mut String)) {
        visit(&mut self.from);
        visit(&mut self.subject);
        visit(&mut self.body);
        self.html.iter_mut().for_each(&mut *visit);
        self.failed_checks.iter_mut().for_each(&mut *visit);
        self.to.iter_mut().for_each(&mut *visit);
        for link in &mut self.links {
            visit(&mut link.origin);
            link.next.iter_mut().for_each(&mut *visit);
        }
    }
}
