//! Texts with holes: `{{ name }}`.

use serde::{Deserialize, Deserializer, Serialize};

/// A text whose holes are filled when it is known what goes there: at planning, in the run, or never in writing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(#[serde(deserialize_with = "parts")] pub Vec<Part>);

/// Plans of older journals hold plain texts where a template may stand now.
fn parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Part>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Parts(Vec<Part>),
        Text(String),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Parts(parts) => parts,
        Written::Text(text) => vec![Part::Text(text)],
    })
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Text(String),
    /// What stands between `{{` and `}}`, trimmed.
    Hole(String),
}

impl Template {
    /// A text without holes.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    /// Reads a text.
    ///
    /// # Errors
    /// The byte offset of a `{{` that has no `}}`.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            let close = rest[open..].find("}}").ok_or(text.len() - rest.len() + open)? + open;
            if open > 0 {
                parts.push(Part::Text(rest[..open].to_owned()));
            }
            parts.push(Part::Hole(rest[open + 2..close].trim().to_owned()));
            rest = &rest[close + 2..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The names of the holes.
    pub fn holes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Hole(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The same text with those holes filled that `value` knows.
    #[must_use]
    pub fn filled(&self, value: &dyn Fn(&str) -> Option<String>) -> Self {
        let fill = |part: &Part| match part {
            Part::Hole(name) => value(name).map_or_else(|| part.clone(), Part::Text),
            Part::Text(_) => part.clone(),
        };
        Self(self.0.iter().map(fill).collect())
    }

    /// The text with every hole filled.
    ///
    /// # Errors
    /// The name of the first hole that `value` does not know.
    pub fn text(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Hole(name) => text.push_str(&value(name).ok_or_else(|| name.clone())?),
            }
        }
        Ok(text)
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(piece) => f.write_str(piece),
            Part::Hole(name) => write!(f, "{{{{ {name} }}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_found_and_filled() {
        let template = Template::parse("/a?run={{ token }}&x={{y}}").expect("two holes");
        assert_eq!(template.holes().collect::<Vec<_>>(), ["token", "y"]);
        let filled = template.filled(&|name| (name == "token").then(|| "T".to_owned()));
        assert_eq!(filled.to_string(), "/a?run=T&x={{ y }}");
        assert_eq!(filled.text(&|_| None), Err("y".to_owned()));
        assert_eq!(Template::parse("a {{ b"), Err(2));
    }
}
