//! Stories: what went wrong together, and the smallest sets of causes that explain all of it. Consistency over roads: what
//! was shown to work clears what it has passed; what did not come accuses all that it would have passed.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::Cause;
use super::see::{Anomaly, Proof, Seen};
use super::sign::Sign;
use super::way::{Scope, Symptom, Thing, WAYS, Way};
use crate::model::{Component, Stage};

/// Causes that come together at most.
const TOGETHER_MAX: usize = 3;
/// What was not so many times quicker than what was late says nothing against a part that is slow.
const QUICKER: u64 = 4;
/// So much before its trigger a message may have come that still clears what it has passed, in milliseconds: two presses of
/// one moment are not told apart by who was seen first.
const BESIDE_MS: u64 = 500;

/// A sick part, wherever it shows: the same one explains all that it touches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Atom {
    scope: Scope,
    part: Component,
    /// Which lane of it, or which one thing.
    lane: String,
    group: &'static str,
}

/// How a cause stands against what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// The part itself was seen to be sick.
    Direct,
    Free,
    /// Another lane of the part was shown to work.
    Doubted,
    /// It was shown to work, but before.
    Demoted,
    Refuted,
}

/// An atom at one anomaly: what it is called there.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    cause: &'static Cause,
    standing: Standing,
}

/// Anomalies that share a possible cause, and the sets of atoms that explain them all, likeliest first.
#[derive(Debug)]
pub(super) struct Story {
    /// Places in [`Seen::anomalies`].
    pub(super) anomalies: Vec<usize>,
    sets: Vec<Vec<Atom>>,
    suspects: BTreeMap<(usize, Atom), Suspect>,
}

impl Story {
    /// The causes of one of its anomalies, likeliest first.
    pub(super) fn causes_of(&self, seen: &Seen<'_>, anomaly: usize) -> Vec<Candidate> {
        let told = |cause: &&'static Cause| Candidate { cause, is_doubted: false, together: 1 };
        let mut found: Vec<Candidate> = seen.anomalies[anomaly].told.iter().map(told).collect();
        for (set, atom) in self.sets.iter().flat_map(|set| set.iter().map(move |atom| (set, atom))) {
            if let Some(suspect) = self.suspects.get(&(anomaly, atom.clone()))
                && !found.iter().any(|known| known.cause == suspect.cause)
            {
                let is_doubted = suspect.standing > Standing::Free;
                found.push(Candidate { cause: suspect.cause, is_doubted, together: set.len() });
            }
        }
        found
    }
}

/// A cause that is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) cause: &'static Cause,
    /// Something that was seen speaks against it.
    pub(super) is_doubted: bool,
    /// The size of the smallest set that it is in.
    pub(super) together: usize,
}

/// All stories of a run.
pub(super) fn stories(seen: &Seen<'_>) -> Vec<Story> {
    let mut suspects: BTreeMap<(usize, Atom), Suspect> = BTreeMap::new();
    for (index, anomaly) in seen.anomalies.iter().enumerate().filter(|(_, anomaly)| anomaly.told.is_empty()) {
        for (atom, suspect) in suspects_of(anomaly, seen) {
            suspects.insert((index, atom), suspect);
        }
    }
    let mut stories = Vec::new();
    for anomalies in groups(seen.anomalies.len(), &suspects) {
        let own = |(index, _): &&(usize, Atom)| anomalies.contains(index);
        let suspects: BTreeMap<(usize, Atom), Suspect> =
            suspects.iter().filter(|(key, _)| own(key)).map(|(key, suspect)| (key.clone(), *suspect)).collect();
        let sets = explain(&anomalies, &suspects, seen);
        stories.push(Story { anomalies, sets, suspects });
    }
    stories
}

/// What may have made an anomaly.
fn suspects_of(anomaly: &Anomaly, seen: &Seen<'_>) -> Vec<(Atom, Suspect)> {
    let mut found: Vec<(Atom, Suspect)> = Vec::new();
    for way in WAYS.iter().filter(|way| fits(way, anomaly)) {
        let Some(stage) = stage_of(way, anomaly) else { continue };
        let standing = stand(way, &stage, anomaly, seen);
        let lane = match way.scope {
            Scope::Whole => String::new(),
            Scope::Lane => stage.lane,
            Scope::Once => format!("{}", anomaly.step.0),
        };
        let atom = Atom { scope: way.scope, part: stage.part, lane, group: way.group };
        found.push((atom, Suspect { cause: way.cause, standing }));
    }
    // Something has gone wrong: where everything was shown to work, one of it has not, and that is better than no word.
    if found.iter().all(|(_, suspect)| suspect.standing == Standing::Refuted) {
        for (_, suspect) in &mut found {
            suspect.standing = Standing::Doubted;
        }
    }
    found.retain(|(_, suspect)| suspect.standing != Standing::Refuted);
    // A part that was seen to be sick needs no other reason for an error page.
    let direct = found.iter().any(|(_, suspect)| suspect.standing == Standing::Direct);
    if direct && anomaly.symptom == Symptom::ErrorPage {
        found.retain(|(_, suspect)| suspect.standing == Standing::Direct);
    }
    found
}

fn fits(way: &Way, anomaly: &Anomaly) -> bool {
    let has = |sign: &Sign| anomaly.evidence.has(*sign);
    way.makes.contains(&anomaly.symptom)
        && way.of.contains(&anomaly.thing)
        && (way.at.is_empty() || way.at.contains(&anomaly.reach))
        && way.needs.iter().all(has)
        && !way.unless.iter().any(has)
}

/// Where on its road a cause would have met it. What surrounds the service lies on every road, but for the eyes.
fn stage_of(way: &Way, anomaly: &Anomaly) -> Option<Stage> {
    let part = way.cause.component;
    let mut stages = anomaly.road.stages.iter().rev().filter(|stage| stage.part == part);
    let last = stages.next();
    let on_road = if way.from_end == 0 { last } else { stages.nth(way.from_end - 1).or(last) };
    let stage = match (on_road, part) {
        (Some(stage), _) => stage.clone(),
        (None, Component::Harness | Component::Template | Component::Account) => part.into(),
        (None, _) => return None,
    };
    // A page passes what it passes at its own address.
    let own = stage.lane.is_empty() && anomaly.thing == Thing::Page;
    Some(if own { Stage { lane: own_lane(anomaly), ..stage } } else { stage })
}

/// A page that is late is slow at its address; one that is wrong is so after this one step, whatever it showed before.
fn own_lane(anomaly: &Anomaly) -> String {
    match anomaly.symptom {
        Symptom::Late => anomaly.page.clone(),
        _ => format!("{} at step {}", anomaly.page, anomaly.step.0),
    }
}

/// How what was shown to work bears on a cause.
fn stand(way: &Way, stage: &Stage, anomaly: &Anomaly, seen: &Seen<'_>) -> Standing {
    if way.shown_by.is_some_and(|sign| anomaly.evidence.has(sign)) {
        return Standing::Direct;
    }
    // What a page shows of the way to it is seen itself, and beats what other pages show.
    if matches!(anomaly.symptom, Symptom::Gateway | Symptom::Unreachable | Symptom::Untrusted | Symptom::Denied) {
        return Standing::Free;
    }
    // A text from another environment's number is most likely theirs, and ours is missing.
    if way.needs.contains(&Sign::OtherSender) && anomaly.evidence.has(Sign::TheirSender) {
        return Standing::Demoted;
    }
    let is_eye = matches!(stage.part, Component::Mailbox | Component::Number);
    // An eye to which anything came is not deaf; it may be slow, or lose one.
    if is_eye && anomaly.symptom == Symptom::Never && way.scope == Scope::Whole {
        return if seen.open_eyes.contains(&stage.part) { Standing::Refuted } else { Standing::Free };
    }
    let proofs = seen.proofs.iter().filter(|proof| proof.step != anomaly.step);
    let standing = proofs.map(|proof| against(way, stage, anomaly, proof, seen)).max().unwrap_or(Standing::Free);
    match way.scope {
        Scope::Whole | Scope::Lane => standing,
        // A carrier loses one text now and then, and not all of them.
        Scope::Once if anomaly.thing == Thing::TextRows && !anomaly.evidence.has(Sign::PartCame) => Standing::Demoted,
        // One sick fork delays one message; where others were quick it is still possible, and less likely.
        Scope::Once if matches!(anomaly.symptom, Symptom::Late | Symptom::Never) => standing.min(Standing::Demoted),
        Scope::Once => Standing::Free,
    }
}

fn against(way: &Way, stage: &Stage, anomaly: &Anomaly, proof: &Proof, seen: &Seen<'_>) -> Standing {
    let passed = |lane: &Stage| {
        let own = lane.lane.is_empty() && anomaly.thing == Thing::Page;
        if own { Stage { lane: proof.page.clone(), ..lane.clone() } } else { lane.clone() }
    };
    // How long a message took says nothing of how long pages take.
    if anomaly.symptom == Symptom::Late && anomaly.thing == Thing::Page && proof.thing != Thing::Page {
        return Standing::Free;
    }
    let lanes: Vec<Stage> = proof.stages.iter().filter(|lane| lane.part == stage.part).map(passed).collect();
    if lanes.is_empty() {
        return Standing::Free;
    }
    let same = match way.scope {
        Scope::Whole | Scope::Once => lanes.iter().any(|lane| {
            // Pages of one app are served by it wherever they lie.
            anomaly.thing == Thing::Page || seen.roads.share_process(lane, stage)
        }),
        Scope::Lane => lanes.contains(stage),
    };
    // A page answers in the moment in which it is asked; a message may have been sent before the part fell ill.
    let fresh = match anomaly.thing {
        Thing::Page => proof.since + anomaly.on_time_ms >= anomaly.since,
        Thing::Mail | Thing::Text | Thing::Pickup | Thing::MailRows | Thing::TextRows => {
            proof.at + BESIDE_MS >= anomaly.since
        }
    };
    // It has to be something that would have shown the symptom.
    let quick = anomaly.symptom != Symptom::Late || proof.took_ms.saturating_mul(QUICKER) <= anomaly.took_ms;
    match (same, fresh && quick) {
        (true, true) => Standing::Refuted,
        (true, false) => Standing::Demoted,
        (false, _) => Standing::Doubted,
    }
}

/// Anomalies that share an atom belong together.
fn groups(count: usize, suspects: &BTreeMap<(usize, Atom), Suspect>) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..count).collect();
    let mut first: BTreeMap<&Atom, usize> = BTreeMap::new();
    for (index, atom) in suspects.keys() {
        let (one, two) = (group_of[*index], group_of[*first.entry(atom).or_insert(*index)]);
        let (low, high) = (one.min(two), one.max(two));
        group_of.iter_mut().filter(|group| **group == high).for_each(|group| *group = low);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, group) in group_of.into_iter().enumerate() {
        groups.entry(group).or_default().push(index);
    }
    groups.into_values().collect()
}

/// An atom with the anomalies of its story that it explains, as bits.
type Cover = (Atom, u64);

/// The smallest sets that explain all, likeliest first: none of their atoms could be left out.
fn explain(anomalies: &[usize], suspects: &BTreeMap<(usize, Atom), Suspect>, seen: &Seen<'_>) -> Vec<Vec<Atom>> {
    let mut covers: BTreeMap<Atom, u64> = BTreeMap::new();
    for (bit, index) in anomalies.iter().enumerate() {
        for (_, atom) in suspects.keys().filter(|(of, _)| of == index) {
            *covers.entry(atom.clone()).or_default() |= 1 << bit;
        }
    }
    let covers: Vec<Cover> = covers.into_iter().collect();
    let all = covers.iter().fold(0, |all, (_, bits)| all | bits);
    let mut sets = Vec::new();
    combine(&covers, 0, all, &mut Vec::new(), &mut sets);
    if sets.is_empty() {
        // Too many things at once: each is explained by itself.
        sets = covers.iter().map(|cover| vec![cover.clone()]).collect();
    }
    let simple = |set: &Vec<Cover>| !lane_of_a_sick_part(set, &covers, all);
    let mut ranked: Vec<(Rank, Vec<Atom>)> = sets
        .into_iter()
        .filter(simple)
        .map(|set| {
            let atoms: Vec<Atom> = set.into_iter().map(|(atom, _)| atom).collect();
            (rank(&atoms, suspects, seen), atoms)
        })
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, atoms)| atoms).collect()
}

fn combine(covers: &[Cover], from: usize, all: u64, chosen: &mut Vec<Cover>, sets: &mut Vec<Vec<Cover>>) {
    let covered = |without: Option<usize>| {
        let others = chosen.iter().enumerate().filter(|(index, _)| Some(*index) != without);
        others.fold(0, |all, (_, (_, bits))| all | bits)
    };
    if !chosen.is_empty() && covered(None) == all {
        // None may be left out.
        if (0..chosen.len()).all(|index| covered(Some(index)) != all) {
            sets.push(chosen.clone());
        }
        return;
    }
    if chosen.len() == TOGETHER_MAX {
        return;
    }
    for (index, cover) in covers.iter().enumerate().skip(from) {
        chosen.push(cover.clone());
        combine(covers, index + 1, all, chosen, sets);
        chosen.pop();
    }
}

/// Where a part as a whole explains all, nobody says that one lane of it is sick and something else besides.
fn lane_of_a_sick_part(set: &[Cover], covers: &[Cover], all: u64) -> bool {
    let whole = |part: Component| {
        covers.iter().any(|(atom, bits)| atom.scope == Scope::Whole && atom.part == part && *bits == all)
    };
    set.len() > 1 && set.iter().any(|(atom, _)| atom.scope != Scope::Whole && whole(atom.part))
}

/// The order of sets: smaller is likelier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    together: usize,
    /// No part of it was seen to be sick itself.
    not_direct: bool,
    /// What speaks against it.
    against: Standing,
    once: bool,
    likely: Vec<usize>,
    ids: Vec<&'static str>,
}

fn rank(atoms: &[Atom], suspects: &BTreeMap<(usize, Atom), Suspect>, seen: &Seen<'_>) -> Rank {
    let of = |atom: &Atom| {
        suspects.iter().filter(|((_, known), _)| known == atom).map(|(_, suspect)| *suspect).collect::<Vec<_>>()
    };
    let all: Vec<Suspect> = atoms.iter().flat_map(of).collect();
    let likely: BTreeSet<usize> =
        all.iter().map(|suspect| seen.roads.rank(suspect.cause.id, suspect.cause.component)).collect();
    let ids: BTreeSet<&'static str> = all.iter().map(|suspect| suspect.cause.id).collect();
    Rank {
        together: atoms.len(),
        not_direct: !all.iter().any(|suspect| suspect.standing == Standing::Direct),
        against: all.iter().map(|suspect| suspect.standing).max().unwrap_or(Standing::Free).max(Standing::Free),
        once: atoms.iter().any(|atom| atom.scope == Scope::Once),
        // The least likely of them decides.
        likely: likely.into_iter().rev().collect(),
        ids: ids.into_iter().collect(),
    }
}
