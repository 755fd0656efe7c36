//! One job of one lane: everything that touches the world, away from the recorder.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Acted, FailureKind, Health, Lane, PortFailure, ProbeWhen, StepId};
use crate::port::{
    AgedMark, Away, Browser, Deploys, Inbox, Jar, Lease, Mark, MaskedPng, Probe, RawAct, RawPage, Session, Sighting,
    Taken, Which,
};

/// Which builds answer is looked at beside an action for so long: it must not keep the next step waiting.
const BUILD_LONGEST: Duration = Duration::from_secs(3);

/// What is to be done.
pub(super) enum Job {
    Probe {
        when: ProbeWhen,
        since: u64,
        probe: Arc<dyn Probe>,
    },
    /// What was marked since the run began, so many milliseconds ago.
    Deploys(u64, Arc<dyn Deploys>),
    /// With what a browser that was closed left behind.
    Open(Arc<dyn Browser>, Option<Jar>),
    CloseBrowser,
    Mark(StepId, Arc<dyn Inbox>),
    Recall(StepId, Arc<dyn Inbox>, BTreeSet<String>),
    Act(StepId, RawAct, Option<Once>),
    Picture(StepId),
    LookAtPage {
        step: StepId,
        since: u64,
    },
    LookAtMailbox {
        step: StepId,
        since: u64,
        standing: bool,
        inbox: Arc<dyn Inbox>,
        known: BTreeSet<String>,
        /// Asked who has had it meanwhile, where it was given back.
        lease: Option<Arc<dyn Lease>>,
    },
    Wait(Duration),
}

/// What goes with an action that can be done but once: it is asked again for its lease, and tells which builds it met.
pub(super) struct Once {
    pub(super) lease: Arc<dyn Lease>,
    pub(super) probe: Arc<dyn Probe>,
    /// When it was begun, in milliseconds of the run.
    pub(super) since: u64,
}

impl Job {
    /// Whether the lane's browser session goes with the job.
    pub(super) fn needs_session(&self) -> bool {
        matches!(self, Self::Act(..) | Self::Picture(_) | Self::LookAtPage { .. } | Self::CloseBrowser)
    }
}

/// What came of it, still raw.
pub(super) enum Outcome {
    Probed(Probed),
    /// What was marked, as old as it was at this time of the run.
    Deploys(Result<Vec<AgedMark>, Away>),
    /// The jar comes back: it may be needed again.
    Opened(Result<String, PortFailure>, Option<Jar>),
    Closed(Option<Jar>),
    Marked(StepId, Result<Mark, PortFailure>),
    Recalled(StepId, Result<Sighting, PortFailure>),
    Acted(StepId, Acted),
    /// The lease was lost before it was done.
    Denied(StepId, String),
    /// What the run shares with others was asked for.
    Leased(Taken),
    Pictured(StepId, Option<MaskedPng>),
    SawPage {
        step: StepId,
        since: u64,
        page: Result<RawPage, PortFailure>,
    },
    SawMailbox {
        step: StepId,
        since: u64,
        standing: bool,
        messages: Result<Sighting, PortFailure>,
        /// Who has worked with what is shared meanwhile.
        by: Option<String>,
    },
    Waited,
}

/// What a look at the service's health told.
pub(super) struct Probed {
    pub(super) when: ProbeWhen,
    /// When it began, in milliseconds of the run.
    pub(super) since: u64,
    pub(super) told: Result<Health, PortFailure>,
}

/// A job's end.
pub(super) struct Done {
    pub lane: Lane,
    pub session: Option<Box<dyn Session>>,
    pub outcome: Outcome,
    /// Which builds an action met.
    pub met: Option<Probed>,
    /// Why the lease could not be asked for again.
    pub unasked: Option<String>,
}

impl Done {
    /// The end of what belongs to no lane.
    pub(super) fn of_run(outcome: Outcome) -> Self {
        Self { lane: Lane::Run, session: None, outcome, met: None, unasked: None }
    }
}

/// Does the job; gives the lane's session back unless it is condemned.
pub(super) async fn perform(lane: Lane, job: Job, mut session: Option<Box<dyn Session>>, longest: Duration) -> Done {
    let (mut met, mut unasked) = (None, None);
    let outcome = match job {
        Job::Probe { when, since, probe } => {
            Outcome::Probed(Probed { when, since, told: bounded(longest, probe.look()).await })
        }
        Job::Deploys(back_ms, deploys) => Outcome::Deploys(
            tokio::time::timeout(longest, deploys.marks(back_ms))
                .await
                .unwrap_or_else(|_| Err(Away(too_long(longest).text))),
        ),
        Job::Open(browser, jar) => match bounded(longest, browser.open(lane, jar.as_ref())).await {
            Ok(opened) => {
                let described = opened.describe();
                session = Some(opened);
                Outcome::Opened(Ok(described), jar)
            }
            Err(why) => Outcome::Opened(Err(why), jar),
        },
        Job::CloseBrowser => {
            let jar = match session.as_mut() {
                Some(open) => tokio::time::timeout(longest, open.jar()).await.ok().flatten(),
                None => None,
            };
            close(session.take()).await;
            Outcome::Closed(jar)
        }
        Job::Mark(step, inbox) => Outcome::Marked(step, bounded(longest, inbox.mark()).await),
        Job::Recall(step, inbox, ids) => Outcome::Recalled(step, bounded(longest, inbox.look(Which::Only(&ids))).await),
        Job::Act(step, act, None) => act_once(step, &act, &mut session, longest).await,
        Job::Act(step, act, Some(once)) => {
            // Beside it: a slow look must not keep a page waiting that was just filled in.
            let (told, acted) = tokio::join!(
                bounded(BUILD_LONGEST, once.probe.look()),
                act_leased(step, &act, &mut session, longest, once.lease.as_ref())
            );
            met = Some(Probed { when: ProbeWhen::Acting, since: once.since, told });
            let (outcome, nobody) = acted;
            unasked = nobody;
            outcome
        }
        Job::Picture(step) => {
            let picture = match session.as_mut() {
                Some(open) => tokio::time::timeout(longest, open.screenshot()).await.ok().flatten(),
                None => None,
            };
            Outcome::Pictured(step, picture)
        }
        Job::LookAtPage { step, since } => look_at_page(step, since, &mut session, longest).await,
        Job::LookAtMailbox { step, since, standing, inbox, known, lease } => {
            let messages = bounded(longest, inbox.look(Which::NotIn(&known))).await;
            // Asked afterwards: whoever sends meanwhile has it already.
            let by = match lease {
                Some(lease) => tokio::time::timeout(longest, lease.others()).await.ok().flatten(),
                None => None,
            };
            Outcome::SawMailbox { step, since, standing, messages, by }
        }
        Job::Wait(time) => {
            tokio::time::sleep(time).await;
            Outcome::Waited
        }
    };
    Done { lane, session, outcome, met, unasked }
}

/// Acts if the lease is still had, right before what it is for; and why that could not be asked.
async fn act_leased(
    step: StepId,
    act: &RawAct,
    session: &mut Option<Box<dyn Session>>,
    longest: Duration,
    lease: &dyn Lease,
) -> (Outcome, Option<String>) {
    match lease.sure().await {
        Ok(unasked) => (act_once(step, act, session, longest).await, unasked),
        Err(why) => {
            (Outcome::Denied(step, format!("what this run shares with others is not its own any more: {why}")), None)
        }
    }
}

async fn act_once(step: StepId, act: &RawAct, session: &mut Option<Box<dyn Session>>, longest: Duration) -> Outcome {
    let Some(open) = session.as_mut() else {
        return Outcome::Acted(step, Acted::NotDone { why: no_session() });
    };
    let acted = match tokio::time::timeout(longest, open.act(act)).await {
        Ok(acted) => acted,
        Err(_) => Acted::Unknown { why: too_long(longest) },
    };
    if matches!(acted, Acted::Unknown { .. }) {
        // Whatever the browser still does must not go on behind our back.
        close(session.take()).await;
    }
    Outcome::Acted(step, acted)
}

async fn look_at_page(step: StepId, since: u64, session: &mut Option<Box<dyn Session>>, longest: Duration) -> Outcome {
    let Some(open) = session.as_mut() else {
        return Outcome::SawPage { step, since, page: Err(no_session()) };
    };
    let page = bounded(longest, open.look()).await;
    if page.is_err() {
        close(session.take()).await;
    }
    Outcome::SawPage { step, since, page }
}

async fn bounded<T>(longest: Duration, look: impl Future<Output = Result<T, PortFailure>>) -> Result<T, PortFailure> {
    tokio::time::timeout(longest, look).await.unwrap_or_else(|_| Err(too_long(longest)))
}

async fn close(session: Option<Box<dyn Session>>) {
    if let Some(session) = session {
        session.close().await;
    }
}

fn no_session() -> PortFailure {
    PortFailure::new(FailureKind::Harness, "the browser session is gone")
}

fn too_long(longest: Duration) -> PortFailure {
    PortFailure::new(FailureKind::Harness, format!("no answer within {} s", longest.as_secs()))
}
