//! A run whose machine dies at any moment, and which another one goes on with from what the store has of it: a second behind.

use notify_smoke::model::Verdict;

use super::all_seeds;
use super::rim::{Outcome, Trouble, World, on_paused_clock, play};
use super::service::State;
use super::whole::{PACE, the_plan};
use super::world::Chance;

/// A run of the whole run book has no more lines than this; whoever dies behind its end has not died.
const LINES: u64 = 190;
/// The store lacks at most so many of the lines that were written when the machine died.
const BEHIND: u64 = 8;

fn run(seed: u64, dies_at: u64) -> Outcome {
    on_paused_clock(async {
        let mut chance = Chance::new(seed.wrapping_mul(0x9e6c_63d0_876a_3f6b) ^ dies_at);
        let (ahead, detach) = (chance.below(119_000), chance.one_in(2));
        let dies = vec![(dies_at, chance.one_in(2))];
        let world = World::new(State::new(seed, PACE, Vec::new(), chance), Trouble::None, dies).moving(BEHIND);
        tokio::time::sleep(std::time::Duration::from_millis(ahead)).await;
        play(&format!("seed {seed}, line {dies_at}"), &world, the_plan(), detach, None).await
    })
}

/// Nothing is done twice, whatever the store lacks; and nothing is blamed on a service that does all it should.
fn holds(seed: u64, dies_at: u64) -> (Verdict, bool) {
    let Outcome { history, truth, crashes, .. } = run(seed, dies_at);
    let verdict = history.verdict();
    let told = || format!("seed {seed}, line {dies_at}: {verdict}: {truth:?}");
    let sent = [truth.resets, truth.codes, truth.uploads, truth.jobs];
    assert!(sent.iter().all(|count| *count <= 1), "{}", told());
    assert!(
        matches!(verdict, Verdict::Passed | Verdict::NotVerified | Verdict::Inconclusive),
        "{}\n{}",
        told(),
        notify_smoke::render::text::text(&history, "")
    );
    if verdict == Verdict::Passed {
        assert_eq!(sent, [1, 1, 1, 1], "{}", told());
    }
    (verdict, crashes > 0)
}

fn at_every_line(seeds: u64) {
    let outcomes = all_seeds(seeds * LINES, |number| holds(number / LINES, 1 + number % LINES));
    let count = |wanted: (Verdict, bool)| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    // Otherwise it would tell nothing: most have died, some of them passed all the same, some could not.
    for wanted in [(Verdict::Passed, true), (Verdict::NotVerified, true), (Verdict::Passed, false)] {
        assert!(count(wanted) * 50 > outcomes.len(), "{wanted:?} in {} of {} runs", count(wanted), outcomes.len());
    }
}

#[test]
fn a_run_that_goes_on_from_what_the_store_has_does_nothing_twice() {
    at_every_line(6);
}

#[test]
#[ignore = "long: script/test --full"]
fn a_run_that_goes_on_from_what_the_store_has_does_nothing_twice_for_a_thousand_seeds() {
    at_every_line(1_000);
}
