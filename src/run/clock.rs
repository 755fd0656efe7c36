//! The machine's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::port::Clock;

/// Goes on while the machine sleeps: a lid that was closed for a minute is a minute for the service too.
#[cfg(target_os = "linux")]
const STEADY: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const STEADY: ClockId = ClockId::Monotonic;

/// A thread looks at the clock so often; a gap that is longer by this is a hold: the process was stopped, the machine slept,
/// or it had no turn to give.
const TICK: Duration = Duration::from_millis(100);
const HOLD_MS: u64 = 1_000;

/// Wall time from the system, durations from a clock that nobody sets.
pub(super) struct SystemClock {
    started_ms: u64,
    ticks: Arc<Ticks>,
}

/// What the thread has seen.
struct Ticks {
    last_ms: AtomicU64,
    held_ms: AtomicU64,
}

impl Ticks {
    /// One tick more; what lies between it and the last one is a hold if it is long.
    fn tick(&self) {
        let now = steady_ms();
        let gap = now.saturating_sub(self.last_ms.swap(now, Ordering::SeqCst));
        if gap > HOLD_MS {
            self.held_ms.fetch_add(gap, Ordering::SeqCst);
        }
    }
}

impl SystemClock {
    /// A clock that starts now.
    pub(super) fn start() -> Self {
        let started_ms = steady_ms();
        let ticks = Arc::new(Ticks { last_ms: AtomicU64::new(started_ms), held_ms: AtomicU64::new(0) });
        let seen = Arc::downgrade(&ticks);
        std::thread::spawn(move || {
            while let Some(ticks) = seen.upgrade() {
                ticks.tick();
                drop(ticks);
                std::thread::sleep(TICK);
            }
        });
        Self { started_ms, ticks }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed_ms(&self) -> u64 {
        steady_ms().saturating_sub(self.started_ms)
    }

    fn held_ms(&self) -> u64 {
        // Whoever goes on first after a hold has seen it.
        self.ticks.tick();
        self.ticks.held_ms.load(Ordering::SeqCst)
    }

    fn starved_ms(&self) -> Option<u64> {
        starved_ms(&std::fs::read_to_string("/proc/pressure/cpu").ok()?)
    }
}

/// The total of the line `some`, which has microseconds.
/// Source: <https://docs.kernel.org/accounting/psi.html>.
fn starved_ms(pressure: &str) -> Option<u64> {
    let some = pressure.lines().find(|line| line.starts_with("some "))?;
    let total = some.split_whitespace().find_map(|word| word.strip_prefix("total="))?;
    total.parse::<u64>().ok().map(|us| us / 1_000)
}

fn steady_ms() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(STEADY);
    let ms = tv_sec.saturating_mul(1_000).saturating_add(tv_nsec / 1_000_000);
    u64::try_from(ms).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_how_long_something_waited_for_a_processor() {
        let told = "some avg10=1.17 avg60=14.80 avg300=26.84 total=3612254615\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(starved_ms(told), Some(3_612_254));
        for other in ["", "some", "some total=x\n", "full avg10=0.00 total=7\n"] {
            assert_eq!(starved_ms(other), None, "{other}");
        }
    }
}
