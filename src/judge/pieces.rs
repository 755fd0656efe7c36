//! Texts longer than one SMS go in pieces (GSM 03.40, 9.2.3.24.1). Where a carrier has lost what says how they belong
//! together, each comes as a text of its own: nothing of it is wrong, and no piece alone reads like a row.

use std::collections::BTreeSet;

use crate::model::{Message, MessageKind};
use crate::reading::{is_addition, plain, squeezed};

/// A piece shorter than this could be anybody's, in letters.
const PIECE_MIN: usize = 8;
/// Of more pieces than these none is tried with the others.
const PIECES_MAX: usize = 12;

/// Texts as they were sent, and those that are only a piece of a row whose other pieces are not here.
#[derive(Default)]
pub(super) struct Together {
    /// With the number of their pieces.
    pub whole: Vec<(Message, usize)>,
    /// Ids of all pieces.
    pieces: BTreeSet<String>,
    /// Whether a piece is here whose others are not.
    is_short: bool,
}

impl Together {
    /// Whether a message is a piece, which alone is neither right nor wrong.
    pub(super) fn holds(&self, message: &Message) -> bool {
        self.pieces.contains(&message.id)
    }

    /// Whether a piece is here whose others are not.
    pub(super) fn is_short(&self) -> bool {
        self.is_short
    }

    /// What has to be said of a message that was put together.
    pub(super) fn note(&self, message: &Message) -> Vec<String> {
        let of = self.whole.iter().find(|(whole, _)| std::ptr::eq(whole, message));
        of.map(|(_, pieces)| format!("it came in {pieces} pieces, which were put together")).into_iter().collect()
    }
}

/// Puts together what the sender `from` has sent as one of the `rows`; `reads` says whether a text is one of them.
pub(super) fn together(
    messages: &[Message],
    from: &str,
    rows: &[String],
    reads: &dyn Fn(&Message) -> bool,
) -> Together {
    let mut pieces: Vec<&Message> = messages
        .iter()
        .filter(|message| message.kind == MessageKind::Sms && message.from.eq_ignore_ascii_case(from))
        .filter(|message| !reads(message) && is_piece(&plain(&message.body), rows))
        .take(PIECES_MAX)
        .collect();
    let mut whole = Vec::new();
    let all = pieces.iter().map(|message| message.id.clone()).collect();
    while let Some((found, of)) = pair(&pieces, reads).or_else(|| three(&pieces, reads)) {
        pieces.retain(|message| !of.contains(&message.id));
        whole.push((found, of.len()));
    }
    Together { whole, pieces: all, is_short: !pieces.is_empty() }
}

/// Part of a row, and beside it at most what carriers add: a text with more in it is judged as it is.
fn is_piece(text: &str, rows: &[String]) -> bool {
    let is_spare = |text: &str| text.trim().is_empty() || is_addition(text.trim());
    rows.iter().any(|row| {
        let cuts = || row.char_indices().map(|(at, _)| at).skip(PIECE_MIN);
        let begins = |at: usize| text.strip_suffix(row[..at].trim_end()).is_some_and(is_spare);
        let ends = |at: usize| {
            let (at, _) = row.char_indices().rev().nth(at).unwrap_or((0, 'x'));
            at > 0 && text.strip_prefix(row[at..].trim_start()).is_some_and(is_spare)
        };
        let inside = text.chars().count() >= PIECE_MIN && text != row && row.contains(text);
        inside || cuts().any(begins) || (PIECE_MIN..row.chars().count()).any(ends)
    })
}

/// Two of these texts that are a whole one together, and their ids.
pub(super) fn pair(loose: &[&Message], is_whole: &dyn Fn(&Message) -> bool) -> Option<(Message, Vec<String>)> {
    let loose = &loose[..loose.len().min(PIECES_MAX)];
    let pairs = loose.iter().flat_map(|one| loose.iter().map(move |other| [*one, *other]));
    found(pairs, is_whole)
}

fn three(loose: &[&Message], is_whole: &dyn Fn(&Message) -> bool) -> Option<(Message, Vec<String>)> {
    let pairs = loose.iter().flat_map(|one| loose.iter().map(move |other| [*one, *other]));
    found(pairs.flat_map(|[one, two]| loose.iter().map(move |third| [one, two, *third])), is_whole)
}

fn found<'m, const N: usize>(
    all: impl Iterator<Item = [&'m Message; N]>,
    is_whole: &dyn Fn(&Message) -> bool,
) -> Option<(Message, Vec<String>)> {
    let ids = |of: &[&Message; N]| of.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let differ = |of: &[&Message; N]| ids(of).into_iter().collect::<BTreeSet<_>>().len() == N;
    all.filter(differ).map(|of| (joined(&of), ids(&of))).find(|(whole, _)| is_whole(whole))
}

/// One text, there when the last of its pieces was.
fn joined(pieces: &[&Message]) -> Message {
    let mut whole = pieces[0].clone();
    for piece in &pieces[1..] {
        whole.body.push_str(&piece.body);
        whole.codes.extend(piece.codes.iter().cloned());
        whole.arrived_at = whole.arrived_at.max(piece.arrived_at);
    }
    whole
}

/// Whether a text is the beginning or the end of what a pattern says: a code (hidden by then) and the first of the words
/// behind it, or the last of them.
pub(super) fn is_piece_of(pattern: &str, body: &str) -> bool {
    let words = squeezed(pattern.trim_start_matches('*')).to_lowercase();
    let body = squeezed(body).to_lowercase();
    let begins = body.rsplit_once('⟩').is_some_and(|(_, behind)| words.starts_with(behind));
    begins || (body.chars().count() >= PIECE_MIN && words.ends_with(&body))
}

#[cfg(test)]
mod tests {
    use super::super::a_message;
    use super::*;

    const FROM: &str = "+15550100";
    const ROWS: [&str; 2] = ["Office: This is row one of qfzkvyyt.", "Office: This is row two of qfzkvyyt."];

    fn text(id: usize, body: &str) -> Message {
        Message { from: FROM.to_owned(), ..a_message(MessageKind::Sms, &id.to_string(), body) }
    }

    fn put(bodies: &[&str]) -> (Vec<String>, bool) {
        let texts: Vec<Message> = bodies.iter().enumerate().map(|(id, body)| text(id, body)).collect();
        let reads = |text: &Message| {
            let body = text.body.trim_end_matches(" [external message]");
            ROWS.contains(&body.trim_start_matches("Sent from your Twilio trial account - "))
        };
        let found = together(&texts, FROM, &ROWS.map(str::to_owned), &reads);
        (found.whole.iter().map(|(text, _)| text.body.clone()).collect(), found.is_short())
    }

    #[test]
    fn pieces_are_put_together_and_whole_texts_are_left_alone() {
        let one = "Office: This is row one of qfzkvyyt.".to_owned();
        let two = "Office: This is row two of qfzkvyyt.".to_owned();
        let added = format!("Sent from your Twilio trial account - {one} [external message]");
        let cases: [(&[&str], &[&String], bool); 9] = [
            (&ROWS, &[], false),
            (&["Office: This is row on", "e of qfzkvyyt."], &[&one], false),
            (&["e of qfzkvyyt.", "Office: This is row on"], &[&one], false),
            (&["Office: This is ", "row one of", " qfzkvyyt."], &[&one], false),
            (
                &["Office: This is ", "row one of qfzkvyyt.", "Office: This is ", "row two of qfzkvyyt."],
                &[&one, &two],
                false,
            ),
            (
                &["Sent from your Twilio trial account - Office: This i", "s row one of qfzkvyyt. [external message]"],
                &[&added],
                false,
            ),
            (&["s row one of qfzkvyyt. [external message]"], &[], true),
            (&["Office: This is row on"], &[], true),
            (&["Office: This is row on", "e of somebody else"], &[], true),
        ];
        for (bodies, whole, is_short) in cases {
            let whole: Vec<String> = whole.iter().map(|text| (*text).clone()).collect();
            assert_eq!(put(bodies), (whole, is_short), "{bodies:?}");
        }
    }

    #[test]
    fn a_piece_of_a_code_is_one_and_other_words_are_none() {
        let pattern = "* is your U.S. Notify authentication code";
        for piece in ["⟨code-1⟩ is your U.S. Not", "⟨code-1⟩", "authentication code", "ify authentication code"]
        {
            assert!(is_piece_of(pattern, piece), "{piece}");
        }
        for other in ["⟨code-1⟩ is for your bank", "code", "Your parcel is here", ""] {
            assert!(!is_piece_of(pattern, other), "{other}");
        }
    }
}
