//! What the vault must never let through, and what it must leave alone.

use super::*;
use crate::model::{Check, IssuedAt, Link, MailPart, MessageKind};
use crate::port::RawMessage;

const TOKEN: &str = "Ingi.ZOhfgA.GP6z-k2FJPCxMtO9CrsvRz1MoAk";

fn vault() -> Vault {
    Vault::new(
        vec![LinkShape {
            path: "/new-password/".to_owned(),
            issued_at: IssuedAt::named("itsdangerous").expect("a way"),
            lifetime_ms: 3_600_000,
        }],
        6,
    )
    .knowing(["n@b.gov".to_owned(), "a@b.gov".to_owned()], ["* is your U.S. Notify authentication code".to_owned()])
}

fn mail(text: &str, html: &str) -> RawMessage {
    RawMessage {
        id: "object-1".to_owned(),
        provider_id: "p".to_owned(),
        kind: MessageKind::Email,
        to: vec!["a@b.gov".to_owned()],
        from: "n@b.gov".to_owned(),
        subject: "Reset".to_owned(),
        text: text.to_owned(),
        html: Some(html.to_owned()).filter(|html| !html.is_empty()),
        inside: Vec::new(),
        failed_checks: Vec::new(),
        arrived_at: None,
    }
}

#[test]
fn both_forms_of_a_link_are_one_handle_with_its_time() {
    let mut vault = vault();
    let text = format!("Hi\nhttp://localhost:1/new-password/{}?next=%2Fa%3Frun%3Dt1", TOKEN.replace('.', "%2E"));
    let html = format!("<a href=\"http://localhost:1/new-password/{TOKEN}?next=%2Fa%3Frun%3Dt1\">x</a>");
    let message = vault.message(mail(&text, &html), "t1");
    assert_eq!(message.links.len(), 2);
    let link = &message.links[0];
    assert_eq!(*link, Link { part: MailPart::Text, ..message.links[1].clone() });
    assert_eq!((link.origin.as_str(), link.next.as_deref()), ("http://localhost:1", Some("/a?run=t1")));
    assert_eq!(link.issued_at.map(jiff::Timestamp::as_second), Some(1_692_950_400));
    assert_eq!(message.body, "Hi\nhttp://localhost:1/new-password/⟨link#1⟩?next=⟨hidden⟩");
    assert!(vault.captured("link#1").is_some_and(|link| link.contains("Ingi")));
}

#[test]
fn a_secret_is_found_in_every_encoding() {
    let mut vault = Vault::default();
    let secret = "pa ss&<w>=%+'é";
    vault.keep("user.password", secret);
    for form in encodings::all(secret) {
        let cleaned = vault.clean(format!("before {form} after"));
        assert_eq!(cleaned.get(), "before ⟨user.password⟩ after", "{form}");
    }
}

#[test]
fn facts_lose_what_became_secret_after_they_were_made() {
    let mut vault = vault();
    let check = Check::not_yet(format!("saw {TOKEN}"));
    vault.message(mail(&format!("http://h/new-password/{TOKEN}"), ""), "t");
    assert_eq!(
        vault
            .clean(crate::model::Fact::Checked {
                step: crate::model::StepId(0),
                check,
                standing: false,
                captured: None,
            })
            .into_inner(),
        crate::model::Fact::Checked {
            step: crate::model::StepId(0),
            check: Check::not_yet("saw ⟨link#1⟩"),
            standing: false,
            captured: None,
        }
    );
}

#[test]
fn a_link_may_have_a_secret_where_its_host_and_its_way_on_are() {
    let mut vault = vault();
    vault.keep("user.password", "correct-horse-battery");
    let link = Link {
        origin: "https://correct-horse-battery.example".to_owned(),
        next: Some("/a?b=correct\u{200b}-horse-battery".to_owned()),
        ..vault.message(mail(&format!("https://a.gov/new-password/{TOKEN}?next=/b"), ""), "t1").links[0].clone()
    };
    let message = vault.message(mail("", ""), "t1");
    let clean = vault.clean(Message { links: vec![link], ..message }).into_inner();
    assert_eq!(clean.links[0].origin, "https://⟨user.password⟩.example");
    assert_eq!(clean.links[0].next.as_deref(), Some("/a?b=⟨user.password⟩"));
}

#[test]
fn other_links_and_short_words_stay() {
    let mut vault = vault();
    vault.keep("x", "abc");
    let message = vault.message(mail("see https://beta.notify.gov/about abc", ""), "abc");
    assert!(message.links.is_empty());
    assert_eq!(message.body, "see https://beta.notify.gov/about abc");
}

#[test]
fn the_text_of_somebody_elses_mail_is_not_kept() {
    let mut vault = vault();
    let message = vault.message(mail("Join here: https://notify.gov/invitation/secret", "<p>123456</p>"), "our-token");
    assert_eq!((message.subject.as_str(), message.body.as_str()), ("", ""));
    assert_eq!((message.id.as_str(), message.provider_id.as_str()), ("object-1", "object-1"));
}

#[test]
fn a_secret_across_the_cut_leaves_nothing() {
    let mut vault = Vault::default();
    vault.keep("x", "correct horse");
    let text = format!("{}correct horse", "a".repeat(TEXT_MAX - 5));
    assert!(!vault.clean(text).get().contains("corr"));
}

#[test]
fn codes_in_texts_are_handles_and_other_numbers_stay() {
    let mut vault = vault();
    let mut text = mail("123456 is your U.S. Notify authentication code, 1234567 is not", "");
    text.kind = MessageKind::Sms;
    let message = vault.message(text, "t");
    assert_eq!(message.codes, ["code#1"]);
    assert!(message.body.starts_with("⟨code#1⟩ is your"), "{}", message.body);
    assert_eq!(vault.captured("code#1"), Some("123456"));
}

/// Whatever was done to a link on the way, no piece of its secret is kept that is long enough to be of use.
#[test]
fn no_piece_of_a_link_that_was_altered_is_kept() {
    const LONG: &str = "IntcImNyZWF0ZWRfYXRcIjpcIjIwMjYtMTEtMjdUMDA6NDE6MzQuNzU5MTk0MzEzWlwiLFwiZW1haWxcIjpc.awjRvg.tQuZA-CZV8JHP-ssAmgUznzLA1M";
    let link = format!("https://www.notify.gov/new-password/{LONG}?next=%2Faccounts%3Frun%3Dt1token");
    let encoded = percent(&link);
    let twice = percent(&encoded);
    let wrap = |at: usize| {
        let pieces: Vec<String> =
            link.as_bytes().chunks(at).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
        pieces.join("\r\n")
    };
    let forms = [
        link.clone(),
        link.replace('.', "%2E"),
        wrap(76),
        wrap(64),
        wrap(76).replace("\r\n", "\r\n> "),
        format!("https://eur05.safelinks.protection.outlook.com/?url={encoded}&data=05"),
        format!("https://www.google.com/url?q=https%3A%2F%2Feur05.safelinks.protection.outlook.com%2F%3Furl%3D{twice}"),
        format!("https://urldefense.us/v3/__{link}__;!!a!b$"),
        format!("https://unknown-rewriter.test/go?to={encoded} t1token"),
        format!("https://unknown-rewriter.test/go?to={twice} t1token"),
        format!("{}\r\n{} t1token", &link[..90], &link[90..]),
        format!("<a href=\"{link}\">t1token</a>"),
        link.replace("/new-password/", "/new-\npassword/"),
        format!("{}\n\n{}", &link[..70], &link[70..]),
        format!("({}\n{})", &link[..40], &link[40..]),
        format!("https://urldefense.us/v3/__{}\n{}__;!!a!b$", &link[..50], &link[50..]),
    ];
    for form in forms {
        for html in [false, true] {
            let mut vault = vault();
            let raw = if html { mail("t1token", &format!("<p>{form}</p>")) } else { mail(&form, "") };
            let message = vault.message(raw, "t1token");
            let written = serde_json::to_string(&message).expect("a message");
            let piece = (0..LONG.len() - 12).map(|at| &LONG[at..at + 12]).find(|piece| written.contains(piece));
            assert_eq!(piece, None, "{form}\n{written}");
        }
    }
}

fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[test]
fn a_subject_is_one_line_whatever_is_in_it() {
    let mut vault = vault();
    let mut mail = mail("t1token", "");
    mail.subject = "Re\u{1b}[31mset it\r\n::error file=x::injected\u{202e}".to_owned();
    let subject = vault.message(mail, "t1token").subject;
    assert_eq!(subject, "Re␛[31mset it␍␊::error file=x::injected⟨U+202E⟩");
}

#[test]
fn two_hundred_mails_of_fifty_links_stall_nothing() {
    let mut vault = vault();
    vault.keep("user.password", "correct horse");
    let link = |at: usize| format!("http://h.test/new-password/{TOKEN}{at}?next=%2Faccounts%3Frun%3Dsomebody\n");
    let crafted = |mail_number: usize| {
        let links: String = (0..50).map(|at| link(50 * mail_number + at)).collect();
        let anchor = |at: usize| ["<a href=\"", &link(50 * mail_number + at), "\">x</a>"].concat();
        let anchors: String = (0..50).map(anchor).collect();
        RawMessage { id: format!("object-{mail_number}"), ..mail(&links, &anchors) }
    };
    let mails: Vec<RawMessage> = (0..200).map(crafted).collect();
    // Of this thread alone: others may keep the machine busy.
    let worked = || {
        std::time::Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime))
            .expect("a time")
    };
    let began = worked();
    let first: Vec<Message> = mails.iter().map(|mail| vault.message(mail.clone(), "t1token")).collect();
    let took = worked().checked_sub(began).expect("time goes on");
    let again: Vec<Message> = mails.iter().map(|mail| vault.message(mail.clone(), "t1token")).collect();
    assert_eq!(first, again);
    assert!(first.iter().all(|message| message.body.is_empty() && !message.links.is_empty()));
    assert!(took < std::time::Duration::from_secs(1), "{took:?}");
    assert!(worked() < began + 2 * took, "a stranger's mail is read once");
    assert_eq!(
        vault.clean(format!("Dashboard {TOKEN}7")).get(),
        &format!("Dashboard {TOKEN}7"),
        "none is a secret of ours"
    );
}

/// More links of ours than any run has: what comes then is known by its shape.
#[test]
fn a_full_vault_hides_by_shape() {
    let mut vault = vault();
    for at in 0..2_000 {
        let text = format!("http://h.test/new-password/{TOKEN}{at}?next=%2Faccounts%3Frun%3Dt1token");
        let message = vault.message(RawMessage { id: at.to_string(), ..mail(&text, "") }, "t1token");
        assert!(!message.body.contains("ZOhfgA"), "{at}: {}", message.body);
    }
    let text = vault.clean(format!("see http://h.test/new-password/{TOKEN}x"));
    assert!(!text.get().contains("ZOhfgA"), "{}", text.get());
    assert_eq!(vault.clean("Dashboard".to_owned()).get(), "Dashboard");
}

#[test]
fn a_strangers_code_hides_nothing() {
    let mut vault = vault();
    let stranger = RawMessage {
        kind: MessageKind::Sms,
        from: "+12025550100".to_owned(),
        ..mail("654321 is your bank's code", "")
    };
    let message = vault.message(stranger, "t1token");
    assert_eq!((message.codes.len(), message.body.as_str()), (0, ""));
    assert_eq!(vault.clean("order 654321".to_owned()).get(), "order 654321");
}

/// Pieces that are too short to be known as such, and a subject, which is one line.
#[test]
fn a_secret_in_small_pieces_is_not_kept_either() {
    const LONG: &str = "IntcImNyZWF0ZWRfYXRcIjpcIjIwMjYtMTEtMjdUMDA6NDE6MzQuNzU5MTk0MzEzWlwiLFwiZW1haWxcIjpc.awjRvg.tQuZA-CZV8JHP-ssAmgUznzLA1M";
    let pieces = |size: usize, between: &str| {
        LONG.as_bytes()
            .chunks(size)
            .map(|piece| String::from_utf8_lossy(piece).into_owned())
            .collect::<Vec<_>>()
            .join(between)
    };
    for (text, html, subject) in [
        (pieces(8, "\n"), String::new(), String::new()),
        (pieces(11, " "), String::new(), String::new()),
        ("t1token".to_owned(), format!("<table><tr><td>{}</td></tr></table>", pieces(8, "</td><td>")), String::new()),
        ("t1token".to_owned(), String::new(), pieces(20, " ")),
        ("t1token".to_owned(), String::new(), pieces(20, "\u{ad}")),
    ] {
        let mut vault = vault();
        let raw = RawMessage { subject: format!("t1token {subject}"), ..mail(&format!("t1token {text}"), &html) };
        let written = serde_json::to_string(&vault.message(raw, "t1token")).expect("a message");
        let joined: String = written.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        let piece = (0..LONG.len() - 12).map(|at| &LONG[at..at + 12]).find(|piece| joined.contains(piece));
        assert_eq!(piece, None, "{text} {html} {subject}\n{written}");
    }
}
