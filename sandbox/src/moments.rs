//! Moments of a run from which on some faults hold: the dashboard was shown, a job was made, its time has come, a deploy has
//! begun.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// What has happened so far.
#[derive(Debug, Default)]
pub(crate) struct Moments {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// When the last job that was made is to be sent.
    slot: Option<Timestamp>,
    dashboard: bool,
    deploy_began: Option<Instant>,
    /// Requests that the router has given to one of the admin app's two instances.
    routed: u64,
}

/// A deploy: the admin app answers with its new version as soon as it has begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deploy {
    /// Worker and scheduler are still gone.
    pub under_way: bool,
}

impl Moments {
    /// Somebody who has signed in was shown the dashboard.
    pub(crate) fn dashboard(&self) {
        self.known().dashboard = true;
    }

    /// A job was made that is to be sent at `slot`.
    pub(crate) fn job(&self, slot: Timestamp) {
        self.known().slot = Some(slot);
    }

    /// The names of the moments that have come, as the pieces of a path are written.
    pub(crate) fn reached(&self, now: Timestamp) -> &'static str {
        let known = self.known();
        match known.slot {
            None if known.dashboard => "dashboard",
            None => "",
            Some(slot) if now < slot => "dashboard/job",
            Some(_) => "dashboard/job/slot",
        }
    }

    /// The deploy; the first time that it is asked for with a time for which worker and scheduler are gone, it begins.
    pub(crate) fn deploy(&self, gone: Option<Duration>) -> Option<Deploy> {
        let gone = gone?;
        let began = *self.known().deploy_began.get_or_insert_with(Instant::now);
        Some(Deploy { under_way: began.elapsed() < gone })
    }

    /// Another deploy may begin.
    pub(crate) fn forget_deploy(&self) {
        self.known().deploy_began = None;
    }

    /// Which of the admin app's two instances, 0 or 1, takes this request: the router gives them out in turn.
    /// Source: <https://docs.cloudfoundry.org/concepts/http-routing.html>, round-robin is gorouter's default.
    pub(crate) fn next_instance(&self) -> u64 {
        let mut known = self.known();
        known.routed += 1;
        known.routed % 2
    }

    pub(crate) fn forget(&self) {
        *self.known() = Known::default();
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
