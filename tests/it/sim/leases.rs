//! Races for leases in memory: holders that die, that sleep past their time, whose answers are lost, whose store is away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use notify_smoke::guard::Leases;
use notify_smoke::port::{Away, Clock, LIST_MAX, Lease as _, Object, Objects, Only, Put, Taken};
use notify_smoke::process::Owner;
use tokio::time::{Instant, sleep, sleep_until};

use super::rim::on_paused_clock;
use super::world::Chance;

const RACES: u64 = 1_000;
const KEYS: [&str; 3] = ["leases/user/a", "leases/number/b", "leases/mailbox/c"];
const TOGETHER_MS: u64 = 900_000;

/// One store, by its own clock.
#[derive(Default)]
struct Truth {
    objects: BTreeMap<String, (Vec<u8>, u64, Instant)>,
    writes: u64,
    /// Who did what they may do once, from when to when.
    acts: Vec<(usize, Instant, Instant)>,
}

/// The store as one machine sees it.
struct Seen {
    truth: Arc<Mutex<Option<Truth>>>,
    chance: Mutex<Chance>,
    /// The machine sleeps up to here: nothing leaves it, and nothing comes.
    asleep_until: Arc<Mutex<Instant>>,
}

impl Seen {
    async fn pass(&self) -> Result<bool, Away> {
        let (delay, away, lost) = {
            let mut chance = self.chance.lock().expect("chance");
            (chance.below(400), chance.one_in(60), chance.one_in(40))
        };
        sleep(Duration::from_millis(delay)).await;
        let until = *self.asleep_until.lock().expect("sleep");
        sleep_until(until).await;
        if away { Err(Away("503".to_owned())) } else { Ok(lost) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Truth) -> T) -> T {
        work(self.truth.lock().expect("the store").get_or_insert_default())
    }
}

#[async_trait]
impl Objects for Seen {
    async fn get(&self, key: &str) -> Result<Option<Object>, Away> {
        self.pass().await?;
        Ok(self.with(|truth| {
            let (bytes, tag, at) = truth.objects.get(key)?;
            // Whole seconds, as `Date` and `Last-Modified` have them.
            let age_ms = u64::try_from(at.elapsed().as_millis()).expect("short") / 1_000 * 1_000;
            Some(Object { bytes: bytes.clone(), tag: tag.to_string(), age_ms })
        }))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, only: Only<'_>) -> Result<Put, Away> {
        let is_lost = self.pass().await?;
        let put = self.with(|truth| {
            let found = truth.objects.get(key).map(|(_, tag, _)| tag.to_string());
            let holds = match only {
                Only::Always => true,
                Only::IfNew => found.is_none(),
                Only::IfTag(tag) => found.as_deref() == Some(tag),
            };
            if !holds {
                return Put::Changed;
            }
            truth.writes += 1;
            truth.objects.insert(key.to_owned(), (bytes, truth.writes, Instant::now()));
            Put::Done(truth.writes.to_string())
        });
        // The client tries a second time where an answer was lost, and is then told that it has changed.
        Ok(if is_lost && only != Only::Always { Put::Changed } else { put })
    }

    async fn list(&self, prefix: &str, after: &str) -> Result<Vec<String>, Away> {
        let keys = |truth: &mut Truth| truth.objects.keys().cloned().collect::<Vec<_>>();
        Ok(self
            .with(keys)
            .into_iter()
            .filter(|key| key.starts_with(prefix) && key.as_str() > after)
            .take(LIST_MAX)
            .collect())
    }

    async fn delete(&self, key: &str) -> Result<(), Away> {
        self.with(|truth| truth.objects.remove(key));
        Ok(())
    }
}

/// A clock that is wrong by as much as it likes: only what lies between two looks counts.
struct Off {
    begun: Instant,
    by: SignedDuration,
}

impl Clock for Off {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.by
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).expect("short")
    }

    fn held_ms(&self) -> u64 {
        0
    }

    fn starved_ms(&self) -> Option<u64> {
        None
    }
}

/// One run that wants to act three times, each time under the lease.
async fn run(number: usize, seed: u64, truth: Arc<Mutex<Option<Truth>>>) -> usize {
    let mut chance = Chance::new(seed * 16 + number as u64);
    sleep(Duration::from_millis(chance.below(3_000))).await;
    let asleep_until = Arc::new(Mutex::new(Instant::now()));
    let store = Seen {
        truth: truth.clone(),
        chance: Mutex::new(Chance::new(chance.below(u64::MAX))),
        asleep_until: asleep_until.clone(),
    };
    let by = SignedDuration::from_hours(i64::try_from(chance.below(3)).expect("small") - 1);
    let clock = Arc::new(Off { begun: Instant::now(), by });
    let keys = KEYS.iter().take(1 + usize::try_from(chance.below(3)).expect("small")).map(|key| (*key).to_owned());
    // The first one is everybody's.
    let leases = Leases::new(
        vec![Arc::new(store)],
        keys.collect(),
        format!("run {number}"),
        Owner::this(),
        format!("nonce-{number}"),
        clock,
    );
    let mut acted = 0;
    for _ in 0..3 {
        let Taken::Ours { unasked: None, .. } = leases.take(20_000 + chance.below(100_000)).await else { continue };
        for _ in 0..=chance.below(4) {
            if chance.one_in(8) {
                // A lid is closed, before it is asked again.
                let until = Instant::now() + Duration::from_millis(chance.below(300_000));
                *asleep_until.lock().expect("sleep") = until;
                sleep_until(until).await;
            }
            if leases.sure().await.is_err() {
                break;
            }
            // An answer may have been an hour old where the store was away: then nobody else was asked, and it is said.
            let begun = Instant::now();
            sleep(Duration::from_millis(chance.below(20_000))).await;
            truth.lock().expect("the store").get_or_insert_default().acts.push((number, begun, Instant::now()));
            acted += 1;
            sleep(Duration::from_millis(chance.below(30_000))).await;
        }
        if chance.one_in(6) {
            // Killed: nothing is given back.
            return acted;
        }
        leases.give_back().await;
        sleep(Duration::from_millis(chance.below(10_000))).await;
    }
    acted
}

#[test]
fn of_all_who_race_for_a_lease_one_has_it() {
    let (mut acted, mut crowded) = (0, 0);
    for seed in 0..RACES {
        let truth: Arc<Mutex<Option<Truth>>> = Arc::default();
        let runners = 2 + usize::try_from(seed % 4).expect("small");
        on_paused_clock(async {
            let mut all = tokio::task::JoinSet::new();
            for number in 0..runners {
                all.spawn(run(number, seed, truth.clone()));
            }
            let together = tokio::time::timeout(Duration::from_millis(TOGETHER_MS * 4), all.join_all());
            acted += together.await.expect("every wait ends").into_iter().sum::<usize>();
        });
        let mut acts = truth.lock().expect("the store").take().expect("a store").acts;
        acts.sort_by_key(|(_, begun, _)| *begun);
        for (at, (first, _, ended)) in acts.iter().enumerate() {
            for (second, begun, _) in &acts[at + 1..] {
                assert!(first == second || begun >= ended, "seed {seed}: {first} and {second} act at once");
            }
        }
        crowded += usize::from(acts.iter().any(|(number, ..)| *number != acts[0].0));
    }
    assert!(acted > 5_000 && crowded > 600, "{acted} acts, in {crowded} races of several: this proves little");
}
