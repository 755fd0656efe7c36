//! The scheduler (beat): at each tick it queues the task that looks for jobs whose time has come. It does nothing else,
//! so a job stays scheduled when either this or the worker stands still.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::World;
use crate::fault::{Effect, Site};
use crate::worker::{PERIODIC, Task};

/// How often the clock is looked at: tests may move it.
const LOOK: Duration = Duration::from_millis(20);

/// How often jobs are taken up by a scheduler that does not wait for their time.
const AT_ONCE: Duration = Duration::from_millis(200);

/// Starts ticking.
pub(crate) fn start(world: &World) {
    tokio::spawn(tick(world.clone()));
}

async fn tick(world: World) {
    let spacing_ms = i64::try_from(world.options.tick().as_millis()).unwrap_or(i64::MAX).max(1);
    let number = |time: Timestamp| time.as_millisecond().div_euclid(spacing_ms);
    let mut last = number(world.clock.now());
    loop {
        tokio::time::sleep(LOOK).await;
        let now = world.clock.now();
        if world.is_on(Site::Scheduler, &Effect::AtOnce) {
            world.queues.put(PERIODIC, Task::RunScheduledJobs { before: Timestamp::MAX });
            tokio::time::sleep(AT_ONCE).await;
            continue;
        }
        if number(now) == last {
            continue;
        }
        last = number(now);
        let effects = world.faults.at(Site::Scheduler, "", "");
        // A beat that starts anew has a fresh schedule file: what it missed meanwhile is not made up for.
        if effects.contains(&Effect::Stopped) || world.deploy().is_some_and(|deploy| deploy.under_way) {
            continue;
        }
        let late = effects.iter().find_map(|effect| match effect {
            Effect::LateBy(ticks) => Some(i64::from(*ticks)),
            _ => None,
        });
        let back = SignedDuration::from_millis(late.unwrap_or(0) * spacing_ms);
        world.queues.put(PERIODIC, Task::RunScheduledJobs { before: now.saturating_sub(back).unwrap_or(now) });
    }
}
