//! What happens between the provider and our eye, at random: nothing that is wrong passes, and nothing that was done on the
//! way is told as a fault of the service.

use super::rim::Trouble;
use super::table::{plan_for, run_with};
use super::world::Chance;
use super::{all_seeds, seeds};
use crate::faults::{LOGIN, RESET, TEXTS};

/// What leaves the proof whole.
const HARMLESS: [&str; 20] = [
    "banner",
    "footer",
    "invisible",
    "wrap",
    "safe-links",
    "url-defense",
    "text-lost",
    "html-lost",
    "no-recipient",
    "subject-mark",
    "neighbour",
    "stranger",
    "inside",
    "text-spaces",
    "text-added",
    "code-spaced",
    "text-split",
    "banner@1st",
    "wrap@2nd",
    "text-added@1st",
];
/// What takes the proof away, and says nothing of the service.
const BLINDS: [&str; 7] =
    ["opaque-links", "blank", "preface", "unreadable", "text-blank", "text-masked", "text-masked@1st"];
/// What only a sender does, or what readers must not be sent.
const WRONG: [&str; 7] =
    ["goes-on", "html-blank", "unfilled", "no-button", "other-recipient", "distrust", "subject-control"];
const PLANS: [&[&str]; 3] = [&[RESET, LOGIN, "csv-now"], &[LOGIN, TEXTS], &[RESET, LOGIN]];

fn one_of<'a>(chance: &mut Chance, all: &[&'a str]) -> &'a str {
    all[usize::try_from(chance.below(all.len() as u64)).expect("small")]
}

/// Up to three harmless things, and perhaps one that is not, which is done last.
fn draw(chance: &mut Chance) -> (Vec<&'static str>, Option<&'static str>) {
    let mut harmless: Vec<&str> = (0..chance.below(4)).map(|_| one_of(chance, &HARMLESS)).collect();
    let bad = match chance.below(3) {
        0 => None,
        1 => Some(one_of(chance, &BLINDS)),
        _ => Some(one_of(chance, &WRONG)),
    };
    // What takes away a part takes away what is wrong in it, and a mail that lies in another one is out of reach.
    let takes_away = |name: &&str| matches!(*name, "html-lost" | "text-lost" | "inside");
    harmless.retain(|name| bad.is_none() || !takes_away(name));
    // Without both parts nothing is left, and a link that was cut and then rewritten is lost.
    if harmless.iter().any(|name| matches!(*name, "text-lost" | "wrap" | "wrap@2nd")) {
        harmless.retain(|name| *name != "html-lost");
    }
    harmless.sort_by_key(|name| *name == "inside");
    harmless.dedup();
    (harmless, bad)
}

#[test]
fn what_happens_on_the_way_is_told_as_that_and_hides_nothing() {
    let plans: Vec<_> = PLANS.iter().map(|run| plan_for(run)).collect();
    let found = all_seeds(seeds() / 10, |seed| {
        let mut chance = Chance::new(seed ^ 0x0a17);
        let (harmless, bad) = draw(&mut chance);
        let number = usize::try_from(chance.below(PLANS.len() as u64)).expect("small");
        let faults: Vec<String> = harmless.iter().chain(&bad).map(|name| format!("way={name}")).collect();
        let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
        let told = format!("{faults:?} in {:?}, seed {seed}", PLANS[number]);
        let outcome = run_with(&told, &plans[number], (&faults, Trouble::None), seed, None, |_| {});
        let verdict = outcome.history.verdict().to_string();
        let report = || notify_smoke::render::text::all(&outcome.history, "");
        match bad {
            None => assert_eq!(verdict, "passed", "{told}\n{}", report()),
            Some(name) if BLINDS.contains(&name) => {
                assert!(matches!(verdict.as_str(), "passed" | "inconclusive"), "{told}: {verdict}\n{}", report());
            }
            // A list of texts alone has no mail in which something could be wrong, and of a reset mail only its link is known.
            Some(name) => {
                let unseen = number == 1 || (number == 2 && name == "goes-on");
                assert!(verdict != "passed" || unseen, "{told}\n{}", report());
            }
        }
        (bad.is_some(), verdict)
    });
    for (bad, verdict) in [(false, "passed"), (true, "failed"), (true, "inconclusive"), (true, "degraded")] {
        let count = found.iter().filter(|(of, said)| *of == bad && said == verdict).count();
        assert!(count * 50 > found.len(), "{verdict} in only {count} of {}", found.len());
    }
}
