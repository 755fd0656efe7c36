//! What is wrong in a file: where, what, and how to mend it.

use std::fmt;

/// A file's name and text.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user would write it, from the working folder.
    pub name: String,
    pub text: String,
}

/// A place in a file, counted from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    pub line: u32,
    pub column: u32,
    /// How many characters to underline; at least one is.
    pub length: u32,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    pub mark: Mark,
    /// The line of the file, for the underline.
    pub line_text: String,
    pub what: String,
    pub mend: String,
}

impl Problem {
    /// A problem at `mark` of `source`.
    pub fn new(source: &Source, mark: Mark, what: impl Into<String>, mend: impl Into<String>) -> Self {
        let index = mark.line.saturating_sub(1) as usize;
        Self {
            file: source.name.clone(),
            mark,
            line_text: source.text.lines().nth(index).unwrap_or_default().to_owned(),
            what: what.into(),
            mend: mend.into(),
        }
    }

    /// A problem where `word` first stands in the file, or with the file as a whole if it does not.
    pub fn at_word(source: &Source, word: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let found = source.text.lines().enumerate().find_map(|(index, line)| {
            let code = line.split(" #").next().unwrap_or(line);
            let byte = code.find(word)?;
            let column = number(code[..byte].chars().count() + 1);
            Some(Mark { line: number(index + 1), column, length: number(word.chars().count()) })
        });
        Self::new(source, found.unwrap_or(Mark { line: 1, column: 1, length: 1 }), what, mend)
    }

    /// A problem of a file as a whole, such as not being there.
    pub fn of_file(name: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        let source = Source { name: name.to_owned(), text: String::new() };
        Self::new(&source, Mark { line: 1, column: 1, length: 1 }, what, mend)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mark { line, column, length } = self.mark;
        writeln!(f, "{}:{line}:{column}: {}", self.file, self.what)?;
        if !self.line_text.is_empty() {
            let number = line.to_string();
            let gutter = " ".repeat(number.len());
            let before = " ".repeat(column.saturating_sub(1) as usize);
            let room = self.line_text.chars().count().saturating_sub(column.saturating_sub(1) as usize);
            let under = "^".repeat((length as usize).clamp(1, room.max(1)));
            writeln!(f, "{gutter} |\n{number} | {}\n{gutter} | {before}{under}", self.line_text)?;
        }
        write!(f, "  = {}", self.mend)
    }
}
