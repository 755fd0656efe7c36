//! Messages: what a reader sees of them, without what is secret.

use std::collections::BTreeSet;
use std::ops::Bound;

use jiff::Timestamp;

use super::Vault;
use super::links::{Found, Hidden, Shaped};
use super::shapes::is_shown;
use crate::model::environment::SECRET_LENGTH_MIN;
use crate::model::{Alteration, Link, MailPart, Message, MessageKind};
use crate::port::RawMessage;
use crate::reading::{one_line, plain, render, squeezed};

/// Of more strangers' messages nothing is kept between two looks.
const STRANGERS_MAX: usize = 5_000;

/// What tells one message of a mailbox from another one, and from itself when something was done to it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size {
    id: String,
    lengths: [usize; 4],
    arrived_at: Option<Timestamp>,
}

impl Size {
    fn of(message: &RawMessage) -> Self {
        let html = message.html.as_ref().map_or(0, String::len);
        let lengths = [message.subject.len(), message.text.len(), html, message.inside.len()];
        Self { id: message.id.clone(), lengths, arrived_at: message.arrived_at }
    }
}

/// Who is none of ours.
const STRANGER: &str = "somebody else";
/// A shorter word is of no use to anybody, and may be one of a sentence.
const PIECE_MIN: usize = 12;

impl Vault {
    /// Distils a message. Of one that does not carry the run's token only what tells it apart is kept: it is somebody
    /// else's, and its text is none of our business.
    pub fn message(&mut self, message: RawMessage, token: &str) -> Message {
        let size = Size::of(&message);
        if let Some(known) = self.strangers.get(&size) {
            return known.clone();
        }
        let (message, is_ours) = self.distilled(message, token);
        // One of ours may be read better when more is known; a stranger's stays one.
        if !is_ours && self.strangers.len() < STRANGERS_MAX {
            self.strangers.insert(size, message.clone());
        }
        message
    }

    /// A message, and whether it is this run's or may become so.
    fn distilled(&mut self, mut message: RawMessage, token: &str) -> (Message, bool) {
        let outer = (message.id.clone(), std::mem::take(&mut message.failed_checks), message.arrived_at);
        let mut altered = Vec::new();
        if let Some(wrapped) = wrapped(&message, token) {
            message = wrapped;
            altered.push(Alteration::Wrapped);
        }
        let (id, failed_checks, arrived_at) = outer;
        let shown = message.html.as_deref().map(render);
        let html = shown.as_ref().map(|shown| (shown.text.clone(), shown.hrefs.join("\n")));
        let mut texts = vec![(message.text.clone(), MailPart::Text)];
        texts.extend(html.into_iter().flat_map(|(text, hrefs)| [(text, MailPart::Html), (hrefs, MailPart::Html)]));
        let found: Vec<Found> = texts.iter().map(|(text, _)| self.links_of(text, token)).collect();
        let is_ours = found.iter().any(|found| found.carries(token)) || says(&message, token);
        let links: Vec<Vec<Link>> =
            found.iter().zip(&texts).map(|(one, (_, part))| self.told(one, &found, *part, is_ours)).collect();
        altered.extend(found.iter().flat_map(|found| found.altered.clone()));
        for (found, (_, part)) in found.iter().zip(&texts) {
            altered.extend(found.opaque.iter().map(|by| Alteration::Opaque { by: (*by).to_owned(), part: *part }));
        }
        altered.sort();
        altered.dedup();
        let is_text = message.kind == MessageKind::Sms;
        // A text may be the answer to what was asked for, whoever it comes from.
        let ours = is_ours || (is_text && (self.knows(&message.from) || self.is_awaited(&message.text)));
        // A stranger's text must not hide what reads like its code.
        let codes = if is_text && ours { self.learn_codes(&message.text) } else { Vec::new() };
        let who = |address: &String| {
            if ours || self.knows(address) { one_line(&self.redacted(address)) } else { STRANGER.to_owned() }
        };
        let is_blank = plain(&message.text).is_empty()
            && shown.as_ref().is_none_or(|shown| plain(&shown.text).is_empty() && shown.hrefs.is_empty());
        // Where a link that is a secret stands in one part, its pieces may stand in any.
        let is_secret = ours
            && (found.iter().any(|found| !found.links.is_empty() || !found.hidden.is_empty())
                || texts.iter().any(|(text, _)| self.may_hold_secret(&squeezed(text))));
        let mut kept = found.iter().zip(&links).zip(&texts).map(|((found, links), (text, _))| {
            if ours { self.without_links(text, found, links, is_secret.then_some(token)) } else { String::new() }
        });
        let body = kept.next().unwrap_or_default();
        let html = kept.next().filter(|_| ours);
        // A sender's own id names its host.
        let provider_id = if ours { message.provider_id } else { id.clone() };
        let distilled = Message {
            id,
            provider_id,
            kind: message.kind,
            to: message.to.iter().map(who).collect(),
            from: who(&message.from),
            subject: if ours { self.subject(&message.subject, token) } else { String::new() },
            body,
            html,
            is_blank,
            altered,
            failed_checks,
            links: without_doubles(links),
            codes,
            arrived_at,
        };
        (distilled, ours)
    }

    /// Whether an address or number is one of ours.
    fn knows(&self, address: &str) -> bool {
        self.ours.contains(&address.to_lowercase())
    }

    /// Whether a secret stands in a text with blanks and invisible letters between its own.
    fn holds_secret(&self, text: &str) -> bool {
        let joined = squeezed(text);
        is_shown(&joined) || self.needles.stand_in(&joined, PIECE_MIN)
    }

    /// Whether a text may have a secret in it that was altered so that it is not found any more.
    fn may_hold_secret(&self, text: &str) -> bool {
        self.may_have_secret_path(text) || is_shown(text)
    }

    fn subject(&self, subject: &str, token: &str) -> String {
        let mut subject = one_line(&self.redacted(subject));
        if self.may_hold_secret(&squeezed(&subject)) {
            subject = without_pieces(&subject, token);
        }
        if self.shows_secret_path(&subject) || self.holds_secret(&subject) {
            "⟨hidden⟩".to_owned()
        } else {
            subject
        }
    }

    /// Whether a text has the words of one that is awaited.
    fn is_awaited(&self, text: &str) -> bool {
        let text = plain(text).to_lowercase();
        let has = |piece: &str| text.contains(&plain(piece).to_lowercase());
        self.awaited.iter().any(|words| !words.replace('*', "").trim().is_empty() && words.split('*').all(has))
    }

    /// The links of one text. What does not carry the token is somebody else's: no word of it may become a secret of ours.
    fn told(&mut self, found: &Found, all: &[Found], part: MailPart, is_ours: bool) -> Vec<Link> {
        let secrets: BTreeSet<&str> = all.iter().flat_map(|found| &found.links).map(Shaped::secret).collect();
        // What goes on stands right behind it.
        let is_cut = |link: &Shaped| {
            let behind = (Bound::Excluded(link.secret()), Bound::Unbounded);
            secrets.range::<str, _>(behind).next().is_some_and(|longer| longer.starts_with(link.secret()))
        };
        let told = |link: &Shaped| {
            let told = if is_ours { self.keep_link(link, part) } else { link.told("another request".to_owned(), part) };
            Link { is_cut: is_cut(link), ..told }
        };
        found.links.iter().map(told).collect()
    }

    /// A text in which no link stands that was broken or rewritten: the pieces of a secret are as good as itself.
    fn without_links(&self, text: &str, found: &Found, links: &[Link], pieces_of: Option<&str>) -> String {
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        let mut all: Vec<_> = found.hidden.iter().collect();
        all.sort_by_key(|(range, _)| range.start);
        for (range, hidden) in all {
            // One may stand in another one, as where a rewriter has rewritten what another one wrote.
            if range.start >= at {
                let instead = match hidden {
                    Hidden::Link(at) => links[*at].handle.as_str(),
                    Hidden::Other(what) => what.as_str(),
                };
                out.push_str(&text[at..range.start]);
                out.push_str(&format!("⟨{instead}⟩"));
            }
            at = at.max(range.end);
        }
        out.push_str(&text[at..]);
        let out = self.redacted(&out);
        // What is left of a link that was broken in a way that nobody knows.
        let out = pieces_of.map_or_else(|| out.clone(), |token| without_pieces(&out, token));
        let shows = self.holds_secret(&out)
            || self.shows_secret_path(&out)
            || (pieces_of.is_some() && self.shows_secret_path(&squeezed(&out)));
        if shows { String::new() } else { out }
    }

    /// Keeps every code in a text message: each run of digits of a code's length, or, where there is none, as many digits
    /// with blanks or dashes between them.
    fn learn_codes(&mut self, text: &str) -> Vec<String> {
        if self.code_length < SECRET_LENGTH_MIN {
            return Vec::new();
        }
        let is_code = |run: &&str| run.len() == self.code_length;
        let runs: Vec<(String, String)> = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(is_code)
            .map(|run| (run.to_owned(), run.to_owned()))
            .collect();
        let runs = if runs.is_empty() { self.spaced_codes(text) } else { runs };
        runs.iter()
            .map(|(written, code)| {
                let handle = self.handle_of("code", code, code);
                self.hide(code, &format!("⟨{handle}⟩"));
                self.hide(written, &format!("⟨{handle}⟩"));
                handle
            })
            .collect()
    }

    /// Digits with something between them, as they stand there and as a code.
    fn spaced_codes(&self, text: &str) -> Vec<(String, String)> {
        let is_between = |c: char| c.is_whitespace() || matches!(c, '-' | '‑' | '–' | '\u{200b}');
        let pieces =
            text.split(|c: char| !c.is_ascii_digit() && !is_between(c)).map(|run| run.trim_matches(is_between));
        let digits = |run: &str| -> String { run.chars().filter(char::is_ascii_digit).collect() };
        pieces.map(|run| (run.to_owned(), digits(run))).filter(|(_, code)| code.len() == self.code_length).collect()
    }
}

/// A text without runs of letters that may be pieces of a secret: long, and mixed as nobody speaks. The run's own token is none.
fn without_pieces(text: &str, token: &str) -> String {
    let is_of_secret = |c: char| c.is_ascii_alphanumeric() || "-_.%".contains(c);
    let is_piece = |run: &str| {
        let kinds: [fn(&char) -> bool; 3] = [char::is_ascii_digit, char::is_ascii_lowercase, char::is_ascii_uppercase];
        let mixed = kinds.into_iter().filter(|kind| run.chars().any(|c| kind(&c))).count();
        run.len() >= PIECE_MIN && mixed > 1 && run != token
    };
    let (mut out, mut run) = (String::with_capacity(text.len()), String::new());
    for c in text.chars().map(Some).chain(std::iter::once(None)) {
        if let Some(c) = c.filter(|c| is_of_secret(*c)) {
            run.push(c);
            continue;
        }
        out.push_str(if is_piece(&run) { "⟨hidden⟩" } else { &run });
        run.clear();
        out.extend(c);
    }
    out
}

fn without_doubles(links: Vec<Vec<Link>>) -> Vec<Link> {
    let mut all: Vec<Link> = Vec::new();
    for link in links.into_iter().flatten() {
        if !all.contains(&link) {
            all.push(link);
        }
    }
    all
}

/// The mail inside another one that carries the token, where the outer one does not.
fn wrapped(message: &RawMessage, token: &str) -> Option<RawMessage> {
    if says(message, token) {
        return None;
    }
    message.inside.iter().find_map(|mail| {
        let inner = if says(mail, token) { Some(mail.clone()) } else { wrapped(mail, token) };
        inner.map(|inner| RawMessage { inside: Vec::new(), ..inner })
    })
}

/// Whether a message says the token anywhere, whatever lies between its letters.
fn says(message: &RawMessage, token: &str) -> bool {
    let texts = [Some(&message.subject), Some(&message.text), message.html.as_ref()];
    !token.is_empty() && texts.into_iter().flatten().any(|text| text.contains(token) || squeezed(text).contains(token))
}
