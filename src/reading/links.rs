//! Links in a text, also where a line was broken inside one.

use std::ops::Range;

/// Links of one text that are looked at.
const LINKS_MAX: usize = 200;
/// A line that is shorter was not broken because it was full.
const FULL_LINE: usize = 60;
/// What a sentence puts behind a link, and is not of it.
const SENTENCE_MARKS: [char; 7] = ['.', ',', ';', ':', '!', '?', '…'];
/// A longer one is none.
const URL_MAX: usize = 16_384;
/// A link has not more lines.
const LINES_MAX: usize = 40;

/// A link in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLink {
    /// Where it stands, and how it reads; the next ones go on over one line break more each.
    pub readings: Vec<(Range<usize>, String)>,
}

/// Everything that starts like a web address, in order. A link that stands in another one is part of that one.
pub fn in_text(text: &str) -> Vec<FoundLink> {
    let mut found: Vec<FoundLink> = Vec::new();
    let mut from = 0;
    while let Some(start) = next_start(text, from) {
        let readings = readings(text, start);
        from = readings.last().map_or(start + 1, |(range, _)| range.end).max(start + 1);
        // What goes on over lines may be another link after all.
        if let Some((first, _)) = readings.first().filter(|_| readings.len() > 1) {
            from = next_start(text, first.end).map_or(from, |next| next.min(from));
        }
        found.push(FoundLink { readings });
        if found.len() == LINKS_MAX {
            break;
        }
    }
    found
}

/// The next place where a web address begins.
fn next_start(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find(|at| begins(bytes, *at))
}

/// Whether a web address begins there; its scheme may be written in any case.
fn begins(bytes: &[u8], at: usize) -> bool {
    let is = |scheme: &[u8]| bytes.get(at..at + scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme));
    matches!(bytes.get(at), Some(b'h' | b'H')) && (is(b"http://") || is(b"https://"))
}

fn readings(text: &str, start: usize) -> Vec<(Range<usize>, String)> {
    let mut end = start + length(&text[start..]);
    let mut url = text[start..end].to_owned();
    let mut readings = vec![(start..trimmed(text, start, end), trimmed_url(&url))];
    let mut line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    while readings.len() < LINES_MAX {
        // A full line, or one that was broken where programs like to break a link.
        let may_go_on =
            end - line_start >= FULL_LINE || readings.len() > 1 || url.ends_with(['-', '/', '=', '?', '&', '%', '_']);
        let Some(next) = after_break(text, end).filter(|_| may_go_on && url.len() < URL_MAX) else { break };
        // The next one begins there.
        if begins(text.as_bytes(), next) {
            break;
        }
        let more = length(&text[next..]);
        if more == 0 {
            break;
        }
        line_start = next;
        end = next + more;
        url.push_str(&text[next..end]);
        readings.push((start..trimmed(text, start, end), trimmed_url(&url)));
    }
    readings
}

/// Where the next line's words begin, if the line ends here: behind marks of a quotation, which gateways keep.
fn after_break(text: &str, end: usize) -> Option<usize> {
    let rest = &text[end..];
    let line = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
    let words = line.trim_start_matches(['>', ' ', '\t']);
    (!words.starts_with(['\r', '\n'])).then(|| text.len() - words.len())
}

fn length(rest: &str) -> usize {
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ']' | '}' | '|' | '\u{feff}' | '\u{200b}')
    };
    rest.find(ends).unwrap_or(rest.len())
}

/// A sentence may end behind a link.
fn trimmed_url(url: &str) -> String {
    url.trim_end_matches(SENTENCE_MARKS).replace("&amp;", "&")
}

fn trimmed(text: &str, start: usize, end: usize) -> usize {
    start + text[start..end].trim_end_matches(SENTENCE_MARKS).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<Vec<String>> {
        in_text(text).into_iter().map(|link| link.readings.into_iter().map(|(_, url)| url).collect()).collect()
    }

    #[test]
    fn a_link_ends_where_a_reader_ends_it() {
        assert_eq!(
            urls("See <http://h/a>, (https://h/b) or HTTP://h/c."),
            [["http://h/a"], ["https://h/b"], ["HTTP://h/c"]]
        );
        assert_eq!(urls("http://h/a?x=1&amp;y=2\n\nhttp://h/b"), [["http://h/a?x=1&y=2"], ["http://h/b"]]);
        assert_eq!(urls("http://h/a\nThanks"), [["http://h/a"]], "a short line was not broken");
    }

    #[test]
    fn a_link_that_was_broken_over_lines_has_a_reading_for_each() {
        let long = format!("http://h/new-password/{}", "x".repeat(55));
        assert_eq!(urls(&format!("{long}\r\nyyy?next=z\r\n\r\nBye")), [[long.clone(), format!("{long}yyy?next=z")]]);
        assert_eq!(urls(&format!("> {long}\n> yyy")), [[long.clone(), format!("{long}yyy")]]);
        assert_eq!(urls(&format!("{long}\nThanks, they said")).len(), 1);
        let two = urls(&format!("{long}\nhttp://h/b"));
        assert_eq!(two.len(), 2, "{two:?}");
        assert_eq!(two[1], ["http://h/b"]);
    }
}
