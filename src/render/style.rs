//! The style sheet of the terminal: reports are plain text, and their words have colours and a width.
//!
//! Only the sixteen colours that every terminal maps to its own theme are used, so that light and dark ones can be read.

use crate::reading::no_command;
use anstyle::{AnsiColor, Style as Ansi};

use super::words;
use crate::model::Verdict;

/// Narrower than this, a wrapped report is worse than one that the terminal breaks itself.
const WIDTH_MIN: usize = 50;
/// Where the second column of a report begins at the latest.
const COLUMN_MAX: usize = 24;

/// What a terminal can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    pub colour: bool,
    /// Columns; lines are not broken where nobody knows.
    pub width: Option<usize>,
}

const VERDICTS: [Verdict; 6] = [
    Verdict::Passed,
    Verdict::Degraded,
    Verdict::NotVerified,
    Verdict::Inconclusive,
    Verdict::Errored,
    Verdict::Failed,
];

impl Style {
    /// A report as this terminal shows it.
    pub fn report(self, text: &str) -> String {
        let mut out = String::new();
        for (index, line) in text.lines().enumerate() {
            for (part, piece) in self.wrapped(line).iter().enumerate() {
                let piece = no_command(piece);
                out.push_str(&if part == 0 { self.painted(&piece, index == 0) } else { piece });
                out.push('\n');
            }
        }
        out
    }

    /// One line, broken at words; what goes on stands under the column that it belongs to.
    fn wrapped(self, line: &str) -> Vec<String> {
        let Some(width) = self.width.filter(|width| *width >= WIDTH_MIN) else { return vec![line.to_owned()] };
        let column = column_of(line);
        let (head, rest) = line.split_at(column);
        let below = " ".repeat(head.chars().count());
        let options = textwrap::Options::new(width)
            .initial_indent(head)
            .subsequent_indent(&below)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .word_separator(textwrap::WordSeparator::AsciiSpace);
        let lines: Vec<String> = textwrap::wrap(rest, options).into_iter().map(std::borrow::Cow::into_owned).collect();
        if lines.is_empty() { vec![line.to_owned()] } else { lines }
    }

    /// A line with its verdict in colour: the word at its beginning, or the one at its end.
    fn painted(self, line: &str, is_first: bool) -> String {
        if !self.colour {
            return line.to_owned();
        }
        let body = line.trim_start();
        let indent = line.len() - body.len();
        if is_first || indent == 2 {
            let word = body.split("  ").next().unwrap_or_default();
            let rest = &body[word.len()..];
            if let Some(ansi) = tone(word, is_first) {
                return format!("{}{ansi}{word}{ansi:#}{rest}", &line[..indent]);
            }
        }
        match line.rsplit_once(": ").filter(|_| indent == 0) {
            Some((name, word)) => match tone(word, false) {
                Some(ansi) => format!("{name}: {ansi}{word}{ansi:#}"),
                None => line.to_owned(),
            },
            None => line.to_owned(),
        }
    }

    /// A verdict's word in its colour.
    pub fn word(self, word: &str) -> String {
        match tone(word, false).filter(|_| self.colour) {
            Some(ansi) => format!("{ansi}{word}{ansi:#}"),
            None => word.to_owned(),
        }
    }
}

/// Behind the last gap of two or more spaces near the line's beginning.
fn column_of(line: &str) -> usize {
    let bytes = line.as_bytes();
    let near = bytes.len().min(COLUMN_MAX);
    (2..near).rev().find(|at| &bytes[at - 2..*at] == b"  " && bytes[*at] != b' ').unwrap_or(0)
}

/// The colour of a word, if it is a verdict.
fn tone(word: &str, block: bool) -> Option<Ansi> {
    let plain = word.to_lowercase();
    let verdict = VERDICTS.into_iter().find(|verdict| words(*verdict) == plain);
    let colour = match verdict {
        Some(Verdict::Passed) => AnsiColor::Green,
        None if plain == "ok" => AnsiColor::Green,
        None if plain == "waiting" => AnsiColor::Cyan,
        Some(Verdict::Degraded | Verdict::NotVerified | Verdict::Inconclusive) => AnsiColor::Yellow,
        Some(Verdict::Errored) => AnsiColor::Magenta,
        Some(Verdict::Failed) => AnsiColor::Red,
        None => return None,
    };
    // Yellow letters cannot be read on white, so what matters most stands on its colour instead.
    Some(if block {
        Ansi::new().bold().fg_color(Some(AnsiColor::Black.into())).bg_color(Some(colour.into()))
    } else {
        Ansi::new().bold().fg_color(Some(colour.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_under_their_column() {
        let style = Style { colour: false, width: Some(50) };
        let text = "  Expected   one two three four five six seven eight nine ten eleven\n";
        assert_eq!(
            style.report(text),
            "  Expected   one two three four five six seven\n             eight nine ten eleven\n"
        );
    }

    #[test]
    fn narrow_and_unknown_widths_leave_lines_alone() {
        let text = "a line that is quite a bit longer than twenty columns, by any measure of length\n";
        for width in [None, Some(20)] {
            assert_eq!(Style { colour: false, width }.report(text), text);
        }
    }

    #[test]
    fn only_verdicts_have_a_colour() {
        let style = Style { colour: true, width: None };
        let report = style.report("FAILED  local\n\nLogin: failed\n  ok     1 s\n  note       failed\n");
        assert!(report.contains("\u{1b}[1m\u{1b}[30m\u{1b}[41mFAILED\u{1b}[0m  local"), "{report:?}");
        assert!(report.contains("Login: \u{1b}[1m\u{1b}[31mfailed\u{1b}[0m\n"), "{report:?}");
        assert!(report.contains("  \u{1b}[1m\u{1b}[32mok\u{1b}[0m     1 s\n"), "{report:?}");
        assert!(report.ends_with("  note       failed\n"), "{report:?}");
    }
}
