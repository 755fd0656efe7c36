//! Whatever comes from outside may be anything: every parser against good inputs that were damaged at random. Nothing may
//! panic, and nothing may grow beyond its limits. `NOTIFY_SMOKE_FUZZ_CASES` and `NOTIFY_SMOKE_FUZZ_SECONDS` ask for more.

mod vault;

use std::time::{Duration, Instant};

use notify_smoke::diagnose::diagnose;
use notify_smoke::environment::{Services, environment};
use notify_smoke::history::History;
use notify_smoke::inbox::{Printed, read_gateway, read_line, read_mail};
use notify_smoke::journal::replay;
use notify_smoke::judge::{Context, judge};
use notify_smoke::model::{Event, Observation, StepKind};
use notify_smoke::port::RawPage;
use notify_smoke::redact::Vault;
use notify_smoke::render::{board::Board, json, junit, style::Style, text};
use notify_smoke::scenario::{runbook, scenario, service};
use notify_smoke::yaml::Source;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::replay::journals;
use crate::support::root;

/// Cases of each parser in a usual run.
const CASES: u32 = 400;
/// Edits of one input at most.
const EDITS_MAX: usize = 12;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tries damaged inputs until there were enough, or the time is over.
fn fuzz<S: Strategy>(strategy: &S, check: impl Fn(S::Value)) {
    let cases = number("NOTIFY_SMOKE_FUZZ_CASES").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(CASES);
    let until = number("NOTIFY_SMOKE_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    loop {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(strategy, |input| {
            check(input);
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
        if until.is_none_or(|until| Instant::now() >= until) {
            return;
        }
    }
}

/// A way to damage an input.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Cut(Index, u8),
    Repeat(Index, u8),
    Insert(Index, Vec<u8>),
    End(Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, length)| Edit::Cut(at, length)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (any::<Index>(), vec(any::<u8>(), 1..6)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), "[\\[\\]{}\"':,&*!|>%@`#0-9\\-\n ]{1,4}")
            .prop_map(|(at, text)| Edit::Insert(at, text.into_bytes())),
        any::<Index>().prop_map(Edit::End),
    ]
}

fn damage(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        if bytes.is_empty() {
            return bytes;
        }
        let length = bytes.len();
        let span = |at: &Index, count: u8| {
            let start = at.index(length);
            start..(start + usize::from(count)).min(length)
        };
        match edit {
            Edit::Set(at, byte) => bytes[at.index(length)] = *byte,
            Edit::Cut(at, count) => drop(bytes.drain(span(at, *count))),
            Edit::Repeat(at, count) => {
                let piece = bytes[span(at, *count)].to_vec();
                let place = at.index(length);
                bytes.splice(place..place, piece);
            }
            Edit::Insert(at, piece) => {
                let place = at.index(length);
                bytes.splice(place..place, piece.iter().copied());
            }
            Edit::End(at) => bytes.truncate(at.index(length)),
        }
    }
    bytes
}

/// One of these inputs, damaged.
fn damaged(inputs: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), vec(edit(), 0..EDITS_MAX))
        .prop_map(move |(which, edits)| damage(which.get(&inputs).clone(), &edits))
}

fn files(folder: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(root().join(folder)).expect(folder);
    entries.map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a file")).collect()
}

#[test]
fn yaml_files() {
    let inputs = [files("scenarios/us-notify"), files("environments")].concat();
    let known = std::fs::read_to_string(root().join("scenarios/us-notify/service.yaml")).expect("a file");
    let known = service("us-notify", &Source { name: "service.yaml".to_owned(), text: known }).expect("a service");
    let services: Services = [("us-notify".to_owned(), Some(known.windows.clone()))].into();
    fuzz(&damaged(inputs), |bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let source = Source { name: "x.yaml".to_owned(), text };
        let problems = [
            scenario("x", &source, &known).err(),
            service("x", &source).err(),
            runbook(&source, &[]).err(),
            environment("x", &source, &services).err(),
        ];
        for problem in problems.into_iter().flatten().flatten() {
            let said = problem.to_string();
            assert!(said.len() < 20_000 + source.text.len() * 3, "a sentence of {} bytes", said.len());
        }
    });
}

/// Aliases that would unfold into gigabytes are a problem, not a memory.
#[test]
fn yaml_that_unfolds_without_end_is_refused() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (before, name) in ('a'..'k').zip('b'..='k') {
        text.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(", ")));
    }
    let problems = runbook(&Source { name: "x.yaml".to_owned(), text }, &[]).expect_err("a problem");
    assert!(problems[0].what.starts_with("this is not YAML: "), "{}", problems[0]);
}

#[test]
fn journals_as_bytes() {
    let inputs = journals().into_iter().map(|(_, bytes)| bytes).filter(|bytes| bytes.len() < 200_000).collect();
    fuzz(&damaged(inputs), |bytes| {
        if let Ok(read) = replay(&bytes) {
            assert!(read.whole_bytes <= bytes.len() as u64);
            let _ = History::of(&read.events).map(|history| history.verdict());
        }
    });
}

/// Events of a good journal, with some taken out, doubled, exchanged or damaged: whatever the fold makes of them, every
/// report can be made.
#[test]
fn journals_as_events() {
    let journals: Vec<Vec<Event>> =
        journals().into_iter().map(|(_, bytes)| replay(&bytes).expect("a journal").events).collect();
    let lines: Vec<Vec<Vec<u8>>> = journals
        .iter()
        .map(|events| events.iter().map(|event| serde_json::to_vec(event).expect("JSON")).collect())
        .collect();
    let strategy = (
        any::<Index>(),
        vec((any::<Index>(), any::<Index>()), 0..6),
        vec(any::<Index>(), 0..6),
        vec((any::<Index>(), vec(edit(), 1..4)), 0..6),
    );
    fuzz(&strategy, |(which, exchanges, losses, damages)| {
        let number = which.index(journals.len());
        let mut events = journals[number].clone();
        for (at, edits) in damages {
            let place = at.index(events.len());
            if let Ok(event) = serde_json::from_slice(&damage(lines[number][place].clone(), &edits)) {
                events[place] = event;
            }
        }
        for (one, two) in exchanges {
            let (one, two) = (1 + one.index(events.len() - 1), 1 + two.index(events.len() - 1));
            events.swap(one, two);
        }
        for lost in losses {
            if events.len() > 2 {
                events.remove(1 + lost.index(events.len() - 1));
            }
        }
        let Ok(history) = History::of(&events) else { return };
        let style = Style { colour: true, width: Some(80) };
        let _ = style.report(&text::text(&history, "runs/x"));
        let _ = (json::json(&history), junit::junit(&history), Board::of(&history).lines(history.last.t, 80, style));
        for scenario in &history.plan.scenarios {
            let _ = diagnose(&history, scenario);
        }
    });
}

const MAIL: &[u8] =
    b"From: \"US Notify\" <n@b.gov>\r\nTo: <a@b.gov>, c@d.gov\r\nSubject: =?utf-8?q?Reset_=E2=80=A6?=\r\n\
    Message-ID: <m@ses>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    http://h/new-password/a%2E=\r\nb?next=3Dc\r\n--x\r\nContent-Type: text/html; charset=iso-8859-1\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nPGEgaHJlZj0iaHR0cDovL2gvIj54PC9hPg==\r\n--x--\r\n";

#[test]
fn mails() {
    let plan = crate::support::reset_plan(1_000, &[]);
    fuzz(&damaged(vec![MAIL.to_vec(), b"Subject: x\r\n\r\nhttp://h/new-password/abc.def.ghi\r\n".to_vec()]), |raw| {
        let Some(mail) = read_mail("id", &raw, None) else { return };
        let mut vault = Vault::new(plan.links.clone(), plan.code_length)
            .knowing(plan.senders_and_recipients(), plan.awaited_texts());
        let observation = Observation::Messages { messages: vec![vault.message(mail, "abc")], unreadable: Vec::new() };
        judged(&plan, &observation);
    });
}

const LINE: &str = "{\"id\":\"a\",\"kind\":\"email\",\"to\":\"a@b.gov\",\"from\":\"n@b.gov\",\"subject\":\"S\",\"body\":\"text\",\
    \"html\":\"<p>\",\"arrived_at\":\"2026-11-22T00:00:00Z\",\"provider_id\":\"m\"}";

#[test]
fn lines_of_mailbox_programs() {
    let inputs = vec![LINE.into(), b"{\"kind\":\"alive\",\"detail\":\"12 messages\"}".to_vec()];
    fuzz(&damaged(inputs), |bytes| match read_line(&String::from_utf8_lossy(&bytes)) {
        Ok(Printed::Unreadable(id, _)) => assert!(!id.is_empty()),
        Ok(Printed::Message(message)) => assert!(!message.id.is_empty() && message.arrived_at.is_some()),
        Ok(Printed::Alive(_) | Printed::Nothing) => {}
        Err(why) => assert!(why.len() < 300, "{why}"),
    });
}

const GATEWAY: &str = "{\"messages\":[{\"sid\":\"SM1\",\"from\":\"+1\",\"to\":\"+2\",\"body\":\"123456 is your code\",\
    \"direction\":\"inbound\",\"date_sent\":\"Sun, 22 Nov 2026 00:00:00 +0000\",\"date_created\":null}],\"next_page_uri\":null}";

#[test]
fn answers_of_the_gateway() {
    fuzz(&damaged(vec![GATEWAY.into()]), |bytes| {
        if let Some((messages, _)) = read_gateway(&bytes) {
            assert!(messages.len() <= bytes.len());
        }
    });
}

const PAGE: &str = "{\"url\":\"http://notify.test/forgot-password?next=/x\",\"title\":\"T\",\"headings\":[\"Forgot your password?\"],\
    \"errors\":[],\"controls\":[{\"label\":\"Email address\",\"kind\":\"email\",\"checked\":false,\"value\":\"\"}],\
    \"buttons\":[\"Send email\"],\"links\":[{\"text\":\"a\",\"href\":\"http://notify.test/new-password/a.b.c\"}],\
    \"tables\":[[[\"a\",\"b\"],[\"c\",\"d\"]]],\"text\":\"Forgot your password?\",\"status\":200}";

#[test]
fn snapshots_of_pages() {
    let plan = crate::support::reset_plan(1_000, &[]);
    fuzz(&damaged(vec![PAGE.into()]), |bytes| {
        let Ok(page) = serde_json::from_slice::<RawPage>(&bytes) else { return };
        let mut vault = Vault::new(plan.links.clone(), plan.code_length)
            .knowing(plan.senders_and_recipients(), plan.awaited_texts());
        vault.keep("user.password", "correct horse");
        judged(&plan, &Observation::Page(Box::new(vault.page(page))));
    });
}

/// Every expectation of the plan against one look.
fn judged(plan: &notify_smoke::model::Plan, observation: &Observation) {
    let now = "2026-11-22T00:00:00Z".parse().expect("a time");
    for step in &plan.steps {
        let StepKind::Expect { expect, capture, .. } = &step.kind else { continue };
        let context = Context {
            eye_ahead_ms: Some(0),
            capture: capture.as_ref().map(|capture| &capture.of),
            ..crate::support::context(plan, "abc", now)
        };
        let _ = judge(expect, observation, &context);
    }
}
