//! One session: act once, look with one script, end for good.

use std::time::Duration;

use async_trait::async_trait;
use fantoccini::Client;
use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::trouble::{Trouble, bounded, harness};
use crate::model::times::Choice;
use crate::model::{Acted, FailureKind, PortFailure};
use crate::port::{Jar, MaskedPng, RawAct, RawCookie, RawPage, Session};
use crate::process::Kept;

const CLOSE_LONGEST: Duration = Duration::from_secs(2);

const SNAPSHOT: &str = include_str!("snapshot.js");
const FIND: &str = include_str!("find.js");
const MASK: &str = include_str!("mask.js");
const TIME: &str = include_str!("time.js");
/// Whether each field has kept what was typed; what stands in it does not leave the page.
const KEPT: &str = "return arguments[0].map(([field, value]) =>
  !('value' in field) || field.tagName === 'SELECT' || field.value === value);";
/// A value is typed so often where the page does not keep it.
const TYPED_MAX: usize = 3;
/// Clicks on the way to a time: a few days are opened and left again.
const TIME_CLICKS_MAX: usize = 16;

pub(super) struct ChromiumSession {
    client: Client,
    driver: Option<Kept>,
    versions: String,
    /// The service's own hosts, and the origin of its base URL.
    hosts: Vec<String>,
    base: Option<url::Url>,
    /// The tabs that were there before the last press.
    tabs: Option<Vec<WindowHandle>>,
}

impl ChromiumSession {
    pub(super) fn new(
        client: Client,
        driver: Option<Kept>,
        versions: String,
        base_url: &str,
        hosts: &[String],
    ) -> Self {
        let base = url::Url::parse(base_url).ok();
        Self { client, driver, versions, hosts: hosts.to_vec(), base, tabs: None }
    }

    /// Whether a page is the service's own: on one of its hosts, by its scheme and port.
    fn is_own(&self, address: &url::Url) -> bool {
        let Some(base) = &self.base else { return false };
        let place = |url: &url::Url| (url.scheme().to_owned(), url.port_or_known_default());
        let host = address.host_str().unwrap_or_default();
        place(address) == place(base) && (base.host_str() == Some(host) || self.hosts.iter().any(|known| known == host))
    }

    /// Runs a script that changes nothing.
    async fn script(&self, script: &str, arguments: Vec<Value>) -> Result<Value, Trouble> {
        bounded(self.client.execute(script, arguments)).await
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
            if self.is_own(&address) {
                return Ok(());
            }
        }
        bounded(self.client.switch_to_window(old)).await.map_err(|error| error.failure())
    }

    /// The one element with this label or text.
    async fn element(&mut self, kind: &str, name: &str) -> Result<Element, PortFailure> {
        let found = self.script(FIND, vec![json!(kind), json!(name)]).await.map_err(|error| error.failure())?;
        if found.is_null() {
            return Err(PortFailure::new(FailureKind::Missing, format!("the page has no {kind} “{name}”")));
        }
        self.element_of(&found)
    }

    fn element_of(&self, found: &Value) -> Result<Element, PortFailure> {
        let reference = reference(found).ok_or_else(|| harness("the driver answers with no element"))?;
        Ok(Element::from_element_id(self.client.clone(), reference.to_owned().into()))
    }

    /// The one field with this label, and whether something is in it; only on a page of the service's own, which is looked at
    /// in the same moment.
    async fn field(&mut self, label: &str) -> Result<(Element, bool), PortFailure> {
        let found = self.script(FIND, vec![json!("field"), json!(label)]).await.map_err(|error| error.failure())?;
        if found.is_null() {
            return Err(PortFailure::new(FailureKind::Missing, format!("the page has no field “{label}”")));
        }
        let address = found["origin"].as_str().and_then(|origin| url::Url::parse(origin).ok());
        if !address.as_ref().is_some_and(|address| self.is_own(address)) {
            let origin = address.map_or_else(|| "a page without an address".to_owned(), |url| url.to_string());
            let why = format!("the field “{label}” is on {origin}, which is not the service's: nothing was typed");
            return Err(PortFailure::new(FailureKind::Missing, why));
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

    /// Types values into their fields, and again where the page has not kept one.
    async fn fill(&mut self, fields: &[(String, String)]) -> Result<(), Acted> {
        let mut left: Vec<&(String, String)> = fields.iter().collect();
        for _ in 0..TYPED_MAX {
            let mut typed = Vec::new();
            for (label, value) in &left {
                let element = self.type_into(label, value).await?;
                typed.push(json!([element, value]));
            }
            let kept = self.script(KEPT, vec![Value::Array(typed)]).await.map_err(|error| error.acted())?;
            let is_kept = |at: usize| kept[at] == true;
            left = left.into_iter().enumerate().filter(|(at, _)| !is_kept(*at)).map(|(_, field)| field).collect();
            if left.is_empty() {
                return Ok(());
            }
        }
        let label = left.first().map_or("", |(label, _)| label.as_str());
        let why = format!("the field “{label}” does not keep what is typed into it");
        Err(Acted::NotDone { why: PortFailure::new(FailureKind::Missing, why) })
    }

    async fn type_into(&mut self, label: &str, value: &str) -> Result<Element, Acted> {
        let not_done = |why: PortFailure| Acted::NotDone { why };
        if value.chars().any(char::is_control) {
            let why = format!("what is to be typed into “{label}” has a line break or control character in it");
            return Err(not_done(harness(&why)));
        }
        let (element, filled) = self.field(label).await.map_err(not_done)?;
        if filled {
            bounded(element.clear()).await.map_err(|error| error.acted())?;
        }
        bounded(element.send_keys(value)).await.map_err(|error| error.acted())?;
        Ok(element)
    }

    async fn press(&mut self, text: &str) -> Acted {
        let element = match self.element("button", text).await {
            Ok(element) => element,
            Err(why) => return Acted::NotDone { why },
        };
        click(&element).await
    }

    async fn follow(&mut self, text: &str) -> Acted {
        match self.element("link", text).await {
            Ok(element) => click(&element).await,
            Err(why) => Acted::NotDone { why },
        }
    }

    /// The driver reads the file while it is typed in, so it can go away after that.
    async fn attach(&mut self, field: &str, name: &str, csv: &str) -> Acted {
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

    /// Real clicks on days and labels. Which time the form would send in the end is for the look after this to say.
    async fn schedule(&mut self, not_before: Timestamp, reload: bool, choice: &Choice) -> Result<(), Acted> {
        if reload {
            bounded(self.client.refresh()).await.map_err(|error| error.acted())?;
        }
        // A time that is not whole seconds away is in the next second.
        let not_before = not_before.to_string();
        let mut tried: Vec<String> = Vec::new();
        let mut clicked = false;
        for _ in 0..TIME_CLICKS_MAX {
            let arguments = vec![json!(not_before), json!(tried), json!(choice), json!(clicked)];
            let found = self.script(TIME, arguments).await.map_err(|error| error.acted())?;
            if let Some(name) = found["name"].as_str() {
                tried.push(name.to_owned());
            }
            let next = ["label", "confirm", "open", "day", "back"].into_iter().find(|kind| !found[*kind].is_null());
            // Without a button that confirms, the choice is made.
            let Some(kind) = next else { break };
            let Some(reference) = reference(&found[kind]) else { break };
            let element = Element::from_element_id(self.client.clone(), reference.to_owned().into());
            match click(&element).await {
                Acted::Done => {}
                other => return Err(other),
            }
            clicked |= kind == "label";
            if kind == "confirm" || (clicked && choice.confirms.is_empty()) {
                return Ok(());
            }
        }
        if clicked {
            return Ok(());
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
            RawAct::Schedule { not_before, reload, choice } => {
                match self.schedule(*not_before, *reload, choice).await {
                    Ok(()) => Acted::Done,
                    Err(acted) => acted,
                }
            }
            RawAct::Fill(fields) => match self.fill(fields).await {
                Ok(()) => Acted::Done,
                Err(acted) => acted,
            },
        }
    }

    async fn look(&mut self) -> Result<RawPage, PortFailure> {
        self.follow_new_tab().await?;
        let page = self.script(SNAPSHOT, Vec::new()).await.map_err(|error| error.failure())?;
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
