//! Times on a service's pages: how people choose one, and how pages name one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// How a job's time is chosen and named. Values of forms are UTC where they name no zone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    pub choice: Choice,
    /// The zone that pages name times in, such as `Europe/London`.
    pub zone: String,
    /// How they name a time of the day.
    pub named: Pattern,
    /// Words that stand for one, such as `midnight` for `12:00am`.
    pub words: BTreeMap<String, String>,
}

/// The part of the page in which a time is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// The name of the form's control, as it is sent.
    pub control: String,
    /// Buttons that open the choice.
    pub opens: Vec<String>,
    /// Buttons that take what was chosen.
    pub confirms: Vec<String>,
    /// Buttons that lead back from the times of a day to the days.
    pub back: Vec<String>,
}

impl Times {
    /// Whether nothing is said: journals of the first format, whose one service named times as [`Pattern::FIRST`].
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How a page names this moment's time of the day.
    pub fn named(&self, moment: Timestamp) -> String {
        // A zone that is not known is a problem of the file, and told there.
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        let zoned = moment.to_zoned(zone);
        let text = self.pattern().filled(&zoned, zoned.second() != 0);
        match self.words.iter().find(|(time, _)| text.contains(time.as_str())) {
            Some((time, word)) => text.replacen(time, word, 1),
            None => text,
        }
    }

    /// The first time of the day in a text, as pages write it.
    pub fn first_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        let pattern = self.pattern();
        // The longer one first, once for all places of the text.
        let written = [true, false].map(|seconds| pattern.unfolded(seconds));
        let written: Vec<Vec<Piece<'_>>> = written.iter().filter_map(|pattern| pieces(pattern)).collect();
        let mut starts = text.char_indices().map(|(at, _)| &text[at..]);
        starts.find_map(|rest| Some(&rest[..self.length_at(&pattern, &written, rest)?]))
    }

    /// How many bytes of this text, from its first one on, name a time.
    fn length_at(&self, pattern: &Pattern, written: &[Vec<Piece<'_>>], text: &str) -> Option<usize> {
        let word = |word: &String| {
            let (before, after) = pattern.around();
            let rest = text.strip_prefix(before)?.strip_prefix(word.as_str())?;
            rest.starts_with(after).then(|| before.len() + word.len() + after.len())
        };
        let read = |pieces: &Vec<Piece<'_>>| {
            pieces.iter().copied().try_fold(text, matched).map(|left| text.len() - left.len())
        };
        written.iter().find_map(read).or_else(|| self.words.values().find_map(word))
    }

    fn pattern(&self) -> Pattern {
        if self.named.0.is_empty() { Pattern(Pattern::FIRST.to_owned()) } else { self.named.clone() }
    }
}

/// A time of the day as it is written: `%H` and `%-H` (24 hours), `%I` and `%-I` (12 hours), `%M`, `%S`, `%P` (am, pm); what stands
/// in brackets is only written where the seconds are not zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(pub String);

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'p> {
    Letter(char),
    /// A number of two digits; of one or two where it is not padded.
    Number {
        of: &'p str,
        padded: bool,
    },
    Half,
}

impl Pattern {
    /// How journals of the first format have them.
    pub const FIRST: &'static str = "at %H:%M[:%S] UTC";

    /// Whether it names an hour and a minute, and nothing that is not known.
    pub fn is_known(&self) -> bool {
        let text = self.unfolded(true);
        let named = |of: &str| {
            pieces(&text).is_some_and(|all| {
                all.iter().any(|piece| matches!(piece, Piece::Number { of: known, .. } if *known == of))
            })
        };
        self.brackets_close() && (named("H") || named("I")) && named("M")
    }

    fn brackets_close(&self) -> bool {
        let (open, close) = (self.0.matches('[').count(), self.0.matches(']').count());
        open == close && open <= 1 && self.0.find('[').unwrap_or(0) <= self.0.find(']').unwrap_or(usize::MAX)
    }

    /// The pattern with what is in brackets, or without it.
    fn unfolded(&self, seconds: bool) -> String {
        match (self.0.split_once('['), self.0.split_once(']')) {
            (Some((before, _)), Some((_, after))) if !seconds => format!("{before}{after}"),
            _ => self.0.replace(['[', ']'], ""),
        }
    }

    fn filled(&self, zoned: &jiff::Zoned, seconds: bool) -> String {
        zoned.strftime(&self.unfolded(seconds)).to_string()
    }

    /// What stands before its first number, and behind its last piece.
    fn around(&self) -> (&str, &str) {
        let before = self.0.split('%').next().unwrap_or_default();
        let last = self.0.rsplit(['%', ']']).next().unwrap_or_default();
        let after = if self.0.rfind(']') > self.0.rfind('%') { last } else { last.get(1..).unwrap_or_default() };
        (before, after)
    }
}

/// The pieces of a pattern without brackets; nothing where one is not known.
fn pieces(pattern: &str) -> Option<Vec<Piece<'_>>> {
    let mut all = Vec::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let (piece, length) = match rest.strip_prefix('%') {
            None => (Piece::Letter(letter), letter.len_utf8()),
            Some(what) if what.starts_with('P') => (Piece::Half, 2),
            Some(what) => {
                let (padded, of) = what.strip_prefix('-').map_or((true, what), |of| (false, of));
                let of = of.get(..1).filter(|of| ["H", "I", "M", "S"].contains(of))?;
                (Piece::Number { of, padded }, if padded { 2 } else { 3 })
            }
        };
        all.push(piece);
        rest = &rest[length..];
    }
    Some(all)
}

/// What is left of a text behind a piece of a time.
fn matched<'t>(text: &'t str, piece: Piece<'_>) -> Option<&'t str> {
    match piece {
        Piece::Letter(letter) => text.strip_prefix(letter),
        Piece::Half => text.strip_prefix("am").or_else(|| text.strip_prefix("pm")),
        Piece::Number { padded, .. } => {
            let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
            (digits == 2 || digits == 1 && !padded).then(|| &text[digits..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn london() -> Times {
        let words = [("12:00am", "midnight"), ("12:00pm", "midday")];
        Times {
            zone: "Europe/London".to_owned(),
            named: Pattern("at %-I:%M[:%S]%P".to_owned()),
            words: words.map(|(time, word)| (time.to_owned(), word.to_owned())).into(),
            ..Times::default()
        }
    }

    fn at(time: &str) -> Timestamp {
        time.parse().expect("a time")
    }

    /// Both changes of the clock, and both noons: what GOV.UK Notify's pages say (facts, section 3.2).
    #[test]
    fn london_has_summer_and_words() {
        for (moment, named) in [
            ("2026-11-22T01:00:00Z", "at 1:00am"),
            ("2026-07-01T11:00:00Z", "at midday"),
            ("2026-11-22T12:00:00Z", "at midday"),
            ("2026-07-01T23:00:00Z", "at midnight"),
            ("2026-03-29T00:00:00Z", "at midnight"),
            ("2026-03-29T01:00:00Z", "at 2:00am"),
            ("2026-10-25T00:00:00Z", "at 1:00am"),
            ("2026-10-25T01:00:00Z", "at 1:00am"),
            ("2026-11-22T13:10:10Z", "at 1:10:10pm"),
        ] {
            assert_eq!(london().named(at(moment)), named, "{moment}");
            let text = format!("Sending Smoke test by email today {named} Cancel sending");
            assert_eq!(london().first_in(&text), Some(named), "{text}");
        }
        assert_eq!(london().first_in("sent at once, at midnightly, at 13 o'clock at 3:5am"), Some("at midnight"));
    }

    /// Every quarter of an hour of a year, reckoned by hand: summer lasts from 1 am UTC of the last Sunday in March to that of the
    /// last one in October.
    #[test]
    fn each_time_of_a_year_is_named_and_found() {
        let (summer, winter) = (at("2026-03-29T01:00:00Z").as_second(), at("2026-10-25T01:00:00Z").as_second());
        let (first, quarters) = (at("2026-01-01T00:00:00Z").as_second(), 365 * 96);
        for second in (0..quarters).map(|quarter| first + quarter * 900) {
            let ahead = if (summer..winter).contains(&second) { 3600 } else { 0 };
            let minutes = (second + ahead).rem_euclid(86_400) / 60;
            let (hour, minute) = (minutes / 60, minutes % 60);
            let named = match (hour, minute) {
                (0, 0) => "at midnight".to_owned(),
                (12, 0) => "at midday".to_owned(),
                _ => format!("at {}:{minute:02}{}", (hour + 11) % 12 + 1, if hour < 12 { "am" } else { "pm" }),
            };
            let moment = Timestamp::from_second(second).expect("a time");
            assert_eq!(london().named(moment), named, "{moment}");
            let text = format!("Sending Smoke at once tomorrow {named}Cancel sending");
            assert_eq!(london().first_in(&text), Some(named.as_str()), "{moment}");
        }
    }

    #[test]
    fn the_first_service_names_them_in_utc() {
        let times = Times::default();
        assert_eq!(times.named(at("2026-07-01T11:00:00Z")), "at 11:00 UTC");
        assert_eq!(times.named(at("2026-07-01T11:00:10Z")), "at 11:00:10 UTC");
        assert_eq!(times.first_in("at noon at 1:00 UTC at 01:00 UTC"), Some("at 01:00 UTC"));
        assert_eq!(times.first_in("it came at once"), None);
    }

    #[test]
    fn what_is_no_pattern_is_not_known() {
        for (pattern, known) in [
            ("at %H:%M[:%S] UTC", true),
            ("%-I:%M%P", true),
            ("at %H", false),
            ("at %M", false),
            ("at %H:%M %Z", false),
            ("at %H:%M]:%S[", false),
            ("at %", false),
            ("", false),
        ] {
            assert_eq!(Pattern(pattern.to_owned()).is_known(), known, "{pattern}");
        }
    }
}
