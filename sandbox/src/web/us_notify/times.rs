//! The times that a job can be scheduled for, with the words of the pages. The real service offers whole UTC hours; here
//! they can be closer together, and then their labels carry minutes and seconds.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// With slots shorter than an hour, so many are offered: four days of them would be tens of thousands.
const SHORT_SLOTS: usize = 90;
const HOUR: Duration = Duration::from_hours(1);
const DAYS_AHEAD: i64 = 4;

/// One radio.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Naive UTC, as the form sends it.
    pub value: String,
    pub label: String,
}

fn utc(time: Timestamp) -> Zoned {
    time.to_zoned(TimeZone::UTC)
}

fn plus(time: Timestamp, hours: i64) -> Timestamp {
    time.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(time)
}

fn weekday(time: Timestamp) -> String {
    utc(time).strftime("%A").to_string()
}

/// The slots after now, soonest first.
pub(super) fn choices(now: Timestamp, slots: Duration) -> Vec<Choice> {
    let seconds = i64::try_from(slots.as_secs()).unwrap_or(i64::MAX).max(1);
    let first = (now.as_second().div_euclid(seconds) + 1) * seconds;
    let count = if slots == HOUR {
        // Up to 23:00 of the day after the day after tomorrow.
        let hour = i64::from(utc(now).hour());
        usize::try_from(DAYS_AHEAD * 24 - 1 - hour).unwrap_or(0)
    } else {
        SHORT_SLOTS
    };
    let slot = |number: usize| {
        let offset = i64::try_from(number).unwrap_or(0) * seconds;
        Timestamp::from_second(first + offset).unwrap_or(now)
    };
    (0..count).map(slot).map(|time| choice(time, now, seconds)).collect()
}

fn choice(time: Timestamp, now: Timestamp, spacing_s: i64) -> Choice {
    // Midnight belongs to the day that ends with it.
    let day = weekday(Timestamp::from_second(time.as_second() - spacing_s).unwrap_or(time));
    let day = if day == weekday(now) {
        "Today".to_owned()
    } else if day == weekday(plus(now, 24)) {
        "Tomorrow".to_owned()
    } else {
        day
    };
    let zoned = utc(time);
    Choice {
        value: zoned.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        label: format!("{day} at {} UTC", time_of_day(zoned.time())),
    }
}

fn time_of_day(time: Time) -> String {
    let half = if time.hour() < 12 { "am" } else { "pm" };
    let hour = (time.hour() + 11) % 12 + 1;
    match (time.hour(), time.minute(), time.second()) {
        (0, 0, 0) => "midnight".to_owned(),
        (12, 0, 0) => "noon".to_owned(),
        (_, 0, 0) => format!("{hour}{half}"),
        (_, minute, second) => format!("{hour}:{minute:02}:{second:02}{half}"),
    }
}

/// The days of the widget. In the first hour of a day the list begins with yesterday, which has no times: a fault of the
/// real service.
pub(super) fn categories(now: Timestamp) -> String {
    let today = weekday(now);
    let day = |ahead: i64| {
        let name = weekday(plus(now, ahead * 24 - 1));
        if name == today {
            "Later today".to_owned()
        } else if name == weekday(plus(now, 24)) {
            "Tomorrow".to_owned()
        } else {
            name
        }
    };
    (0..DAYS_AHEAD).map(day).collect::<Vec<_>>().join(",")
}

/// `22 November at 00:58 UTC`.
pub(super) fn on_day(time: f64) -> String {
    let time = from_seconds(time);
    format!("{} at {}", utc(time).strftime("%-d %B"), clock(time))
}

/// `today at 01:00 UTC`.
pub(super) fn relative(time: f64, now: Timestamp) -> String {
    let time = from_seconds(time);
    let minute_before = time.saturating_sub(SignedDuration::from_mins(1)).unwrap_or(time);
    let (day, today) = (utc(minute_before).date(), utc(now).date());
    let word = if day == today {
        "today".to_owned()
    } else if Some(day) == today.tomorrow().ok() {
        "tomorrow".to_owned()
    } else if Some(day) == today.yesterday().ok() {
        "yesterday".to_owned()
    } else {
        day.strftime("%-d %B").to_string()
    };
    format!("{word} at {}", clock(time))
}

fn clock(time: Timestamp) -> String {
    let zoned = utc(time);
    let pattern = if zoned.second() == 0 { "%H:%M UTC" } else { "%H:%M:%S UTC" };
    zoned.strftime(pattern).to_string()
}

fn from_seconds(time: f64) -> Timestamp {
    let time = SignedDuration::try_from_secs_f64(time).unwrap_or(SignedDuration::ZERO);
    Timestamp::from_duration(time).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().expect("a time")
    }

    /// Computed from the real functions for Friday 25 August 2023: count, first and last label, days.
    #[test]
    fn hours_and_days_are_the_real_ones() {
        for (now, count, first, last, days) in [
            (
                "2023-08-25T00:30:00Z",
                95,
                "Today at 1am UTC",
                "Monday at 11pm UTC",
                "Thursday,Later today,Tomorrow,Sunday",
            ),
            (
                "2023-08-25T13:10:00Z",
                82,
                "Today at 2pm UTC",
                "Monday at 11pm UTC",
                "Later today,Tomorrow,Sunday,Monday",
            ),
            (
                "2023-08-25T23:59:30Z",
                72,
                "Today at midnight UTC",
                "Monday at 11pm UTC",
                "Later today,Tomorrow,Sunday,Monday",
            ),
        ] {
            let choices = choices(at(now), HOUR);
            assert_eq!((choices.len(), choices[0].label.as_str()), (count, first), "{now}");
            assert_eq!(choices[count - 1].label, last, "{now}");
            assert_eq!(categories(at(now)), days, "{now}");
        }
        assert_eq!(choices(at("2023-08-25T23:59:30Z"), HOUR)[0].value, "2023-08-26T00:00:00");
    }

    #[test]
    fn short_slots_carry_seconds() {
        let choices = choices(at("2023-08-25T13:10:04.5Z"), Duration::from_secs(10));
        assert_eq!(choices[0].label, "Today at 1:10:10pm UTC");
        assert_eq!(relative(1_692_969_010.0, at("2023-08-25T13:10:04Z")), "today at 13:10:10 UTC");
        assert_eq!(relative(1_693_008_000.0, at("2023-08-25T23:10:04Z")), "today at 00:00 UTC");
        assert_eq!(on_day(1_692_969_010.0), "25 August at 13:10:10 UTC");
    }
}
