//! What a run comes to for those who look at a pipeline: one table for job, annotation, commit status and message.

use super::Verdict;

/// How a run, or the attempt at one, has ended for its readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Degraded,
    /// So far all passed; something is still due.
    Waiting,
    /// Not verified, inconclusive, errored.
    NotJudged(Verdict),
    Failed,
    /// A guard refused.
    Refused,
    /// Files or options are wrong.
    WrongFiles,
    /// Somebody stopped it, or its time was over.
    CutOff,
}

/// The colour of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Green,
    Red,
    /// It goes on.
    Running,
}

/// How loud an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    /// As GitHub's workflow commands have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// The state of a commit status, as GitHub's API has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Success,
    Failure,
    Error,
    Pending,
}

impl State {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Pending => "pending",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub job: Colour,
    pub annotation: Option<Level>,
    pub status: State,
    /// What stands before everything else, where the service itself was not found to be broken.
    pub headline: Option<&'static str>,
}

impl Outcome {
    /// Of a run that was judged.
    pub fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Passed => Self::Passed,
            Verdict::Degraded => Self::Degraded,
            Verdict::NotVerified | Verdict::Inconclusive | Verdict::Errored => Self::NotJudged(verdict),
            Verdict::Failed => Self::Failed,
        }
    }

    /// The value of the output `verdict`, and the name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Degraded => "degraded",
            Self::Waiting => "waiting",
            Self::NotJudged(verdict) => verdict.name(),
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::WrongFiles => "wrong-files",
            Self::CutOff => "cut-off",
        }
    }

    /// Its line of the table. `strict` where what is degraded is to end red (`--fail-on degraded`).
    pub fn told(self, strict: bool) -> Told {
        let told = |job, annotation, status, headline| Told { job, annotation, status, headline };
        match self {
            Self::Passed => told(Colour::Green, None, State::Success, None),
            Self::Degraded if strict => told(Colour::Red, Some(Level::Warning), State::Failure, None),
            Self::Degraded => told(Colour::Green, Some(Level::Warning), State::Success, None),
            Self::Waiting => told(Colour::Running, Some(Level::Notice), State::Pending, None),
            Self::NotJudged(_) => told(Colour::Red, Some(Level::Error), State::Error, Some("could not judge")),
            Self::Failed => told(Colour::Red, Some(Level::Error), State::Failure, None),
            Self::Refused | Self::WrongFiles => told(Colour::Red, Some(Level::Error), State::Error, Some("not run")),
            Self::CutOff => told(Colour::Red, Some(Level::Error), State::Error, Some("cut off")),
        }
    }
}
