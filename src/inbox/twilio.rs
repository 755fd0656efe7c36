//! A test number at Twilio, read through its Messages REST API.
//!
//! Source: <https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources>. `DateSent>` is a
//! *day*, so it bounds the list and is no watermark; what was there before the trigger is a set of ids.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, StatusCode};
use serde::Deserialize;

use crate::http::{self, NoBody, ServerClock};
use crate::model::{FailureKind, MessageKind, PortFailure};
use crate::port::{Inbox, Mark, RawMessage, Sighting, Which};

const LONGEST: Duration = Duration::from_secs(10);
const PAGE_SIZE: &str = "200";
/// A test number that gets more in a day is nobody's test number.
const PAGES_MAX: usize = 10;
/// Around midnight the day before is listed too.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(12);
const TWILIO: &str = "https://api.twilio.com";

/// The number.
pub struct TwilioInbox {
    http: Client,
    endpoint: String,
    account: String,
    token: String,
    number: String,
    alive_within: Duration,
    clock: ServerClock,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    sid: String,
    from: Option<String>,
    to: Option<String>,
    body: Option<String>,
    direction: Option<String>,
    date_sent: Option<String>,
    date_created: Option<String>,
}

#[derive(Deserialize)]
struct Numbers {
    incoming_phone_numbers: Vec<serde_json::Value>,
}

impl TwilioInbox {
    /// The messages to `number`, with the account's credentials; `endpoint` is for another server than Twilio's. If no text
    /// came for longer than `alive_within`, nothing shows that the number is alive.
    pub fn new(
        http: Client,
        endpoint: Option<String>,
        account: String,
        token: String,
        number: String,
        alive_within: Duration,
    ) -> Self {
        let endpoint = endpoint.unwrap_or_else(|| TWILIO.to_owned());
        Self { http, endpoint, account, token, number, alive_within, clock: ServerClock::default() }
    }

    /// When the number got its newest text, as far as it counts as alive by it. To own the number shows nothing: it may be
    /// blocked, or have opted out.
    async fn newest(&self, listed: &[Message]) -> Result<Option<Timestamp>, PortFailure> {
        let within = SignedDuration::try_from(self.alive_within).unwrap_or(SignedDuration::MAX);
        let since = self.clock.now().saturating_sub(within).unwrap_or(Timestamp::MIN);
        let newest = |messages: &[Message]| {
            messages.iter().filter(|text| is_inbound(text)).filter_map(sent_at).filter(|at| *at >= since).max()
        };
        if let Some(at) = newest(listed) {
            return Ok(Some(at));
        }
        // They are listed newest first.
        let first = format!("{}/2010-04-01/Accounts/{}/Messages.json", self.endpoint, self.account);
        let day = since.strftime("%F").to_string();
        let query = [("To", self.number.as_str()), ("DateSent>", day.as_str()), ("PageSize", "20")];
        Ok(newest(&self.get::<Page>(&first, &query).await?.messages))
    }

    fn failed(&self, why: &str) -> PortFailure {
        let text = format!("the test number {} cannot be read: {why}", self.number);
        PortFailure::new(FailureKind::Mailbox, text)
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, url: &str, query: &[(&str, &str)]) -> Result<T, PortFailure> {
        let mut url = url::Url::parse(url).map_err(|_| self.failed("the endpoint is no URL"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.get(url).basic_auth(&self.account, Some(&self.token)).timeout(LONGEST);
        let sent = Timestamp::now();
        let answer = request.send().await;
        let answer = answer.map_err(|error| {
            self.failed(if error.is_timeout() { "Twilio does not answer in time" } else { "Twilio cannot be reached" })
        })?;
        if let Some(date) = http::date(&answer) {
            self.clock.told(date, sent, Timestamp::now());
        }
        match answer.status() {
            StatusCode::UNAUTHORIZED => {
                Err(self.failed("Twilio refuses account and token; look at `number` in the environment file"))
            }
            StatusCode::TOO_MANY_REQUESTS => {
                Err(self.failed("Twilio says that it is asked too often; set a longer `poll`"))
            }
            status if !status.is_success() => Err(self.failed(&format!("Twilio answers HTTP {}", status.as_u16()))),
            _ => {
                let body = http::body(answer).await.map_err(|why| {
                    self.failed(match why {
                        NoBody::TooLarge => "Twilio's answer is larger than a list of messages can be",
                        NoBody::Broken => "Twilio's answer breaks off",
                    })
                })?;
                let wrong = |_| self.failed("Twilio's answer is not what its documentation says");
                serde_json::from_slice(&body).map_err(wrong)
            }
        }
    }

    /// Whether the account has the number; each of the gateway's answers tells its time, too.
    async fn owned(&self) -> Result<bool, PortFailure> {
        let numbers = format!("{}/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", self.endpoint, self.account);
        let owned: Numbers = self.get(&numbers, &[("PhoneNumber", &self.number)]).await?;
        Ok(!owned.incoming_phone_numbers.is_empty())
    }

    /// The first day to list, by the gateway's clock: on a machine that is a day ahead, today's texts would not exist.
    async fn since(&self) -> Result<String, PortFailure> {
        if self.clock.offset_ms().is_none() {
            self.owned().await?;
        }
        Ok(self.clock.now().saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN).strftime("%F").to_string())
    }

    async fn list(&self) -> Result<Vec<Message>, PortFailure> {
        let since = self.since().await?;
        let first = format!("{}/2010-04-01/Accounts/{}/Messages.json", self.endpoint, self.account);
        let query = [("To", self.number.as_str()), ("DateSent>", since.as_str()), ("PageSize", PAGE_SIZE)];
        let mut page: Page = self.get(&first, &query).await?;
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            all.append(&mut page.messages);
            let Some(next) = page.next_page_uri else { return Ok(all) };
            page = self.get(&format!("{}{next}", self.endpoint), &[]).await?;
        }
        Err(self.failed("it got thousands of messages since yesterday"))
    }
}

/// The inbound messages of one answer, and where its next page is.
pub fn read_page(body: &[u8]) -> Option<(Vec<RawMessage>, Option<String>)> {
    let page: Page = serde_json::from_slice(body).ok()?;
    let inbound = page.messages.into_iter().filter(is_inbound);
    Some((inbound.map(message).collect(), page.next_page_uri))
}

/// Texts that the number itself sent are listed under its name too.
fn is_inbound(message: &Message) -> bool {
    message.direction.as_deref().is_none_or(|direction| direction == "inbound")
}

fn sent_at(message: &Message) -> Option<Timestamp> {
    let date = message.date_sent.as_ref().or(message.date_created.as_ref())?;
    Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp())
}

fn message(message: Message) -> RawMessage {
    let arrived_at = sent_at(&message);
    RawMessage {
        provider_id: message.sid.clone(),
        id: message.sid,
        kind: MessageKind::Sms,
        to: message.to.into_iter().collect(),
        from: message.from.unwrap_or_default(),
        subject: String::new(),
        text: message.body.unwrap_or_default(),
        html: None,
        inside: Vec::new(),
        failed_checks: Vec::new(),
        arrived_at,
    }
}

#[async_trait]
impl Inbox for TwilioInbox {
    async fn mark(&self) -> Result<Mark, PortFailure> {
        let owned = self.owned().await?;
        let listed = self.list().await?;
        let newest = if owned { self.newest(&listed).await? } else { None };
        let alive = newest.map(|at| {
            let at = at.strftime("%F %H:%M UTC");
            format!("{}, which the gateway's account owns, got its newest text at {at}", self.number)
        });
        let ids = listed.into_iter().map(|message| message.sid).collect();
        Ok(Mark { ids, alive, clock_offset_ms: self.clock.offset_ms() })
    }

    async fn look(&self, which: Which<'_>) -> Result<Sighting, PortFailure> {
        let listed = self.list().await?;
        let inbound = listed.into_iter().filter(|text| is_inbound(text) && which.wants(&text.sid));
        Ok(inbound.map(message).collect::<Vec<_>>().into())
    }
}
