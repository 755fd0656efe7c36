//! Does each part of a message read as it should, and nothing else? People read the HTML part, and other programs the text.

use crate::model::{MailPart, Message, MessageKind, Wrong};
use crate::reading::{is_addition, is_placeholder, plain, rewrapped};

/// What the sender's own name and logo take above a mail's words, in characters.
const BRAND_MAX: usize = 60;
/// What the service itself puts around the text of each mail.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    /// Above it, in the HTML part.
    pub brand: Option<String>,
    /// Below it, in each part.
    pub footer: Option<String>,
}

/// Of what is wrong, so many characters are told.
const SAID_MAX: usize = 120;

/// What is wrong with a message, and what kind of wrong it is.
pub(super) type Fault = (Wrong, String);

/// The parts of a message: a mail may have two.
pub(super) fn parts(message: &Message) -> Vec<(MailPart, &str)> {
    let text = Some((MailPart::Text, message.body.as_str()));
    let html =
        message.html.as_deref().map(|html| (MailPart::Html, html)).filter(|_| message.kind == MessageKind::Email);
    text.into_iter().chain(html).collect()
}

/// A field that nobody filled: the braces of a template are never sent.
pub(super) fn unfilled(message: &Message) -> Option<Fault> {
    let subject = ("subject".to_owned(), message.subject.as_str());
    let parts = parts(message).into_iter().map(|(part, text)| (part.to_string(), text));
    std::iter::once(subject).chain(parts).find_map(|(part, text)| {
        let text = plain(text);
        let at = text.find("((")?;
        Some((Wrong::Message, format!("its {part} says “{}”, which nobody has filled in", said(&text[at..]))))
    })
}

/// Which of these texts a message is, in every part of it, and what has to be said of how it came.
pub(super) fn reading_of(message: &Message, texts: &[String], frame: &Frame) -> Result<(usize, Vec<String>), Fault> {
    if let Some(fault) = unfilled(message) {
        return Err(fault);
    }
    let parts = parts(message);
    // A service that has words for its parts does not send none in any of them.
    if message.kind == MessageKind::Email && parts.len() > 1 && message.is_blank {
        return Err((Wrong::Altered, "nothing in it can be read".to_owned()));
    }
    let mut notes = Vec::new();
    let mut found: Option<(usize, MailPart)> = None;
    let mut faults: Vec<Fault> = Vec::new();
    for (part, text) in &parts {
        let other = parts.len() > 1;
        match one_part(*part, text, other, texts, frame) {
            Ok((Some(row), said)) => {
                notes.extend(said);
                if let Some((before, of)) = found.filter(|(before, _)| *before != row) {
                    let (one, two) = (&texts[before], &texts[row]);
                    return Err((Wrong::Words, format!("its {of} reads “{one}”, and its {part} “{two}”")));
                }
                found = Some((row, *part));
            }
            Ok((None, said)) => notes.extend(said),
            Err(fault) => faults.push(fault),
        }
    }
    // What is certainly wrong says more than what may be.
    faults.sort_by_key(|(wrong, _)| *wrong == Wrong::Altered);
    match (faults.into_iter().next(), found) {
        (Some(fault), _) => Err(fault),
        (None, Some((row, _))) => Ok((row, notes)),
        (None, None) => Err((Wrong::Words, "nothing in it can be read".to_owned())),
    }
}

/// The text that one part is, where it says anything of its own, and what has to be said of that.
fn one_part(
    part: MailPart,
    text: &str,
    has_other: bool,
    texts: &[String],
    frame: &Frame,
) -> Result<(Option<usize>, Vec<String>), Fault> {
    let body = plain(text);
    let spare = part == MailPart::Text && has_other;
    if body.is_empty() && spare {
        return Ok((None, vec!["its text part is empty".to_owned()]));
    }
    if body.is_empty() {
        let people = if part == MailPart::Html { ": that is what people read" } else { "" };
        return Err((Wrong::Words, format!("its {part} is empty{people}")));
    }
    let standing: Vec<usize> = (0..texts.len()).filter(|row| stands_in(&body, &texts[*row]).is_some()).collect();
    if let Some(row) = standing.iter().copied().max_by_key(|row| texts[*row].len()) {
        // One row may begin like another one; two that differ are too many.
        if let Some(second) = standing.iter().find(|other| !texts[row].contains(&texts[**other])) {
            let why = format!("its {part} holds “{}” and “{}”", said(&texts[row]), said(&texts[*second]));
            return Err((Wrong::Words, why));
        }
        let around_it = surroundings(&blocks(part, text), &texts[row]);
        return Ok((Some(row), around(part, around_it, texts, frame)?));
    }
    if let Some(row) = texts.iter().position(|wanted| rewrapped(wanted, &body)) {
        return Ok((Some(row), vec![format!("its {part} is broken over lines inside a word")]));
    }
    if spare && is_placeholder(&body) {
        return Ok((None, vec!["its text part says only that there is an HTML part".to_owned()]));
    }
    if part == MailPart::Text && is_placeholder(&body) {
        return Err((
            Wrong::Altered,
            "its text part says only that there is an HTML part, and there is none".to_owned(),
        ));
    }
    Err((Wrong::Words, format!("its {part} reads like no row: “{}”", said(&body))))
}

/// Where a text stands in another one with nothing before and behind it in the same word: row 1 is not row 10.
fn stands_in(body: &str, wanted: &str) -> Option<usize> {
    let ends = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let alone = |at: &usize| ends(body[..*at].chars().next_back()) && ends(body[at + wanted.len()..].chars().next());
    body.match_indices(wanted).map(|(at, _)| at).find(alone).filter(|_| !wanted.is_empty())
}

/// A part by its paragraphs; HTML has a line for each.
fn blocks(part: MailPart, text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines().map(plain) {
        match blocks.last_mut().filter(|_| goes_on && !line.is_empty()) {
            Some(block) => {
                block.push(' ');
                block.push_str(&line);
            }
            None if !line.is_empty() => blocks.push(line.clone()),
            None => {}
        }
        goes_on = !line.is_empty() && part == MailPart::Text;
    }
    blocks
}

/// The paragraphs that together are one text, and nothing else.
fn spanned(blocks: &[String], wanted: &str) -> Option<(usize, usize)> {
    (0..blocks.len()).find_map(|from| {
        let mut rest = wanted;
        for (at, block) in blocks.iter().enumerate().skip(from) {
            rest = rest.strip_prefix(block.as_str())?;
            if rest.is_empty() {
                return Some((from, at + 1));
            }
            rest = rest.strip_prefix(' ')?;
        }
        None
    })
}

/// What stands around a text.
#[derive(Default)]
struct Around {
    before: Vec<String>,
    after: Vec<String>,
    /// What stands in the text's own paragraphs, before and behind it, sentence by sentence.
    beside: (Vec<String>, Vec<String>),
}

fn surroundings(blocks: &[String], wanted: &str) -> Around {
    if let Some((from, to)) = spanned(blocks, wanted) {
        return Around { before: blocks[..from].to_vec(), after: blocks[to..].to_vec(), ..Around::default() };
    }
    // It begins or ends inside a paragraph.
    for from in (0..blocks.len()).rev() {
        let mut joined = String::new();
        for to in from..blocks.len() {
            joined.push_str(if joined.is_empty() { "" } else { " " });
            joined.push_str(&blocks[to]);
            let begins_here = |at: &usize| *at < blocks[from].len();
            if let Some(at) = stands_in(&joined, wanted).filter(begins_here) {
                let before_it = sentences(&joined[..at]).collect();
                let beside = (before_it, sentences(&joined[at + wanted.len()..]).collect());
                return Around { before: blocks[..from].to_vec(), after: blocks[to + 1..].to_vec(), beside };
            }
            if joined.len() > blocks[from].len() + 2 * wanted.len() {
                break;
            }
        }
    }
    Around::default()
}

fn sentences(text: &str) -> impl Iterator<Item = String> {
    text.split_inclusive(['.', '!', '?']).map(|sentence| sentence.trim().to_owned()).filter(|one| !one.is_empty())
}

/// What is to be said of what stands around a text: its footer, the sender's name, what gateways add.
fn around(part: MailPart, around: Around, texts: &[String], frame: &Frame) -> Result<Vec<String>, Fault> {
    let Around { mut before, mut after, beside } = around;
    let (above, below) = beside;
    let mut notes = Vec::new();
    if let Some(footer) = frame.footer.as_deref() {
        match spanned(&after, &plain(footer)) {
            Some((from, to)) => drop(after.drain(from..to)),
            None => notes.push(format!("its {part} lacks the footer “{}”", said(footer))),
        }
    }
    let brand = frame.brand.as_deref().filter(|_| part == MailPart::Html).map(plain);
    if let Some((from, to)) = brand.and_then(|brand| spanned(&before, &brand)) {
        before.drain(from..to);
    }
    if let Some(unknown) = below.iter().chain(&after).find(|block| !is_addition(block)) {
        return Err((Wrong::Words, format!("its {part} goes on with “{}”", said(unknown))));
    }
    // The sender's own name stands once, above the HTML part.
    let is_brand = |block: &&String| {
        part == MailPart::Html
            && block.chars().count() <= BRAND_MAX
            && !block.contains(|c: char| c.is_ascii_digit())
            && !block.to_lowercase().starts_with("dear ")
            && !texts.iter().any(|text| text.contains(block.as_str()))
    };
    let unknown: Vec<&String> = before.iter().filter(|block| !is_addition(block)).collect();
    let brands = unknown.iter().filter(|block| is_brand(block)).count();
    if let Some(unknown) = above.iter().find(|sentence| !is_addition(sentence)) {
        return Err((Wrong::Altered, format!("its {part} begins with “{}”", said(unknown))));
    }
    if unknown.len() > brands || brands > 1 {
        return Err((Wrong::Altered, format!("its {part} begins with “{}”", said(unknown[0]))));
    }
    let added = before.iter().chain(&above).chain(&below).chain(&after).find(|block| is_addition(block));
    notes.extend(added.map(|text| format!("something on the way has added “{}” to it", said(text))));
    Ok(notes)
}

/// A subject without what gateways put before it.
pub(super) fn without_marks(subject: &str) -> &str {
    let mut subject = subject.trim();
    loop {
        let bracketed = subject.strip_prefix('[').and_then(|rest| Some(rest.split_once(']')?.1));
        let lower = subject.to_lowercase();
        let marked = ["external:", "ext:", "***spam***", "*spam*", "fwd:", "fw:"]
            .into_iter()
            .find(|mark| lower.starts_with(mark));
        match bracketed.or_else(|| marked.and_then(|mark| subject.get(mark.len()..))) {
            Some(rest) => subject = rest.trim(),
            None => return subject,
        }
    }
}

fn said(text: &str) -> String {
    let mut said: String = text.chars().take(SAID_MAX).collect();
    if said.len() < text.len() {
        said.push('…');
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::a_message;
    use super::*;

    const ROWS: [&str; 2] = ["This is row 1 of t. Nobody needs it.", "This is row 10 of t. Nobody needs it."];

    fn read(text: &str, html: Option<&str>) -> Result<(usize, String), String> {
        read_in(&Frame::default(), text, html)
    }

    fn read_in(frame: &Frame, text: &str, html: Option<&str>) -> Result<(usize, String), String> {
        let message = Message { html: html.map(str::to_owned), ..a_message(MessageKind::Email, "", text) };
        let rows = ROWS.map(str::to_owned);
        let read = reading_of(&message, &rows, frame);
        read.map(|(row, notes)| (row, notes.join("; "))).map_err(|(wrong, why)| format!("{wrong:?}: {why}"))
    }

    #[test]
    fn each_part_has_to_read_as_the_row() {
        let one = ROWS[0];
        let right = [
            (one, None, 0, ""),
            (one, Some(one), 0, ""),
            (ROWS[1], Some(ROWS[1]), 1, ""),
            ("\u{feff}This is row 1\u{a0}of t.\r\n\r\nNobody needs it.", Some(one), 0, ""),
            (one, Some("US Notify\nThis is row 1 of t.\nNobody needs it."), 0, ""),
            ("", Some(one), 0, "its text part is empty"),
            ("Your mail program does not show HTML.", Some(one), 0, "its text part says only"),
            ("This is row 1 of t. Nobody nee\r\nds it.", Some(one), 0, "broken over lines"),
            (
                "[EXTERNAL EMAIL]\nThis is row 1 of t. Nobody needs it.",
                None,
                0,
                "something on the way has added “[EXTERNAL EMAIL]”",
            ),
            ("This is row 1 of t. Nobody needs it.\n--\nScanned by MailScanner.", Some(one), 0, "something on the way"),
        ];
        for (text, html, row, note) in right {
            let read = read(text, html);
            assert!(
                read.as_ref().is_ok_and(|(found, said)| *found == row && said.contains(note)),
                "{text:?} {html:?}: {read:?}"
            );
            assert!(note.is_empty() == read.is_ok_and(|(_, said)| said.is_empty()), "{text:?}");
        }
    }

    #[test]
    fn a_part_that_reads_otherwise_is_wrong() {
        let one = ROWS[0];
        let wrong = [
            (one, Some(""), "Words: its HTML part is empty: that is what people read"),
            (one, Some("This is row ((row)) of t. Nobody needs it."), "Message: its HTML part says “((row))"),
            (one, Some(ROWS[1]), "Words: its text part reads"),
            (
                "This is row 1 of t. Nobody needs it. Dear Mrs Jones, see you on 3 May.",
                Some(one),
                "Words: its text part goes on with “Dear Mrs Jones",
            ),
            (
                "This is row 1 of t. Nobody needs it.\n\nScanned by us.\n\nDear Mrs Jones, see you.",
                None,
                "Words: its text part goes on with “Dear",
            ),
            (one, Some("This is row 1 of t. Nobody needs it. Your code is 5."), "Words: its HTML part goes on with"),
            ("This is row 1 of", None, "Words: its text part reads like no row"),
            ("This is row 100 of t. Nobody needs it.", None, "Words: its text part reads like no row"),
            (
                "Dear Mrs Jones, see you on 3 May. This is row 1 of t. Nobody needs it.",
                None,
                "Altered: its text part begins with",
            ),
            ("", None, "Words: its text part is empty"),
            ("Thisisrow1oft.Nobodyneedsit.", None, "Words: its text part reads like no row"),
        ];
        for (text, html, why) in wrong {
            let read = read(text, html);
            assert!(read.as_ref().is_err_and(|said| said.starts_with(why)), "{text:?} {html:?}: {read:?}");
        }
    }

    #[test]
    fn what_the_service_puts_around_its_words_is_known_by_what_the_environment_says() {
        let frame = Frame { brand: Some("Route 66 Office".to_owned()), footer: Some("Sent by us.".to_owned()) };
        let one = ROWS[0];
        let framed = format!("{one}\n\nSent by us.");
        let html = "Route 66 Office\nThis is row 1 of t.\nNobody needs it.\nSent by us.";
        assert_eq!(read_in(&frame, &framed, Some(html)), Ok((0, String::new())));
        let lacks = read_in(&frame, &framed, Some(one));
        assert!(
            lacks.as_ref().is_ok_and(|(_, said)| said == "its HTML part lacks the footer “Sent by us.”"),
            "{lacks:?}"
        );
        let unknown = read(one, Some(html));
        assert!(unknown.is_err(), "a number above the words may be anybody's: {unknown:?}");
        let other = read_in(&frame, &framed, Some(&html.replace("66", "67")));
        assert!(other.is_err_and(|said| said.contains("begins with “Route 67 Office”")));
    }

    #[test]
    fn marks_of_gateways_before_a_subject_are_none_of_it() {
        for subject in
            ["[EXTERNAL] Reset it", "[EXT] [SPAM?] Reset it", "***SPAM*** Reset it", "Fwd: Reset it", "Reset it"]
        {
            assert_eq!(without_marks(subject), "Reset it", "{subject}");
        }
    }
}
