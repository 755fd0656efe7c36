//! What a run costs the service while it waits for its slot.

use std::time::Duration;

use super::rim::{Trouble, World, on_paused_clock, play};
use super::service::{Pace, State};
use super::whole::{PACE, the_plan};
use super::world::Chance;

const HOUR: Pace = Pace { slot_ms: 3_600_000, ..PACE };

/// As environments have it that do not say otherwise.
const POLL_MS: u64 = 1_000;

#[test]
fn an_hour_of_waiting_costs_a_look_a_minute_and_none_at_mailbox_or_number() {
    // However often it looks at what may come any moment.
    for (seed, poll_ms) in [(1, POLL_MS), (2, POLL_MS), (3, 100)] {
        on_paused_clock(async {
            let world = World::new(State::new(seed, HOUR, Vec::new(), Chance::new(seed)), Trouble::None, Vec::new());
            tokio::time::sleep(Duration::from_secs(20)).await;
            let plan = notify_smoke::model::Plan { poll_ms, ..the_plan().clone() };
            let told = format!("seed {seed}");
            let outcome = play(&told, &world, &plan, false, None).await;
            assert_eq!(outcome.history.verdict().name(), "passed", "{told}");
            let slot = outcome.truth.rows.iter().map(|(_, after)| *after).min().expect("rows");
            assert!(slot >= 0, "{told}: nothing came before the slot");
            let scheduled = outcome.truth.job_at.expect("a job") + Duration::from_secs(30);
            let (from, until) = (scheduled, world.slot() - Duration::from_secs(10));
            assert!(until - from > Duration::from_mins(50), "{told}: {:?}", until - from);
            let looks = world.looks(from, until);
            let count = |at: &str| looks.iter().filter(|look| **look == at).count();
            assert_eq!((count("page"), count("mailbox"), count("browser")), (0, 0, 0), "{told}");
            assert!((55..=65).contains(&count("status")), "{told}: {} looks", count("status"));
        });
    }
}
