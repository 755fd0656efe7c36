//! Whether what is to be released was tested: asked of the lines that runs have left in the store.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::NotStarted;
use super::prepare::{environment, store_of};
use super::shared;
use crate::config::Files;
use crate::exit::Exit;
use crate::model::line::RunLine;
use crate::model::occasion::is_commit;
use crate::model::{Because, Verdict};
use crate::port::{Away, Objects};
use crate::reading::one_line;
use crate::store::Lines;
use crate::yaml::did_you_mean;

/// The store is asked for no longer.
const ASK_LONGEST: Duration = Duration::from_secs(20);
/// Runs with one of these have judged the service; all others are no answer.
const JUDGED: [Verdict; 3] = [Verdict::Passed, Verdict::Degraded, Verdict::Failed];

/// What must have been tested.
#[derive(Debug, Clone)]
pub struct Gate {
    pub environment: String,
    pub profile: String,
    /// Part and commit that have to have answered, at the start and at the end.
    pub commits: Vec<(String, String)>,
    /// For this reason alone.
    pub because: Option<Because>,
    pub max_age: SignedDuration,
}

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub is_open: bool,
    /// Why, and what to run where it is not.
    pub said: String,
}

/// Asks.
///
/// # Errors
/// [`NotStarted`] where files or names are wrong, or the store cannot be asked: then nothing is known.
pub async fn gate(root: &Path, gate: &Gate) -> Result<Answer, NotStarted> {
    let files = Files::new(root);
    let (environment, loaded) = environment(&files, &gate.environment)?;
    let profiles = loaded.services.get(&environment.service).map(|service| &service.profiles);
    let Some(scenarios) = profiles.and_then(|profiles| profiles.get(&gate.profile)) else {
        let known: Vec<&str> = profiles.into_iter().flat_map(|profiles| profiles.keys().map(String::as_str)).collect();
        let said = format!("There is no profile `{}`.{}", gate.profile, did_you_mean(&gate.profile, &known));
        return Err(NotStarted::new(Exit::WrongInput, said));
    };
    let bucket = shared::bucket(store_of(&files, &environment)?.as_ref()).await;
    let objects = shared::objects(&files, bucket.as_ref());
    let away = |why: &str| {
        let said = format!("The store cannot be asked: {}. Nothing is known of what was tested.", one_line(why));
        NotStarted::new(Exit::NotJudged, said)
    };
    let oldest = Timestamp::now().saturating_sub(gate.max_age).unwrap_or(Timestamp::MIN);
    let asked = newest(objects, gate, &environment.name, scenarios, oldest);
    match tokio::time::timeout(ASK_LONGEST, asked).await {
        Ok(Ok(line)) => Ok(answer(gate, &environment.name, line.as_ref())),
        Ok(Err(Away(why))) => Err(away(&why)),
        Err(_) => Err(away("no answer in time")),
    }
}

/// The newest run that has judged what is asked for.
async fn newest(
    objects: std::sync::Arc<dyn Objects>,
    gate: &Gate,
    environment: &str,
    scenarios: &[String],
    oldest: Timestamp,
) -> Result<Option<RunLine>, Away> {
    let wanted = |line: &RunLine| {
        let answered = |(part, commit): &(String, String)| {
            if line.verdict == Verdict::Failed {
                // A part that is down tells no build: a failure counts unless only another one's answered.
                return line.seen.get(part).is_none_or(|seen| seen.iter().any(|build| is_commit(build, commit)));
            }
            line.builds.get(part).is_some_and(|builds| builds.iter().all(|build| is_commit(build, commit)))
        };
        // Clocks of two machines differ: where no age is allowed, nothing is young enough.
        gate.max_age.is_positive()
            && line.ended_at >= oldest
            && scenarios.iter().all(|scenario| line.scenarios.contains(scenario))
            && gate.because.is_none_or(|because| line.because == because)
            && gate.commits.iter().all(answered)
    };
    Lines::new(objects, environment).newest_of(&JUDGED, gate.max_age, wanted).await
}

fn answer(gate: &Gate, environment: &str, line: Option<&RunLine>) -> Answer {
    let mut what: Vec<String> = gate.commits.iter().map(|(part, commit)| format!("{part} {commit}")).collect();
    what.extend(gate.because.map(|because| format!("because: {}", because.name())));
    let what = if what.is_empty() { String::new() } else { format!(" with {}", what.join(", ")) };
    let run = format!("notify-smoke smoke {environment} --profile {}", gate.profile);
    match line {
        None => Answer {
            is_open: false,
            said: format!(
                "No run of {} on {environment}{what} has judged it in the last {} h. Run: {run}",
                gate.profile,
                gate.max_age.as_hours()
            ),
        },
        Some(line) => {
            let at = line.ended_at.strftime("%F %H:%M UTC");
            let is_open = line.verdict != Verdict::Failed;
            let next = if is_open { String::new() } else { format!(" Mend it, then run: {run}") };
            Answer {
                is_open,
                said: format!(
                    "{} on {environment}{what} {} at {at} (run {}).{next}",
                    gate.profile,
                    line.verdict.name(),
                    one_line(&line.run)
                ),
            }
        }
    }
}
