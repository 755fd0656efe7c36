//! How a text reads whatever is done to its letters, with the way back to where each of them stands: a secret that a page
//! shows in pieces, in full-width letters or with blanks between is the secret all the same.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;

use crate::reading::squeezed;

/// A text's letters in one form, all of them small, without blanks and without what is invisible.
pub(super) struct Folded {
    pub(super) letters: String,
    /// Where each byte of `letters` comes from: first byte and the one behind the last.
    from: Vec<(usize, usize)>,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let mut folded = Self { letters: String::with_capacity(text.len()), from: Vec::with_capacity(text.len()) };
        for (at, c) in text.char_indices() {
            if c.is_ascii_graphic() {
                folded.letters.push(c.to_ascii_lowercase());
            } else {
                folded.letters.push_str(&fold(c).to_ascii_lowercase());
            }
            folded.from.resize(folded.letters.len(), (at, at + c.len_utf8()));
        }
        folded
    }

    /// Where a range of `letters` stands in the text.
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        let first = self.from.get(range.start).map_or(0, |from| from.0);
        let last = range.end.checked_sub(1).and_then(|last| self.from.get(last)).map_or(first, |from| from.1);
        first..last
    }
}

/// The compatibility form of one letter (NFKC, <https://www.unicode.org/reports/tr15/>); nothing for a blank.
fn fold(c: char) -> String {
    squeezed(&std::iter::once(c).nfkc().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_know_where_they_come_from() {
        for (text, letters, part, place) in [
            ("ab c\u{200b}d", "abcd", "cd", "c\u{200b}d"),
            ("x ａＢ－ｃ y", "xab-cy", "ab-c", "ａＢ－ｃ"),
            ("é ﬁne", "éfine", "fi", "ﬁ"),
            ("\u{200b} \n", "", "", ""),
        ] {
            let folded = Folded::of(text);
            assert_eq!(folded.letters, letters);
            let at = letters.find(part).expect("it is part of it");
            assert_eq!(&text[folded.place(at..at + part.len())], place);
        }
    }
}
