//! The exit codes: the only numbers that scripts may rely on.

use crate::history::History;
use crate::model::Verdict;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Passed; degraded too, with a warning, unless `--fail-on degraded` was given.
    Passed = 0,
    /// The service failed.
    Failed = 1,
    /// Files or options are wrong; nothing was touched.
    WrongInput = 2,
    /// It could not be judged: not verified, inconclusive, errored.
    NotJudged = 3,
    /// Nothing was selected.
    NothingSelected = 4,
    /// A guard refused.
    Refused = 5,
    /// So far all passed; something is still due.
    Waiting = 6,
    /// Somebody stopped it.
    Interrupted = 130,
}

impl Exit {
    /// The exit code of a run whose process has ended to wait: a failure that is known already is told now.
    pub fn of_waiting(history: &History) -> Self {
        if history.waits() { Self::Waiting } else { Self::of(history, false) }
    }

    /// The exit code of a run of which there is only the journal: one that was stopped, waits, or has ended.
    pub fn of_recorded(history: &History) -> Self {
        if history.interrupted.is_some() { Self::Interrupted } else { Self::of_waiting(history) }
    }

    /// The exit code of a run that has come to its end.
    pub fn of(history: &History, degraded_fails: bool) -> Self {
        match crate::diagnose::verdict(history) {
            Verdict::NotVerified | Verdict::Inconclusive if history.refused() => Self::Refused,
            Verdict::Passed => Self::Passed,
            Verdict::Degraded if degraded_fails => Self::Failed,
            Verdict::Degraded => Self::Passed,
            Verdict::Failed => Self::Failed,
            Verdict::NotVerified | Verdict::Inconclusive | Verdict::Errored => Self::NotJudged,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_numbers_are_a_promise() {
        let all = [
            (Exit::Passed, 0),
            (Exit::Failed, 1),
            (Exit::WrongInput, 2),
            (Exit::NotJudged, 3),
            (Exit::NothingSelected, 4),
            (Exit::Refused, 5),
            (Exit::Waiting, 6),
            (Exit::Interrupted, 130),
        ];
        for (exit, number) in all {
            assert_eq!(exit as u8, number, "{exit:?}");
        }
    }
}
