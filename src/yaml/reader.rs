//! Reading a tree while collecting every problem: known keys are taken one by one, and what is left over is unknown.

use super::{Entry, Kind, Mark, Node, Problem, Source};

/// Collects the problems of one file.
pub struct Reader<'a> {
    pub source: &'a Source,
    pub problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader without problems yet.
    pub fn new(source: &'a Source) -> Self {
        Self { source, problems: Vec::new() }
    }

    /// Notes a problem.
    pub fn problem(&mut self, mark: Mark, what: impl Into<String>, mend: impl Into<String>) {
        self.problems.push(Problem::new(self.source, mark, what, mend));
    }

    /// The entries of a mapping, to be taken by name.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Fields<'n> {
        let entries = match &node.kind {
            Kind::Map(entries) => entries.iter().collect(),
            Kind::Null | Kind::Scalar(_) | Kind::List(_) => {
                self.problem(
                    node.mark,
                    format!("{what} is written as `key: value` lines"),
                    "Put the keys below it, indented.",
                );
                Vec::new()
            }
        };
        let mut fields = Fields { what, mark: node.mark, left: entries, asked: Vec::new() };
        fields.drop_doubles(self);
        fields
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            Kind::Null | Kind::Scalar(_) | Kind::Map(_) => {
                self.problem(node.mark, format!("{what} is a list"), "Write `[a, b]`, or one `- item` a line.");
                &[]
            }
        }
    }

    /// A scalar as text.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar(text) => Some(text),
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                self.problem(
                    node.mark,
                    format!("{what} is a text"),
                    "Write it behind the colon, in quotes if it has `: ` or `{` in it.",
                );
                None
            }
        }
    }

    /// Where in a value a word stands; the value's own place, if it cannot be found on its line.
    pub fn mark_of(&self, node: &Node, word: &str) -> Mark {
        let skipped = node.mark.column.saturating_sub(1) as usize;
        let line = self.source.text.lines().nth(node.mark.line.saturating_sub(1) as usize).unwrap_or_default();
        let rest: String = line.chars().skip(skipped).collect();
        let Some(byte) = rest.find(word) else { return node.mark };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let column = number(skipped + rest[..byte].chars().count() + 1);
        Mark { line: node.mark.line, column, length: number(word.chars().count()) }
    }

    /// A text that must be one of `known`; `whose` begins the sentence that lists them.
    pub fn known(&mut self, node: &Node, what: &str, known: &[&str], whose: &str) -> Option<String> {
        let word = self.text(node, what)?;
        if !known.contains(&word) {
            let mend = format!("{whose} {}.{}", quoted(known), did_you_mean(word, known));
            self.problem(node.mark, format!("unknown {what} `{word}`"), mend);
            return None;
        }
        Some(word.to_owned())
    }

    /// A number.
    pub fn number(&mut self, node: &Node, what: &str) -> Option<u32> {
        let text = self.text(node, what)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.problem(node.mark, format!("{what} is a whole number, not `{text}`"), "Write digits only.");
        }
        number
    }

    /// A length of time in milliseconds: `100ms`, `5s`, `7m`, `1h`.
    pub fn duration_ms(&mut self, node: &Node, what: &str) -> Option<u64> {
        let text = self.text(node, what)?;
        let value = duration_ms(text);
        if value.is_none() {
            self.problem(
                node.mark,
                format!("{what} is a length of time, not `{text}`"),
                "Write a whole number with ms, s, m or h: 100ms, 5s, 7m.",
            );
        }
        value
    }
}

/// A length of time in milliseconds: a whole number with `ms`, `s`, `m`, `h` or `d`.
pub fn duration_ms(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let factor = match &text[unit..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor).filter(|ms| *ms <= 366 * 86_400_000)
}

/// What is left of a mapping.
pub struct Fields<'n> {
    what: &'static str,
    mark: Mark,
    left: Vec<&'n Entry>,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    fn drop_doubles(&mut self, reader: &mut Reader<'_>) {
        let mut seen: Vec<&str> = Vec::new();
        self.left.retain(|entry| {
            let double = seen.contains(&entry.key.as_str());
            seen.push(&entry.key);
            if double {
                reader.problem(entry.key_mark, format!("`{}` stands here twice", entry.key), "Keep one of them.");
            }
            !double
        });
    }

    /// Takes a key that may be missing.
    pub fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        let index = self.left.iter().position(|entry| entry.key == key)?;
        Some(&self.left.remove(index).value)
    }

    /// Takes a key that must be there.
    pub fn need(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            reader.problem(self.mark, format!("{} has no `{key}`", self.what), format!("Add `{key}:` to it."));
        }
        found
    }

    /// Where the mapping begins.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Takes whatever is left, under names that are the user's own.
    pub fn rest(self) -> Vec<&'n Entry> {
        self.left
    }

    /// Whatever is left is unknown: a problem each.
    pub fn finish(self, reader: &mut Reader<'_>) {
        for entry in &self.left {
            let mend = format!("{} knows {}.{}", self.what, quoted(&self.asked), did_you_mean(&entry.key, &self.asked));
            reader.problem(entry.key_mark, format!("unknown key `{}`", entry.key), mend);
        }
    }
}

/// `a`, `b` and `c`.
pub fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// ` Did you mean …?`, or nothing where no known word is near.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(word, known), *known));
    let best = scored.max_by(|one, two| one.0.total_cmp(&two.0));
    best.filter(|(score, _)| *score > 0.75).map(|(_, near)| format!(" Did you mean `{near}`?")).unwrap_or_default()
}
