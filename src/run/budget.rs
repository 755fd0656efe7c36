//! What earlier runs have asked the service for, as far as their journals tell: mails in the last hour, and codes that
//! nobody has used. A code that is asked for and not used blocks others: the service keeps five live ones of a user.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use super::going::Going;
use super::prepare::Prepared;
use super::{NotStarted, Recorded};
use crate::exit::Exit;
use crate::history::History;
use crate::model::{Check, Expectation, Observation, Plan, StepId, StepKind, Wrong};
use crate::store;

/// As far back as runs are counted.
const RUNS_MAX: usize = 200;
const HOUR_S: i64 = 3600;
/// Texts can come minutes after their request, so a code counts a little longer than it lives.
const CODE_MARGIN_S: i64 = 300;

/// Codes of earlier runs that may matter to this one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Codes {
    /// Asked for and not used, as far as they still live.
    pub(super) unused: u32,
    /// Those of them whose texts may still come.
    pub(super) unseen: u32,
}

/// How many mails and texts with a code a run is going to ask for.
#[derive(Debug, Clone, Copy)]
struct Asks {
    mails: usize,
    texts: usize,
}

/// What earlier runs have asked for must leave room for this one.
pub(super) fn within(prepared: &Prepared, going: &Going, plan: &Plan, runs: &Path) -> Result<Codes, NotStarted> {
    // A sandbox that is started for the run is new: what was asked of another one is nothing to it.
    if prepared.environment.sandbox.is_some() && going.sandbox.is_none() {
        return Ok(Codes::default());
    }
    let asks = Asks { mails: triggers(plan, is_mail).len(), texts: triggers(plan, is_text).len() };
    room_for(asks, prepared, going, &earlier_runs(prepared, plan, runs, None))
}

/// What a run that goes on has still to ask for must find room too: what it has asked for already is counted with the others'.
pub(super) fn within_rest(
    prepared: &Prepared,
    going: &Going,
    history: &History,
    folder: &Path,
) -> Result<(), NotStarted> {
    let runs = &prepared.files.runs();
    let left =
        |of| triggers(&history.plan, of).into_iter().filter(|step| history.step(*step).started.is_none()).count();
    let asks = Asks { mails: left(is_mail), texts: left(is_text) };
    if asks.mails + asks.texts == 0 {
        return Ok(());
    }
    // It may lie elsewhere.
    let mut earlier = earlier_runs(prepared, &history.plan, runs, Some(folder));
    earlier.insert(0, history.clone());
    room_for(asks, prepared, going, &earlier).map(|_| ())
}

/// Runs against the same service, newest first, without the one in this folder.
fn earlier_runs(prepared: &Prepared, plan: &Plan, runs: &Path, but: Option<&Path>) -> Vec<History> {
    let is_it = |run: &Path| but.is_some_and(|but| run.canonicalize().ok() == but.canonicalize().ok());
    store::newest_runs(runs, &prepared.environment.name, RUNS_MAX)
        .iter()
        .filter(|run| !is_it(run))
        .filter_map(|run| Some(Recorded::read(run).ok()?.history))
        .filter(|history| history.plan.base_url == plan.base_url)
        .collect()
}

fn room_for(asks: Asks, prepared: &Prepared, going: &Going, earlier: &[History]) -> Result<Codes, NotStarted> {
    let refused = |said: String| NotStarted::new(Exit::Refused, said);
    let now = Timestamp::now().as_second();
    let resets = mails_since(earlier, now - HOUR_S);
    let limit = prepared.service.resets_per_hour as usize;
    if resets + asks.mails > limit {
        return Err(refused(format!(
            "Runs of the last hour have asked for {resets} mails, the budget is {limit} (service.yaml, budget). Wait a while, or raise it."
        )));
    }
    let failed = failed_logins(earlier);
    if asks.texts > 0 && failed >= prepared.service.failed_logins_max as usize && !going.forget_failed_logins {
        return Err(refused(format!(
            "The last {failed} logins of the smoke user were refused, and the service locks a user after ten. Sign in by hand once, mend the password where it is kept, then add --forget-failed-logins."
        )));
    }
    open_codes_left(prepared, asks, earlier, now)
}

fn open_codes_left(prepared: &Prepared, asks: Asks, earlier: &[History], now: i64) -> Result<Codes, NotStarted> {
    let lifetime_s = i64::try_from(prepared.service.code_lifetime_ms / 1000).unwrap_or(i64::MAX);
    let open = open_codes(earlier, now - lifetime_s - CODE_MARGIN_S);
    let most = prepared.service.codes_live_max as usize;
    match open.first() {
        Some(oldest) if open.len() + asks.texts > most => {
            let safe = Timestamp::from_second(oldest + lifetime_s + CODE_MARGIN_S).unwrap_or(Timestamp::MAX);
            let said = format!(
                "{} codes that earlier runs asked for are not used yet, and the service sends no sixth one (budget: {most}). It is safe again at {}.",
                open.len(),
                safe.strftime("%H:%M:%S UTC")
            );
            Err(NotStarted::new(Exit::Refused, said))
        }
        _ => {
            let since = now - lifetime_s - CODE_MARGIN_S;
            let unused = u32::try_from(open_codes(earlier, now - lifetime_s).len()).unwrap_or(u32::MAX);
            let unseen: u32 = earlier.iter().map(|history| unseen_codes_of(history, since)).sum();
            Ok(Codes { unused, unseen })
        }
    }
}

/// Codes that a run has asked for since then whose text it has not seen: that may come now, and be taken for another one's.
/// One that it has seen is known by its id, whether or not it was used.
fn unseen_codes_of(history: &History, since: i64) -> u32 {
    let of_trigger = |trigger: StepId| {
        let asked = history.step(trigger).started.is_some_and(|moment| moment.at.as_second() >= since);
        let scenario = history.plan.scenario_of(trigger);
        let text = scenario.steps.iter().find(|step| {
            matches!(&history.plan.step(**step).kind, StepKind::Expect { expect, trigger: of, .. } if is_text(expect) && *of == trigger)
        });
        let refused =
            |text: StepId| scenario.steps.iter().filter(|step| **step < text).any(|step| was_refused(history, *step));
        text.filter(|text| asked && !refused(**text))
            .map_or(0, |text| history.requests(*text).saturating_sub(seen_codes(history, *text)))
    };
    triggers(&history.plan, is_text).into_iter().map(of_trigger).sum()
}

/// How many different texts with a code from the service's own number a step has seen.
fn seen_codes(history: &History, text: StepId) -> u32 {
    let Some((_, Observation::Messages { messages, .. })) = &history.step(text).looks.seen else { return 0 };
    let refused = &history.step(text).refused_texts;
    let ours = messages.iter().filter(|message| {
        !message.codes.is_empty() && message.is_from(&history.plan.sms_sender) && !refused.contains(&message.id)
    });
    let ids: BTreeSet<&str> = ours.map(|message| message.provider_id.as_str()).collect();
    u32::try_from(ids.len()).unwrap_or(u32::MAX)
}

/// Where the API could not be reached, nobody's password was looked at.
fn was_refused(history: &History, step: StepId) -> bool {
    !history.api_unwell_throughout()
        && matches!(&history.step(step).check, Some((_, Check::Never { wrong: Wrong::SignInRefused, .. })))
}

/// Logins that were refused one after another, up to the newest run; one that worked ends the row.
fn failed_logins(newest_first: &[History]) -> usize {
    let mut failed = 0;
    for history in newest_first {
        let pages = triggers(&history.plan, is_text).into_iter().flat_map(|trigger| {
            history.plan.scenario_of(trigger).steps.iter().copied().filter(move |step| *step > trigger)
        });
        let (mut refused, mut awaits, mut last_met) = (0, false, false);
        for step in pages {
            let state = history.step(step);
            awaits |= history.awaits_another_code(step);
            // The page of a code in whose place another one is awaited still says that it was refused.
            refused += state.refused_codes + usize::from(was_refused(history, step) && !awaits);
            last_met = state.met.is_some();
        }
        if refused > 0 && !last_met {
            failed += refused;
        } else if last_met {
            break;
        }
    }
    failed
}

/// Actions of a plan that cause a message of this kind.
fn triggers(plan: &Plan, of: fn(&Expectation) -> bool) -> Vec<StepId> {
    let caused = |step: &crate::model::PlannedStep| match &step.kind {
        StepKind::Expect { expect, trigger, .. } if of(expect) => Some(*trigger),
        StepKind::Expect { .. } | StepKind::Act { .. } => None,
    };
    plan.steps.iter().filter_map(caused).collect()
}

fn is_mail(expectation: &Expectation) -> bool {
    matches!(expectation, Expectation::Email(_))
}

fn is_text(expectation: &Expectation) -> bool {
    matches!(expectation, Expectation::Text(_))
}

/// Mails that these runs have asked for since then, in Unix seconds.
fn mails_since(runs: &[History], since: i64) -> usize {
    let asked = |history: &History| {
        let started = |step: &StepId| history.step(*step).started.is_some_and(|moment| moment.at.as_second() >= since);
        triggers(&history.plan, is_mail).iter().filter(|step| started(step)).count()
    };
    runs.iter().map(asked).sum()
}

/// When codes were asked for since then that were not used, oldest first, in Unix seconds.
fn open_codes(runs: &[History], since: i64) -> Vec<i64> {
    let mut open: Vec<i64> = runs.iter().flat_map(|history| open_codes_of(history, since)).collect();
    open.sort_unstable();
    open
}

fn open_codes_of(history: &History, since: i64) -> Vec<i64> {
    let asked = triggers(&history.plan, is_text).into_iter().flat_map(|trigger| {
        let scenario = history.plan.scenario_of(trigger);
        let text = scenario.steps.iter().position(|step| {
            matches!(&history.plan.step(*step).kind, StepKind::Expect { expect, trigger: of, .. } if is_text(expect) && *of == trigger)
        });
        let Some((text, at)) = text.zip(history.step(trigger).started.map(|moment| moment.at.as_second())) else {
            return Vec::new();
        };
        // With a password that was refused, no code was asked for.
        if scenario.steps[..text].iter().any(|step| was_refused(history, *step)) {
            return Vec::new();
        }
        // One code was used if the next page after it was seen: an expectation behind the text that was met. What was
        // asked for beyond that stays open.
        let used = scenario.steps[text + 1..].iter().any(|step| history.step(*step).met.is_some());
        let open = history.requests(scenario.steps[text]).saturating_sub(u32::from(used));
        vec![at; if at >= since { open as usize } else { 0 }]
    });
    asked.collect()
}
