//! The pages of the service in memory, and a browser that shows them.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use notify_sandbox::{Effect, Site};
use notify_smoke::model::{Acted, Dialog, DialogKind, FailureKind, Lane, MessageKind, PortFailure};
use notify_smoke::port::{Browser, Jar, MaskedPng, RawAct, RawControl, RawLink, RawPage, Session};
use tokio::time::{Instant, sleep};

use super::rim::{Trouble, World};
use super::service::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Blank,
    Forgot,
    CheckEmail,
    NewPassword,
    SignIn,
    Phone,
    /// The same with a code that was refused.
    PhoneAgain,
    Resend,
    Dashboard,
    Templates,
    Template,
    OneOff,
    Upload,
    Preview,
    Job,
    SignedOut,
    Refused,
    Error,
    NotFound,
    /// The router's own answer, with its status.
    Gateway(u16),
    Challenge,
}

impl At {
    /// The first piece of the path.
    fn segment(self) -> &'static str {
        match self {
            Self::Forgot | Self::CheckEmail => "forgot-password",
            Self::NewPassword => "new-password",
            Self::SignIn | Self::SignedOut | Self::Refused => "sign-in",
            Self::Phone | Self::PhoneAgain => "two-factor-sms",
            Self::Resend => "text-not-received",
            _ => "services",
        }
    }

    fn path(self) -> String {
        let rest = match self {
            Self::Templates => "/x/templates",
            Self::Template => "/x/templates/t",
            Self::OneOff => "/x/send/t/one-off/step-0",
            Self::Upload => "/x/send/t/csv",
            Self::Preview => "/x/t/check/u",
            Self::Job => "/x/jobs/1",
            Self::Dashboard => "/x",
            _ => "",
        };
        format!("/{}{rest}", self.segment())
    }

    /// The template's own page and the form for its list lie in the admin app's cache.
    fn needs_api(self) -> bool {
        !matches!(
            self,
            Self::Forgot
                | Self::SignIn
                | Self::Phone
                | Self::PhoneAgain
                | Self::Resend
                | Self::CheckEmail
                | Self::Template
                | Self::Upload
        )
    }

    fn needs_session(self) -> bool {
        self.segment() == "services"
    }
}

pub struct SimBrowser(pub World);

pub struct SimSession {
    world: World,
    at: At,
    url: String,
    typed: Vec<(String, String)>,
    /// What the template that was opened sends.
    kind: MessageKind,
    csv: String,
    file: String,
    slot: Option<Timestamp>,
    /// The number of the job whose page was opened.
    job: usize,
    /// The page that a slow request will bring, and when.
    coming: Option<(Instant, At)>,
    /// How long the service took for the page that is shown.
    took: Duration,
    dialogs: Vec<Dialog>,
}

fn dialog(kind: DialogKind, text: &str) -> Dialog {
    Dialog { kind, text: text.to_owned() }
}

fn failure(kind: FailureKind, text: &str) -> PortFailure {
    PortFailure::new(kind, text)
}

#[async_trait]
impl Browser for SimBrowser {
    async fn open(&self, _lane: Lane, _jar: Option<&Jar>) -> Result<Box<dyn Session>, PortFailure> {
        self.0.looked("browser");
        sleep(Duration::from_millis(300)).await;
        let world = self.0.clone();
        Ok(Box::new(SimSession {
            world,
            at: At::Blank,
            url: "about:blank".to_owned(),
            typed: Vec::new(),
            kind: MessageKind::Email,
            csv: String::new(),
            file: String::new(),
            slot: None,
            job: 0,
            coming: None,
            took: Duration::ZERO,
            dialogs: Vec::new(),
        }))
    }
}

/// What stands between browser and page: what is shown instead of it, if something is, and after how long.
fn asked(state: &mut State, path: &str) -> (Option<At>, Duration) {
    let attempt = state.attempt();
    let mut delay = Duration::ZERO;
    for effect in state.effects(Site::Edge, &attempt, path) {
        match effect {
            Effect::Status(status) => return (Some(At::Gateway(status)), delay),
            Effect::Challenge => return (Some(At::Challenge), delay),
            _ => {}
        }
    }
    let mut instead = None;
    for effect in state.effects(Site::Admin, &attempt, path) {
        match effect {
            Effect::Status(_) => instead = Some(At::Error),
            Effect::Slow(by) => delay = by,
            _ => {}
        }
    }
    (instead, delay)
}

impl SimSession {
    /// Opens a page; whatever stands in its way is shown instead.
    async fn get(&mut self, at: At, url: String) {
        let (shown, delay, script) = {
            let mut state = self.world.state.lock().expect("the service");
            let (instead, mut delay) = asked(&mut state, &at.path());
            // Its script is asked for too; the browser's own timing of the page does not count it.
            let script = asked(&mut state, "/static/javascripts/all.js").1;
            let api = state.api();
            if at.needs_api() {
                // Some pages ask more than once: who it is, and what is to be shown.
                delay += api.delay * if at.needs_session() || at == At::NewPassword { 2 } else { 1 };
            }
            let shown = instead.unwrap_or_else(|| {
                if at.needs_api() && api.down {
                    At::Error
                } else if at.needs_session() && (state.thrown_out || !state.signed_in) {
                    At::SignedOut
                } else if at.needs_api() && api.unknown {
                    At::NotFound
                } else {
                    at
                }
            });
            state.dashboard |= shown == At::Dashboard;
            (shown, delay, script)
        };
        sleep(delay + script).await;
        self.took += delay;
        (self.at, self.url) = (shown, url);
    }

    /// What a form's request is answered with instead of being taken, if it is, and after how long.
    fn answer(&self, path: &str) -> (Option<At>, Duration) {
        let mut state = self.world.state.lock().expect("the service");
        let (instead, delay) = asked(&mut state, path);
        let api = state.api();
        let calls = if path == "/sign-in" { 2 } else { 1 };
        (instead.or(api.down.then_some(At::Error)), delay + api.delay * calls)
    }

    /// Sends a form of a page; whether it got through.
    async fn post(&mut self, path: &str) -> bool {
        let (instead, delay) = self.answer(path);
        sleep(delay).await;
        self.took += delay;
        if let Some(instead) = instead {
            self.at = instead;
        }
        instead.is_none()
    }

    async fn goes_to(&mut self, at: At) {
        self.get(at, format!("http://notify.test{}", at.path())).await;
    }

    async fn visit(&mut self, url: &str) {
        self.job = url.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(self.job);
        let at = match url {
            _ if url.contains("/forgot-password") => At::Forgot,
            _ if url.contains("/new-password/") => At::NewPassword,
            _ if url.contains("/jobs/") => At::Job,
            _ if url.contains("/accounts-or-dashboard") => At::Dashboard,
            _ => At::SignIn,
        };
        self.get(at, url.to_owned()).await;
    }

    async fn follow(&mut self, text: &str) -> bool {
        let to = match (self.at, text) {
            (At::Dashboard, "Send messages") => At::Templates,
            (At::Templates, "Smoke" | "Smoke text") => {
                self.kind = if text == "Smoke" { MessageKind::Email } else { MessageKind::Sms };
                At::Template
            }
            (At::Template, _) => At::OneOff,
            (At::OneOff, _) => At::Upload,
            (At::Phone | At::PhoneAgain, "Not received a text message?") => At::Resend,
            (At::Resend, _) => {
                self.world.state.lock().expect("the service").code();
                At::Phone
            }
            _ => return false,
        };
        self.goes_to(to).await;
        true
    }

    async fn press(&mut self) -> bool {
        let path = self.at.path();
        if self.world.state.lock().expect("the service").effects(Site::Admin, "", &path).contains(&Effect::Confirm) {
            self.dialogs = vec![dialog(DialogKind::Confirm, "Shall it be sent now?")];
            return true;
        }
        match self.at {
            At::Forgot => {
                let next = self.url.split("next=").nth(1).unwrap_or_default();
                let next = next.replace("%3F", "?").replace("%3D", "=");
                let (instead, delay) = self.answer("/forgot-password");
                let here = Instant::now() + delay;
                let mut instead = instead;
                if instead.is_none() {
                    let mut state = self.world.state.lock().expect("the service");
                    if state.broker_is_away() {
                        instead = Some(At::Error);
                    } else if !state.api().unknown {
                        state.reset(&next, here);
                    }
                }
                self.coming = Some((here, instead.unwrap_or(At::CheckEmail)));
                self.took += delay;
                // A driver may call a press done before its request has left the browser.
                if self.world.chance(2) == 0 {
                    sleep(delay).await;
                }
            }
            At::SignIn => {
                if self.post("/sign-in").await {
                    let next = self.asks_for_a_code();
                    if next == At::Phone { self.goes_to(next).await } else { self.at = next }
                }
            }
            At::Phone | At::PhoneAgain => {
                if self.post("/two-factor-sms").await {
                    if self.type_code() {
                        self.goes_to(At::Dashboard).await;
                    } else {
                        self.at = At::PhoneAgain;
                    }
                }
            }
            At::Preview => {
                if self.post("/services/x/start-job/u").await {
                    let Some(job) = self.starts_a_job() else {
                        self.at = At::Error;
                        return true;
                    };
                    self.visit(&format!("http://notify.test/services/x/jobs/{job}")).await;
                }
            }
            _ => return false,
        }
        true
    }

    /// The password was given; the page that follows.
    fn asks_for_a_code(&self) -> At {
        let mut state = self.world.state.lock().expect("the service");
        if state.api().unknown {
            return At::Refused;
        }
        if state.broker_is_away() {
            return At::Error;
        }
        state.code();
        At::Phone
    }

    /// The number of the job that was made, if it was.
    fn starts_a_job(&self) -> Option<usize> {
        let mut state = self.world.state.lock().expect("the service");
        let mut slot = self.slot;
        if state.has(Site::Admin, &Effect::SendsNow) {
            slot = None;
        } else if state.has(Site::Admin, &Effect::OtherTime) {
            let later = jiff::SignedDuration::from_millis(i64::try_from(state.pace.slot_ms).expect("small"));
            slot = slot.map(|slot| slot + later);
        }
        let unreadable = state.effects(Site::S3, "", "start-job").contains(&Effect::Down);
        if unreadable || (slot.is_none() && state.broker_is_away()) {
            return None;
        }
        state.make_job(self.kind, slot, self.file.clone());
        Some(state.jobs.len())
    }

    /// Whether it was taken.
    fn type_code(&self) -> bool {
        let typed = self.typed.last().map(|(_, code)| code.clone()).unwrap_or_default();
        let mut state = self.world.state.lock().expect("the service");
        assert!(state.messages.iter().any(|text| text.text.starts_with(&typed)), "a code was typed that nobody sent");
        if !state.live_codes.contains(&typed) {
            state.truth.refused_codes += 1;
            return false;
        }
        state.truth.sign_ins += 1;
        state.signed_in = !state.has(Site::SignIn, &Effect::Loop);
        true
    }

    /// A list is chosen; without its script the page does nothing.
    async fn attach(&mut self, name: &str, csv: &str) {
        let (scripted, broken) = {
            let mut state = self.world.state.lock().expect("the service");
            let scripted = !state.has(Site::Admin, &Effect::NoScript);
            state.truth.uploads += u32::from(scripted);
            (scripted, state.effects(Site::S3, "", "upload").contains(&Effect::Down))
        };
        if !scripted {
            return;
        }
        (self.csv, self.file, self.slot) = (csv.to_owned(), name.to_owned(), None);
        if self.post("/services/x/send/t/csv").await {
            if broken {
                self.at = At::Error;
            } else {
                self.goes_to(At::Preview).await;
            }
        }
    }

    fn schedule(&mut self, not_before: Timestamp) {
        if self.world.state.lock().expect("the service").has(Site::Admin, &Effect::NowChecked) {
            return;
        }
        let slot_ms = i64::try_from(self.world.state.lock().expect("the service").pace.slot_ms).expect("small");
        let slots = not_before.as_millisecond().div_euclid(slot_ms) + 1;
        self.slot = Timestamp::from_millisecond(slots * slot_ms).ok();
    }

    /// Does it; whether the page let it be done.
    async fn perform(&mut self, act: &RawAct) -> bool {
        self.dialogs.clear();
        match act {
            RawAct::Visit(url) => self.visit(url).await,
            RawAct::Fill(fields) => self.typed.clone_from(fields),
            RawAct::Press(_) => return self.press().await,
            RawAct::Follow(text) => return self.follow(text).await,
            RawAct::Attach { csv, name, .. } => self.attach(name, csv).await,
            RawAct::Schedule { not_before, .. } => self.schedule(*not_before),
        }
        true
    }

    fn page(&self) -> RawPage {
        let mut state = self.world.state.lock().expect("the service");
        state.thrown_out |= state.signed_in && self.world.somebody_else_signs_in();
        let took_ms = u64::try_from(self.took.as_millis()).expect("short") + 15;
        let mut page = RawPage { url: self.url.clone(), status: 200, took_ms, ..RawPage::default() };
        page.dialogs.clone_from(&self.dialogs);
        let beside = state.effects(Site::Admin, "", &self.at.path());
        if beside.contains(&Effect::Alert) {
            page.dialogs.push(dialog(DialogKind::Alert, "You will be signed out soon"));
        }
        if beside.contains(&Effect::Banner) {
            page.errors.push("Planned work on Sunday Texts may come late before noon.".to_owned());
        }
        show(self.at, &mut page);
        if self.kind == MessageKind::Sms {
            for word in page
                .headings
                .iter_mut()
                .chain(&mut page.buttons)
                .chain(page.links.iter_mut().map(|link| &mut link.text))
            {
                *word = in_texts(word);
            }
        }
        match self.at {
            At::SignIn if state.has(Site::SignIn, &Effect::OtherWay) => {
                page.controls.clear();
                page.buttons.clear();
                page.links = vec![RawLink { text: "Sign in with Login.gov".to_owned(), href: String::new() }];
            }
            At::Blank => page.status = 0,
            At::Preview => {
                page.tables = vec![self.csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()];
                let value = self.slot.map(|slot| slot.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
                page.sends = [("scheduled_for".to_owned(), value.clone())].into();
                let kind = "radio".to_owned();
                page.controls =
                    vec![RawControl { label: "a time".to_owned(), kind, checked: true, value: Some(value) }];
            }
            At::Template if state.has(Site::Template, &Effect::Edited) => {
                page.text = "Row ((row)) of ((run)), edited.".to_owned();
            }
            At::Job => show_job(&state, self.job, &mut page),
            At::SignedOut if state.thrown_out => {
                page.text = "We signed you out because you logged in to Notify on another device.".to_owned();
            }
            At::PhoneAgain => page.text = "Code not found".to_owned(),
            At::Refused => page.text = "The email address or password you entered is incorrect.".to_owned(),
            At::SignedOut => {
                page.text = "We signed you out because you have not used Notify for a while.".to_owned();
            }
            _ => {}
        }
        page
    }
}

/// The words of the pages for mails, as those for texts have them.
fn in_texts(word: &str) -> String {
    match word {
        "Preview of Smoke" => "Preview of Smoke text".to_owned(),
        "Send 2 emails" => "Send 2 text messages".to_owned(),
        word => word.replace("email addresses", "phone numbers"),
    }
}

/// What a page looks like, whoever asks.
fn show(at: At, page: &mut RawPage) {
    let control =
        |label: &str| RawControl { label: label.to_owned(), kind: "text".to_owned(), ..RawControl::default() };
    let (heading, field, button) = match at {
        At::Blank | At::Job | At::Templates | At::OneOff | At::Gateway(_) => ("", "", ""),
        At::Forgot => ("Forgot your password?", "Email address", "Send email"),
        At::CheckEmail => ("Check your email", "", ""),
        At::NewPassword => ("Create a new password", "Password", "Continue"),
        At::SignIn | At::Refused => ("Sign in", "Password", "Continue"),
        At::Phone | At::PhoneAgain => ("Check your phone", "", ""),
        At::Resend => ("Resend security code", "", ""),
        At::Dashboard => ("Dashboard", "", ""),
        At::Template => ("Review your message", "", ""),
        At::Upload => ("Upload a list of email addresses", "", ""),
        At::Preview => ("Preview of Smoke", "", "Send 2 emails"),
        At::SignedOut => ("You need to sign in again", "", ""),
        At::Error => ("Sorry, there’s a problem with Notify.gov", "", ""),
        At::NotFound => ("Page not found", "", ""),
        At::Challenge => ("Checking that you are human", "", ""),
    };
    page.headings = (!heading.is_empty()).then(|| heading.to_owned()).into_iter().collect();
    page.controls = (!field.is_empty()).then(|| control(field)).into_iter().collect();
    page.buttons = (!button.is_empty()).then(|| button.to_owned()).into_iter().collect();
    match at {
        At::Templates => {
            let link = |text: &str| RawLink { text: text.to_owned(), href: String::new() };
            page.links = vec![link("Smoke"), link("Smoke text")];
        }
        At::Template => page.text = "Row ((row)) of ((run)).".to_owned(),
        At::OneOff => {
            page.links = vec![RawLink { text: "Upload a list of email addresses".to_owned(), href: String::new() }];
        }
        At::Error => page.status = 500,
        At::NotFound => page.status = 404,
        At::Challenge => page.status = 403,
        At::Gateway(status) => page.status = status,
        _ => {}
    }
}

/// The page of the job of this number, counted from 1.
fn show_job(state: &State, number: usize, page: &mut RawPage) {
    let now = Instant::now();
    let job = number.checked_sub(1).and_then(|index| state.jobs.get(index));
    let Some(job) = job.filter(|_| state.cancelled_at.is_none_or(|at| at > now)) else {
        return show(At::NotFound, page);
    };
    page.headings = vec![job.file.clone()];
    let begun = job.slot.is_none() || job.picked.is_some_and(|picked| picked <= now);
    let made: Vec<_> = job.rows.iter().filter(|row| row.made <= now).collect();
    let words = job.slot.map(|slot| slot.strftime("at %H:%M:%S UTC").to_string()).unwrap_or_default();
    if !begun {
        page.buttons = vec!["Cancel sending".to_owned()];
        let words = words.replace(":00 UTC", " UTC");
        page.text = format!("Sending Smoke today {words}");
        return;
    }
    let word = |told: Option<(Instant, &'static str)>| {
        told.filter(|(at, _)| *at <= now).map_or("Sending", |(_, word)| word).to_owned()
    };
    let rows = made.iter().map(|row| vec!["a recipient".to_owned(), word(row.told)]);
    let is_finished = job.finished.is_some_and(|at| at <= now);
    page.text = if is_finished && made.len() > 1 {
        "2 total. Download this report".to_owned()
    } else {
        let noun = if is_finished && made.is_empty() { "" } else { "\nemails" };
        let counts = format!("2 total\nemails\n{} pending{noun}\n{} delivered", 2, 0);
        format!("{counts}\nemails\nReport is {}% complete…", made.len() * 49)
    };
    let head = vec!["Recipient".to_owned(), "Status".to_owned()];
    page.tables = vec![std::iter::once(head).chain(rows).collect()];
}

#[async_trait]
impl Session for SimSession {
    fn describe(&self) -> String {
        "a simulated browser".to_owned()
    }

    async fn act(&mut self, act: &RawAct) -> Acted {
        let once = matches!(act, RawAct::Press(_) | RawAct::Follow(_) | RawAct::Attach { .. });
        let lost = self.world.is_lost_in_act(once);
        let pause = Duration::from_millis(20 + self.world.chance(150));
        sleep(pause).await;
        if lost == Some(false) {
            return Acted::Unknown { why: failure(FailureKind::Harness, "the driver is gone") };
        }
        self.coming = None;
        if !matches!(act, RawAct::Fill(_) | RawAct::Schedule { .. }) {
            self.took = Duration::ZERO;
        }
        let done = self.perform(act).await;
        sleep(pause).await;
        self.world.may_stop().await;
        if lost == Some(true) {
            return Acted::Unknown { why: failure(FailureKind::Harness, "the driver is gone") };
        }
        if done {
            Acted::Done
        } else {
            Acted::NotDone { why: failure(FailureKind::Missing, "the page has no such thing") }
        }
    }

    async fn look(&mut self) -> Result<RawPage, PortFailure> {
        self.world.looked("page");
        sleep(Duration::from_millis(10)).await;
        if let Some((_, at)) = self.coming.take_if(|(here, _)| *here <= Instant::now()) {
            self.at = at;
        }
        let lost = matches!(self.world.trouble(), Trouble::LostInLook { one_in } if self.world.chance(one_in) == 0);
        let page = self.page();
        self.world.may_stop().await;
        if lost { Err(failure(FailureKind::Harness, "the driver is gone")) } else { Ok(page) }
    }

    async fn screenshot(&mut self) -> Option<MaskedPng> {
        None
    }

    async fn jar(&mut self) -> Option<Jar> {
        Some(Jar(Vec::new()))
    }

    async fn close(self: Box<Self>) {}
}
