//! Leases as objects: written only where nobody has one, or where its holder's time is over by the store's clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::port::{Away, Clock, Lease, Object, Objects, Only, Put, Taken};
use crate::process::Owner;

/// A holder that says nothing for so long has lost it.
const LIFE_MS: u64 = 90_000;
/// It is written anew so often while it is held.
const RENEW: Duration = Duration::from_secs(20);
/// Nothing is begun with less time left than this: an action may take as long.
const LEAST_MS: u64 = 30_000;
/// `Date` and `Last-Modified` have whole seconds: together they can be wrong by two.
const CLOCK_MS: u64 = 2_000;
/// Somebody who waits looks so often at first, and less often the longer it takes, in milliseconds.
const LOOK_MS: u64 = 250;
const LOOK_SELDOM_MS: u64 = 2_000;
/// A store that has answered nothing for so long is away; one answer that is lost is none.
const AWAY_MS: u64 = 5_000;
/// What codes come to: who has had it meanwhile may have asked for some.
const NUMBER: &str = "/number/";
/// Somebody else may write between a look and a write; not for ever.
const TRIES_MAX: u32 = 8;

/// What a lease says. A newer program may say more.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Says {
    version: u32,
    /// In words, for people: the run and since when.
    holder: String,
    /// The holding process, as [`Owner::text`] has it.
    owner: String,
    /// Each run has another one, whichever of its processes holds it.
    nonce: String,
    /// How often it was written since it was taken: no two writes are the same.
    count: u64,
    free: bool,
}

/// One lease that is held: where, and its tag.
#[derive(Debug)]
struct Held {
    store: usize,
    key: String,
    tag: String,
}

/// Everything that is held, and up to when it certainly is, by the run's clock.
#[derive(Debug, Default)]
struct Holding {
    leases: Vec<Held>,
    until_ms: u64,
    lost: Option<String>,
    /// Stores that could not be asked.
    unasked: Option<String>,
    count: u64,
    /// Whether this run has had it before, and who has had it since.
    had: bool,
    others: Option<String>,
}

/// Leases on all that a run shares, in one store or in several.
pub struct Leases {
    shared: Arc<Shared>,
    renewing: Mutex<Option<tokio::task::AbortHandle>>,
}

struct Shared {
    /// The nearest one first. One that cannot be asked guards nothing, and is said.
    stores: Vec<Arc<dyn Objects>>,
    keys: Vec<String>,
    holder: String,
    owner: Owner,
    nonce: String,
    clock: Arc<dyn Clock>,
    holding: tokio::sync::Mutex<Holding>,
}

impl Holding {
    /// One more is held; who had it before counts where it was this run's before that.
    fn has(&mut self, store: usize, key: &str, (tag, before): (String, Option<String>)) {
        if self.had && key.contains(NUMBER) {
            self.others = self.others.take().or(before);
        }
        self.leases.push(Held { store, key: key.to_owned(), tag });
    }
}

/// Why a lease was not written.
enum Not {
    Held { by: String, left_ms: u64 },
    Away(Away),
}

impl Leases {
    /// Leases of these keys for `holder`, who is told to others; `nonce` is no other run's.
    pub fn new(
        stores: Vec<Arc<dyn Objects>>,
        mut keys: Vec<String>,
        holder: String,
        owner: Owner,
        nonce: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // In one order, so that two that wait for each other cannot be.
        keys.sort();
        keys.dedup();
        let holding = tokio::sync::Mutex::default();
        let shared = Arc::new(Shared { stores, keys, holder, owner, nonce, clock, holding });
        Self { shared, renewing: Mutex::new(None) }
    }

    /// Of a run that has had it before, in another process.
    #[must_use]
    pub fn had_before(self) -> Self {
        if let Ok(mut holding) = self.shared.holding.try_lock() {
            holding.had = true;
        }
        self
    }

    fn renew_from_now_on(&self) {
        let shared = self.shared.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW).await;
                let mut holding = shared.holding.lock().await;
                if holding.lost.is_none() {
                    shared.renew(&mut holding).await;
                }
            }
        });
        self.renew_with(Some(task.abort_handle()));
    }

    fn renew_with(&self, task: Option<tokio::task::AbortHandle>) {
        let before = std::mem::replace(&mut *self.renewing.lock().unwrap_or_else(PoisonError::into_inner), task);
        if let Some(before) = before {
            before.abort();
        }
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.renew_with(None);
    }
}

impl Shared {
    fn says(&self, count: u64, free: bool) -> Vec<u8> {
        let says = Says {
            version: 1,
            holder: self.holder.clone(),
            owner: self.owner.text(),
            nonce: self.nonce.clone(),
            count,
            free,
        };
        serde_json::to_vec(&says).unwrap_or_default()
    }

    /// Writes one lease, if nobody has it: its tag.
    async fn take_one(&self, store: &dyn Objects, key: &str, count: u64) -> Result<(String, Option<String>), Not> {
        for _ in 0..TRIES_MAX {
            let found = store.get(key).await.map_err(Not::Away)?;
            let only = match &found {
                None => Only::IfNew,
                Some(object) => match self.held_by_another(object) {
                    Some(not) => return Err(not),
                    None => Only::IfTag(&object.tag),
                },
            };
            match store.put(key, self.says(count, false), only).await.map_err(Not::Away)? {
                Put::Done(tag) => return Ok((tag, found.and_then(|object| self.of_another(&object)))),
                // Somebody was quicker, or this very write was done and its answer lost: the next look tells.
                Put::Changed => {}
            }
        }
        Err(Not::Held { by: "several others, who take it from each other".to_owned(), left_ms: LIFE_MS })
    }

    /// Whose it is or was, unless it is this run's.
    fn of_another(&self, object: &Object) -> Option<String> {
        let says = serde_json::from_slice::<Says>(&object.bytes).ok()?;
        (says.nonce != self.nonce).then_some(says.holder)
    }

    fn held_by_another(&self, object: &Object) -> Option<Not> {
        let over = object.age_ms > LIFE_MS + CLOCK_MS;
        let left_ms = LIFE_MS.saturating_sub(object.age_ms);
        match serde_json::from_slice::<Says>(&object.bytes) {
            Ok(says) if says.free || says.nonce == self.nonce || over => None,
            Ok(says) if Owner::parse(&says.owner).is_some_and(|owner| owner.is_gone()) => None,
            Ok(says) => Some(Not::Held { by: says.holder, left_ms }),
            Err(_) if over => None,
            Err(_) => Some(Not::Held { by: "a program that writes leases otherwise".to_owned(), left_ms }),
        }
    }

    /// Takes all of them or none.
    async fn take_all(&self, holding: &mut Holding) -> Result<(), Not> {
        let asked = self.clock.elapsed_ms();
        holding.count += 1;
        for (number, store) in self.stores.iter().enumerate() {
            for key in &self.keys {
                match self.take_one(store.as_ref(), key, holding.count).await {
                    Ok(taken) => holding.has(number, key, taken),
                    Err(Not::Away(Away(why))) => {
                        holding.unasked = Some(why);
                        break;
                    }
                    Err(held) => {
                        self.free(holding).await;
                        return Err(held);
                    }
                }
            }
        }
        (holding.until_ms, holding.had) = (asked + LIFE_MS, true);
        Ok(())
    }

    /// What could not be asked for before, as soon as it can.
    async fn take_rest(&self, holding: &mut Holding) -> Result<(), Not> {
        for (number, store) in self.stores.iter().enumerate() {
            for key in &self.keys {
                if !holding.leases.iter().any(|held| held.store == number && held.key == *key) {
                    let taken = self.take_one(store.as_ref(), key, holding.count).await?;
                    holding.has(number, key, taken);
                }
            }
        }
        Ok(())
    }

    /// Writes all that is held once more.
    async fn renew(&self, holding: &mut Holding) {
        let asked = self.clock.elapsed_ms();
        holding.count += 1;
        for held in &mut holding.leases {
            let store = &self.stores[held.store];
            let written = store.put(&held.key, self.says(holding.count, false), Only::IfTag(&held.tag)).await;
            match written {
                Ok(Put::Done(tag)) => held.tag = tag,
                Ok(Put::Changed) => match self.mine_still(store.as_ref(), &held.key, holding.count).await {
                    Ok(Some(tag)) => held.tag = tag,
                    Ok(None) => {
                        holding.lost = Some(format!("somebody else has taken {}", held.key));
                        return;
                    }
                    Err(Away(why)) => {
                        holding.unasked = Some(why);
                        return;
                    }
                },
                Err(Away(why)) => {
                    holding.unasked = Some(why);
                    return;
                }
            }
        }
        if holding.unasked.is_some() && !holding.leases.is_empty() {
            match self.take_rest(holding).await {
                Ok(()) => {}
                Err(Not::Away(Away(why))) => {
                    holding.unasked = Some(why);
                    holding.until_ms = asked + LIFE_MS;
                    return;
                }
                Err(Not::Held { by, .. }) => {
                    holding.lost = Some(format!("while the store was away, it was taken by {by}"));
                    return;
                }
            }
        }
        (holding.until_ms, holding.unasked) = (asked + LIFE_MS, None);
    }

    /// The tag of a lease that was written by this run though the answer was lost.
    async fn mine_still(&self, store: &dyn Objects, key: &str, count: u64) -> Result<Option<String>, Away> {
        let found = store.get(key).await?;
        let mine = found.filter(|object| {
            serde_json::from_slice::<Says>(&object.bytes)
                .is_ok_and(|says| says.nonce == self.nonce && says.count <= count)
        });
        Ok(mine.map(|object| object.tag))
    }

    /// Lets all go that is held. What cannot be written ends by itself.
    async fn free(&self, holding: &mut Holding) {
        holding.count += 1;
        for held in std::mem::take(&mut holding.leases) {
            let store = self.stores[held.store].as_ref();
            let free = || self.says(holding.count, true);
            if store.put(&held.key, free(), Only::IfTag(&held.tag)).await == Ok(Put::Changed) {
                // The last renewal was written, and its answer lost: this run's it is all the same.
                if let Ok(Some(tag)) = self.mine_still(store, &held.key, holding.count).await {
                    let _ = store.put(&held.key, free(), Only::IfTag(&tag)).await;
                }
            }
        }
        (holding.until_ms, holding.lost) = (0, None);
    }

    fn left_ms(&self, holding: &Holding) -> u64 {
        holding.until_ms.saturating_sub(self.clock.elapsed_ms())
    }
}

#[async_trait]
impl Lease for Leases {
    async fn take(&self, patience_ms: u64) -> Taken {
        let begun = self.shared.clock.elapsed_ms();
        let (mut behind, mut away_since) = (None, None);
        loop {
            let mut holding = self.shared.holding.lock().await;
            if !holding.leases.is_empty() {
                self.shared.free(&mut holding).await;
            }
            (holding.lost, holding.unasked) = (None, None);
            let taken = self.shared.take_all(&mut holding).await;
            let now = self.shared.clock.elapsed_ms();
            let waited_ms = now.saturating_sub(begun);
            if holding.unasked.is_none() {
                away_since = None;
            }
            match taken {
                // Somebody may hold it there, and was not seen.
                Ok(()) if holding.unasked.is_some() && now - *away_since.get_or_insert(now) < AWAY_MS => {}
                Ok(()) | Err(Not::Away(_)) => {
                    let unasked = holding.unasked.clone();
                    self.renew_from_now_on();
                    let waited_ms = if behind.is_some() { waited_ms } else { 0 };
                    return Taken::Ours { waited_ms, behind, unasked };
                }
                Err(Not::Held { by, left_ms }) if waited_ms >= patience_ms => {
                    return Taken::Held { by, left_ms };
                }
                Err(Not::Held { by, .. }) => behind = Some(by),
            }
            drop(holding);
            tokio::time::sleep(Duration::from_millis((waited_ms / 10).clamp(LOOK_MS, LOOK_SELDOM_MS))).await;
        }
    }

    async fn sure(&self) -> Result<Option<String>, String> {
        let mut holding = self.shared.holding.lock().await;
        let mut away_since = None;
        // A process that has slept finds out here, before it acts; the network may need a moment to come back.
        while holding.lost.is_none() && self.shared.left_ms(&holding) < LIFE_MS / 2 {
            self.shared.renew(&mut holding).await;
            let now = self.shared.clock.elapsed_ms();
            if holding.unasked.is_none() || now - *away_since.get_or_insert(now) >= AWAY_MS {
                break;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        if let Some(why) = &holding.lost {
            return Err(why.clone());
        }
        match &holding.unasked {
            None if self.shared.left_ms(&holding) < LEAST_MS => Err("its time is over".to_owned()),
            unasked => Ok(unasked.clone()),
        }
    }

    async fn others(&self) -> Option<String> {
        let holding = self.shared.holding.lock().await;
        if holding.others.is_some() {
            return holding.others.clone();
        }
        for store in &self.shared.stores {
            for key in self.shared.keys.iter().filter(|key| key.contains(NUMBER)) {
                let Ok(Some(object)) = store.get(key).await else { continue };
                if let Some(other) = self.shared.of_another(&object) {
                    return Some(other);
                }
            }
        }
        None
    }

    async fn give_back(&self) {
        self.renew_with(None);
        let mut holding = self.shared.holding.lock().await;
        self.shared.free(&mut holding).await;
    }
}
