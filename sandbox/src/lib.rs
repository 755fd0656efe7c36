//! A stand-in Notify on loopback, for the harness to be tried against and tested with.
//!
//! It is written from observed facts of the real service (what differs stands in `DEVIATIONS.md`), runs as its own
//! process, and shares no code with the harness: a demonstration that used the tester's own code would prove itself.
//!
//! In reading order:
//! - `options` and `ready`: what it is started with, and the one line that it prints when it is ready;
//! - `web`: the admin pages; `api`: the API behind them; `worker`: the queues and who empties them; `scheduler`:
//!   who looks for jobs whose time has come;
//! - `aws`: SES and SNS endpoints and an S3 server; `outside`: mailbox and phone; `db`: a real `PostgreSQL`;
//! - `fault`, `moments`, `clock`, `ledger`, `control`: what tests switch, move and read.
#![forbid(unsafe_code)]

pub mod options;
pub mod ready;

mod api;
mod aws;
mod clock;
mod control;
mod db;
mod fault;
mod known;
mod ledger;
mod moments;
mod outside;
mod recipients;
mod scheduler;
mod serve;
mod sms_gateway;
mod token;
mod way;
mod web;
mod worker;

use std::sync::Arc;
use std::time::Duration;

pub use fault::{Effect, Fault, FaultError, KINDS, Site, Trigger};
pub use options::Options;
pub use ready::Ready;
pub use way::{Alteration, Letter, altered_texts};

/// Anything that keeps the sandbox from starting, as one sentence with what to do.
#[derive(Debug)]
pub struct StartError(pub String);

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Everything the parts share.
#[derive(Clone)]
pub(crate) struct World {
    pub options: Arc<Options>,
    pub secrets: Arc<known::Secrets>,
    pub clock: clock::Clock,
    pub faults: fault::Faults,
    pub ledger: ledger::Ledger,
    pub db: db::Db,
    pub queues: worker::Queues,
    pub texts: sms_gateway::Texts,
    pub store: Arc<aws::s3::Store>,
    pub outside: Arc<outside::Outside>,
    pub receipts: Arc<outside::Receipts>,
    pub moments: Arc<moments::Moments>,
}

impl World {
    /// Some text came lately, as to any number that is in use.
    pub(crate) fn text_came_lately(&self) {
        let (from, words) = ("+12025550199".to_owned(), "Your number is ready to be used.".to_owned());
        self.texts.arrive(from, known::USER_MOBILE.to_owned(), words, self.clock.now());
    }

    /// What is wrong with `site` at this moment of the run: some faults hold since a job was made, some since its slot.
    pub(crate) fn effects_now(&self, site: Site) -> Vec<Effect> {
        self.faults.at(site, "", self.moments.reached(self.clock.now()))
    }

    /// What is done on the way to a mail of this id.
    pub(crate) fn mail_alterations(&self, id: &str) -> Vec<Alteration> {
        self.on_the_way(id)
            .filter_map(|effect| if let Effect::Altered(how) = effect { Some(how) } else { None })
            .collect()
    }

    /// What is done on the way to a text of this id.
    pub(crate) fn text_alterations(&self, id: &str) -> Vec<Alteration> {
        self.on_the_way(id)
            .filter_map(|effect| if let Effect::AlteredText(how) = effect { Some(how) } else { None })
            .collect()
    }

    fn on_the_way(&self, id: &str) -> impl Iterator<Item = Effect> {
        self.faults.at(Site::Way, id, self.moments.reached(self.clock.now())).into_iter()
    }

    /// Whether this is wrong with `site` now.
    pub(crate) fn is_on(&self, site: Site, effect: &Effect) -> bool {
        self.faults.is_on(site, effect, self.moments.reached(self.clock.now()))
    }

    /// The deploy that is on its way or over, if there is one.
    pub(crate) fn deploy(&self) -> Option<moments::Deploy> {
        let gone = self.effects_now(Site::Deploy).into_iter().find_map(|effect| match effect {
            Effect::Rolling(gone) => Some(gone),
            _ => None,
        });
        self.moments.deploy(gone)
    }

    /// Whether it is the turn of an instance with the new version, where the other one has the old one.
    pub(crate) fn answers_as_the_new_one(&self) -> bool {
        self.is_on(Site::Deploy, &Effect::Mixed) && self.moments.next_instance() == 1
    }

    /// Somebody edits the template for mails, where that is a fault that is on.
    pub(crate) async fn edit_template_if_asked(&self) {
        if self.is_on(Site::Template, &Effect::Edited) {
            // Without a database there is no template to edit.
            let _ = self.db.edit_template("Smoke test by email", "Row ((row)) of smoke test ((run)), edited.").await;
        }
    }

    /// Where texts of this sandbox come from: two that share a phone are told apart by it.
    pub(crate) fn sms_sender(&self) -> &'static str {
        if self.outside.shared.is_some() { known::SHARING_SMS_SENDER } else { known::SMS_SENDER }
    }
}

/// Starts every part and serves until `stop` is done, then ends what it started.
///
/// `on_ready` gets the ready line's content once every port answers.
///
/// # Errors
/// [`StartError`] when a part cannot be started (no `PostgreSQL` on the machine, no free port).
pub async fn run(
    options: Options,
    on_ready: impl FnOnce(&Ready) + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), StartError> {
    // Several crates could bring a TLS provider; the first one installed is the one in use, so a second call may fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secrets = known::Secrets::random();
    let clock = clock::Clock::default();
    let faults = fault::Faults::new(options.faults.clone(), options.seed);
    let ledger = ledger::Ledger::default();
    if let Some(time) = options.clock {
        clock.set(time);
    }
    let store = aws::s3::start(&options, &secrets, &faults, &ledger).await?;
    let outside = outside::Outside::find(&store, options.share.as_deref()).await?;
    let mut postgres = db::Postgres::start(&options).await?;
    let db = postgres.connect(&secrets).await?;
    let world = World {
        options: Arc::new(options),
        secrets: Arc::new(secrets),
        clock,
        faults,
        ledger,
        db,
        queues: worker::Queues::default(),
        texts: sms_gateway::Texts::default(),
        store: Arc::new(store),
        outside: Arc::new(outside),
        receipts: Arc::new(outside::Receipts::new()?),
        moments: Arc::default(),
    };
    let outcome = run_parts(&world, &postgres, on_ready, stop).await;
    postgres.stop(Duration::from_secs(5)).await;
    outcome
}

async fn run_parts(
    world: &World,
    postgres: &db::Postgres,
    on_ready: impl FnOnce(&Ready) + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), StartError> {
    let mail_url = aws::ses::start(world).await?;
    let text_url = aws::sns::start(world).await?;
    let gateway_url = sms_gateway::start(world).await?;
    let api_url = api::start(world).await?;
    let admin_url = web::start(world, &api_url).await?;
    // The API is there, so providers can tell it of deliveries from now on.
    let _ = world.receipts.subscriber.set(api_url.clone());
    world.text_came_lately();
    worker::start(world, &mail_url, &text_url, &admin_url);
    scheduler::start(world);
    world.edit_template_if_asked().await;
    let control = control::Control::bind().await?;
    let ready = Ready::new(world, postgres, &admin_url, &api_url, &control.url, &gateway_url);
    control.serve(world.clone(), ready.clone());
    on_ready(&ready);
    stop.await;
    Ok(())
}
