//! What GitHub Actions reads: workflow commands in the log, and the values of outputs.
//! Source: <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.

use std::fmt::Write as _;

use super::public::Public;
use crate::diagnose::Explained;
use crate::history::History;
use crate::model::Verdict;
use crate::model::outcome::{Level, Outcome};
use crate::reading::one_line;

/// A line of the log that GitHub reads as a command; whatever the text is, it is this one command.
pub fn command(name: &str, properties: &[(&str, String)], text: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{name}{space}{}::{}", properties.join(","), data(text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// An output: a name with a value of any lines, between two delimiters that do not stand in it.
pub fn output(name: &str, value: &str, delimiter: &str) -> String {
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

/// What a run says in one line: the verdict with the part, as the first two lines of its report have it.
pub fn line(history: &History, outcome: Outcome) -> String {
    let explained = Explained::of(history);
    let told = outcome.told(false);
    let mut line = format!("{}: {}", history.plan.environment, outcome.name().replace('-', " "));
    if let Some(headline) = told.headline {
        let _ = write!(line, " ({headline})");
    }
    if let Some((component, title)) = lead(&explained) {
        let _ = write!(line, " – {component}: {title}");
    } else if outcome == Outcome::Waiting {
        let due = history.detached.map(|due| due.strftime("%H:%M:%S UTC").to_string()).unwrap_or_default();
        let _ = write!(line, " until {due}");
    }
    one_line(&line)
}

/// The component and the cause that lead, if something is wrong.
pub fn lead(explained: &Explained<'_>) -> Option<(String, String)> {
    let stories = explained.stories();
    let first = stories.first().and_then(|story| story.candidates.first());
    let told = first.map(|first| (first.called.clone(), first.title.clone()));
    let earlier = explained.looked_back();
    let of_earlier = || {
        let first = earlier.first()?.causes.first()?;
        Some((first.called.clone(), format!("{} (of an earlier run)", first.title)))
    };
    told.or_else(of_earlier)
}

/// The annotations of a run: one for each thing that is wrong, the worst first.
pub fn annotations(history: &History, outcome: Outcome, public: &Public) -> Vec<String> {
    let Some(level) = outcome.told(false).annotation else { return Vec::new() };
    let title = line(history, outcome);
    let explained = Explained::of(history);
    let stories = explained.stories();
    let mut said: Vec<(Level, String)> = stories
        .iter()
        .filter_map(|story| {
            let first = story.candidates.first()?;
            let text = format!("{}: {}. {}", first.called, first.title, first.next_step);
            Some((level, text))
        })
        .collect();
    if said.is_empty() {
        said.push((level, format!("Run {}: see the summary.", history.run)));
    }
    // Hidden before it is written as a command: that changes commas and colons.
    let title = public.shown(title);
    let said = bounded(said).into_iter();
    said.map(|(level, text)| command(level.name(), &[("title", title.clone())], &public.shown(text))).collect()
}

/// GitHub shows so many annotations of a kind in one step.
const ANNOTATIONS_MAX: usize = 10;

fn bounded(mut said: Vec<(Level, String)>) -> Vec<(Level, String)> {
    let left = said.len().saturating_sub(ANNOTATIONS_MAX);
    if left > 0 {
        said.truncate(ANNOTATIONS_MAX - 1);
        let level = said[0].0;
        said.push((level, format!("{} more are in the summary.", left + 1)));
    }
    said
}

/// Name and value of what a step puts out.
pub fn outputs(history: &History, outcome: Outcome) -> Vec<(&'static str, String)> {
    let explained = Explained::of(history);
    let stories = explained.stories();
    let first = stories.first().and_then(|story| story.candidates.first());
    let is_well = explained.verdict() == Verdict::Passed;
    let first = first.filter(|_| !is_well);
    vec![
        ("verdict", outcome.name().to_owned()),
        ("component", first.map(|first| first.component.name().to_owned()).unwrap_or_default()),
        ("cause", first.map(|first| first.cause.id.to_owned()).unwrap_or_default()),
        ("run-id", history.run.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_line_whatever_is_in_it() {
        let title = [("title", "a,b: 100%\n::error::x".to_owned())];
        assert_eq!(
            command("warning", &title, "one\r\ntwo ::error:: %0A"),
            "::warning title=a%2Cb%3A 100%25%0A%3A%3Aerror%3A%3Ax::one%0D%0Atwo ::error:: %250A"
        );
        assert_eq!(command("endgroup", &[], ""), "::endgroup::");
    }

    #[test]
    fn no_more_annotations_than_are_shown() {
        let said = bounded((0..13).map(|number| (Level::Error, number.to_string())).collect());
        assert_eq!((said.len(), said[9].1.as_str()), (10, "4 more are in the summary."));
        assert_eq!(bounded((0..10).map(|number| (Level::Error, number.to_string())).collect()).len(), 10);
    }
}
