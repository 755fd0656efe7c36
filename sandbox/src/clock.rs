//! The service's clock: the machine's, moved by what a test asks for. Its `Date` headers and tokens follow it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The service's time of day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        Timestamp::now().checked_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// Whether it shows another time than the machine's.
    pub(crate) fn is_moved(&self) -> bool {
        self.offset_ms.load(Ordering::Relaxed) != 0
    }

    /// Sets the clock to a time of day; it goes on from there.
    pub(crate) fn set(&self, time: Timestamp) {
        self.set_offset_ms(time.as_millisecond() - Timestamp::now().as_millisecond());
    }

    /// Moves the clock so that it is `offset_ms` milliseconds ahead of the machine's.
    pub(crate) fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }

    /// The value of a `Date` header: RFC 9110's IMF-fixdate.
    pub(crate) fn http_date(&self) -> String {
        self.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}
