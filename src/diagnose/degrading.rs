//! Which causes can make a run degraded, and not only failed: only such a finding can be known and waited for.

use super::causes as c;
use super::causes::Cause;

/// What can be late, twice, lost once, or untold. That a code may be the answer to another request is no such thing.
static DEGRADING: [&Cause; 17] = [
    &c::MAIL_SLOW,
    &c::WORKER_SLOW,
    &c::TEXT_SLOW,
    &c::TEXT_ONCE_LOST,
    &c::TEXT_LOST,
    &c::SENT_TWICE,
    &c::MAIL_TWICE,
    &c::TEXT_TWICE,
    &c::ADMIN_SLOW,
    &c::API_SLOW,
    &c::MAILBOX_LATE,
    &c::NUMBER_LATE,
    &c::QUEUE_BUSY,
    &c::ROW_TWICE,
    &c::SCHEDULER_LATE,
    &c::RECEIPTS_OFF,
    &c::MAIL_DISTRUSTED,
];

impl Cause {
    /// Whether it can make a run degraded, and not only failed.
    pub fn can_degrade(&self) -> bool {
        DEGRADING.iter().any(|cause| cause.id == self.id)
    }
}
