//! What lies outside the service: the smoke user's mailbox and phone, the carrier's way to it, and the way on which
//! providers tell of deliveries.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::aws::s3;
use crate::sms_gateway::Carried;
use crate::way::altered_texts;
use crate::{StartError, World};

/// Mailbox and phone: own ones, or those of another sandbox.
pub(crate) struct Outside {
    pub mailbox: aws_sdk_s3::Client,
    /// The other sandbox's ready line, if mailbox and phone are its.
    pub shared: Option<BTreeMap<String, Value>>,
    http: reqwest::Client,
}

impl Outside {
    pub(crate) async fn find(store: &s3::Store, share: Option<&str>) -> Result<Self, StartError> {
        let http = client()?;
        let Some(url) = share else { return Ok(Self { mailbox: store.mailbox.clone(), shared: None, http }) };
        let cannot = |why: String| StartError(format!("There is no sandbox to share with at {url}: {why}."));
        let answer = http.get(format!("{}/control/ready", url.trim_end_matches('/'))).send().await;
        let answer = answer.map_err(|error| cannot(error.to_string()))?;
        let ready: BTreeMap<String, Value> = answer.json().await.map_err(|error| cannot(error.to_string()))?;
        let text = |name: &str| ready.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mailbox = s3::mailbox_elsewhere(&text("s3_url"), &(text("s3_access_key_id"), text("s3_secret_access_key")));
        Ok(Self { mailbox, shared: Some(ready), http })
    }

    /// A carrier delivers a text to the phone.
    pub(crate) async fn text(&self, world: &World, from: String, to: String, body: String) {
        match self.shared.as_ref().and_then(|ready| ready.get("sms_gateway_url")).and_then(Value::as_str) {
            None => {
                let all = world.text_alterations(&crate::known::uuid());
                for piece in altered_texts(&body, &all) {
                    world.texts.arrive(from.clone(), to.clone(), piece, world.clock.now());
                }
            }
            Some(url) => {
                // A carrier that cannot deliver tells nobody.
                let _ = self.http.post(format!("{url}/carrier/texts")).json(&Carried { from, to, body }).send().await;
            }
        }
    }
}

fn client() -> Result<reqwest::Client, StartError> {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(10))
        .build()
        .map_err(|error| StartError(format!("The sandbox cannot make an HTTP client: {error}.")))
}

/// The topic that SES tells of deliveries; the API's public address is subscribed to it.
pub(crate) struct Receipts {
    http: reqwest::Client,
    /// Known once the API runs.
    pub subscriber: OnceLock<String>,
}

impl Receipts {
    pub(crate) fn new() -> Result<Self, StartError> {
        Ok(Self { http: client()?, subscriber: OnceLock::new() })
    }

    pub(crate) async fn tell(&self, receipt: &Value) {
        if let Some(url) = self.subscriber.get() {
            // SNS would try again for a while; one lost receipt changes nothing here.
            let _ = self.http.post(format!("{url}/notifications/email/ses")).json(receipt).send().await;
        }
    }
}
