//! Raw MIME to a message.

use jiff::Timestamp;
use mail_parser::{Address, Message, MessageParser, MimeHeaders as _, PartType};

use super::received;
use crate::model::MessageKind;
use crate::port::RawMessage;

/// Text and HTML are cut at this many characters; a reset mail has a few thousand.
const BODY_MAX: usize = 200_000;
/// Mails in one another that are looked into, and beside one another.
const DEPTH_MAX: usize = 3;
const INSIDE_MAX: usize = 10;

/// Reads one mail. What cannot be read as MIME is nothing.
pub fn message(id: &str, raw: &[u8], arrived_at: Option<Timestamp>) -> Option<RawMessage> {
    // A stranger's mail may be one on which the parser gives up (seen with multiparts that are closed twice): that is told of
    // this one mail, and ends no run.
    let parsed = std::panic::catch_unwind(|| MessageParser::default().parse(raw)).ok().flatten()?;
    Some(RawMessage {
        arrived_at,
        failed_checks: received::failed_checks(parsed.headers_raw()),
        ..read(id, &parsed, 0)
    })
}

fn read(id: &str, mail: &Message<'_>, depth: usize) -> RawMessage {
    let (mut text, mut html, mut inside) = (String::new(), None, Vec::new());
    for part in &mail.parts {
        let attached = part.content_disposition().is_some_and(mail_parser::ContentType::is_attachment);
        match &part.body {
            PartType::Text(said) if !attached => append(&mut text, said),
            PartType::Html(shown) if !attached => append(html.get_or_insert_with(String::new), shown),
            PartType::Message(mail) if depth < DEPTH_MAX && inside.len() < INSIDE_MAX => {
                inside.push(read(id, mail, depth + 1));
            }
            _ => {}
        }
    }
    // A bounce carries what did not arrive, by whatever form.
    let from = addresses(mail.from()).into_iter().next().unwrap_or_default();
    let by_server = ["mailer-daemon@", "postmaster@"].iter().any(|name| from.to_lowercase().starts_with(name));
    let is_report = by_server || mail.content_type().is_some_and(|kind| kind.subtype() == Some("report"));
    RawMessage {
        id: id.to_owned(),
        // A mail without an id of its sender's is its own kind of one.
        provider_id: mail.message_id().unwrap_or(id).to_owned(),
        kind: MessageKind::Email,
        to: recipients(mail),
        from,
        subject: mail.subject().unwrap_or_default().to_owned(),
        text,
        html,
        inside: if is_report { Vec::new() } else { inside },
        failed_checks: Vec::new(),
        arrived_at: None,
    }
}

fn append(to: &mut String, more: &str) {
    if !to.is_empty() {
        to.push('\n');
    }
    let room = BODY_MAX.saturating_sub(to.chars().count());
    to.extend(more.chars().take(room));
}

/// To whom it says that it goes, each once.
fn recipients(mail: &Message<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for address in addresses(mail.to()).into_iter().chain(addresses(mail.cc())) {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
            all.push(address);
        }
    }
    all
}

fn addresses(header: Option<&Address<'_>>) -> Vec<String> {
    let Some(header) = header else { return Vec::new() };
    let addresses = header.iter().filter_map(|address| address.address()).filter(|address| !address.is_empty());
    addresses.map(str::to_owned).take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALTERNATIVE: &str = "From: \"US Notify\" <n@b.gov>\r\nTo: <a@b.gov>\r\nSubject: Reset\r\nMessage-ID: <m@ses>\r\n\
        Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nhttp://h/new-password/a%2E=\r\nb?next=3Dc\r\n--x\r\n\
        Content-Type: text/html; charset=utf-8\r\n\r\n<a href=\"http://h/\">x</a>\r\n--x--\r\n";

    fn mail(raw: &str) -> RawMessage {
        message("k", raw.as_bytes(), None).expect("a mail")
    }

    #[test]
    fn quoted_printable_is_decoded_and_both_bodies_are_kept() {
        let message = mail(ALTERNATIVE);
        assert_eq!((message.provider_id.as_str(), message.from.as_str()), ("m@ses", "n@b.gov"));
        assert_eq!(message.to, ["a@b.gov"]);
        assert!(message.text.contains("/new-password/a%2Eb?next=c"), "{}", message.text);
        assert!(message.html.is_some_and(|html| html.contains("<a href=")));
    }

    #[test]
    fn a_mail_that_has_only_html_has_no_text() {
        let message = mail("From: a@b\r\nContent-Type: text/html\r\n\r\n<p>x</p>");
        assert_eq!((message.text.as_str(), message.html.as_deref()), ("", Some("<p>x</p>")));
        assert_eq!(mail("From: a@b\r\n\r\nx").html, None);
    }

    #[test]
    fn a_mail_in_a_mail_is_read_and_one_in_a_bounce_is_not() {
        let wrapped = |kind: &str| {
            format!(
                "From: g@b.gov\r\nTo: a@b.gov\r\nContent-Type: multipart/{kind}; boundary=w\r\n\r\n--w\r\n\r\nSee below.\r\n\
                --w\r\nContent-Type: message/rfc822\r\n\r\n{ALTERNATIVE}\r\n--w--\r\n"
            )
        };
        let message = mail(&wrapped("mixed"));
        assert_eq!(message.text.trim(), "See below.");
        assert_eq!(message.inside.len(), 1);
        assert_eq!((message.inside[0].id.as_str(), message.inside[0].subject.as_str()), ("k", "Reset"));
        assert!(mail(&wrapped("report; report-type=delivery-status")).inside.is_empty());
    }

    #[test]
    fn a_recipient_that_is_not_told_is_none() {
        assert!(mail("From: a@b\r\nTo: undisclosed-recipients:;\r\n\r\nx").to.is_empty());
    }
}
