//! One form for all that reads the same.

use std::collections::BTreeSet;

/// A text as it reads: what is invisible is nothing, every white space is one blank, and apostrophes, quotation marks and
/// dashes have one form each.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if c.is_whitespace() {
            blank = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push(' ');
        }
        out.push(one_form(c));
    }
    out
}

/// The same without any blank: lines that were broken inside a word read the same.
pub fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c) && !c.is_whitespace()).map(one_form).collect()
}

/// Whether a text is another one whose lines were broken anew, inside words too: it has blanks that the other has not, and
/// lacks at most the one at which each of its lines ended.
pub fn rewrapped(wanted: &str, text: &str) -> bool {
    /// A gateway's lines are hardly shorter, in characters.
    const LINE: usize = 60;
    let (wanted, text) = (plain(wanted), plain(text));
    if squeezed(&wanted) != squeezed(&text) {
        return false;
    }
    // So many letters stand before each blank.
    let blanks = |text: &str| -> BTreeSet<usize> {
        let letters = text.chars().scan(0, |letters, c| {
            *letters += usize::from(c != ' ');
            Some((c == ' ').then_some(*letters))
        });
        letters.flatten().collect()
    };
    let lost = blanks(&wanted).difference(&blanks(&text)).count();
    lost <= wanted.chars().count().div_ceil(LINE)
}

/// Zero-width characters, soft hyphens, byte order marks, marks of direction, and what fills up previews.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

fn one_form(c: char) -> char {
    match c {
        '‘' | '’' | '‚' | '‛' | 'ʼ' | '′' | '`' | '´' => '\'',
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => '"',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹣' | '－' => '-',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_same_is_the_same() {
        let cases = [
            ("\u{feff}This is\u{a0}row\u{200b} one.\r\n\r\n Nobody\tneeds", "This is row one. Nobody needs"),
            ("smoke\u{ad} test \u{34f} \u{200c}x", "smoke test x"),
            ("It’s “here” – now", "It's \"here\" - now"),
            ("a\u{2003}b\u{3000}c\u{202f}d", "a b c d"),
            ("  \n", ""),
        ];
        for (text, reads) in cases {
            assert_eq!(plain(text), reads, "{text:?}");
        }
        let row = "This is row one of qfzkvyyt. Nobody needs it.";
        assert!(rewrapped(row, "This is row one of qfz\r\nkvyyt. Nobody\r\nneeds it."), "broken inside a word");
        assert!(rewrapped(row, "This is row one of qfzkvyyt.Nobody needs it."), "and one blank lost at the break");
        assert!(!rewrapped(row, "Thisisrowoneofqfzkvyyt.Nobodyneedsit."), "no gateway breaks lines like that");
        assert_eq!(squeezed("qfzk\r\n vy\u{200b}yt"), "qfzkvyyt");
        assert_ne!(plain("row 1"), plain("row1"), "a blank that was lost is seen");
    }
}
