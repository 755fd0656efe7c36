//! The machine's clock.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::port::Clock;

/// Wall time from the system, durations from the runtime's monotonic clock.
pub(super) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    pub(super) fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
