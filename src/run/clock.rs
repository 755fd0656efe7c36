//! The machine's clock.

use jiff::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::port::Clock;

/// Goes on while the machine sleeps: a lid that was closed for a minute is a minute for the service too.
#[cfg(target_os = "linux")]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const STEADY: ClockId = ClockId::Monotonic;

/// Wall time from the system, durations from a clock that nobody sets.
pub(super) struct SystemClock {
    started_ms: u64,
}

impl SystemClock {
    /// A clock that starts now.
    pub(super) fn start() -> Self {
        Self { started_ms: steady_ms() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed_ms(&self) -> u64 {
        steady_ms().saturating_sub(self.started_ms)
    }
}

fn steady_ms() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(STEADY);
    let ms = tv_sec.saturating_mul(1_000).saturating_add(tv_nsec / 1_000_000);
    u64::try_from(ms).unwrap_or(0)
}
