//! Raw MIME to a message.

use jiff::Timestamp;
use mail_parser::{Address, MessageParser};

use crate::model::MessageKind;
use crate::port::RawMessage;

/// Text and HTML are cut at this many bytes; a reset mail has a few thousand.
const BODY_MAX: usize = 200_000;

/// Reads one mail. What cannot be read as MIME is nothing.
pub fn message(id: &str, raw: &[u8], arrived_at: Option<Timestamp>) -> Option<RawMessage> {
    let parsed = MessageParser::default().parse(raw)?;
    let cut = |text: Option<std::borrow::Cow<'_, str>>| -> String {
        text.map(|text| text.chars().take(BODY_MAX).collect()).unwrap_or_default()
    };
    Some(RawMessage {
        id: id.to_owned(),
        // A mail without an id of its sender's is its own kind of one.
        provider_id: parsed.message_id().unwrap_or(id).to_owned(),
        kind: MessageKind::Email,
        to: addresses(parsed.to()),
        from: addresses(parsed.from()).into_iter().next().unwrap_or_default(),
        subject: parsed.subject().unwrap_or_default().to_owned(),
        text: cut(parsed.body_text(0)),
        html: cut(parsed.body_html(0)),
        arrived_at,
    })
}

fn addresses(header: Option<&Address<'_>>) -> Vec<String> {
    let Some(header) = header else { return Vec::new() };
    header.iter().filter_map(|address| address.address()).map(str::to_owned).take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_is_decoded_and_both_bodies_are_kept() {
        let raw = b"From: \"US Notify\" <n@b.gov>\r\nTo: <a@b.gov>\r\nSubject: Reset\r\nMessage-ID: <m@ses>\r\n\
            Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nhttp://h/new-password/a%2E=\r\nb?next=3Dc\r\n--x\r\n\
            Content-Type: text/html; charset=utf-8\r\n\r\n<a href=\"http://h/\">x</a>\r\n--x--\r\n";
        let message = message("k", raw, None).expect("a mail");
        assert_eq!((message.provider_id.as_str(), message.from.as_str()), ("m@ses", "n@b.gov"));
        assert_eq!(message.to, ["a@b.gov"]);
        assert!(message.text.contains("/new-password/a%2Eb?next=c"), "{}", message.text);
        assert!(message.html.contains("<a href="));
    }
}
