//! Mails of strangers beside ours: whatever they are, they change nothing, and no word or address of theirs is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use notify_smoke::history::History;
use notify_smoke::inbox::read_mail;
use notify_smoke::journal::replay;
use notify_smoke::judge::{Context, judge};
use notify_smoke::model::{Check, Expectation, Message, Observation, Plan, StepKind};
use notify_smoke::redact::Vault;

use crate::support::root;

const TOKEN: &str = "qzxjvkwqpmtyhgbf";
const NOW: &str = "2026-11-27T08:00:00Z";

/// A plan with a reset mail in it.
fn plan() -> Plan {
    let bytes = std::fs::read(root().join("tests/journals/v1/passed.jsonl")).expect("a journal");
    History::of(&replay(&bytes).expect("a journal").events).expect("a history").plan
}

/// Our reset mail, as the service sends it now.
fn ours(plan: &Plan) -> Vec<u8> {
    let now: Timestamp = NOW.parse().expect("a time");
    let seconds = u32::try_from(now.as_second()).expect("before 2106").to_be_bytes();
    let link = format!(
        "{}/new-password/Secret1234.{}.Signature5678?next=%2Faccounts%3Frun%3D{TOKEN}",
        plan.base_url,
        URL_SAFE_NO_PAD.encode(seconds)
    );
    format!(
        "From: US Notify <{}>\r\nTo: {}\r\nSubject: Reset your U.S. Notify password\r\nMessage-ID: <ours@ses>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nOpen this:\r\n\r\n{link}\r\n--x\r\n\
         Content-Type: text/html\r\n\r\n<p><a href=\"{link}\">Open this</a></p>\r\n--x--\r\n",
        plan.email_sender, plan.recipients[0]
    )
    .into_bytes()
}

/// Thirty mails that nobody here has asked for, each with words and addresses of its own.
fn strangers(plan: &Plan) -> Vec<Vec<u8>> {
    let to = &plan.recipients[0];
    let words = "STRANGEWORDS and someone@strange.example";
    let bodies: Vec<String> = vec![
        format!("Content-Type: text/plain; charset=uft-8\r\n\r\n{words}"),
        format!("Content-Type: text/html\r\n\r\n<p>{words}<script>{words}"),
        format!("Content-Type: multipart/alternative; boundary=never\r\n\r\n{words}"),
        format!(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: {words}\r\n\r\n{words}\r\n--x--"
        ),
        format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!{words}"),
        format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ{words}="),
        format!("\r\n{words} {}/new-password/Stolen.aaaa.bbbb?next=%2Faccounts", plan.base_url),
        format!("\r\n{words} {}/new-password/Dashboard", plan.base_url),
        format!(
            "Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\n{words}\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: {words}\r\n\r\nx\r\n--x--"
        ),
        format!("Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR {words}"),
    ];
    let heads = [
        format!("From: Some One <someone@strange.example>\r\nTo: {to}\r\nSubject: STRANGEWORDS\r\n"),
        format!(
            "From: =?x?y?STRANGEWORDS?=\r\nTo: \"STRANGEWORDS\" <{to}>, other@strange.example\r\nSubject: =?utf-8?q?STRANGEWORDS?=\r\nX: \u{1b}[31m\r\n"
        ),
        "To: undisclosed-recipients:;\r\nReceived: from strange.example\r\n".to_owned(),
    ];
    heads.iter().flat_map(|head| bodies.iter().map(move |body| format!("{head}{body}").into_bytes())).collect()
}

/// What a reset mail's step says of these messages.
fn checked(plan: &Plan, messages: Vec<Message>) -> Check {
    let observation = Observation::Messages { messages, unreadable: Vec::new() };
    let now = NOW.parse().expect("a time");
    let step =
        plan.steps.iter().find(|step| matches!(&step.kind, StepKind::Expect { expect: Expectation::Email(_), .. }));
    let StepKind::Expect { expect, capture, .. } = &step.expect("a reset mail").kind else { panic!("no mail") };
    let context =
        Context { capture: capture.as_ref().map(|capture| &capture.of), ..crate::support::context(plan, TOKEN, now) };
    judge(expect, &observation, &context).check
}

#[test]
fn thirty_strangers_change_nothing_and_leave_no_word() {
    let plan = plan();
    let strangers = strangers(&plan);
    assert_eq!(strangers.len(), 30);
    let judged = |mails: &[Vec<u8>]| {
        let mut vault = Vault::new(plan.links.clone(), plan.code_length)
            .knowing(plan.senders_and_recipients(), plan.awaited_texts());
        let read =
            mails.iter().enumerate().filter_map(|(number, raw)| read_mail(&format!("object-{number}"), raw, None));
        let messages: Vec<_> = read.map(|mail| vault.message(mail, TOKEN)).collect();
        let written = serde_json::to_string(&messages).expect("messages");
        assert!(!written.to_lowercase().contains("strange"), "{written}");
        assert!(!written.contains("Secret1234") && !written.contains("Signature5678"), "{written}");
        // What a stranger writes is no secret: our own words stay readable.
        assert_eq!(vault.clean("Dashboard".to_owned()).get(), "Dashboard");
        checked(&plan, messages)
    };
    let alone = judged(&[ours(&plan)]);
    assert!(matches!(&alone, Check::Met { blemish: None, note: None, .. }), "{alone:?}");
    for stranger in &strangers {
        assert_eq!(judged(&[stranger.clone(), ours(&plan)]), alone, "{}", String::from_utf8_lossy(stranger));
        let without = judged(std::slice::from_ref(stranger));
        assert!(
            matches!(without, Check::NotYet { in_doubt: false, .. }),
            "{without:?}: {}",
            String::from_utf8_lossy(stranger)
        );
    }
    assert_eq!(judged(&[strangers, vec![ours(&plan)]].concat()), alone);
}

/// An automatic reply quotes our link, and carries the run's token by that: beside our mail it is a note, and no proof alone.
#[test]
fn an_answer_to_our_mail_is_no_mail_of_the_service() {
    let plan = plan();
    let own = String::from_utf8(ours(&plan)).expect("text");
    let answer = own.replacen(&plan.email_sender, "robot@elsewhere.test", 1);
    assert_ne!(own, answer);
    let judged = |mails: &[&str]| {
        let mut vault = Vault::new(plan.links.clone(), plan.code_length)
            .knowing(plan.senders_and_recipients(), plan.awaited_texts());
        let read =
            mails.iter().enumerate().filter_map(|(number, raw)| read_mail(&number.to_string(), raw.as_bytes(), None));
        checked(&plan, read.map(|mail| vault.message(mail, TOKEN)).collect())
    };
    for both in [[own.as_str(), answer.as_str()], [answer.as_str(), own.as_str()]] {
        let check = judged(&both);
        let is_told = |note: &str| note.contains("somebody else has sent its link too");
        assert!(matches!(&check, Check::Met { blemish: None, note: Some(note), .. } if is_told(note)), "{check:?}");
    }
    let alone = judged(&[answer.as_str()]);
    assert!(matches!(alone, Check::Never { .. }), "{alone:?}");
}
