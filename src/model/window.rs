//! The time that an expectation has.

use serde::{Deserialize, Serialize};

/// Limits of an expectation, in milliseconds from its anchor (the press of the button unless said otherwise).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Met sooner is too early to be true.
    pub not_before_ms: u64,
    /// Met up to here: passed.
    pub on_time_ms: u64,
    /// Met up to here: degraded. Later it is judged as not met.
    pub late_ms: u64,
    /// How long after it was met a second copy is watched for.
    pub settle_ms: u64,
}

/// When, within its window, an expectation was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timing {
    TooEarly,
    OnTime,
    Late,
    TooLate,
}

impl Window {
    /// Where `after_ms` from the anchor lies.
    pub fn timing(&self, after_ms: u64) -> Timing {
        if after_ms < self.not_before_ms {
            Timing::TooEarly
        } else if after_ms <= self.on_time_ms {
            Timing::OnTime
        } else if after_ms <= self.late_ms {
            Timing::Late
        } else {
            Timing::TooLate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timing::{Late, OnTime, TooEarly, TooLate};
    use super::*;

    #[test]
    fn limits_belong_to_the_better_side() {
        let window = Window { not_before_ms: 10, on_time_ms: 60, late_ms: 420, settle_ms: 5 };
        let timings = [9, 10, 60, 61, 420, 421].map(|after_ms| window.timing(after_ms));
        assert_eq!(timings, [TooEarly, OnTime, OnTime, Late, Late, TooLate]);
    }
}
