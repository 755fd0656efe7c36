//! The lease on what a run shares with others, as its engine has it: taken before a browser does anything, given back as soon as
//! the run only waits.

use std::sync::Arc;
use std::time::Duration;

use crate::decide::Command;
use crate::model::{Fact, Lane, Leased};
use crate::port::{Lease, Taken};

/// In the middle of a run another one is waited for so long, in milliseconds: nobody needs it longer.
const PATIENCE_MS: u64 = 120_000;
/// Giving back is one write for each; who cannot write lets it end by itself.
const GIVE_BACK_LONGEST: Duration = Duration::from_secs(6);

/// Whether the run has its lease.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Free,
    /// Asked for; these lanes go on when it is had.
    Asked(Vec<Lane>),
    Had,
    /// Somebody else has not given it back in time: who.
    Denied(String),
}

pub(super) struct Turn {
    lease: Arc<dyn Lease>,
    state: State,
    /// When it was given back for the first time, in milliseconds of the run.
    given_back_ms: Option<u64>,
    /// Why nothing may be done, whoever has the lease.
    forbidden: Option<String>,
    /// What is written of it already.
    unasked: Option<String>,
}

impl Turn {
    /// A lease that is had already, or not yet.
    pub(super) fn new(lease: Arc<dyn Lease>, is_had: bool) -> Self {
        Self {
            lease,
            state: if is_had { State::Had } else { State::Free },
            given_back_ms: None,
            forbidden: None,
            unasked: None,
        }
    }

    /// When an earlier process gave it back, in milliseconds of the run.
    pub(super) fn gave_back(&mut self, at: Option<u64>) {
        self.given_back_ms = at;
    }

    /// The lease, where this run has given it back once.
    pub(super) fn given_back(&self) -> Option<Arc<dyn Lease>> {
        self.given_back_ms.map(|_| self.lease.clone())
    }

    /// What is to be written where another run has had it meanwhile.
    pub(super) fn shared(&self, by: Option<String>) -> Option<Fact> {
        by.zip(self.given_back_ms).map(|(by, since)| Fact::Shared { by, since })
    }

    /// Whether a command has to wait for the lease; then its lane goes on when it is had. The first one asks.
    pub(super) fn holds_up(&mut self, command: &Command, lane: Lane) -> Option<Ask> {
        // A look disturbs nobody; what is marked must be seen under the lease that its trigger has.
        if !matches!(command, Command::OpenBrowser | Command::Mark(_) | Command::Act(_)) {
            return None;
        }
        match &mut self.state {
            State::Had | State::Denied(_) => None,
            State::Asked(lanes) => {
                lanes.push(lane);
                Some(Ask::Waits)
            }
            State::Free => {
                self.state = State::Asked(vec![lane]);
                Some(Ask::Begins(self.lease.clone()))
            }
        }
    }

    /// From now on nothing is done.
    pub(super) fn forbid(&mut self, why: &str) {
        self.forbidden = Some(why.to_owned());
    }

    /// Why nothing may be done, if that is so.
    pub(super) fn denied(&self) -> Option<String> {
        if self.forbidden.is_some() {
            return self.forbidden.clone();
        }
        match &self.state {
            State::Denied(who) => Some(format!("another run works with the same user or number: {who}")),
            State::Free | State::Asked(_) | State::Had => None,
        }
    }

    /// The lease that actions ask again.
    pub(super) fn lease(&self) -> Arc<dyn Lease> {
        self.lease.clone()
    }

    /// What came of asking: which lanes go on, and what is to be told.
    pub(super) fn came(&mut self, taken: Taken) -> (Vec<Lane>, Option<Leased>) {
        let (next, told) = match taken {
            Taken::Ours { waited_ms, behind, unasked } => (State::Had, self.told(waited_ms, behind, unasked)),
            Taken::Held { by, .. } => (State::Denied(by), None),
        };
        match std::mem::replace(&mut self.state, next) {
            State::Asked(lanes) => (lanes, told),
            State::Free | State::Had | State::Denied(_) => (Vec::new(), told),
        }
    }

    /// What is to be told where an action could not ask again.
    pub(super) fn told(&mut self, waited_ms: u64, behind: Option<String>, unasked: Option<String>) -> Option<Leased> {
        // Each answer names another time or number; that nobody could be asked is told once.
        let is_new = unasked.is_some() && self.unasked.is_none();
        if is_new {
            self.unasked.clone_from(&unasked);
        }
        let unasked = unasked.filter(|_| is_new);
        (behind.is_some() || unasked.is_some()).then_some(Leased { waited_ms, behind, unasked })
    }

    /// Lets others go on.
    pub(super) async fn give_back(&mut self, now: u64) {
        if self.state == State::Had {
            self.state = State::Free;
            self.given_back_ms.get_or_insert(now);
            self.let_go().await;
        }
    }

    /// At the end of a run, also of one that has not got what it asked for.
    pub(super) async fn end(&self) {
        if self.state != State::Free {
            self.let_go().await;
        }
    }

    async fn let_go(&self) {
        // Whoever waits for it has it at its end at the latest.
        let _ = tokio::time::timeout(GIVE_BACK_LONGEST, self.lease.give_back()).await;
    }
}

/// What is to be done about a command that has to wait.
pub(super) enum Ask {
    Waits,
    Begins(Arc<dyn Lease>),
}

/// Asks for the lease.
pub(super) async fn ask(lease: Arc<dyn Lease>) -> Taken {
    lease.take(PATIENCE_MS).await
}
