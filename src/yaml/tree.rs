//! The tree. `serde-saphyr` reads; every key and value keeps where it stood.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::{Mark, Problem, Source};

/// A file of more bytes is no scenario.
const FILE_BYTES_MAX: usize = 1 << 20;

/// A value with its place.
#[derive(Debug, Clone)]
pub struct Node {
    pub mark: Mark,
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Kind {
    Null,
    /// Any scalar, as text: `true`, `3` and `"3"` are told apart by whoever reads them.
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub key_mark: Mark,
    pub value: Node,
}

/// Reads one file.
///
/// # Errors
/// The one problem that keeps the text from being read as YAML at all.
pub fn parse(source: &Source) -> Result<Node, Problem> {
    if source.text.len() > FILE_BYTES_MAX {
        return Err(Problem::of_file(
            &source.name,
            "the file is larger than 1 MiB",
            "Scenario files are short; is this the right file?",
        ));
    }
    let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins };
    let read: Result<Spanned<Raw>, _> = serde_saphyr::from_str_with_options(&source.text, options);
    let lines: Vec<&str> = source.text.lines().collect();
    read.map(|spanned| node(&spanned, &lines)).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location();
        let number = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(1).max(1);
        let mark = Mark {
            line: number(place.as_ref().map(serde_saphyr::Location::line)),
            column: number(place.as_ref().map(serde_saphyr::Location::column)),
            length: 1,
        };
        let said = error.to_string();
        let said = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Problem::new(
            source,
            mark,
            format!("this is not YAML: {said}"),
            "Mend the line that is shown, or the one before it.",
        )
    })
}

fn node(spanned: &Spanned<Raw>, lines: &[&str]) -> Node {
    let kind = match &spanned.value {
        Raw::Null => Kind::Null,
        Raw::Plain(value) => Kind::Scalar(as_written(spanned, lines).unwrap_or_else(|| value.clone())),
        Raw::Scalar(value) => Kind::Scalar(value.clone()),
        Raw::List(items) => Kind::List(items.iter().map(|item| node(item, lines)).collect()),
        Raw::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|(key, value)| Entry {
                    key: key.value.clone(),
                    key_mark: mark(key, key.value.chars().count()),
                    value: node(value, lines),
                })
                .collect(),
        ),
    };
    let length = match &kind {
        Kind::Scalar(value) => value.lines().next().map_or(1, |line| line.chars().count()),
        Kind::Null | Kind::List(_) | Kind::Map(_) => 1,
    };
    Node { mark: mark(spanned, length), kind }
}

/// A plain scalar as it stands in the file: `+1855…`, `012` and `1.10` are no numbers to anybody here.
fn as_written(spanned: &Spanned<Raw>, lines: &[&str]) -> Option<String> {
    let place = spanned.defined;
    let at = |value: u64| usize::try_from(value).ok()?.checked_sub(1);
    let line = lines.get(at(place.line())?)?;
    let rest: String = line.chars().skip(at(place.column())?).collect();
    // A tag, an anchor or a quotation mark before it: then what was read is what is meant.
    if rest.starts_with(['!', '&', '*', '"', '\'']) {
        return None;
    }
    // Numbers and switches hold none of these, so they end there.
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | '#')).unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches(':').to_owned()).filter(|written| !written.is_empty())
}

fn mark<T>(spanned: &Spanned<T>, length: usize) -> Mark {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).max(1);
    let place = spanned.referenced;
    Mark {
        line: number(place.line()),
        column: number(place.column()),
        length: u32::try_from(length.max(1)).unwrap_or(1),
    }
}

/// What serde hands over.
#[derive(Debug)]
enum Raw {
    Null,
    Scalar(String),
    /// What YAML takes for a number or a switch, as it would be written again.
    Plain(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyVisitor;

        impl<'de> Visitor<'de> for AnyVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, a list or a mapping")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Plain(value.to_string()))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Plain(value.to_string()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
                Ok(Raw::Plain(value.to_string()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Plain(value.to_string()))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Scalar(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Raw::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Raw::Map(map))
            }
        }

        deserializer.deserialize_any(AnyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_value_keeps_its_place() {
        let source =
            Source { name: "x.yaml".to_owned(), text: "a: 1\nb:\n  - c: \"two words\"\n    d: {e: f}\n".to_owned() };
        let Kind::Map(entries) = parse(&source).expect("YAML").kind else { panic!("a map") };
        let Kind::List(items) = &entries[1].value.kind else { panic!("a list") };
        let Kind::Map(inner) = &items[0].kind else { panic!("a map") };
        let place = |mark: Mark| (mark.line, mark.column);
        assert_eq!(place(entries[1].key_mark), (2, 1));
        assert_eq!((place(inner[0].key_mark), place(inner[0].value.mark)), ((3, 5), (3, 8)));
        let Kind::Map(flow) = &inner[1].value.kind else { panic!("a map") };
        assert_eq!((place(flow[0].key_mark), place(flow[0].value.mark)), ((4, 9), (4, 12)));
    }

    #[test]
    fn scalars_are_taken_as_they_are_written() {
        let written = [
            "+18556438890",
            "012",
            "1.10",
            "no",
            "yes",
            "true",
            "0x1F",
            "1e3",
            "1_000",
            "-0",
            ".5",
            "2026-11-27",
            "12:30:45",
            "0o17",
            "3",
        ];
        for value in written {
            for text in [
                format!("a: {value}\n"),
                format!("a: {value} # why\n"),
                format!("{{a: {value}}}\n"),
                format!("b: [x, {value}]\n"),
                format!("b:\n  - {value}\n"),
            ] {
                let source = Source { name: "x.yaml".to_owned(), text: text.clone() };
                let Kind::Map(entries) = parse(&source).expect("YAML").kind else { panic!("a map") };
                let mut node = &entries[0].value;
                if let Kind::List(items) = &node.kind {
                    node = items.last().expect("one");
                }
                assert!(matches!(&node.kind, Kind::Scalar(read) if read == value), "{text}: {node:?}");
            }
        }
    }

    #[test]
    fn broken_yaml_is_one_problem_with_its_place() {
        let source = Source { name: "x.yaml".to_owned(), text: "a: [1\nb: 2\n".to_owned() };
        let problem = parse(&source).expect_err("not YAML");
        assert!(problem.mark.line >= 1 && problem.what.starts_with("this is not YAML"), "{problem}");
    }
}
