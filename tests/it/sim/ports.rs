//! The ports of the simulated world.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use notify_smoke::model::{Acted, FailureKind, Health, Lane, MessageKind, PartHealth, PortFailure};
use notify_smoke::port::{
    Browser, Clock, Inbox, Jar, Mark, MaskedPng, Probe, RawAct, RawControl, RawMessage, RawPage, Session, Sighting,
    Store, Which,
};
use tokio::time::{Instant, sleep};

use super::rim::in_html;
use super::world::{Fault, Mail, Trouble, World, wall};

fn failure(kind: FailureKind, text: &str) -> PortFailure {
    PortFailure::new(kind, text)
}

pub struct SimClock {
    started: Instant,
    born: Instant,
}

impl SimClock {
    /// The clock of a process that starts now; all processes of a world tell the same wall time.
    pub fn start(world: &World) -> Self {
        Self { started: Instant::now(), born: world.0.lock().expect("the world").born }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        wall(self.born, Instant::now())
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).expect("short")
    }

    fn starved_ms(&self) -> Option<u64> {
        None
    }

    fn held_ms(&self) -> u64 {
        0
    }
}

pub struct MemoryStore {
    pub bytes: Arc<Mutex<Vec<u8>>>,
    pub world: World,
}

impl Store for MemoryStore {
    fn append(&mut self, line: &[u8], _sync: bool) -> std::io::Result<()> {
        let dies = self.world.dies_now();
        let mut bytes = self.bytes.lock().expect("bytes");
        match dies {
            None => {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
                Ok(())
            }
            // The line is on the disk, or half of it is; nobody reacts to it any more.
            Some(true) => {
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
                Err(std::io::ErrorKind::Other.into())
            }
            Some(false) => {
                bytes.extend_from_slice(&line[..line.len() / 2]);
                Err(std::io::ErrorKind::Other.into())
            }
        }
    }

    fn keep(&mut self, _name: &str, _bytes: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

pub struct SimBrowser(pub World);

#[async_trait]
impl Browser for SimBrowser {
    async fn open(&self, _lane: Lane, _jar: Option<&Jar>) -> Result<Box<dyn Session>, PortFailure> {
        sleep(Duration::from_millis(300)).await;
        if self.0.0.lock().expect("the world").trouble == Trouble::BrowserNeverStarts {
            return Err(failure(FailureKind::Harness, "the browser does not start"));
        }
        Ok(Box::new(SimSession { world: self.0.clone(), page: Page::Blank, filled: false, url: String::new() }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    Blank,
    Form,
    Answer,
    NewPassword,
    Error,
    NotFound,
}

struct SimSession {
    world: World,
    page: Page,
    filled: bool,
    url: String,
}

impl SimSession {
    async fn visit(&mut self, url: &str) -> Acted {
        sleep(Duration::from_millis(30)).await;
        let state = self.world.0.lock().expect("the world");
        if state.fault == Fault::Unreachable {
            return Acted::NotDone { why: failure(FailureKind::Unreachable, "refused") };
        }
        self.url = url.to_owned();
        self.filled = false;
        let known = state.mails.iter().any(|mail| mail.link == url);
        self.page = match state.fault {
            Fault::FormError if url.contains("/forgot-password") => Page::Error,
            Fault::LinkPageError if url.contains("/new-password") => Page::Error,
            _ if url.contains("/forgot-password") => Page::Form,
            _ if known => Page::NewPassword,
            _ => Page::NotFound,
        };
        Acted::Done
    }

    async fn press(&mut self) -> Acted {
        let (trouble, fault, before, after) = {
            let mut state = self.world.0.lock().expect("the world");
            let (before, after) = (state.chance.below(100), state.chance.below(200));
            (state.trouble, state.fault, before, after)
        };
        if self.page != Page::Form || !self.filled {
            return Acted::NotDone { why: failure(FailureKind::Missing, "no such button") };
        }
        sleep(Duration::from_millis(before)).await;
        if trouble == (Trouble::LostInPress { done: false }) {
            return Acted::Unknown { why: failure(FailureKind::Harness, "the driver is gone") };
        }
        let next = self.url.split("next=").nth(1).unwrap_or_default().replace("%3F", "?").replace("%3D", "=");
        self.world.0.lock().expect("the world").press(&next);
        sleep(Duration::from_millis(after)).await;
        if trouble == (Trouble::LostInPress { done: true }) {
            return Acted::Unknown { why: failure(FailureKind::Harness, "the driver is gone") };
        }
        if fault == Fault::Hangs {
            sleep(Duration::from_secs(30)).await;
            return Acted::Unknown { why: failure(FailureKind::PageTimeout, "the page does not come") };
        }
        self.page = if fault == Fault::PressError { Page::Error } else { Page::Answer };
        Acted::Done
    }
}

#[async_trait]
impl Session for SimSession {
    fn describe(&self) -> String {
        "a simulated browser".to_owned()
    }

    async fn act(&mut self, act: &RawAct) -> Acted {
        match act {
            RawAct::Visit(url) => self.visit(url).await,
            RawAct::Fill(_) => {
                self.filled = self.page == Page::Form;
                Acted::Done
            }
            RawAct::Press(_) => self.press().await,
            RawAct::Follow(_) | RawAct::Attach { .. } | RawAct::Schedule { .. } => {
                Acted::NotDone { why: failure(FailureKind::Missing, "nothing of the kind is here") }
            }
        }
    }

    async fn look(&mut self) -> Result<RawPage, PortFailure> {
        sleep(Duration::from_millis(10)).await;
        let mut state = self.world.0.lock().expect("the world");
        if state.trouble == Trouble::LostInLook && state.chance.one_in(3) {
            return Err(failure(FailureKind::Harness, "the driver is gone"));
        }
        let (heading, field, button) = match self.page {
            Page::Blank => ("", "", ""),
            Page::Form => ("Forgot your password?", "Email address", "Send email"),
            Page::Answer => ("Check your email", "", ""),
            Page::NewPassword => ("Create a new password", "Password", "Continue"),
            Page::Error => ("Sorry, there’s a problem with Notify.gov", "", ""),
            Page::NotFound => ("Page not found", "", ""),
        };
        match self.page {
            Page::Form => state.truth.form_shown = true,
            Page::Answer => state.truth.answer_shown = true,
            Page::NewPassword => state.truth.link_page_shown = true,
            Page::Blank | Page::Error | Page::NotFound => {}
        }
        Ok(RawPage {
            url: if self.page == Page::Blank { "about:blank".to_owned() } else { self.url.clone() },
            headings: vec![heading.to_owned()],
            controls: vec![RawControl { label: field.to_owned(), kind: "text".to_owned(), ..RawControl::default() }],
            buttons: vec![button.to_owned()],
            ..RawPage::default()
        })
    }

    async fn screenshot(&mut self) -> Option<MaskedPng> {
        None
    }

    async fn jar(&mut self) -> Option<Jar> {
        None
    }

    async fn close(self: Box<Self>) {}
}

pub struct SimInbox(pub World);

impl SimInbox {
    async fn mails(&self) -> Result<Vec<(Mail, Timestamp)>, PortFailure> {
        sleep(Duration::from_millis(20)).await;
        let state = self.0.0.lock().expect("the world");
        let now = Instant::now();
        if state.trouble == Trouble::MailboxNotAlive {
            // The wrong folder: it answers, and nothing ever comes.
            return Ok(Vec::new());
        }
        if let Trouble::MailboxFails { from_ms, for_ms } = state.trouble {
            let age = u64::try_from((now - state.born).as_millis()).expect("short");
            if age >= from_ms && age < from_ms + for_ms {
                return Err(failure(FailureKind::Mailbox, "the mailbox does not answer"));
            }
        }
        Ok(state.mails.iter().filter(|mail| mail.at <= now).map(|mail| (mail.clone(), state.wall(mail.at))).collect())
    }
}

#[async_trait]
impl Inbox for SimInbox {
    async fn mark(&self) -> Result<Mark, PortFailure> {
        let ids: Vec<String> = self.mails().await?.into_iter().map(|(mail, _)| mail.id).collect();
        let blind = self.0.0.lock().expect("the world").trouble == Trouble::MailboxNotAlive;
        Ok(Mark { alive: (!blind).then(|| format!("{} mails", ids.len())), ids, clock_offset_ms: None })
    }

    async fn look(&self, which: Which<'_>) -> Result<Sighting, PortFailure> {
        let mails = self.mails().await?.into_iter().filter(|(mail, _)| which.wants(&mail.id));
        let read: Vec<RawMessage> = mails
            .map(|(mail, at)| RawMessage {
                id: mail.id,
                provider_id: mail.provider_id,
                kind: MessageKind::Email,
                to: vec![mail.to],
                from: mail.from,
                subject: "Reset your U.S. Notify password".to_owned(),
                text: format!("Hi\n\n{}\n", mail.link),
                html: Some(in_html(&format!("Hi\n{}", mail.link))),
                inside: Vec::new(),
                failed_checks: Vec::new(),
                // Whole seconds, as a bucket has them.
                arrived_at: Timestamp::from_second(at.as_second()).ok(),
            })
            .collect();
        Ok(read.into())
    }
}

pub struct SimProbe(pub World);

#[async_trait]
impl Probe for SimProbe {
    async fn look(&self) -> Result<Health, PortFailure> {
        sleep(Duration::from_millis(10)).await;
        let state = self.0.0.lock().expect("the world");
        if state.fault == Fault::Unreachable {
            return Err(failure(FailureKind::Unreachable, "refused"));
        }
        let deployed = state.trouble == Trouble::DeployedMeanwhile && state.pressed_at.is_some();
        let version = if deployed { "2" } else { "1" };
        let part = |ok| PartHealth { ok, version: version.to_owned() };
        Ok(Health {
            admin: part(true),
            api: part(state.fault != Fault::ApiUnwell),
            clock_offset_ms: Some(0),
            clock_error_ms: 1,
            date: None,
            refused: state.trouble == Trouble::DoorShut,
        })
    }
}
