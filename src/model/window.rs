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
    /// What it counts from.
    #[serde(default, skip_serializing_if = "WindowFrom::is_trigger")]
    pub from: WindowFrom,
    /// When the action is tried a second time, by the means that the page offers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_try_ms: Option<u64>,
    /// While the job's own page shows that it moves, its end is put off up to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub while_moving_ms: Option<u64>,
    /// A job page that shows nothing new for so long stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standstill_ms: Option<u64>,
}

/// What a window counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowFrom {
    /// The action that should cause it.
    #[default]
    Trigger,
    /// The time that a job was scheduled for, by the service's clock.
    Slot,
    /// The moment in which the job was seen to be picked up: the expectation before this one.
    Pickup,
}

impl WindowFrom {
    /// Whether it is the usual one.
    pub fn is_trigger(&self) -> bool {
        matches!(self, Self::Trigger)
    }
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
    /// A window that counts from the trigger and knows no second try.
    pub fn plain(not_before_ms: u64, on_time_ms: u64, late_ms: u64, settle_ms: u64) -> Self {
        Self {
            not_before_ms,
            on_time_ms,
            late_ms,
            settle_ms,
            from: WindowFrom::Trigger,
            second_try_ms: None,
            while_moving_ms: None,
            standstill_ms: None,
        }
    }

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
        let window = Window::plain(10, 60, 420, 5);
        let timings = [9, 10, 60, 61, 420, 421].map(|after_ms| window.timing(after_ms));
        assert_eq!(timings, [TooEarly, OnTime, OnTime, Late, Late, TooLate]);
    }
}
