//! The vault: whatever is done to a mail of ours on the way, no piece of its link that is of use comes out; whatever a
//! stranger writes, our own words stay readable.

use notify_smoke::model::{IssuedAt, LinkShape, MessageKind};
use notify_smoke::port::RawMessage;
use notify_smoke::redact::Vault;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use super::{damage, edit, fuzz};

/// A token as itsdangerous signs it.
const SECRET: &str = "IntcImNyZWF0ZWRfYXRcIjpcIjIwMjYtMTEtMjdUMDA6NDE6MzQuNzU5MTk0MzEzWlwiLFwiZW1haWxcIjpc.awjRvg.tQuZA-CZV8JHP-ssAmgUznzLA1M";
const TOKEN: &str = "qfzkvyytqfzkvyyt";
/// A shorter piece is of no use to anybody.
const PIECE: usize = 12;

fn vault() -> Vault {
    let path = "/new-password/".to_owned();
    let shape = LinkShape { path, issued_at: IssuedAt::named("itsdangerous").expect("a way"), lifetime_ms: 3_600_000 };
    Vault::new(vec![shape], 6).knowing(
        ["sender@notify.gov".to_owned(), "smoke@notify.gov".to_owned()],
        ["* is your U.S. Notify authentication code".to_owned()],
    )
}

/// What gateways and mail programs do to a link.
#[derive(Debug, Clone)]
enum Way {
    Percent,
    Dots,
    Entities,
    Quoted,
    Wrap(usize, &'static str),
    Behind(&'static str),
    Invisible(usize),
    Anchor,
    Upper,
}

fn ways() -> impl Strategy<Value = Vec<Way>> {
    let between = select(vec!["\r\n", "\n> ", "\r\n\r\n", " ", "\n\t", "=\r\n", "\u{200b}"]);
    let behind = select(vec![
        "https://eur05.safelinks.protection.outlook.com/?data=05&url=",
        "https://urldefense.us/v3/__",
        "https://www.google.com/url?q=",
        "https://unknown-rewriter.test/go?to=",
        "https://link.test/",
        "",
    ]);
    let way = prop_oneof![
        Just(Way::Percent),
        Just(Way::Dots),
        Just(Way::Entities),
        Just(Way::Quoted),
        behind.prop_map(Way::Behind),
        (1_usize..200).prop_map(Way::Invisible),
        Just(Way::Anchor),
        Just(Way::Upper),
    ];
    // Who breaks lines does it last.
    let wrap = (20_usize..120, between).prop_map(|(at, between)| Way::Wrap(at, between));
    (vec(way, 0..4), option::of(wrap)).prop_map(|(ways, wrap)| ways.into_iter().chain(wrap).collect())
}

fn gone(link: &str, way: &Way) -> String {
    match way {
        Way::Percent => url::form_urlencoded::byte_serialize(link.as_bytes()).collect(),
        Way::Dots => link.replace('.', "%2e"),
        Way::Entities => link.replace('&', "&amp;").replace('/', "&#x2F;").replace('.', "&#46;"),
        Way::Quoted => link.replace('=', "=3D"),
        Way::Wrap(at, between) => {
            let letters: Vec<char> = link.chars().collect();
            letters.chunks(*at).map(|piece| piece.iter().collect::<String>()).collect::<Vec<_>>().join(between)
        }
        Way::Behind(prefix) => format!("{prefix}{link}"),
        Way::Invisible(at) => {
            link.chars().enumerate().flat_map(|(i, c)| if i == *at { vec!['\u{ad}', c] } else { vec![c] }).collect()
        }
        Way::Anchor => format!("<a href=\"{link}\">here</a>"),
        Way::Upper => link.replace("https://", "HTTPS://"),
    }
}

fn mail(id: &str, text: String, html: Option<String>) -> RawMessage {
    RawMessage {
        id: id.to_owned(),
        provider_id: id.to_owned(),
        kind: MessageKind::Email,
        to: vec!["smoke@notify.gov".to_owned()],
        from: "sender@notify.gov".to_owned(),
        subject: "Reset your password".to_owned(),
        text,
        html,
        inside: Vec::new(),
        failed_checks: Vec::new(),
        arrived_at: None,
    }
}

fn shown(written: &str) -> Option<&'static str> {
    (0..=SECRET.len() - PIECE).map(|at| &SECRET[at..at + PIECE]).find(|piece| written.contains(piece))
}

#[test]
fn links_of_ours_whatever_is_done_to_them() {
    let both = (ways(), ways(), any::<bool>(), vec(edit(), 0..3));
    fuzz(&both, |(in_text, in_html, says_token, edits)| {
        let link = format!("https://www.notify.gov/new-password/{SECRET}?next=%2Faccounts%3Frun%3D{TOKEN}");
        let by = |ways: &[Way]| ways.iter().fold(link.clone(), |link, way| gone(&link, way));
        let words = if says_token { TOKEN } else { "no token" };
        let html = format!("<html><body><p>Reset it, {words}</p><p>{}</p></body></html>", by(&in_html));
        // What is damaged is the text around it and the link's own host, path and question.
        let (before, after) = link.split_once(SECRET).expect("the secret");
        let damaged = |part: &str| String::from_utf8_lossy(&damage(part.as_bytes().to_vec(), &edits)).into_owned();
        let texts = [
            format!("Hello\n{}\nbye {words}", by(&in_text)),
            format!("Hello {TOKEN}\n{}{SECRET}{}\nbye", damaged(before), damaged(after)),
        ];
        for text in texts {
            for html in [None, Some(html.clone())] {
                let mut vault = vault();
                let message = vault.message(mail("object", text.clone(), html.clone()), TOKEN);
                let written = serde_json::to_string(&message).expect("a message");
                assert_eq!(shown(&written), None, "{text}\n{html:?}\n{written}");
            }
        }
    });
}

#[test]
fn words_of_ours_whatever_a_stranger_writes() {
    const OURS: &str = "Dashboard, Forgot your password?, smoke@notify.gov, 123456 rows, Send email";
    let word = select(vec![
        "Dashboard",
        "password?",
        "smoke@notify.gov",
        "123456",
        "Send",
        "email",
        "https://www.notify.gov/new-password/Dashboard?next=x",
        "https://www.notify.gov/new-password/Send%20email",
        "123456 is your code",
        "is your U.S. Notify",
        "((row))",
    ]);
    let letters = vec(any::<char>(), 0..20).prop_map(|letters| letters.into_iter().collect::<String>());
    let piece = prop_oneof![word.prop_map(str::to_owned), letters];
    let text = vec(piece, 1..12).prop_map(|pieces| pieces.join(" "));
    fuzz(&(vec((text, any::<bool>()), 1..6), vec(edit(), 0..3)), |(texts, edits)| {
        let mut vault = vault();
        vault.keep("user.password", "correct horse battery");
        for (number, (text, is_text)) in texts.into_iter().enumerate() {
            let text = String::from_utf8_lossy(&damage(text.into_bytes(), &edits)).into_owned();
            let stranger = RawMessage {
                kind: if is_text { MessageKind::Sms } else { MessageKind::Email },
                from: "+12025550199".to_owned(),
                subject: text.clone(),
                ..mail(&number.to_string(), text.clone(), Some(format!("<p>{text}</p>")))
            };
            let message = vault.message(stranger, TOKEN);
            assert!(message.body.is_empty() || message.kind == MessageKind::Sms, "{message:?}");
        }
        assert_eq!(vault.clean(OURS.to_owned()).get(), OURS);
    });
}
