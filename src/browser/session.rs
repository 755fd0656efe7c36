//! One session: act once, look with one script, end for good.

use std::time::Duration;

use async_trait::async_trait;
use fantoccini::Client;
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::wd::WindowHandle;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::launch::one_line;
use crate::model::{Acted, FailureKind, PortFailure};
use crate::port::{Jar, MaskedPng, RawAct, RawCookie, RawPage, Session};
use crate::process::Kept;

/// A little longer than `WebDriver`'s own limits: when it passes, the driver itself hangs.
const COMMAND_LONGEST: Duration = Duration::from_secs(35);
const CLOSE_LONGEST: Duration = Duration::from_secs(2);

const SNAPSHOT: &str = include_str!("snapshot.js");
const FIND: &str = include_str!("find.js");
const MASK: &str = include_str!("mask.js");
const TIME: &str = include_str!("time.js");
/// Clicks on the way to a time: a few days are opened and left again.
const TIME_CLICKS_MAX: usize = 16;

pub(super) struct ChromiumSession {
    client: Client,
    driver: Option<Kept>,
    versions: String,
    /// The service's own host.
    host: Option<String>,
    /// The tabs that were there before the last press.
    tabs: Option<Vec<WindowHandle>>,
}

impl ChromiumSession {
    pub(super) fn new(client: Client, driver: Option<Kept>, versions: String, base_url: &str) -> Self {
        let host = url::Url::parse(base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Self { client, driver, versions, host, tabs: None }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Remembers which tabs there are before something is pressed or followed.
    async fn note_tabs(&mut self) {
        self.tabs = bounded(self.client.windows()).await.ok();
    }

    /// What was pressed or followed may open the service's page in a tab of its own; a person goes on there. A window of
    /// somebody else's (a survey, a chat) is left alone.
    async fn follow_new_tab(&mut self) -> Result<(), PortFailure> {
        let Some(known) = &mut self.tabs else { return Ok(()) };
        let tabs = bounded(self.client.windows()).await.map_err(|error| error.failure())?;
        let Some(new) = tabs.into_iter().find(|tab| !known.contains(tab)) else { return Ok(()) };
        let old = bounded(self.client.window()).await.map_err(|error| error.failure())?;
        bounded(self.client.switch_to_window(new.clone())).await.map_err(|error| error.failure())?;
        let address = bounded(self.client.current_url()).await.map_err(|error| error.failure())?;
        // One that is still blank is looked at again.
        if address.host_str().is_some() {
            known.push(new);
            if address.host_str() == self.host.as_deref() {
                return Ok(());
            }
        }
        bounded(self.client.switch_to_window(old)).await.map_err(|error| error.failure())
    }

    /// The one element with this label or text.
    async fn element(&self, kind: &str, name: &str) -> Result<Element, PortFailure> {
        let found = bounded(self.client.execute(FIND, vec![json!(kind), json!(name)]))
            .await
            .map_err(|error| error.failure())?;
        if found.is_null() {
            return Err(PortFailure::new(FailureKind::Missing, format!("the page has no {kind} “{name}”")));
        }
        self.element_of(&found)
    }

    fn element_of(&self, found: &Value) -> Result<Element, PortFailure> {
        let reference = reference(found).ok_or_else(|| harness("the driver answers with no element"))?;
        Ok(Element::from_element_id(self.client.clone(), reference.to_owned().into()))
    }

    /// The one field with this label, and whether something is in it.
    async fn field(&self, label: &str) -> Result<(Element, bool), PortFailure> {
        let found = bounded(self.client.execute(FIND, vec![json!("field"), json!(label)]))
            .await
            .map_err(|error| error.failure())?;
        if found.is_null() {
            return Err(PortFailure::new(FailureKind::Missing, format!("the page has no field “{label}”")));
        }
        Ok((self.element_of(&found["found"])?, found["filled"] == true))
    }

    async fn visit(&self, url: &str) -> Acted {
        match bounded(self.client.goto(url)).await {
            Ok(()) => Acted::Done,
            // A page may be asked for again, so what is known of it counts, not whether a request has left us.
            Err(error) => match error.failure() {
                why if matches!(why.kind, FailureKind::Unreachable | FailureKind::Tls) => Acted::NotDone { why },
                _ => error.acted(),
            },
        }
    }

    async fn fill(&self, label: &str, value: &str) -> Result<(), Acted> {
        let (element, filled) = self.field(label).await.map_err(|why| Acted::NotDone { why })?;
        if filled {
            bounded(element.clear()).await.map_err(|error| error.acted())?;
        }
        bounded(element.send_keys(value)).await.map_err(|error| error.acted())
    }

    async fn press(&self, text: &str) -> Acted {
        let element = match self.element("button", text).await {
            Ok(element) => element,
            Err(why) => return Acted::NotDone { why },
        };
        click(&element).await
    }

    async fn follow(&self, text: &str) -> Acted {
        match self.element("link", text).await {
            Ok(element) => click(&element).await,
            Err(why) => Acted::NotDone { why },
        }
    }

    /// The driver reads the file while it is typed in, so it can go away after that.
    async fn attach(&self, field: &str, name: &str, csv: &str) -> Acted {
        let not_done = |error: std::io::Error| Acted::NotDone {
            why: harness(&format!("the list cannot be written to a file: {error}")),
        };
        // In the driver's own folder, its keeper removes it whatever happens to us.
        let Some(folder) = self.driver.as_ref().and_then(Kept::folder) else {
            let why = harness("a list can only be given to a browser on this machine: leave `webdriver-url` out");
            return Acted::NotDone { why };
        };
        let path = folder.join(name.replace(['/', '\\'], "_"));
        if let Err(error) = std::fs::write(&path, csv) {
            return not_done(error);
        }
        let element = match self.element("file", field).await {
            Ok(element) => element,
            Err(why) => return Acted::NotDone { why },
        };
        let path = path.display().to_string();
        match bounded(element.send_keys(&path)).await {
            Ok(()) => Acted::Done,
            Err(error) => error.acted(),
        }
    }

    /// Real clicks on days and labels. Which time is checked in the end is for the look after this to say.
    async fn schedule(&self, not_before: Timestamp, reload: bool) -> Result<(), Acted> {
        if reload {
            bounded(self.client.refresh()).await.map_err(|error| error.acted())?;
        }
        // A time that is not whole seconds away is in the next second.
        let not_before = not_before.strftime("%Y-%m-%dT%H:%M:%S%.f").to_string();
        let mut tried: Vec<String> = Vec::new();
        for _ in 0..TIME_CLICKS_MAX {
            let arguments = vec![json!(not_before), json!(tried)];
            let found = bounded(self.client.execute(TIME, arguments)).await.map_err(|error| error.acted())?;
            if let Some(name) = found["name"].as_str() {
                tried.push(name.to_owned());
            }
            let next = ["label", "day", "done"].into_iter().find(|kind| !found[*kind].is_null());
            let Some(kind) = next else { break };
            let Some(reference) = reference(&found[kind]) else { break };
            let element = Element::from_element_id(self.client.clone(), reference.to_owned().into());
            bounded(element.click()).await.map_err(|error| error.acted())?;
            if kind == "label" {
                return Ok(());
            }
        }
        let why = PortFailure::new(FailureKind::Missing, "the page offers no time that is far enough away");
        Err(Acted::NotDone { why })
    }
}

async fn click(element: &Element) -> Acted {
    match bounded(element.click()).await {
        Ok(()) => Acted::Done,
        Err(error) => error.acted(),
    }
}

/// The element reference in a script's answer.
fn reference(found: &Value) -> Option<&str> {
    found.as_object()?.values().next()?.as_str()
}

#[async_trait]
impl Session for ChromiumSession {
    fn describe(&self) -> String {
        self.versions.clone()
    }

    async fn act(&mut self, act: &RawAct) -> Acted {
        match act {
            RawAct::Visit(url) => self.visit(url).await,
            RawAct::Press(text) => {
                self.note_tabs().await;
                self.press(text).await
            }
            RawAct::Follow(text) => {
                self.note_tabs().await;
                self.follow(text).await
            }
            RawAct::Attach { field, name, csv } => self.attach(field, name, csv).await,
            RawAct::Schedule { not_before, reload } => match self.schedule(*not_before, *reload).await {
                Ok(()) => Acted::Done,
                Err(acted) => acted,
            },
            RawAct::Fill(fields) => {
                for (label, value) in fields {
                    if let Err(acted) = self.fill(label, value).await {
                        return acted;
                    }
                }
                Acted::Done
            }
        }
    }

    async fn look(&mut self) -> Result<RawPage, PortFailure> {
        self.follow_new_tab().await?;
        let page = bounded(self.client.execute(SNAPSHOT, Vec::new())).await.map_err(|error| error.failure())?;
        serde_json::from_value(page).map_err(|error| harness(&format!("the snapshot cannot be read: {error}")))
    }

    async fn screenshot(&mut self) -> Option<MaskedPng> {
        bounded(self.client.execute(MASK, Vec::new())).await.ok()?;
        bounded(self.client.screenshot()).await.ok().map(MaskedPng)
    }

    async fn jar(&mut self) -> Option<Jar> {
        let cookies = bounded(self.client.get_all_cookies()).await.ok()?;
        let kept = cookies.into_iter().map(|cookie| RawCookie {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            path: cookie.path().unwrap_or("/").to_owned(),
            secure: cookie.secure().unwrap_or(false),
            http_only: cookie.http_only().unwrap_or(false),
            same_site: cookie.same_site().map(|same_site| same_site.to_string()),
        });
        Some(Jar(kept.collect()))
    }

    async fn close(self: Box<Self>) {
        if let Some(driver) = self.driver {
            // The keeper ends driver and browser together; asking the driver first only takes longer.
            driver.end().await;
        } else {
            let _ = tokio::time::timeout(CLOSE_LONGEST, self.client.close()).await;
        }
    }
}

/// What came instead of an answer.
enum Trouble {
    Error(Box<CmdError>),
    /// The driver itself hangs.
    NoAnswer,
}

async fn bounded<T>(command: impl Future<Output = Result<T, CmdError>>) -> Result<T, Trouble> {
    match tokio::time::timeout(COMMAND_LONGEST, command).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Trouble::Error(Box::new(error))),
        Err(_) => Err(Trouble::NoAnswer),
    }
}

impl Trouble {
    fn failure(&self) -> PortFailure {
        match self {
            Self::NoAnswer => harness("the browser's driver does not answer"),
            Self::Error(error) => failure(error),
        }
    }

    /// What became of an action that ended like this.
    fn acted(&self) -> Acted {
        let why = self.failure();
        let certainly_not = match self {
            Self::NoAnswer => false,
            Self::Error(error) => match &**error {
                CmdError::Standard(standard) => {
                    matches!(
                        standard.error,
                        ErrorStatus::ElementNotInteractable
                            | ErrorStatus::ElementClickIntercepted
                            | ErrorStatus::StaleElementReference
                            | ErrorStatus::NoSuchElement
                            | ErrorStatus::InvalidElementState
                            | ErrorStatus::InvalidArgument
                    ) || matches!(why.kind, FailureKind::Unreachable | FailureKind::Tls)
                }
                _ => false,
            },
        };
        if certainly_not { Acted::NotDone { why } } else { Acted::Unknown { why } }
    }
}

/// Whose failure a driver's error is. Addresses in it may carry credentials, so only Chromium's error code is kept.
fn failure(error: &CmdError) -> PortFailure {
    let CmdError::Standard(standard) = error else {
        return harness(&format!("the browser's driver is gone: {}", one_line(&error.to_string())));
    };
    let message = standard.message.as_ref();
    if let Some(code) = net_error(message) {
        let kind = FailureKind::of_net_error(code);
        return PortFailure::new(kind, format!("the browser could not open the page: {code}"));
    }
    match standard.error {
        ErrorStatus::Timeout | ErrorStatus::ScriptTimeout => {
            PortFailure::new(FailureKind::PageTimeout, "the page did not finish within the browser's limit")
        }
        ErrorStatus::ElementNotInteractable
        | ErrorStatus::ElementClickIntercepted
        | ErrorStatus::StaleElementReference
        | ErrorStatus::NoSuchElement
        | ErrorStatus::InvalidElementState => {
            PortFailure::new(FailureKind::Missing, format!("the page does not let it be used: {}", standard.error))
        }
        _ => harness(&format!("the browser's driver says: {}", one_line(message))),
    }
}

/// `ERR_CONNECTION_REFUSED` and its like.
fn net_error(message: &str) -> Option<&str> {
    let rest = message.split("net::").nth(1)?;
    let end = rest.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
    Some(&rest[..end.unwrap_or(rest.len())])
}

fn harness(text: &str) -> PortFailure {
    PortFailure::new(FailureKind::Harness, text)
}
