//! The vault and [`Clean`]: nothing secret leaves.
//!
//! Secrets live in the vault, in memory only. What was seen is distilled before anything else gets it, and whatever
//! is written has the type [`Clean`], which only the vault can make. Redaction works on text values, never on
//! serialised bytes, keys, ids, times or digests, and no hash of a secret is ever made.

mod encodings;
mod folded;
mod links;
mod message;
mod needles;
mod shapes;
mod texts;

pub use texts::Texts;

use std::collections::BTreeMap;

use needles::Needles;

use crate::model::{Control, Dialog, LinkShape, Message, PageLink, Snapshot};
use crate::port::{MaskedPng, RawPage};

/// Texts are cut at this many characters before they are judged or kept.
const TEXT_MAX: usize = 20_000;

/// Something that may be written.
#[derive(Debug, Clone)]
pub struct Clean<T>(T);

impl<T> Clean<T> {
    /// What may be written.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Gives it up for use in memory.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The run's secrets.
#[derive(Default)]
pub struct Vault {
    shapes: Vec<LinkShape>,
    /// Digits of a texted code; none are looked for where this is 0.
    code_length: usize,
    /// Addresses and numbers of ours, in small letters, and the words of texts that are awaited: of whom else a message is, and
    /// what it says, is nobody's business.
    ours: Vec<String>,
    awaited: Vec<String>,
    /// Name and value of each secret.
    named: BTreeMap<String, String>,
    /// Whole links and codes by their handle, and handles by kind and secret.
    captured: BTreeMap<String, String>,
    handles: BTreeMap<(String, String), String>,
    /// What is looked for in every text.
    needles: Needles,
    /// What was made of somebody else's messages, which lie in the mailbox at each look.
    strangers: BTreeMap<message::Size, Message>,
}

impl Vault {
    /// A vault that knows the shapes of links and codes that are secrets.
    pub fn new(shapes: Vec<LinkShape>, code_length: u32) -> Self {
        Self { shapes, code_length: code_length as usize, ..Self::default() }
    }

    /// Tells the vault who is no stranger, and how the texts read that are awaited.
    #[must_use]
    pub fn knowing(
        mut self,
        ours: impl IntoIterator<Item = String>,
        awaited: impl IntoIterator<Item = String>,
    ) -> Self {
        self.ours = ours.into_iter().filter(|one| !one.is_empty()).map(|one| one.to_lowercase()).collect();
        self.awaited = awaited.into_iter().collect();
        self
    }

    /// Keeps a secret under its name.
    pub fn keep(&mut self, name: &str, value: &str) {
        self.named.insert(name.to_owned(), value.to_owned());
        self.hide(value, &format!("⟨{name}⟩"));
    }

    /// The secret of that name.
    pub fn secret(&self, name: &str) -> Option<&str> {
        self.named.get(name).map(String::as_str)
    }

    /// The link or code behind a handle, as long as this process lives.
    pub fn captured(&self, handle: &str) -> Option<&str> {
        self.captured.get(handle).map(String::as_str)
    }

    fn hide(&mut self, value: &str, instead: &str) {
        self.needles.add(value, instead);
    }

    /// A text without what the vault knows.
    fn redacted(&self, text: &str) -> String {
        let text = shapes::hidden(&self.needles.out_of(text)).into_owned();
        // What came when there was no more room is known by its shape alone.
        if self.needles.is_full() && self.shows_secret_path(&text) {
            return "⟨hidden⟩".to_owned();
        }
        // Cut afterwards: a secret across the cut would leave its beginning.
        match text.char_indices().nth(TEXT_MAX) {
            Some((end, _)) => text[..end].to_owned(),
            None => text,
        }
    }

    /// Distils a page.
    pub fn page(&mut self, page: RawPage) -> Snapshot {
        for text in [&page.url, &page.text].into_iter().chain(page.links.iter().map(|link| &link.href)) {
            self.learn_links(text);
        }
        let all = |texts: Vec<String>| texts.iter().map(|text| self.redacted(text)).collect::<Vec<_>>();
        Snapshot {
            url: self.redacted(&page.url),
            title: self.redacted(&page.title),
            headings: all(page.headings),
            errors: all(page.errors),
            dialogs: page
                .dialogs
                .into_iter()
                .map(|dialog| Dialog { text: self.redacted(&dialog.text), ..dialog })
                .collect(),
            controls: page.controls.into_iter().map(|control| self.control(control)).collect(),
            buttons: all(page.buttons),
            links: page
                .links
                .iter()
                .map(|link| PageLink { text: self.redacted(&link.text), href: self.redacted(&link.href) })
                .collect(),
            tables: page.tables.into_iter().map(|table| table.into_iter().map(all).collect()).collect(),
            text: self.redacted(&page.text),
            // What is as usual is not worth a line in the journal.
            status: Some(page.status).filter(|status| *status >= 400),
            sends: page.sends.into_iter().map(|(name, value)| (name, self.redacted(&value))).collect(),
            beside: self.redacted(&page.beside),
        }
    }

    fn control(&self, control: crate::port::RawControl) -> Control {
        // The script leaves these out already; a second look costs nothing.
        let secret = matches!(control.kind.as_str(), "password" | "tel" | "hidden");
        Control {
            label: self.redacted(&control.label),
            value: control.value.filter(|_| !secret).map(|value| self.redacted(&value)),
            kind: control.kind,
            checked: control.checked,
        }
    }

    /// Equal secrets have equal handles.
    fn handle_of(&mut self, kind: &str, secret: &str, whole: &str) -> String {
        if let Some(handle) = self.handles.get(&(kind.to_owned(), secret.to_owned())) {
            return handle.clone();
        }
        let handle = format!("{kind}#{}", self.captured.keys().filter(|name| name.starts_with(kind)).count() + 1);
        self.captured.insert(handle.clone(), whole.to_owned());
        self.handles.insert((kind.to_owned(), secret.to_owned()), handle.clone());
        handle
    }

    /// Makes something fit to be written: once more, every text in it loses what the vault knows.
    pub fn clean<T: Texts>(&self, mut value: T) -> Clean<T> {
        value.texts(&mut |text| *text = self.redacted(text));
        Clean(value)
    }

    /// A picture whose secret fields the browser has blanked.
    pub fn picture(&self, picture: MaskedPng) -> Clean<Vec<u8>> {
        Clean(picture.0)
    }
}

#[cfg(test)]
mod tests;
